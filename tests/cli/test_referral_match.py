"""Which providers fit whom, and a referral in one step: `referral match` and `referral new`."""

from __future__ import annotations

from typing import Any

import pytest
from program import Team

PROVIDERS = (
    ("KH-WOMEN", "--services", "shelter,medical", "--languages", "km,ms", "--accepts", "women,girls"),
    ("KH-MEN", "--services", "shelter", "--languages", "km", "--accepts", "men", "--places-free", "4"),
    (
        "KH-FAM",
        "--services",
        "shelter,legal",
        "--languages",
        "ms",
        "--accepts",
        "families",
        "--places-free",
        "2",
    ),
    (
        "KH-FULL",
        "--services",
        "shelter,medical",
        "--languages",
        "ms",
        "--accepts",
        "any",
        "--places-free",
        "0",
    ),
    ("KH-SHUT", "--services", "shelter", "--accepts", "any", "--provider-status", "temporarily-closed"),
    ("KH-BLANK", "--agency-kind", "victim-service-provider"),
)


@pytest.fixture
def team(team: Team, monkeypatch: pytest.MonkeyPatch) -> Team:
    """The store with some providers more, and none of an unknown kind."""
    monkeypatch.setenv("TASKFORCE_NOW", "2023-10-17T07:32:00Z")
    team.call("agency", "edit", "KH-NGO", "--services", "").ok()
    for words in PROVIDERS:
        team.call("agency", "add", *words).ok()
    return team


def victim(team: Team, *words: str) -> str:
    ref: str = team.data("victim", "add", *words)["ref"]
    return ref


def matched(team: Team, *words: str) -> dict[str, dict[str, Any]]:
    return {each["agency"]: each for each in team.data("referral", "match", *words)}


def fitting(team: Team, *words: str) -> list[str]:
    return [each["agency"] for each in team.data("referral", "match", *words) if each["fits"]]


def test_who_fits_comes_first_and_the_others_say_why_not(team: Team) -> None:
    about = (
        "--age-band",
        "21-23",
        "--gender",
        "feminine",
        "--languages",
        "ms,en",
        "--needs",
        "shelter,medical",
    )
    found = matched(team, victim(team, *about))
    assert {name: each["reasons"] for name, each in found.items()} == {
        "KH-WOMEN": [],
        "KH-BLANK": [],
        "KH-FULL": ["no places free"],
        "KH-SHUT": ["temporarily closed", "does not offer medical care"],
        "KH-FAM": ["does not offer medical care", "takes women only with their family"],
        "KH-MEN": ["does not offer medical care", "speaks none of: Malay, English", "takes no women"],
    }
    names = list(found)
    assert set(names[:2]) == {"KH-WOMEN", "KH-BLANK"}
    assert names[2] == "KH-FULL", "the least speaks against it"
    assert "KH-CNP" not in found, "a police agency of which nothing is said is no provider"


def test_what_is_not_known_of_a_provider_is_said_and_never_rules_it_out(team: Team) -> None:
    blank = matched(team, victim(team, "--gender", "masculine", "--languages", "km", "--needs", "legal"))[
        "KH-BLANK"
    ]
    assert blank["fits"] and blank["reasons"] == [] and blank["places_free"] is None
    assert blank["notes"] == [
        *("services unknown", "languages unknown", "whom it takes is unknown", "places unknown"),
    ]


def test_what_is_not_known_of_the_person_never_rules_a_provider_out(team: Team) -> None:
    found = matched(team, victim(team, "--needs", "shelter"))
    assert found["KH-WOMEN"]["fits"] and found["KH-MEN"]["fits"]
    assert "takes no women, girls, boys" in found["KH-MEN"]["notes"]
    assert found["KH-WOMEN"]["notes"] == ["takes no men, boys", "places unknown"]


@pytest.mark.parametrize(
    ("about", "fits"),
    [
        (("--age-band", "18-20", "--gender", "masculine"), True),
        (("--age-band", "9-17", "--gender", "masculine"), False),
        (("--age-band", "0-8", "--gender", "masculine"), False),
        (("--age-band", "18-20", "--age-unsure", "yes", "--gender", "masculine"), False),
        (("--age-unsure", "yes"), False),
        (("--age-unsure", "no"), True),
    ],
)
def test_whoever_may_be_a_child_is_treated_as_one(team: Team, about: tuple[str, ...], fits: bool) -> None:
    men = matched(team, victim(team, *about))["KH-MEN"]
    assert men["fits"] == fits
    if not fits:
        assert "boys" in men["reasons"][0]


def test_a_girl_goes_where_girls_are_taken(team: Team) -> None:
    girl = victim(team, "--age-band", "9-17", "--gender", "feminine")
    assert set(fitting(team, girl)) == {"KH-WOMEN", "KH-BLANK"}


def test_families_are_taken_together_whichever_of_them_it_was_noted_of(team: Team) -> None:
    mother = victim(team, "--age-band", "30-38", "--gender", "feminine")
    assert "KH-FAM" not in fitting(team, mother)
    child = victim(team, "--age-band", "0-8", "--gender", "masculine", "--accompanied-by", mother)
    assert "KH-FAM" in fitting(team, mother)
    assert "KH-FAM" in fitting(team, child)
    assert matched(team, mother)["KH-MEN"]["reasons"] == ["takes no women"]


def test_more_free_places_come_first_and_say_since_when(team: Team) -> None:
    team.call(
        "agency", "edit", "KH-BLANK", "--places-free", "1", "--places-as-of", "2023-10-17T02:00:00Z"
    ).ok()
    team.call("agency", "edit", "KH-WOMEN", "--places-free", "9").ok()
    team.call("agency", "edit", "KH-FULL", "--places-as-of", "2023-10-17T02:00:00Z").ok()
    woman = victim(team, "--gender", "feminine", "--age-band", "21-23")
    assert fitting(team, woman) == ["KH-WOMEN", "KH-BLANK"]
    found = matched(team, woman)
    assert found["KH-WOMEN"]["places_free"] == 9 and found["KH-WOMEN"]["notes"] == ["9 places free"]
    assert found["KH-BLANK"]["notes"][-1].startswith("1 place free, as of 17 Oct ")
    assert found["KH-FULL"]["reasons"][-1].startswith("no places free, as of 17 Oct ")


def test_a_house_in_ones_own_country_comes_before_a_larger_one_abroad(team: Team) -> None:
    own = team.data("status")["agency"]
    team.call("agency", "edit", own, "--country", "KH").ok()
    team.call("agency", "edit", "KH-WOMEN", "--places-free", "1", "--country", "KH").ok()
    team.call(
        *(
            "agency",
            "add",
            "UG-NGO",
            "--services",
            "shelter,medical",
            "--languages",
            "ms",
            "--accepts",
            "any",
        ),
        *("--places-free", "15", "--country", "UG"),
    ).ok()
    woman = victim(team, "--gender", "feminine", "--age-band", "21-23")
    found = fitting(team, woman)
    assert found.index("KH-WOMEN") < found.index("UG-NGO") == len(found) - 1
    assert matched(team, woman)["UG-NGO"]["notes"][-1] == "abroad: Uganda"


def test_services_in_place_of_the_noted_needs(team: Team) -> None:
    woman = victim(team, "--gender", "feminine", "--age-band", "21-23", "--needs", "shelter")
    assert "KH-WOMEN" in fitting(team, woman)
    assert matched(team, woman, "--services", "legal,repatriation")["KH-WOMEN"]["reasons"] == [
        "does not offer legal help, repatriation"
    ]


def test_it_takes_a_referral_or_no_ref_at_all(team: Team) -> None:
    woman = victim(team, "--gender", "feminine", "--age-band", "21-23", "--needs", "legal")
    referral = team.data("referral", "add", woman, "--to", "KH-WOMEN", "--services", "medical")["ref"]
    by_referral = matched(team, referral)
    assert by_referral["KH-WOMEN"]["reasons"] == []
    assert by_referral["KH-MEN"]["reasons"] == ["does not offer medical care", "takes no women"]
    about = ("--gender", "feminine", "--age-band", "21-23", "--services", "medical")
    assert matched(team, *about) == by_referral
    error = team.error("referral", "match", woman, "--gender", "feminine")
    assert (error["exit"], error["code"]) == (2, "usage")
    assert woman in error["message"] and "leave out" in error["hint"]


def test_what_people_and_scripts_are_shown(team: Team) -> None:
    woman = victim(team, "--gender", "feminine", "--age-band", "21-23")
    ran = team.call("referral", "match", woman).ok()
    assert "● yes" in ran.out and "× no" in ran.out
    assert "2 providers fit" in ran.err
    (first, *_others) = team.data("referral", "match", woman)
    assert list(first) == ["id", "agency", "name", "fits", "reasons", "notes", "places_free"]
    assert team.call("referral", "match", woman, "--format", "csv").ok().out.startswith("id,agency,name,fits")


def test_without_a_provider_it_says_so(team: Team) -> None:
    for words in PROVIDERS:
        team.call("agency", "archive", words[0]).ok()
    ran = team.call("referral", "match").ok()
    assert ran.out == "" and "no provider is known" in ran.err
    assert team.data("referral", "match") == []


@pytest.mark.parametrize(
    ("words", "exit_code", "says"),
    [
        (("V-ZZZZ",), 3, 'no victim is called "V-ZZZZ"'),
        (("R-ZZZZ",), 3, 'no referral is called "R-ZZZZ"'),
        (("--services", "sheltr"), 2, 'did you mean "shelter"?'),
        (("--languages", "klingon-ish"), 2, "not a language"),
    ],
)
def test_what_will_not_do_is_a_sentence_and_a_hint(
    team: Team, words: tuple[str, ...], exit_code: int, says: str
) -> None:
    error = team.error("referral", "match", *words)
    assert error["exit"] == exit_code
    assert says in error["message"] + error["hint"]


NEW = ("referral", "new", "--to", "KH-WOMEN", "--urgency", "3h")
MET = ("--age-band", "21-23", "--gender", "feminine", "--languages", "ms", "--needs", "shelter,medical")


def test_one_step_notes_the_victim_and_sends_the_referral_and_one_undo_takes_both_back(team: Team) -> None:
    before = team.export(), team.data("victim", "list"), team.data("referral", "list")
    made = team.call(*NEW, *MET, "--met-place", "Bus station", "--json")
    referral = made.data
    assert referral["status"] == "sent"
    assert referral["sent_at"] == "2023-10-17T07:32:00Z"
    assert referral["answer_due"] == "2023-10-17T10:32:00Z"
    assert referral["services"] == ["shelter", "medical"], "what the victim needs, where nothing else is said"
    whom = team.data("victim", "show", referral["victim"])
    assert (whom["gender"], whom["met_place"], whom["met_at"]) == (
        "feminine",
        "Bus station",
        "2023-10-17T07:32:00Z",
    )
    assert whom["operation"], "in the current operation"
    assert made.envelope["notes"] == [
        f"{whom['ref']} is new",
        "nothing of it goes to KH-WOMEN yet: no consent is recorded",
        f"note a consent with: taskforce consent add {whom['ref']} --purpose services --parts case,care "
        "--to KH-WOMEN --given-by individual",
    ]
    assert team.data("history")[0]["action"] == f"referral new {referral['ref']}"
    team.call("undo").ok()
    assert (team.export(), team.data("victim", "list"), team.data("referral", "list")) == before
    team.call("redo").ok()
    again = team.data("referral", "show", referral["ref"])
    assert again["status"] == "sent" and again["answer_due"] == referral["answer_due"]
    assert not team.data("victim", "show", whom["ref"])["archived"]


def test_a_known_victim_is_referred_for_the_needs_that_were_noted_or_others(team: Team) -> None:
    woman = victim(team, *MET)
    count = len(team.data("victim", "list"))
    first = team.data(*NEW, woman)
    assert first["services"] == ["shelter", "medical"]
    assert team.data(*NEW, woman, "--services", "legal")["services"] == ["legal"]
    assert len(team.data("victim", "list")) == count
    team.call("undo").ok()
    team.call("undo").ok()
    assert not team.data("victim", "show", woman)["archived"], (
        "undo takes back what the step did, not the victim"
    )


def test_a_draft_is_made_and_not_sent(team: Team) -> None:
    made = team.data(*NEW, *MET, "--draft")
    assert (made["status"], made["sent_at"], made["answer_due"]) == ("draft", None, None)
    assert team.data("referral", "send", made["ref"])["answer_due"] == "2023-10-17T10:32:00Z"


def test_a_referral_that_is_in_a_bundle_already_is_not_undone(team: Team, tmp_path: Any) -> None:
    from program import introduce, new_team

    other = new_team(tmp_path / "other", "KH-WOMEN", "S. Chan")
    introduce(team, other)
    for agency in ("INTERPOL", "KH-WOMEN"):
        team.call("agency", "edit", agency, "--country", "KH").ok()
    woman = victim(team, *MET)
    team.consent(woman, "KH-WOMEN")
    ref = team.data(*NEW, woman)["ref"]
    team.call("export", "--to", "KH-WOMEN", "-o", str(tmp_path / "one.bundle")).ok()
    error = team.error("undo")
    assert error["code"] == "refused" and f"referral cancel {ref}" in error["hint"]


@pytest.mark.parametrize(
    ("words", "exit_code", "message", "hint"),
    [
        (("referral", "new", *MET), 2, "needs its to", "--to"),
        ((*NEW, "--age-band", "22"), 2, "--age-band", "one of: 0-8"),
        (
            ("referral", "new", "--to", "KH-WOMAN"),
            2,
            'no agency is called "KH-WOMAN"',
            'did you mean "KH-WOMEN"?',
        ),
        ((*NEW, "V-ZZZZ"), 3, 'no victim is called "V-ZZZZ"', "victim list"),
        ((*NEW, "--services", "beds"), 2, '--services: "beds" is not one of its codes', "shelter"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_kept(
    team: Team, words: tuple[str, ...], exit_code: int, message: str, hint: str
) -> None:
    before = team.fingerprint()
    error = team.error(*words)
    assert error["exit"] == exit_code
    assert message in error["message"]
    assert hint in error["hint"]
    assert team.fingerprint() == before


def test_a_known_victim_is_not_described_again_and_an_archived_one_not_referred(team: Team) -> None:
    woman = victim(team, *MET)
    before = team.fingerprint()
    error = team.error(*NEW, woman, "--gender", "feminine")
    assert (error["exit"], error["hint"]) == (2, f"note it with: taskforce victim edit {woman}")
    assert team.fingerprint() == before
    team.call("victim", "archive", woman).ok()
    before = team.fingerprint()
    error = team.error(*NEW, woman)
    assert (error["exit"], error["message"]) == (4, f"{woman} is archived")
    assert "--restore" in error["hint"]
    assert team.fingerprint() == before
