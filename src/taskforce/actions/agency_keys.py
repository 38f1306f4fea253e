"""The key that certifies an agency's devices: where it is, made, taken out sealed, brought in, taken off a device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO

from taskforce.actions.joining import agency_secret, certify_itself, enter_own_agency
from taskforce.actions.session import Session
from taskforce.errors import InputError, Refused, TrustError
from taskforce.i18n import _
from taskforce.store.erasing import SCRUB

MOST_BYTES = 64 << 10
"""Of a file with an agency's key."""


@dataclass(frozen=True, slots=True)
class AgencyKey:
    """The agency's key as this device knows it; `here` says whether the secret half is on it."""

    agency: str
    fingerprint: str
    words: tuple[str, ...]
    here: bool


def show_agency_key(session: Session) -> AgencyKey:
    """Whose key this store's agency has, and whether its secret half is here."""
    from taskforce.actions.peers import own_words  # deferred: loads more than this needs

    me = session.store.me
    return AgencyKey(me.agency, me.fingerprint, own_words(session), bool(session.store.meta("agency_seed")))


def create_agency_key(session: Session) -> AgencyKey:
    """Make the agency's key on a device that waits to be admitted, since there is nobody to admit it.

    Refused where the store has a key: a second one would be another agency to everybody.
    """
    from taskforce.keys.identity import new_agency  # deferred: loads the cryptographic libraries

    if not session.is_waiting:
        raise Refused(
            _("%(agency)s has its key already; another one would be another agency to all its partners")
            % {"agency": session.store.me.agency},
            code="has-agency-key",
        )
    with session.store.writing():
        secret = new_agency()
        certify_itself(session, secret)
        session.store.set_meta("agency_seed", secret.seed.hex())
        session.note("made the agency's key")
    enter_own_agency(session)
    return show_agency_key(session)


def export_agency_key(session: Session, *, recipients: Sequence[str] = (), passphrase: str = "") -> str:
    """The key as an armored age file, for some recipients or a passphrase. It is recorded that it was taken out.

    UsageError for a passphrase that is too short: whoever finds the file may guess as fast and as long as they like.
    """
    from taskforce.keys.agency_key_file import seal_agency_key  # deferred: as above
    from taskforce.keys.slots import check_passphrase

    if not recipients:
        check_passphrase(passphrase)
    text = seal_agency_key(
        agency_secret(session), session.store.me.agency, recipients=recipients, passphrase=passphrase
    )
    with session.store.writing():
        session.note("exported the agency's key")
    return text


def read_agency_key_file(stream: IO[bytes], name: str) -> bytes:
    """The bytes of such a file; InputError if it is too long to be one."""
    data = stream.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise InputError(_("%(name)s is not a sealed agency key") % {"name": name}, code="no-agency-key")
    return data


def import_agency_key(
    session: Session, data: bytes, *, identities: Sequence[str] = (), passphrase: str = ""
) -> AgencyKey:
    """Bring the agency's key to this device. A device that waits belongs to the agency by that.

    TrustError if it does not open, or is another agency's, or another key than this agency's.
    """
    from taskforce.keys.agency_key_file import open_agency_key  # deferred: as above
    from taskforce.keys.identity import AgencySecret

    own = session.store.meta("seal_identity")
    code, seed = open_agency_key(data, identities=[*identities, own], passphrase=passphrase)
    secret = AgencySecret(seed)
    if code != session.store.me.agency:
        raise TrustError(
            _("this is the key of %(other)s, not of %(agency)s")
            % {"other": code, "agency": session.store.me.agency},
            code="other-agency",
        )
    waited = session.is_waiting
    with session.store.writing():
        if waited:
            certify_itself(session, secret)
        elif secret.key != session.store.meta("agency_key"):
            raise TrustError(
                _("this is another key than the one that %(agency)s has here") % {"agency": code},
                code="other-key",
            )
        session.store.set_meta("agency_seed", seed.hex())
        session.note("imported the agency's key")
    if waited:
        enter_own_agency(session)
    return show_agency_key(session)


def remove_agency_key(session: Session) -> AgencyKey:
    """Take the secret half off this device; Refused if it is not here."""
    agency_secret(session)
    with session.store.writing():
        session.store.set_meta("agency_seed", "")
        session.store.set_meta(SCRUB, "yes")  # no byte of it is to be left in unused places of the file
        session.note("removed the agency's key")
    return show_agency_key(session)
