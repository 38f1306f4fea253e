"""A second device of an agency: it asks, the device with the agency's key admits it, it joins with the answer.

Until it has joined it has no certificate, and nobody could check what it writes: so it writes nothing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from taskforce import moments
from taskforce.actions.session import Session
from taskforce.actions.stating import take_statements
from taskforce.errors import InputError, Refused, TrustError
from taskforce.i18n import _
from taskforce.records.registry import get_kind
from taskforce.store import exchange, known_devices, queries
from taskforce.store.revoked import is_revoked, revoked_devices
from taskforce.store.statements import statements
from taskforce.sync.bundle import MOST_STATEMENTS
from taskforce.sync.strict_yaml import PLAN_LIMITS, read_marked
from taskforce.sync.yaml_text import document

if TYPE_CHECKING:
    from taskforce.keys.admission import Admission, Request
    from taskforce.keys.identity import AgencySecret, DeviceSecret

_MOST_BYTES = 4 << 20
_MOST_TOLD = 1 << 20


@dataclass(frozen=True, slots=True)
class Joined:
    """A device that belongs to its agency from now on: which, whose, and whom the agency knows already."""

    agency: str
    device: str
    words: tuple[str, ...]
    peers: tuple[str, ...]


def own_secret(session: Session) -> DeviceSecret:
    """The secret half of this device."""
    from taskforce.keys.identity import DeviceSecret  # deferred: loads the cryptographic libraries

    store = session.store
    return DeviceSecret(bytes.fromhex(store.meta("sign_seed")), store.meta("seal_identity"))


def agency_secret(session: Session) -> AgencySecret:
    """The agency's key; Refused if this device lives without it."""
    from taskforce.keys.identity import AgencySecret  # deferred: as above

    seed = session.store.meta("agency_seed")
    if not seed:
        raise Refused(
            _("the agency's key is not on this device"),
            hint=_("do it on the device that has it, or bring it here: taskforce agency-key import FILE"),
            code="no-agency-key",
        )
    return AgencySecret(bytes.fromhex(seed))


def request_text(session: Session, *, label: str = "") -> str:
    """This device's request to be admitted, as YAML. Refused if it belongs to its agency already."""
    from taskforce.keys.admission import fit_text, make_request  # deferred: as above

    if not session.is_waiting:
        raise Refused(
            _("this device belongs to %(agency)s already") % {"agency": session.store.me.agency},
            code="joined-already",
        )
    me = session.store.me
    body = make_request(
        own_secret(session),
        agency=me.agency,
        officer=fit_text(me.officer),
        label=fit_text(label or session.store.meta("label")),
        made=moments.time_text(session.now),
    )
    return document(body, start="")


def request_words(session: Session) -> tuple[str, ...]:
    """The words of this device's request, for whoever admits it."""
    from taskforce.keys.encoding import from_text  # deferred: as above
    from taskforce.keys.words import words

    return words(from_text(own_secret(session).sign_key, 32))


def read_request(session: Session, stream: IO[bytes], name: str) -> Request:
    """Read and check a request. InputError or TrustError if it does not hold, Refused if it is not for this agency."""
    from taskforce.keys.admission import check_request, request_device  # deferred: as above

    found = check_request(read_marked(stream, name, PLAN_LIMITS).data)
    me = session.store.me
    if found.agency != me.agency:
        raise Refused(
            _("this device asks to belong to %(other)s, not to %(agency)s")
            % {"other": found.agency, "agency": me.agency}
        )
    device = request_device(found)
    if device == me.device:
        raise Refused(_("this is this device's own request"))
    known = known_devices.find_device(session.store.connection, device)
    if known is not None and known.agency != me.agency:
        raise TrustError(
            _("this device is known as one of %(agency)s") % {"agency": known.agency}, code="other-agency"
        )
    if is_revoked(session.store.connection, device):
        raise Refused(
            _("this device was revoked; it stays so"),
            hint=_("a new store is a new device: taskforce init --join"),
            code="revoked",
        )
    return found


def admit_device(session: Session, request: Request) -> bytes:
    """Certify a device whose words people have compared; the answer that it joins with, sealed to it."""
    from taskforce.keys.admission import MOST_PEERS, KnownPeer, fit_text, make_admission  # deferred: as above
    from taskforce.keys.identity import certify
    from taskforce.keys.sealing import seal_bytes

    secret = agency_secret(session)
    store = session.store
    made = moments.time_text(session.now)
    with store.writing():
        own = known_devices.find_device(store.connection, store.me.device)
        if own is None:
            raise Refused(_("this device has no certificate itself"))
        certificate = certify(secret, store.me.agency, request.keys, made)
        device = exchange.KnownDevice(
            request.keys.id,
            store.me.agency,
            request.keys.sign_key,
            request.keys.seal_recipient,
            certificate,
        )
        exchange.put_device(store.connection, device, proven=True)
        known_devices.set_device_label(store.connection, device.id, request.label or request.officer)
        record = queries.get_record(store.connection, get_kind("agency"), session.own_agency)
        peers = [
            KnownPeer(
                one.agency,
                fit_text(one.name),
                one.agency_key,
                one.verified_at,
                fit_text(one.verified_by),
                fit_text(one.how),
            )
            for one in exchange.peers(store.connection)
        ]
        gone = revoked_devices(store.connection)
        keys = {peer.agency: peer.agency_key for peer in peers} | {store.me.agency: secret.key}
        devices = [
            one.certificate
            for one in exchange.devices(store.connection)
            # Of who is only introduced they come with the roster, and with the plan that gives it its weight.
            if keys.get(one.agency) == one.certificate["agency-key"]
            and one.id not in (device.id, own.id, *gone)
        ]
        body = make_admission(
            secret,
            certificate,
            by=own.certificate,
            name=fit_text(record.text("name") if record else "") or store.me.agency,
            peers=peers,
            devices=devices[:MOST_PEERS],
            statements=_told_at_once(session),
            made=made,
        )
        session.note(f"admitted device {device.id}")
    return seal_bytes(document(body, start="").encode(), [device.seal_to])


def _told_at_once(session: Session) -> list[dict[str, Any]]:
    """Which devices are lost, as far as an answer has room for it, our own first. All else comes with bundles: what
    others say, in whatever number and length, keeps nobody from joining.
    """
    rows = statements(session.store.connection, type="revocation")
    told: list[dict[str, Any]] = []
    room = _MOST_TOLD
    for row in sorted(rows, key=lambda row: row.agency != session.store.me.agency):
        room -= len(row.body.encode())
        if room < 0 or len(told) == MOST_STATEMENTS:
            break
        told.append(json.loads(row.body))
    return told


def read_admission(session: Session, stream: IO[bytes], name: str) -> Admission:
    """Open and check an admission. It must be for this very device and agency."""
    import io

    from taskforce.keys.admission import check_admission  # deferred: as above
    from taskforce.keys.sealing import looks_sealed, open_bytes

    if not session.is_waiting:
        raise Refused(
            _("this device belongs to %(agency)s already") % {"agency": session.store.me.agency},
            code="joined-already",
        )
    data = stream.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES or not looks_sealed(data[:64]):
        raise InputError(
            _("%(name)s is not an admission") % {"name": name},
            hint=_("it is made on the device with the agency's key: taskforce device admit REQUEST -o FILE"),
        )
    text = open_bytes(data, [session.store.meta("seal_identity")])
    found = check_admission(read_marked(io.BytesIO(text), name, PLAN_LIMITS).data)
    me, secret = session.store.me, own_secret(session)
    if (found.device.id, found.device.seal_recipient) != (me.device, secret.seal_recipient):
        raise TrustError(_("this admission is for another device"), code="other-device")
    if found.device.agency != me.agency:
        raise TrustError(
            _("this admission is by %(other)s, not by %(agency)s")
            % {"other": found.device.agency, "agency": me.agency},
            code="other-agency",
        )
    return found


def join(session: Session, admission: Admission) -> Joined:
    """Belong to the agency whose words people have compared, and know the agencies that it has verified."""
    store = session.store
    peers = []
    with store.writing():
        _become(session, admission.device)
        exchange.put_device(store.connection, _known(admission.by), proven=True)
        for one in admission.peers:
            if one.agency != store.me.agency:
                exchange.put_peer(
                    store.connection,
                    exchange.Peer(
                        one.agency, one.name, one.agency_key, one.verified_at, one.verified_by, one.how
                    ),
                )
                peers.append(one.agency)
        for device in admission.devices:
            exchange.put_device(store.connection, _known(device))
        take_statements(session, admission.statements)
        session.note(f"joined {store.me.agency}")
    enter_own_agency(session)
    return Joined(admission.device.agency, admission.device.id, admission.words, tuple(peers))


def enter_own_agency(session: Session) -> None:
    """Let the agency be known by its code, until what it says of itself comes with a bundle."""
    with session.acting("join", undoable=False) as one:
        one.save(get_kind("agency"), session.own_agency, {"code": session.store.me.agency})


def certify_itself(session: Session, secret: AgencySecret) -> None:
    """Let a device that waits belong to the agency whose key was brought to it. Only inside a transaction."""
    from taskforce.keys.identity import certify, check_certificate  # deferred: as above

    made = moments.time_text(session.now)
    certificate = certify(secret, session.store.me.agency, own_secret(session), made)
    _become(session, check_certificate(certificate))


def _become(session: Session, device: Any) -> None:
    store = session.store
    store.set_meta("agency_key", device.agency_key)
    store.set_meta("fingerprint", device.fingerprint)
    store.forget_me()
    exchange.put_device(store.connection, _known(device), proven=True)
    known_devices.set_device_label(store.connection, device.id, store.meta("label") or store.me.officer)


def _known(device: Any) -> exchange.KnownDevice:
    return exchange.KnownDevice(
        device.id, device.agency, device.sign_key, device.seal_recipient, device.certificate
    )
