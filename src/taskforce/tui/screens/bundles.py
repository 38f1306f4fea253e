"""Before a bundle leaves, for one peer or for several together: what goes, and only then the writing."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from textual.binding import Binding

from taskforce.actions.bundle_summary import Exported
from taskforce.actions.peers import PeerState
from taskforce.actions.sending import export_together
from taskforce.actions.session import Session
from taskforce.errors import TaskforceError, UsageError
from taskforce.i18n import N_, _, ngettext
from taskforce.reports import exchange_views
from taskforce.settings import read_setting
from taskforce.tui.as_command import command_line
from taskforce.tui.exchange_lines import standing_lines, verified_line
from taskforce.tui.room_keys import PREVIEW_KEYS
from taskforce.tui.screens.previews import Preview
from taskforce.views import Line


class BundleDialog(Preview[Exported]):
    """The next bundle for a peer: what goes and on what basis, what is withheld and why; enter writes it.

    For several peers it is one bundle for all. Where that is refused, it says which part does not go to whom, and a key
    turns to one bundle each.
    """

    INDENT = 10

    BINDINGS = [
        Binding(
            "enter,w",
            "do",
            N_("Write bundle"),
            id="bundle.write",
            tooltip=N_("Write the bundle that is shown into the outbox"),
            key_display="⏎",
        ),
        Binding(
            "e",
            "each",
            N_("One bundle each"),
            id="bundle.each",
            tooltip=N_("In place of one bundle for all of them: what would go to each, then write all these"),
        ),
        *PREVIEW_KEYS,
    ]

    def __init__(self, peers: Sequence[PeerState]) -> None:
        super().__init__()
        self._peers = list(peers)
        self._is_together = len(self._peers) > 1
        self._shown: list[list[Exported]] = []

    @property
    def _groups(self) -> list[list[str]]:
        """The agencies of each bundle."""
        agencies = [peer.agency for peer in self._peers]
        return [agencies] if self._is_together else [[agency] for agency in agencies]

    @property
    def can_do(self) -> bool:
        """Whether it is known what would go."""
        return bool(self._shown)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """One bundle each is offered in place of one for all."""
        if action == "each":
            return self._is_together and not self.is_working
        return super().check_action(action, parameters)

    def action_each(self) -> None:
        """Turn to one bundle each."""
        if self._is_together and not self.refuses_unseen():
            self._is_together = False
            self.look()

    def as_command(self) -> str:
        """The command that writes the same."""
        return export_command(*(peer.agency for peer in self._peers), together=self._is_together)

    async def preview(self) -> None:
        """Find out what would go."""
        groups = self._groups
        self._shown = []

        def read(session: Session) -> list[list[Exported]]:
            return [export_together(session, agencies, None) for agencies in groups]

        try:
            shown = await self.desk.read(read)
        except TaskforceError as error:
            if error.code == "not-for-all":
                self._show_not_for_all(error)
            else:
                self.show_error(self._heading(), error)
            return
        if groups != self._groups:
            return
        self._shown = shown
        self.show([*self._above(), *(line for group in shown for sent in group for line in self._of(sent))])

    def _heading(self) -> str:
        agencies = ", ".join(peer.agency for peer in self._peers)
        if self._is_together:
            return _("One bundle for %(agencies)s") % {"agencies": agencies}
        return _("Bundle to %(agency)s") % {"agency": agencies}

    def _show_not_for_all(self, error: TaskforceError) -> None:
        """Say which parts do not go to whom."""
        lines: list[Line | str] = [Line(self._heading(), "heading"), "", error.sentence]
        lines += [Line(f"  ◌ {one.sentence}", "late") for one in error.listed()]
        self.show([*lines, "", Line(_("e makes one bundle each: to each goes what it may have"), "command")])

    def _above(self) -> list[Line | str]:
        """Where to; of several bundles once for all."""
        if len(self._peers) == 1:
            return []
        head = self._heading() if self._is_together else _("One bundle each")
        return [Line(head, "heading"), *self._where(), ""]

    def _where(self) -> list[Line | str]:
        lines: list[Line | str] = [
            Line("  " + _("into %(folder)s") % {"folder": _outbox().absolute()}, "muted")
        ]
        if self.desk.read_only:
            lines.append(Line("  " + _("this room is only for reading: nothing is written"), "muted"))
        return lines

    def _of(self, sent: Exported) -> list[Line | str]:
        """What would go to one agency."""
        peer = next(each for each in self._peers if each.agency == sent.agency)
        head, *rest = exchange_views.sent_lines(sent)
        known = f"{peer.name} · {verified_line(peer)}"
        lines: list[Line | str] = [head, Line(f"  {known}", "muted")]
        lines += _indented(standing_lines(peer, self.room.now()))
        if len(self._peers) == 1:
            return [*lines, *self._where(), "", *rest]
        return [*lines, "", *rest, ""]

    async def do(self) -> None:
        """Write what is shown; not what would be other by now. Of several bundles each is a thing done by itself."""
        shown, groups = self._shown, self._groups
        sent: list[Exported] | None = None
        self.begin_work(_("Writing edits"))
        try:
            for agencies, then in zip(groups, shown, strict=True):
                sent = await self.try_acting(partial(self._write, agencies, then), _written)
                if sent is None:
                    break
        finally:
            self.end_work()
        if sent is not None:
            self.dismiss(sent[0])
        else:
            self.look()

    def _write(self, agencies: list[str], then: list[Exported], session: Session) -> list[Exported]:
        return export_together(session, agencies, outbox(), shown=then, progress=self.step)


def _indented(lines: Sequence[Line | str]) -> list[Line | str]:
    return [
        Line(f"  {line.text}", line.style) if isinstance(line, Line) else Line(f"  {line}", "muted")
        for line in lines
    ]


def _written(told: Sequence[Exported]) -> str:
    sent = told[0]
    count = ngettext("%(count)d edit", "%(count)d edits", sent.edits) % {"count": sent.edits}
    if sent.together:
        agencies = ", ".join(one.agency for one in told)
        text = _("one bundle for %(agencies)s, %(edits)s, written to %(file)s")
        return text % {"agencies": agencies, "edits": count, "file": sent.file}
    return _("bundle %(number)d to %(agency)s, %(edits)s, written to %(file)s") % {
        "number": sent.number,
        "agency": sent.agency,
        "edits": count,
        "file": sent.file,
    }


def outbox() -> Path:
    """The folder that bundles are written into; UsageError if it is not there."""
    folder = _outbox()
    if not folder.is_dir():
        raise UsageError(
            _("the outbox %(folder)s is not there") % {"folder": folder},
            hint=_("choose another with: taskforce config set outbox FOLDER"),
        )
    return folder


def _outbox() -> Path:
    return Path(os.path.expanduser(read_setting("outbox") or "."))


def export_command(*agencies: str, together: bool = False) -> str:
    """The command that writes the next bundle for an agency; for several one each, or one for all `together`."""
    words = [word for agency in agencies for word in ("--to", agency)]
    return command_line("export", *words, *(["--together"] if together else []), "-o", str(_outbox()))
