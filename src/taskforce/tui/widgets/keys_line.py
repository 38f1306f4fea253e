"""The keys at the foot of a screen or dialog: as many as there is room for, whole, and always the one for help."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from textual.app import ComposeResult
from textual.binding import ActiveBinding, Binding
from textual.containers import HorizontalGroup
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Footer
from textual.widgets._footer import FooterKey

from taskforce.i18n import _
from taskforce.text import cells

_ALWAYS = ("go.back", "help", "dialog.help", "refer.help", "palette")
"""The keys that are never left out, at the right, by their names."""

_AROUND = 3
"""Cells around a key and its word."""


class KeysLine(Footer):
    """Made anew only when other keys are offered: a cursor moves far more often than that happens.

    To make it anew costs as much as to draw the rest of the screen.
    """

    DEFAULT_CSS = """
    KeysLine .always { dock: right; width: auto; height: 1; border-left: vkey $foreground 20%; }
    """

    _made_of: tuple[object, ...] | None = None
    _is_making = False
    _is_outdated = False

    async def recompose(self) -> None:
        """Make it anew, one time after the other: Textual may ask for it again while children are still going.

        Those that go may still be there when the next ones come (Textual does not wait for a child that has not begun
        to run), so that none of them has an id.
        """
        self._is_outdated = True
        if self._is_making:
            return
        self._is_making = True
        try:
            while self._is_outdated:
                self._is_outdated = False
                if self.is_attached and not self._pruning and self._offered() != self._made_of:
                    await super().recompose()  # often several ask for the same
        finally:
            self._is_making = False

    def compose(self) -> ComposeResult:
        """The keys that are offered now; none before a screen has said what it offers, which makes it anew."""
        if not self._is_making:
            return
        self._made_of = self._offered()
        offered = list(self._keys())
        always = [each for each in offered if each.binding.id in _ALWAYS]
        room = self.size.width - sum(map(self._width, always)) - 1
        for one in offered[: len(offered) - len(always)]:
            if self._width(one) - 1 > room:  # nothing stands in its last cell
                break
            room -= self._width(one)
            yield self._key(one)
        if always:
            with HorizontalGroup(classes="always"):
                yield from map(self._key, always)

    def on_resize(self) -> None:
        """Use the room there is."""
        if self._bindings_ready and self._offered() != self._made_of:
            self.call_after_refresh(self.recompose)

    def bindings_changed(self, screen: Screen[object]) -> None:
        """Make it anew if what is offered differs from what it shows."""
        if self.is_attached and screen is self.screen and self._offered() == self._made_of:
            return
        super().bindings_changed(screen)

    def _keys(self) -> Iterator[ActiveBinding]:
        """One key for each thing that can be done here, those that are always there last."""
        found: dict[str, ActiveBinding] = {}
        for one in self.screen.active_bindings.values():
            if one.binding.show or one.binding.id in _ALWAYS:
                found.setdefault(one.binding.action, one)
        others = [one for one in found.values() if one.binding.id not in _ALWAYS]
        named = {one.binding.id: one for one in found.values()}
        yield from (*others, *(named[name] for name in _ALWAYS if name in named))

    def _offered(self) -> tuple[object, ...]:
        return self.size.width, *((one.binding, one.enabled, self._shown(one)) for one in self._keys())

    def _shown(self, one: ActiveBinding) -> str:
        return key_shown(one.binding, self.screen)

    def _width(self, one: ActiveBinding) -> int:
        return cells(self._shown(one)) + cells(_(one.binding.description)) + _AROUND

    def _key(self, one: ActiveBinding) -> FooterKey:
        binding = one.binding
        key = FooterKey(
            binding.key,
            self._shown(one),
            _(binding.description),
            binding.action,
            disabled=not one.enabled,
            tooltip=_(binding.tooltip),
        )
        key.set_reactive(FooterKey.compact, False)  # bound to the line's it would be styled twice more, each
        return key


def key_shown(binding: Binding, screen: Screen[object]) -> str:
    """How a key is called where it works on a screen; while somebody types there, not by a letter for another key."""
    focused: Widget | None = screen.focused
    named = binding.key_display or ""
    if len(named) == 1 and focused is not None and focused.check_consume_key(named, named):
        binding = replace(binding, key_display=None)
    return screen.app.get_key_display(binding)
