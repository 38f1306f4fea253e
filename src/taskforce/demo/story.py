"""Storm Makers II in twelve chapters: what three teams do without a network, and how it comes together.

The operation, its days and its countries are real, the people in it and all that they do here are invented
(fixtures/README.md). What a chapter claims is checked with `--json` before the next one begins.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from taskforce.demo.stage import Stage, Team
from taskforce.errors import StoreError
from taskforce.i18n import _

CODENAME = "STORM MAKERS II"
PLAN = "storm-makers-ii.yaml"
COORDINATOR = Team("INTERPOL", "INTERPOL, General Secretariat", "J. Okafor")
FIELD = Team("KH-CNP", "Cambodian National Police", "J. Sok")
SHELTER = Team("KH-NGO", "Chomrong Shelter (invented)", "S. Chan")
TEAMS = (COORDINATOR, FIELD, SHELTER)

WHY_EARLIER = "Compound 4 to end by 17:00, the checkpoint needs the vehicles"
BACKUP = "police.backup"

EXPLAINED = ("interview", "purpose", "data-use", "access-right", "storage-period", "withdrawal")
"""What is explained to a person before they agree."""

_BUNDLE = r"stick[/\\]\w+\.bundle"


@dataclass(frozen=True, slots=True)
class Refs:
    """What the story is about: an assignment, and two people met, each with a consent and a referral."""

    assignment: str
    woman: str
    consent: str
    referral: str
    man: str
    mans_consent: str
    declined: str


def prepare(folder: Path) -> None:
    """Lay out the teams' folders, the stick that travels between them, and the plan."""
    for name in (*(team.code for team in TEAMS), "cards", "stick"):
        (folder / name).mkdir()
    shutil.copyfile(find_plan(), folder / PLAN)


def find_plan() -> Path:
    """Storm Makers II's plan: within the installed package, or in the source tree. StoreError if it is in neither."""
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "fixtures", package.parents[1] / "fixtures"):
        if (folder / PLAN).is_file():
            return folder / PLAN
    raise StoreError(
        _("%(file)s is not there: the program is not completely installed") % {"file": PLAN},
        hint=_("install it again, or run it from the source tree"),
    )


def tell_story(stage: Stage) -> Refs:
    """Play all chapters. Raises Failure where a command fails or the story does not come true."""
    _three_laptops(stage)
    _cards(stage)
    _plan(stage)
    _first_bundles(stage)
    refs = _at_the_compound(stage)
    _meanwhile_in_lyon(stage, refs)
    _at_the_shelter(stage, refs)
    _the_answer(stage, refs)
    _two_values(stage, refs)
    _evening(stage, refs)
    _a_laptop_falls(stage, refs)
    _where_it_stands(stage, refs)
    return refs


def _three_laptops(stage: Stage) -> None:
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


def _cards(stage: Stage) -> None:
    stage.chapter(
        "2023-10-15T09:20:00+07:00",
        _("cards, so that nobody can write in another's name"),
        _(
            "Every agency hands its card to the others and reads its eight words aloud on the phone. From then on, "
            "every change is signed, and bundles are sealed to the one who is meant."
        ),
    )
    stage.run_together(*((team, ("peer", "card", "-o", _card(team))) for team in TEAMS))
    how = ("--yes", "--how", "by phone")
    stage.run(FIELD, "peer", "add", _card(SHELTER), *how)
    stage.say(_("The other five likewise; -q leaves out the notes."))
    stage.run_together(
        (COORDINATOR, ("peer", "add", _card(FIELD), *how, "-q")),
        (FIELD, ("peer", "add", _card(COORDINATOR), *how, "-q")),
        (SHELTER, ("peer", "add", _card(COORDINATOR), *how, "-q")),
    )
    stage.run_together(
        (COORDINATOR, ("peer", "add", _card(SHELTER), *how, "-q")),
        (SHELTER, ("peer", "add", _card(FIELD), *how, "-q")),
    )


def _card(team: Team) -> str:
    return f"cards/{team.code}.yaml"


def _plan(stage: Stage) -> None:
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


def _first_bundles(stage: Stage) -> None:
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
    for_field, for_shelter = _bundles(stage, answer, 2)
    stage.run(FIELD, "bundle", "show", for_field, most=4)
    stage.run_together((FIELD, ("import", for_field)), (SHELTER, ("import", for_shelter)), most=4)
    stage.run_together((FIELD, ("use", CODENAME)), (SHELTER, ("use", CODENAME)))


def _bundles(stage: Stage, answer: str, count: int) -> list[str]:
    found = re.findall(_BUNDLE, answer)
    stage.expect(len(found) == count, _("the answer names the bundle's file"))
    return found


def _at_the_compound(stage: Stage) -> Refs:
    stage.chapter(
        "2023-10-17T14:02:00+07:00",
        _("%(agency)s at compound 4, no network") % {"agency": FIELD.code},
        _("The second day. The field team takes its assignment, goes in, and keeps the log."),
    )
    stage.run(FIELD, "search", "Inspect compound 4", "--kind", "assignment")
    (planned,) = stage.look(FIELD, "assignment", "list", "--where", "title=Inspect compound 4")
    ref = str(planned["ref"])
    stage.run(FIELD, "assignment", "accept", ref, fields="title status due")
    stage.run(FIELD, "assignment", "start", ref, fields="status")
    stage.run(FIELD, "log", "add", "Gate opened, no resistance", "--category", "event", "--assignment", ref)
    stage.say(_("There are more floors than the plan says. The team gives itself until six."))
    stage.run(FIELD, "assignment", "edit", ref, "--due", "18:00", fields="status due")
    stage.say(_("On the third floor they meet two people who were held there. Referring one takes seconds."))
    about = ("--citizenship", "MY", "--languages", "ms,en", "--met-place", "Compound 4, third floor")
    hers = ("--age-band", "21-23", "--gender", "feminine", "--family-name", "Tan")
    woman = stage.ref(stage.run(FIELD, "victim", "add", *hers, *about), "V")
    stage.say(_("Nothing of them goes anywhere without what they agree to: they are asked, and it is noted."))
    agreed = (
        *("--purpose", "services", "--parts", "case,care,identity", "--to", SHELTER.code),
        *("--given-by", "individual", "--explained", ",".join(EXPLAINED), "--until", "2024-01-15"),
    )
    consent = stage.ref(
        stage.run(FIELD, "consent", "add", woman, *agreed, fields="victim parts to given_by until"), "C"
    )
    asks = ("--to", SHELTER.code, "--services", "shelter,mental-health", "--urgency", "3h")
    referral = stage.ref(stage.run(FIELD, "referral", "add", woman, *asks), "R")
    stage.run(FIELD, "referral", "send", referral, fields="victim to status answer_due")
    man = stage.ref(
        stage.run(FIELD, "victim", "add", "--age-band", "24-26", "--gender", "masculine", *about, most=1), "V"
    )
    mans_consent = stage.ref(stage.run(FIELD, "consent", "add", man, *agreed, most=1), "C")
    declined = stage.ref(stage.run(FIELD, "referral", "add", man, *asks, most=1), "R")
    stage.run(FIELD, "referral", "send", declined, fields="status answer_due")
    return Refs(ref, woman, consent, referral, man, mans_consent, declined)


def _meanwhile_in_lyon(stage: Stage, refs: Refs) -> None:
    stage.chapter(
        "2023-10-17T14:20:00+07:00",
        _("%(agency)s, who has heard nothing of that") % {"agency": COORDINATOR.code},
        _("The coordinator moves the same assignment's hour too, and notes why."),
    )
    stage.run(COORDINATOR, "assignment", "edit", refs.assignment, "--due", "17:00", fields="status due")
    stage.run(
        COORDINATOR, "log", "add", WHY_EARLIER, "--category", "decision", "--assignment", refs.assignment
    )
    answer = stage.run(COORDINATOR, "export", "--to", FIELD.code, "-o", "stick", most=3)
    (bundle,) = _bundles(stage, answer, 1)
    stage.say(_("The mail with this bundle never arrives. Nobody has to notice."))
    (stage.folder / bundle).unlink()


def _at_the_shelter(stage: Stage, refs: Refs) -> None:
    stage.chapter(
        "2023-10-17T14:45:00+07:00",
        _("the stick reaches the shelter"),
        _(
            "The field team does not know yet what the shelter holds, so the bundle has all that the shelter may see. "
            "The shelter takes in the whole stick: what it holds already changes nothing, what is sealed for others "
            "stays shut."
        ),
    )
    stage.run(FIELD, "export", "--to", SHELTER.code, "-o", "stick")
    stage.run(SHELTER, "import", "stick")
    stage.run(SHELTER, "status")
    stage.say(
        _("The shelter takes women and families. It answers both within minutes, with a place to meet.")
    )
    meeting = ("--place", "Back entrance of the clinic", "--at", "16:30")
    stage.run(
        SHELTER,
        "referral",
        "accept",
        refs.referral,
        *meeting,
        fields="victim status handover_place handover_at",
    )
    no = ("--reason", "not-eligible", "--note", "We take women and families")
    stage.run(
        SHELTER, "referral", "decline", refs.declined, *no, fields="victim status decline_reason status_note"
    )


def _the_answer(stage: Stage, refs: Refs) -> None:
    stage.chapter(
        "2023-10-17T15:05:00+07:00",
        _("the answer comes back"),
        _("The same stick, the other way."),
    )
    (bundle,) = _bundles(stage, stage.run(SHELTER, "export", "--to", FIELD.code, "-o", "stick"), 1)
    stage.run(FIELD, "import", bundle)
    stage.run(FIELD, "referral", "list")
    stage.run(FIELD, "history", refs.referral)
    accepted = stage.look(FIELD, "referral", "show", refs.referral)
    stage.expect(
        accepted["status"] == "accepted" and bool(accepted["handover_place"]),
        _("the field team knows where the shelter will meet it"),
    )
    declined = stage.look(FIELD, "referral", "show", refs.declined)
    stage.expect(declined["decline_reason"] == "not-eligible", _("the field team knows why it was declined"))
    told = stage.look(FIELD, "disclosures", refs.woman, "--to", SHELTER.code)
    stage.expect(
        all(refs.consent in one["basis"] for one in told) and bool(told),
        _("all that the shelter was told of the woman, it was told on her consent"),
    )
    stage.say(
        _(
            "Of the man whom it did not take in the shelter need know nothing any more. It is asked to drop what it "
            "was told: with the next bundle."
        )
    )
    asks = ("--from", SHELTER.code, "--reason", "no-longer-involved")
    stage.run(FIELD, "recall", "add", refs.man, *asks)
    stage.run(FIELD, "recall", "add", refs.mans_consent, *asks)


def _two_values(stage: Stage, refs: Refs) -> None:
    stage.chapter(
        "2023-10-17T15:30:00+07:00",
        _("two people set the same field"),
        _(
            "The field team has network for a minute, mails a bundle to the coordinator, and keeps a backup. Nobody's "
            "value is lost: both stand until a person decides."
        ),
    )
    (bundle,) = _bundles(stage, stage.run(FIELD, "export", "--to", COORDINATOR.code, "-o", "stick"), 1)
    stage.run(FIELD, "backup", BACKUP)
    stage.run(COORDINATOR, "import", bundle)
    stage.run(COORDINATOR, "conflict", "list")
    stage.run(COORDINATOR, "conflict", "show", refs.assignment)
    (conflict,) = stage.look(COORDINATOR, "conflict", "show", refs.assignment)
    agencies = [side["agency"] for side in conflict["values"]]
    stage.expect(
        sorted(agencies) == [COORDINATOR.code, FIELD.code], _("the conflict has a value of each team")
    )
    stage.say(_("Those on the spot know best: the coordinator takes their hour."))
    take = str(agencies.index(FIELD.code) + 1)
    stage.run(COORDINATOR, "conflict", "resolve", refs.assignment, "due", "--take", take, fields="status due")


def _evening(stage: Stage, refs: Refs) -> None:
    stage.chapter(
        "2023-10-17T20:50:00+07:00",
        _("the evening: everything is brought together"),
        _("The field team has finished, and the shelter has done what it was asked for."),
    )
    result = "Forty-one people met, nine arrests, 212 phones secured"
    stage.run(FIELD, "assignment", "done", refs.assignment, "--result", result, fields="status due result")
    outcomes = "shelter=provided,mental-health=provided"
    stage.run(
        SHELTER, "referral", "complete", refs.referral, "--outcomes", outcomes, fields="status outcomes"
    )
    answers = stage.run_together(
        (FIELD, ("export", "--to", COORDINATOR.code, "-o", "stick")),
        (SHELTER, ("export", "--to", FIELD.code, "-o", "stick")),
        most=4,
    )
    to_coordinator, to_field = _bundles(stage, "\n".join(answers), 2)
    stage.run_together((COORDINATOR, ("import", to_coordinator)), (FIELD, ("import", to_field)))
    (back,) = _bundles(stage, stage.run(COORDINATOR, "export", "--to", FIELD.code, "-o", "stick", most=3), 1)
    stage.run(FIELD, "import", back)
    stage.say(_("One bundle is missing, and nothing with it: the next one carried what the lost one had."))
    stage.run(FIELD, "peer", "list")
    (lyon,) = (one for one in stage.look(FIELD, "peer", "list") if one["agency"] == COORDINATOR.code)
    stage.expect(lyon["missing"] == "2", _("the field team knows which bundle was lost"))


def _a_laptop_falls(stage: Stage, refs: Refs) -> None:
    stage.chapter(
        "2023-10-17T21:00:00+07:00",
        _("a laptop falls into the river"),
        _(
            "The field team goes on with the afternoon's backup on another laptop. The store goes on in a new feed by "
            "itself, so that no number is given out twice. What the backup lacks, the others have."
        ),
    )
    shutil.rmtree(stage.folder / FIELD.code / "store")
    stage.run(FIELD, "restore", BACKUP)
    stage.say(
        _("The woman asks that her name be kept nowhere. The police made her record: they can erase it.")
    )
    reason = ("--reason", "She asked for it", "--yes")
    stage.run(FIELD, "erase", refs.woman, "--part", "identity", *reason)
    answer = stage.run(FIELD, "export", "--to", COORDINATOR.code, "--to", SHELTER.code, "-o", "stick", most=2)
    to_coordinator, to_shelter = _bundles(stage, answer, 2)
    stage.run_together((COORDINATOR, ("import", to_coordinator)), (SHELTER, ("import", to_shelter)))
    answers = stage.run_together(
        *((team, ("export", "--to", FIELD.code, "-o", "stick")) for team in (COORDINATOR, SHELTER)), most=2
    )
    stage.run(FIELD, "import", *_bundles(stage, "\n".join(answers), 2))
    stage.run(FIELD, "erase", "status")
    (erased,) = stage.look(FIELD, "erase", "status")
    stage.expect(not erased["waiting"], _("all who had the name have confirmed that it is gone"))
    stage.say(_("And the shelter has dropped what it was told of the man."))
    stage.run(FIELD, "recall", "status")
    recalled = stage.look(FIELD, "recall", "status")
    stage.expect(
        {one["state"] for one in recalled["recalls"]} == {"confirmed"} and not recalled["not_recalled"],
        _("the shelter has confirmed that it dropped what it was told of the man"),
    )
    stage.say(_("The backup still holds the name, and no erasure reaches it. It is deleted."))
    (stage.folder / BACKUP).unlink()
    ours, theirs = (stage.look(team, "assignment", "show", refs.assignment) for team in (COORDINATOR, FIELD))
    stage.expect(ours == theirs, _("both teams have the same assignment, field by field"))
    stage.expect(
        ours["status"] == "done" and ours["due"] == "2023-10-17T11:00:00Z",
        _("the assignment is done, with the hour that was decided"),
    )


def _where_it_stands(stage: Stage, refs: Refs) -> None:
    stage.chapter(
        "2023-10-17T21:15:00+07:00",
        _("where it stands"),
        _("The coordinator has the operation, but not one victim: nothing about a person went to Lyon."),
    )
    stage.run(COORDINATOR, "victim", "list")
    stage.run(FIELD, "victim", "list")
    stage.expect(not stage.look(COORDINATOR, "victim", "list"), _("the coordinator knows of no victim"))
    completed = stage.look(FIELD, "referral", "show", refs.referral)
    stage.expect(
        completed["status"] == "completed", _("the field team knows that its referral was completed")
    )
    stage.say(_("What needs attention now. Teams that are late have simply sent nothing yet."))
    stage.run(COORDINATOR, "status")
    stage.say(_("And the stores are sound: every table is what the signed log adds up to."))
    stage.run_together(*((team, ("doctor",)) for team in TEAMS))
