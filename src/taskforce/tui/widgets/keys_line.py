"""The keys at the foot of a screen."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.screen import Screen
from textual.widgets import Footer


class KeysLine(Footer):
    """Textual's footer, made anew only when other keys are offered: a cursor moves far more often than that happens.

    To make it anew costs as much as to draw the rest of the screen.
    """

    _made_of: tuple[object, ...] | None = None

    def compose(self) -> ComposeResult:
        """The keys that are offered now."""
        if self._bindings_ready:
            self._made_of = self._offered()
        yield from super().compose()

    def bindings_changed(self, screen: Screen[object]) -> None:
        """Make it anew if what is offered differs from what it shows."""
        if self.is_attached and screen is self.screen and self._offered() == self._made_of:
            return
        super().bindings_changed(screen)

    def _offered(self) -> tuple[object, ...]:
        return tuple(
            (one.binding.key, one.binding.action, one.binding.description, one.enabled, one.tooltip)
            for one in self.screen.active_bindings.values()
            if one.binding.show
        )
