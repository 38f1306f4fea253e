"""The style sheet that is not read twice says what one read just now would say."""

from __future__ import annotations

from typing import Any

from program import Team
from room import play, press, settle
from textual.css.stylesheet import Stylesheet
from textual.pilot import Pilot

from taskforce.tui.app import TaskforceApp
from taskforce.tui.themes import THEMES


def rules_of(sheet: Stylesheet) -> list[tuple[str, str, int]]:
    """What every rule is about, what it says, and how much that counts."""
    return [
        (rule.selectors, str(sorted(rule.styles.get_rules().items())), rule.tie_breaker)
        for rule in sheet.rules
    ]


def read_just_now(app: TaskforceApp) -> list[tuple[str, str, int]]:
    """All rules, as Textual reads them from the same sources in the colours of now."""
    own = Stylesheet(variables=app.get_css_variables())
    for read_from, (css, is_default, tie_breaker, scope) in app.stylesheet.source.items():
        own.add_source(css, read_from, is_default_css=is_default, tie_breaker=tie_breaker, scope=scope)
    own.parse()
    return rules_of(own)


def test_it_is_the_same_in_every_screen_and_after_the_colours_were_changed_and_changed_back(
    team: Team,
) -> None:
    async def act(app: TaskforceApp, pilot: Pilot[Any]) -> None:
        told: dict[str, list[tuple[str, str, int]]] = {}
        for theme in (*THEMES, *THEMES[:2]):
            app.theme = theme.name
            await settle(pilot)
            assert rules_of(app.stylesheet) == read_just_now(app)
            assert told.setdefault(theme.name, rules_of(app.stylesheet)) == rules_of(app.stylesheet)
        assert len(set(map(str, told.values()))) == len(THEMES)
        for key in ("a", "5", "c"):
            await press(pilot, key)
            assert rules_of(app.stylesheet) == read_just_now(app)

    play(team, act)
