"""The devices that are known here: whose they are, since when, when they were last heard, and whether they are lost."""

from __future__ import annotations

from dataclasses import dataclass

from taskforce.actions.session import Session
from taskforce.store import exchange, known_devices, revoked


@dataclass(frozen=True, slots=True)
class DeviceState:
    """A device: what people here call it, since when it is certified, when it was last heard here.

    `feed` is the one it writes in now as far as is known, `last_number` the highest number held of that. `revoked_at`
    and `reason` are of its revocation, `last_good` the last good edit of that feed; empty and None where it is in use.
    `waiting` counts edits of it that wait since it was revoked.
    """

    device: str
    agency: str
    label: str
    since: str
    last_heard: str
    seal_to: str
    feed: str
    last_number: int
    this: bool
    own: bool
    revoked_at: str
    reason: str
    last_good: int | None
    waiting: int


def list_devices(session: Session) -> list[DeviceState]:
    """Every known device: this agency's first, this one at their head; of each agency those in use before the lost."""
    with session.store.reading():
        connection = session.store.connection
        labels = known_devices.device_labels(connection)
        heard: dict[str, str] = {}
        for bundle in exchange.bundles(connection, "in"):
            heard[bundle.device] = max(heard.get(bundle.device, ""), bundle.at)
        gone = revoked.revoked_devices(connection)
        found = [
            _state(session, one, labels, heard, gone.get(one.id)) for one in exchange.devices(connection)
        ]
    return sorted(
        found,
        key=lambda one: (not one.own, one.agency, not one.this, bool(one.revoked_at), one.since, one.device),
    )


def _state(
    session: Session,
    one: exchange.KnownDevice,
    labels: dict[str, str],
    heard: dict[str, str],
    lost: revoked.Revocation | None,
) -> DeviceState:
    me, connection = session.store.me, session.store.connection
    feed = present_feed(session, one.id)
    known = revoked.highest_known(connection, one.id)
    waiting = revoked.count_waiting(connection, one.id)
    return DeviceState(
        one.id,
        one.agency,
        labels.get(one.id, "") or (me.officer if one.id == me.device else ""),
        str(one.certificate["made"]),
        heard.get(one.id, ""),
        one.seal_to,
        feed,
        known.get(feed, 0),
        one.id == me.device,
        one.agency == me.agency,
        "" if lost is None else lost.made,
        "" if lost is None else lost.reason,
        None if lost is None else lost.last_good(feed),
        waiting,
    )


def present_feed(session: Session, device: str) -> str:
    """The feed that a device wrote in when it was last heard; else the one of which something came last."""
    if device == session.store.me.device:
        return session.store.me.feed
    connection = session.store.connection
    epoch, _row = exchange.newest_heard(connection, device)
    if epoch:
        return f"{device}.{epoch}"
    return revoked.latest_feed(connection, device) or f"{device}.1"
