"""The first day of the story: laptops, trust, the plan, and how it reaches everybody."""

from __future__ import annotations

import re

from taskforce.demo.stage import Stage, Team
from taskforce.i18n import _

CODENAME = "STORM MAKERS II"
PLAN = "storm-makers-ii.yaml"
COORDINATOR = Team("INTERPOL", "INTERPOL, General Secretariat", "J. Okafor")
FIELD = Team("KH-CNP", "Cambodian National Police", "J. Sok")
SHELTER = Team("KH-NGO", "Chomrong Shelter (invented)", "S. Chan")
TEAMS = (COORDINATOR, FIELD, SHELTER)
VEHICLE = Team(FIELD.code, FIELD.name, "T. Dara", second="2")
"""The field team's second laptop: it comes on the second day."""

_COMPARED = ("--yes", "--how", "by phone")
_BUNDLE = r"stick[/\\]\w+\.bundle"


def three_laptops(stage: Stage) -> None:
    """Everybody makes a store."""
    stage.chapter(
        "2023-10-15T09:00:00+07:00",
        _("three laptops, no server"),
        _(
            "A coordinator at INTERPOL, a police field team in Cambodia, a shelter. Each makes an encrypted store on "
            "its own laptop, with its own keys. In the prompts below, the name is the laptop's."
        ),
    )
    first, *others = (
        (team, ("init", "--agency", team.code, "--officer", team.officer, "--name", team.name))
        for team in TEAMS
    )
    stage.run(first[0], *first[1])
    stage.run_together(*others, most=1)


def cards(stage: Stage) -> None:
    """The coordinator compares words with both."""
    stage.chapter(
        "2023-10-15T09:20:00+07:00",
        _("cards, so that nobody can write in another's name"),
        _(
            "The coordinator and each team give each other their cards, and read their eight words aloud on the phone. "
            "From then on, every change is signed, and bundles are sealed to the one who is meant."
        ),
    )
    stage.run_together(*((team, ("peer", "card", "-o", _card(team))) for team in TEAMS))
    stage.run(COORDINATOR, "peer", "add", _card(FIELD), *_COMPARED)
    stage.say(_("The other three likewise; -q leaves out the notes."))
    stage.run_together(
        (COORDINATOR, ("peer", "add", _card(SHELTER), *_COMPARED, "-q")),
        *((team, ("peer", "add", _card(COORDINATOR), *_COMPARED, "-q")) for team in (FIELD, SHELTER)),
    )


def _card(team: Team) -> str:
    return f"cards/{team.code}.yaml"


def plan(stage: Stage) -> None:
    """The plan is imported, the operation goes live, its lead introduces those who take part."""
    stage.chapter(
        "2023-10-15T10:00:00+07:00",
        _("the plan"),
        _(
            "27 countries, their agencies and liaison officers, sites and assignments: one YAML file, written by hand. "
            "Importing it twice would change nothing."
        ),
    )
    stage.run(COORDINATOR, "import", PLAN, most=9)
    stage.run(COORDINATOR, "use", CODENAME)
    stage.run(COORDINATOR, "operation", "brief", CODENAME, fields="codename status")
    stage.run(COORDINATOR, "operation", "launch", CODENAME, fields="codename status")
    found = stage.look(COORDINATOR, "operation", "show", CODENAME)
    stage.expect(found["status"] == "live", _("the operation is live"))
    stage.say(
        _(
            "Thirty agencies do not call each other 435 times: the lead vouches for those with whom it has compared "
            "words. That introduces them to each other."
        )
    )
    stage.run(COORDINATOR, "operation", "roster", CODENAME)


def firstbundles(stage: Stage) -> None:
    stage.chapter(
        "2023-10-15T10:30:00+07:00",
        _("a bundle for each team"),
        _(
            "What leaves is decided for each recipient. What goes, and what is withheld and why, is said before it "
            "goes. The bundles travel on a stick."
        ),
    )
    answer = stage.run(
        COORDINATOR, "export", "--to", FIELD.code, "--to", SHELTER.code, "-o", "stick", most=12
    )
    for_field, for_shelter = bundles(stage, answer, 2)
    stage.run(FIELD, "bundle", "show", for_field, most=4)
    stage.run_together((FIELD, ("import", for_field)), (SHELTER, ("import", for_shelter)), most=4)
    stage.run_together((FIELD, ("use", CODENAME)), (SHELTER, ("use", CODENAME)))
    stage.say(
        _("The roster came along. The plan may go between police and shelter now, victims' records not yet.")
    )
    stage.run(FIELD, "peer", "list")
    levels = {one["agency"]: one["level"] for one in stage.look(FIELD, "peer", "list")}
    stage.expect(levels[SHELTER.code] == "introduced", _("the lead has introduced the shelter to the police"))
    stage.say(_("So these two call each other, too."))
    stage.run_together(
        (FIELD, ("peer", "add", _card(SHELTER), *_COMPARED)),
        (SHELTER, ("peer", "add", _card(FIELD), *_COMPARED, "-q")),
    )


def bundles(stage: Stage, answer: str, count: int) -> list[str]:
    """The bundles' files that an answer names; there must be `count`."""
    found = re.findall(_BUNDLE, answer)
    stage.expect(len(found) == count, _("the answer names the bundle's file"))
    return found
