"""Cards and peers: how two agencies come to trust each other's keys, and how exchange with each of them stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from taskforce import moments
from taskforce.actions.admission import admit_waiting, confirm_if_possible, settle_levels
from taskforce.actions.knowing import gather
from taskforce.actions.levels import INTRODUCED, VERIFIED, Dispute, Introduced, Levels, codename_of
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


DISPUTED = "disputed"

WAYS = ("voice", "in-person", "qr", "other")
"""How people compare keys, as it is recorded; they may say it in their own words as well."""


@dataclass(frozen=True, slots=True)
class IntroducedBy:
    """By whose roster an agency is known, of which operation (what it is called here), since when."""

    by: str
    operation: str
    made: str


@dataclass(frozen=True, slots=True)
class PeerState:
    """How exchange with a peer stands: last heard, highest bundle number and those missing.

    `level` is `verified`, or `introduced` by who is named in `introduced`, or `disputed`: rosters name different keys,
    and nothing is exchanged. `dispute` says what rosters say against the key that counts, or against each other.

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
    level: str = VERIFIED
    introduced: tuple[IntroducedBy, ...] = ()
    dispute: Dispute | None = None
    own: bool = False


_NOTHING_YET = (0, "", 0, "", 0, 0, 0, "")
"""What is not known yet of how exchange stands with a peer: from `devices` to `sent_since`."""


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


def own_scan(session: Session) -> str:
    """What the QR code of this agency's key says."""
    from taskforce.keys.encoding import from_text  # deferred: as above
    from taskforce.keys.words import scan_text

    return scan_text(session.store.me.agency, from_text(session.store.meta("agency_key"), 32))


def card_scan(card: Card) -> str:
    """What the QR code of a card's key says."""
    from taskforce.keys.encoding import from_text  # deferred: as above
    from taskforce.keys.words import scan_text

    return scan_text(card.agency, from_text(card.agency_key, 32))


def require_scan(card: Card, scanned: str) -> None:
    """TrustError unless what was read off a QR code is of this card's key."""
    if "".join(scanned.split()).upper() != card_scan(card):
        raise TrustError(
            _("what was scanned is not of this card: it is another agency's or another key"),
            hint=_("nothing was entered; make sure whose card this is, and where you had it from"),
            code="other-key",
        )


def told_otherwise(session: Session, card: Card) -> tuple[Introduced, ...]:
    """Who introduced the agency of a card with another key than the card's: one of the two is false."""
    levels = Levels(session)
    every = [one for told in levels.introduced.values() for one in told]
    every += [one for dispute in levels.disputes for one in dispute.told]
    return tuple(one for one in every if one.agency == card.agency and one.key != card.agency_key)


def fingerprint_of(one: Introduced) -> str:
    """The fingerprint of the key that a roster names."""
    from taskforce.keys.identity import agency_fingerprint  # deferred: as above

    return agency_fingerprint(one.key)


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
        # What came, and what was said, under another key, which somebody introduced, leaves.
        settle_levels(session, admits=False)
        if (card.agency, card.device.id) in revocations(connection).by_device:
            raise TrustError(
                _("the device that made this card was revoked by %(agency)s") % {"agency": card.agency},
                hint=_("ask for the card of another device of theirs"),
                code="revoked",
            )
        device = card.device
        known_device = exchange.KnownDevice(
            device.id, device.agency, device.sign_key, device.seal_recipient, device.certificate
        )
        if exchange.put_device(connection, known_device, proven=True):
            session.store.replay()  # whose edits these are stands in the tables
        admitted = admit_waiting(session, card.agency)
        settle_levels(session)  # whom the agency introduces, by what it said and we know now
    confirm_if_possible(session)
    return Added(card.agency, card.name, card.fingerprint, card.words, known is None, admitted)


def list_peers(session: Session) -> list[PeerState]:
    """How exchange stands with every peer: those whose words people compared, then those who were introduced."""
    return _states(session, known_peers(session))


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
    own = PeerState(store.me.agency, name, store.me.fingerprint, "", "", "", *_NOTHING_YET, own=True)
    return [replace(one, devices=one.devices - 1) for one in _states(session, [own])]


def _states(session: Session, peers: Iterable[PeerState]) -> list[PeerState]:
    connection = session.store.connection
    came = exchange.bundles(connection, "in")
    went = exchange.bundles(connection, "out")
    known, scopes = gather(session), exchange.scopes(connection)
    gone, levels = revoked_devices(connection), Levels(session)
    result = []
    for peer in peers:
        theirs = {device.id for device in exchange.devices(connection, peer.agency)}
        # Anybody can write an agency's code into a bundle; what a device of theirs signed is theirs.
        heard = [one for one in came if one.device in theirs]
        missing = missing_bundles(heard)
        last_heard = max((one.at for one in heard), default="")
        waiting, unsent, confirmed = (
            count_edits(session, peer.agency, known, scopes)
            if theirs.difference(gone) and levels.exchanges_with(peer.agency)
            else (0, 0, 0)
        )
        to_them = [one.at for one in went if one.agency == peer.agency and one.edits]
        result.append(
            replace(
                peer,
                devices=len(theirs.difference(gone)),
                last_heard=last_heard,
                last_number=max((one.number for one in heard), default=0),
                missing=to_text(missing),
                waiting=waiting,
                unsent=unsent,
                confirmed=confirmed,
                sent_since=_sent_since(to_them, last_heard) if waiting > unsent else "",
            )
        )
    return result


def known_peers(session: Session) -> Iterator[PeerState]:
    """Every peer, with who vouches for it and how; nothing yet of how exchange stands."""
    from taskforce.keys.identity import agency_fingerprint  # deferred: as above

    levels = Levels(session)
    disputes = {one.agency: one for one in levels.disputes}
    for peer in exchange.peers(session.store.connection):
        yield PeerState(
            peer.agency,
            peer.name,
            agency_fingerprint(peer.agency_key),
            peer.verified_at,
            peer.verified_by,
            peer.how,
            *_NOTHING_YET,
            dispute=disputes.get(peer.agency),
        )
    for agency, every in sorted(levels.introduced.items()):
        told = tuple(
            IntroducedBy(one.by, codename_of(session, one.operation), one.made)
            for one in every
            if not one.left
        )
        if told:
            key = agency_fingerprint(every[0].key)
            yield PeerState(
                agency, every[0].name, key, "", "", "", *_NOTHING_YET, level=INTRODUCED, introduced=told
            )
    for agency, dispute in sorted(disputes.items()):
        if not dispute.verified:
            name = dispute.told[0].name
            yield PeerState(agency, name, "", "", "", "", *_NOTHING_YET, level=DISPUTED, dispute=dispute)


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
