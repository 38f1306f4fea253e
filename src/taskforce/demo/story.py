"""Storm Makers II in thirteen chapters: what three teams do without a network, and how it comes together.

The operation, its days and its countries are real, the people in it and all that they do here are invented
(fixtures/README.md). What a chapter claims is checked with `--json` before the next one begins.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from taskforce.demo import first_day
from taskforce.demo.first_day import COORDINATOR, FIELD, PLAN, SHELTER, TEAMS, VEHICLE, bundles
from taskforce.demo.stage import Stage
from taskforce.errors import StoreError
from taskforce.i18n import _

WHY_EARLIER = "Compound 4 to end by 17:00, the checkpoint needs the vehicles"
BACKUP = "police.backup"

EXPLAINED = ("interview", "purpose", "data-use", "access-right", "storage-period", "withdrawal")
"""What is explained to a person before they agree."""


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
    for name in (*(team.laptop for team in (*TEAMS, VEHICLE)), "cards", "stick"):
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
    first_day.three_laptops(stage)
    first_day.cards(stage)
    first_day.plan(stage)
    first_day.firstbundles(stage)
    refs = _at_the_compound(stage)
    _meanwhile_in_lyon(stage, refs)
    _at_the_shelter(stage, refs)
    _the_answer(stage, refs)
    _second_laptop(stage)
    _two_values(stage, refs)
    _evening(stage, refs)
    _a_laptop_falls(stage, refs)
    _where_it_stands(stage, refs)
    return refs


def _at_the_compound(stage: Stage) -> Refs:
    stage.chapter(
        "2023-10-17T14:02:00+07:00",
        _("%(agency)s at compound 4, no network") % {"agency": FIELD.code},
        _("The second day. The field team takes its assignment, goes in, and keeps the log."),
    )
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
    (bundle,) = bundles(stage, answer, 1)
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
    (bundle,) = bundles(stage, stage.run(SHELTER, "export", "--to", FIELD.code, "-o", "stick"), 1)
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


def _second_laptop(stage: Stage) -> None:
    stage.chapter(
        "2023-10-17T15:20:00+07:00",
        _("one more laptop for the police"),
        _(
            "It stays in the vehicle. The agency's key certifies it, and nobody has to compare words with it but the "
            "police themselves: whoever knows that key takes every laptop of theirs, and seals to it, too."
        ),
    )
    stage.run(VEHICLE, "init", "--agency", FIELD.code, "--officer", VEHICLE.officer, "--join", most=1)
    stage.run(VEHICLE, "device", "request", "-o", "cards/request.yaml", most=4)
    stage.run(FIELD, "device", "admit", "cards/request.yaml", "-o", "cards/answer.age", "--yes", most=3)
    stage.run(VEHICLE, "device", "join", "cards/answer.age", "--yes")


def _two_values(stage: Stage, refs: Refs) -> None:
    stage.chapter(
        "2023-10-17T15:30:00+07:00",
        _("two people set the same field"),
        _(
            "The field team has network for a minute, mails a bundle to the coordinator, and keeps a backup. Nobody's "
            "value is lost: both stand until a person decides."
        ),
    )
    (bundle,) = bundles(stage, stage.run(FIELD, "export", "--to", COORDINATOR.code, "-o", "stick"), 1)
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
    to_coordinator, to_field = bundles(stage, "\n".join(answers), 2)
    stage.run_together((COORDINATOR, ("import", to_coordinator)), (FIELD, ("import", to_field)))
    (back,) = bundles(stage, stage.run(COORDINATOR, "export", "--to", FIELD.code, "-o", "stick", most=3), 1)
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
        _(
            "The one in the vehicle was stolen meanwhile. What is on it is encrypted, and from now on nobody takes "
            "what it writes, or seals to it."
        )
    )
    stage.run(FIELD, "device", "revoke", VEHICLE.officer, "--reason", "Stolen from the vehicle", "--yes")
    stage.say(
        _("The woman asks that her name be kept nowhere. The police made her record: they can erase it.")
    )
    reason = ("--reason", "She asked for it", "--yes")
    stage.run(FIELD, "erase", refs.woman, "--part", "identity", *reason)
    answer = stage.run(FIELD, "export", "--to", COORDINATOR.code, "--to", SHELTER.code, "-o", "stick", most=2)
    to_coordinator, to_shelter = bundles(stage, answer, 2)
    stage.run_together((COORDINATOR, ("import", to_coordinator)), (SHELTER, ("import", to_shelter)))
    lost = [one for one in stage.look(SHELTER, "device", "list") if one["revoked_at"]]
    stage.expect(len(lost) == 1, _("the shelter knows which laptop was lost"))
    answers = stage.run_together(
        *((team, ("export", "--to", FIELD.code, "-o", "stick")) for team in (COORDINATOR, SHELTER)), most=2
    )
    stage.run(FIELD, "import", *bundles(stage, "\n".join(answers), 2))
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
    stage.say(
        _(
            "And nobody has rewritten anything: every signature and certificate holds, and every table is what the "
            "signed log adds up to."
        )
    )
    stage.run_together(*((team, ("audit", "verify")) for team in TEAMS))
