"""The palette (ctrl+p): every key that does something here and now, found by its words."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator

from textual.binding import ActiveBinding
from textual.command import DiscoveryHit, Hit, Hits, Provider

from taskforce.i18n import _
from taskforce.tui.widgets.keys_line import key_shown

_OF_WIDGETS = ("table", "block", "field", "entry", "sides", "list")
"""Keys that move within a widget: nobody looks for these by their words. What has no id is Textual's own."""


class AppliesNow(Provider):
    """Offers what can be done now, and nothing else."""

    async def discover(self) -> Hits:
        """Everything, before anything is typed."""
        for words, help, run in self._offers():
            yield DiscoveryHit(words, run, words, help)

    async def search(self, query: str) -> Hits:
        """What fits the typed letters, best first."""
        matcher = self.matcher(query)
        for words, help, run in self._offers():
            score = matcher.match(words)
            if score > 0:
                yield Hit(score, matcher.highlight(words), run, words, help)

    def _offers(self) -> Iterator[tuple[str, str, Callable[[], Awaitable[None]]]]:
        seen: set[str] = set()
        # What stands at the foot of the screen is what people look for first.
        for active in sorted(self.screen.active_bindings.values(), key=lambda one: not one.binding.show):
            binding = active.binding
            if not active.enabled or not binding.description or binding.description in seen:
                continue
            if not binding.id or binding.id.partition(".")[0] in _OF_WIDGETS:
                continue
            seen.add(binding.description)
            key = key_shown(binding, self.screen)
            yield f"{_(binding.description)}  ({key})", _(binding.tooltip), self._runner(active)

    def _runner(self, active: ActiveBinding) -> Callable[[], Awaitable[None]]:
        async def run() -> None:
            await self.app.run_action(active.binding.action, active.node)

        return run
