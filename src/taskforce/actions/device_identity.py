"""Gives the secret that opens what is sealed to this device to a person, for use with other age programs."""

from __future__ import annotations

from dataclasses import dataclass, field

from taskforce import moments
from taskforce.actions.session import Session
from taskforce.store import history


@dataclass(frozen=True, slots=True)
class ExportedIdentity:
    """The device, its age recipient, and the text of an identity file as `age -i` takes it, which is secret."""

    device: str
    recipient: str
    text: str = field(repr=False)


def export_identity(session: Session) -> ExportedIdentity:
    """This device's age identity. That it was given out is entered into the history first, for whoever looks later."""
    from taskforce.keys.identity import DeviceSecret  # deferred: loads libsodium

    store = session.store
    secret = DeviceSecret(bytes.fromhex(store.meta("sign_seed")), store.meta("seal_identity"))
    at = moments.time_text(session.now)
    with store.writing():
        summary = f"gave out the age identity of device {secret.id}"
        history.note_done(store.connection, at, store.me.officer, summary)
    lines = (
        f"# taskforce device {secret.id}",
        f"# given out: {at}",
        f"# public key: {secret.seal_recipient}",
        secret.seal_identity,
    )
    return ExportedIdentity(secret.id, secret.seal_recipient, "\n".join(lines) + "\n")
