"""Cards and peers: how two agencies come to trust each other's keys, and how exchange with each of them stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from taskforce import moments
from taskforce.actions.admission import admit_waiting, confirm_if_possible
from taskforce.actions.knowing import gather
from taskforce.actions.reach import count_edits
from taskforce.actions.session import Session
from taskforce.errors import InputError, Refused, TrustError
from taskforce.files import new_file
from taskforce.i18n import _
from taskforce.records.registry import get_kind
from taskforce.store import exchange, queries
from taskforce.store.revoked import revocations, revoked_devices
from taskforce.sync.holdings import Ranges, difference, of_numbers, to_text, union
from taskforce.sync.strict_yaml import PLAN_LIMITS, read_marked
from taskforce.sync.yaml_text import document

if TYPE_CHECKING:
    from taskforce.keys.card import Card


@dataclass(frozen=True, slots=True)
class PeerState:
    """How exchange with a peer stands: last heard, highest bundle number and those missing.

    Of the edits that it may have, `confirmed` counts those that it has said it holds, `waiting` the others, and
    `unsent` those of the others that were in no bundle yet. `sent_since` is when the first bundle went with edits that
    were not confirmed since, as far as is known; empty where none is. `own` are this agency's other devices.
    """

    agency: str
    name: str
    fingerprint: str
    verified_at: str
    verified_by: str
    how: str
    devices: int
    last_heard: str
    last_number: int
    missing: str
    waiting: int
    unsent: int
    confirmed: int
    sent_since: str
    own: bool = False


@dataclass(frozen=True, slots=True)
class Added:
    """A peer that was entered, and how many edits that had waited for it came to life."""

    agency: str
    name: str
    fingerprint: str
    words: tuple[str, ...]
    new: bool
    admitted: int


def own_card(session: Session) -> str:
    """This device's card as YAML: agency, keys and certificate, for partners to verify."""
    from taskforce.keys.card import make_card  # deferred: loads the cryptographic libraries
    from taskforce.keys.identity import DeviceSecret

    store = session.store
    secret = DeviceSecret(bytes.fromhex(store.meta("sign_seed")), store.meta("seal_identity"))
    own = queries.get_record(store.connection, get_kind("agency"), session.own_agency)
    certificate = next(
        one for one in exchange.devices(store.connection) if one.id == store.me.device
    ).certificate
    name = (own.text("name") if own else "") or store.me.agency
    country = own.text("country") if own else ""
    return document(cast(dict[str, Any], make_card(secret, certificate, name, country=country)), start="")


def own_words(session: Session) -> tuple[str, ...]:
    """The words by which partners know this agency's key."""
    from taskforce.keys.encoding import from_text  # deferred: as above
    from taskforce.keys.words import words

    return words(from_text(session.store.meta("agency_key"), 32))


def write_card(session: Session, path: Path, *, replace: bool = False) -> None:
    """Write this device's card to a file."""
    with new_file(path, replace=replace) as stream:
        stream.write(own_card(session).encode())


def read_card(stream: IO[bytes], name: str) -> Card:
    """Read and check a card; InputError or TrustError if it is none or does not hold."""
    from taskforce.keys.card import check_card  # deferred: as above

    found = read_marked(stream, name, PLAN_LIMITS).data
    if not isinstance(found, dict) or "taskforce-card" not in found:
        raise InputError(
            _("%(name)s is not a card") % {"name": name},
            hint=_("a card is made with: taskforce peer card -o FILE"),
        )
    return check_card(found)


def add_peer(session: Session, card: Card, *, how: str) -> Added:
    """Enter a peer whose words people have compared; what waited for its key comes to life in the same transaction.

    TrustError if another key is known for its code already. `how` says how the words were compared.
    """
    me = session.store.me
    if card.agency == me.agency and card.fingerprint != me.fingerprint:
        raise TrustError(
            _("this card claims to be %(agency)s, your own agency, with another key")
            % {"agency": card.agency}
        )
    if card.device.id == me.device:
        raise Refused(_("this is your own card"), hint=_("give it to your partners, and add theirs"))
    if (card.agency, card.device.id) in revocations(session.store.connection).by_device:
        raise TrustError(
            _("the device that made this card was revoked by %(agency)s") % {"agency": card.agency},
            hint=_("ask for the card of another device of theirs"),
            code="revoked",
        )
    known = exchange.find_peer(session.store.connection, card.agency)
    if known is not None and known.agency_key != card.agency_key:
        raise TrustError(
            _("%(agency)s is known with another key: somebody pretends, or it has made a new one")
            % {"agency": card.agency},
            hint=_("call them on a number you had before, and compare the words of both cards"),
        )
    connection = session.store.connection
    with session.store.writing():
        if card.agency != me.agency:
            exchange.put_peer(
                connection,
                exchange.Peer(
                    card.agency, card.name, card.agency_key, moments.time_text(session.now), me.officer, how
                ),
            )
        device = card.device
        known_device = exchange.KnownDevice(
            device.id, device.agency, device.sign_key, device.seal_recipient, device.certificate
        )
        if exchange.put_device(connection, known_device, proven=True):
            session.store.replay()  # whose edits these are stands in the tables
        admitted = admit_waiting(session, card.agency)
    confirm_if_possible(session)
    return Added(card.agency, card.name, card.fingerprint, card.words, known is None, admitted)


def list_peers(session: Session) -> list[PeerState]:
    """How exchange with every peer stands."""
    return _states(session, exchange.peers(session.store.connection))


def own_devices(session: Session) -> list[PeerState]:
    """The same of the other devices of this agency: one entry for all of them, none where there is none in use."""
    store = session.store
    gone = revoked_devices(store.connection)
    if store.me.device in gone:
        return []
    every = exchange.devices(store.connection, store.me.agency)
    if not any(one.id not in (store.me.device, *gone) for one in every):
        return []
    name = _("other devices of your agency")
    own = exchange.Peer(store.me.agency, name, store.meta("agency_key"), "", "", "")
    return [replace(one, own=True, devices=one.devices - 1) for one in _states(session, [own])]


def _states(session: Session, peers: Sequence[exchange.Peer]) -> list[PeerState]:
    from taskforce.keys.identity import agency_fingerprint  # deferred: as above

    connection = session.store.connection
    came = exchange.bundles(connection, "in")
    went = exchange.bundles(connection, "out")
    known, scopes = gather(session), exchange.scopes(connection)
    gone = revoked_devices(connection)
    result = []
    for peer in peers:
        theirs = {device.id for device in exchange.devices(connection, peer.agency)}
        # Anybody can write an agency's code into a bundle; what a device of theirs signed is theirs.
        heard = [one for one in came if one.device in theirs]
        missing = missing_bundles(heard)
        last_heard = max((one.at for one in heard), default="")
        waiting, unsent, confirmed = count_edits(session, peer.agency, known, scopes)
        to_them = [one.at for one in went if one.agency == peer.agency and one.edits]
        result.append(
            PeerState(
                peer.agency,
                peer.name,
                agency_fingerprint(peer.agency_key),
                peer.verified_at,
                peer.verified_by,
                peer.how,
                len(theirs.difference(gone)),
                last_heard,
                max((one.number for one in heard), default=0),
                to_text(missing),
                waiting,
                unsent,
                confirmed,
                _sent_since(to_them, last_heard) if waiting > unsent else "",
            )
        )
    return result


def _sent_since(went: list[str], last_heard: str) -> str:
    """When the first bundle with edits went that may not have arrived: none has confirmed those since they were heard.

    Where nothing went since then, what they did not confirm was under way as they wrote: at least since the last one.
    """
    return min((at for at in went if at > last_heard), default=max(went, default=""))


def missing_bundles(heard: list[exchange.BundleRow]) -> Ranges:
    """The numbers that were skipped in what came from one agency, device by device."""
    by_device: dict[str, set[int]] = {}
    for one in heard:
        by_device.setdefault(one.device, set()).add(one.number)
    gaps: Ranges = ()
    for numbers in by_device.values():
        # As ranges: the highest number is what somebody wrote there, up to a thousand million.
        gaps = union(gaps, difference(((1, max(numbers)),), of_numbers(numbers)))
    return gaps
