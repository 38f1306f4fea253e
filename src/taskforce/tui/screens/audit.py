"""Whether anybody rewrote what is held here: every signature proved while the screens go on being read."""

from __future__ import annotations

from taskforce.actions.auditing import verify
from taskforce.errors import TaskforceError
from taskforce.i18n import _
from taskforce.reports import audit_views
from taskforce.tui.as_command import command_line
from taskforce.tui.room_keys import PREVIEW_KEYS
from taskforce.tui.screens.previews import Preview
from taskforce.views import Line


class AuditDialog(Preview[None]):
    """What `audit verify --log-only` finds: nobody is kept from writing, and a room for reading may ask it, too."""

    BINDINGS = [*PREVIEW_KEYS]

    @property
    def can_do(self) -> bool:
        """There is nothing to do but to read."""
        return False

    async def do(self) -> None:
        """Nothing."""

    def as_command(self) -> str:
        """The command that proves the same, and the tables."""
        return command_line("audit", "verify")

    async def preview(self) -> None:
        """Prove it, and show what was found."""
        heading = Line(_("Whether anybody rewrote what is held here"), "heading")
        self.show([heading])
        self.begin_work(_("Verifying edits"))
        try:
            found = await self.desk.read_aside(
                lambda session: verify(session, with_tables=False, progress=self.step)
            )
        except TaskforceError as error:
            if error.code == "stopped":
                self.dismiss(None)
            else:
                self.show_error(heading.text, error)
            return
        finally:
            self.end_work()
        self.show([heading, "", *audit_views.feed_lines(found), *audit_views.lines_of(found)])
