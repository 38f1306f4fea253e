"""A line for dialogs in which keys may come faster than the screen follows: none ends up in a line that was left."""

from __future__ import annotations

from textual import events
from textual.widgets import Input


class AheadInput(Input):
    """Enter and tab move the focus at once, and what was typed ahead of them goes where they led.

    Textual hands every key to the widget that is focused when the key arrives, and acts on enter some messages later.
    On a slow machine a surname would end up in the line for the age.
    """

    def on_key(self, event: events.Key) -> None:
        """Pass a key on that came for this line after it was left; move on at once."""
        focused = self.screen.focused
        if focused is not None and focused is not self and self.screen.is_current:
            _take(event)
            focused.post_message(events.Key(event.key, event.character))
        elif event.key == "enter":
            _take(event)
            self.go_on()
        elif event.key in ("tab", "shift+tab"):
            _take(event)
            (self.screen.focus_next if event.key == "tab" else self.screen.focus_previous)()

    def go_on(self) -> None:
        """What enter does: what Input does, unless a line knows where to go."""
        self.post_message(self.Submitted(self, self.value))


def _take(event: events.Key) -> None:
    event.stop()
    event.prevent_default()
