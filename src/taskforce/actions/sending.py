"""Exports: what a peer may have now and has not said it holds, as one sealed bundle; or one for several peers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace as replace_in
from pathlib import Path
from typing import IO

from taskforce.actions.admission import confirm_erasures
from taskforce.actions.bundle_summary import Exported
from taskforce.actions.outgoing import Outgoing
from taskforce.actions.session import Session
from taskforce.errors import Refused, TrustError
from taskforce.files import back_as_it_was, new_file
from taskforce.i18n import _
from taskforce.store import exchange
from taskforce.store.revoked import revoked_devices


def export_bundle(
    session: Session,
    agency: str,
    target: Path | IO[bytes] | None,
    *,
    replace: bool = False,
    sealed: bool = True,
    shown: Exported | None = None,
    progress: Callable[[int], None] = lambda _edits: None,
) -> Exported:
    """Write the next bundle for an agency to a file, into a folder, or to a binary stream.

    With None for `target` it only says what would go. `progress` is told how many more edits were written; what it
    raises ends the export, and nothing is left behind.

    Raises TrustError if the agency is not a verified peer, Refused if `sealed` is False and it carries more than
    agencies, or if it is not what somebody was `shown` before. The bundle's number counts only once the whole file is
    on the disk.
    """
    (told,) = export_together(
        session,
        [agency],
        target,
        replace=replace,
        sealed=sealed,
        shown=None if shown is None else [shown],
        progress=progress,
    )
    return told


def export_together(
    session: Session,
    agencies: Sequence[str],
    target: Path | IO[bytes] | None,
    *,
    replace: bool = False,
    sealed: bool = True,
    shown: Sequence[Exported] | None = None,
    progress: Callable[[int], None] = lambda _edits: None,
) -> list[Exported]:
    """Write one bundle for several agencies, as `export_bundle` does for one; what is told of it, for each of them.

    It carries what any of them has not said it holds. Refused if one of them may not have all of that.
    """
    session.require_writing()
    recipients = [
        (code, _devices(session, code)) for code in dict.fromkeys(each.upper() for each in agencies)
    ]
    if target is None:
        with session.store.reading():
            return Outgoing(session, recipients).results()
    confirm_erasures(session)
    with ExitStack() as undoing, session.store.writing():
        one = Outgoing(session, recipients)
        told = one.results()
        if shown is not None and not (
            len(shown) == len(told) and all(now.is_like(then) for now, then in zip(told, shown, strict=True))
        ):
            raise Refused(
                _("the store has changed: other things would go than were shown"),
                hint=_("nothing was written; look at the bundle again"),
                code="changed",
            )
        if not sealed and not one.is_of_agencies_only:
            raise Refused(
                _("a bundle that carries more than agencies is always sealed"),
                hint=_("leave out --unsealed"),
            )
        file = "-"
        if isinstance(target, Path):
            path = target / f"{one.id}.bundle" if target.is_dir() else target
            file = str(path)
            # It stands on the disk before it counts here; if it then cannot count, it must not stand there.
            stands = undoing.enter_context(back_as_it_was(path))
            with new_file(path, replace=replace) as stream:
                one.write(stream, sealed=sealed, progress=progress)
            stands()
        else:
            one.write(target, sealed=sealed, progress=progress)
        one.note()
        return [replace_in(each, file=file, written=True) for each in told]


def _devices(session: Session, code: str) -> list[exchange.KnownDevice]:
    """The devices that a bundle for an agency is sealed to. TrustError if the agency is not a verified peer."""
    connection = session.store.connection
    gone = revoked_devices(connection)
    every = [one for one in exchange.devices(connection, code) if one.id != session.store.me.device]
    devices = [one for one in every if one.id not in gone]
    if every and not devices:
        raise TrustError(
            _("every device of %(agency)s that is known here was revoked") % {"agency": code},
            hint=_("ask for the card of its new device and add it with: taskforce peer add FILE"),
            code="all-revoked",
        )
    if code == session.store.me.agency and not devices:
        raise TrustError(
            _("no other device of %(agency)s is known here") % {"agency": code},
            hint=_("admit one with: taskforce device admit REQUEST -o FILE"),
            code="no-other-device",
        )
    if not devices or (code != session.store.me.agency and exchange.find_peer(connection, code) is None):
        raise TrustError(
            _("%(agency)s is not a verified peer") % {"agency": code},
            hint=_("ask for its card and add it with: taskforce peer add FILE"),
        )
    return devices
