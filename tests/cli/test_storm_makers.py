"""Operation Storm Makers II end to end: three stores, every step a process of its own, nothing shared but files."""

from __future__ import annotations

from pathlib import Path

import pytest
from program import Ran, Team, run

pytestmark = pytest.mark.xdist_group("storm-makers")  # the three stores are made once

PLAN = Path(__file__).resolve().parents[2] / "fixtures" / "storm-makers-ii.yaml"
OPERATION = "STORM MAKERS II"


class Field:
    """Three teams and the stick that goes between them; each step at a time of its own, on a clock that stands."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.minute = 0
        self.teams = {name: Team(folder / name) for name in ("INTERPOL", "KH-CNP", "KH-NGO")}
        for team in self.teams.values():
            team.folder.mkdir()

    def does(self, name: str, *arguments: str) -> Ran:
        """One command of one team, a minute later than the one before."""
        self.minute += 1
        now = f"2023-10-16T{8 + self.minute // 60:02}:{self.minute % 60:02}:00+07:00"
        return self.teams[name].fork(*arguments, "--json", TASKFORCE_NOW=now)

    def sees(self, name: str, *arguments: str) -> object:
        return self.does(name, *arguments).data

    def bundle(self, sender: str, receiver: str) -> Path:
        """Write a bundle for a team."""
        path = self.folder / f"{sender}-{receiver}-{self.minute}.bundle"
        self.does(sender, "export", "--to", receiver, "-o", str(path)).ok()
        return path

    def carry(self, sender: str, receiver: str) -> dict[str, object]:
        found = self.sees(receiver, "import", str(self.bundle(sender, receiver)))
        assert isinstance(found, dict)
        return found


@pytest.fixture(scope="module")
def field(tmp_path_factory: pytest.TempPathFactory) -> Field:
    """The three teams with their cards exchanged, the plan imported, a bundle brought to each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TASKFORCE_CONFIG", str(tmp_path_factory.mktemp("settings") / "none.yaml"))
        patch.setenv("TZ", "UTC")
        made = Field(tmp_path_factory.mktemp("field"))
        for name, officer in (("INTERPOL", "J. Okafor"), ("KH-CNP", "J. Sok"), ("KH-NGO", "S. Chan")):
            made.does(name, "init", "--agency", name, "--officer", officer).ok()
            made.does(name, "peer", "card", "-o", str(made.folder / f"{name}.card")).ok()
        for name in made.teams:
            for other in made.teams:
                if other != name:
                    made.does(name, "peer", "add", str(made.folder / f"{other}.card"), "--yes").ok()
        made.does("INTERPOL", "import", str(PLAN)).ok()
        made.does("INTERPOL", "use", OPERATION).ok()
        for name in ("KH-CNP", "KH-NGO"):
            made.carry("INTERPOL", name)
            made.does(name, "use", OPERATION).ok()
        return made


def test_storm_makers(field: Field) -> None:
    (assignment,) = records(field, "KH-CNP", "assignment", "list", "--where", "title=Inspect compound 4")
    ref = str(assignment["id"])
    sites = records(field, "KH-CNP", "site", "list")
    assert sites == records(field, "INTERPOL", "site", "list")
    assert len(sites) == 54

    # The field team works, the coordinator too, and they do not hear of each other.
    field.does("KH-CNP", "assignment", "accept", ref).ok()
    field.does("KH-CNP", "assignment", "start", ref).ok()
    field.does("KH-CNP", "log", "add", "Gate opened, no resistance", "--assignment", ref).ok()
    field.does("KH-CNP", "assignment", "edit", ref, "--due", "2023-10-16T18:00+07:00").ok()
    field.does("INTERPOL", "assignment", "edit", ref, "--due", "2023-10-16T17:00+07:00").ok()
    field.does("INTERPOL", "assignment", "edit", ref, "--priority", "flash").ok()
    victim = one(
        field,
        *("KH-CNP", "victim", "add", "--age-band", "21-23", "--citizenship", "MY", "--languages", "ms,en"),
        *("--given-names", "Nur Aisyah", "--account", "Promised a hotel job"),
    )
    unseen = one(field, "KH-CNP", "victim", "add", "--age-band", "24-26", "--given-names", "Zulhilmi")
    asks = ("--to", "KH-NGO", "--services", "shelter,medical", "--urgency", "3h")
    agreed = (
        "--purpose",
        "services",
        "--parts",
        "case,care,identity",
        "--given-by",
        "individual",
        "--to",
        "KH-NGO",
    )
    one(field, "KH-CNP", "consent", "add", str(victim["ref"]), *agreed)
    referral = one(field, "KH-CNP", "referral", "add", str(victim["ref"]), *asks)
    sent = one(field, "KH-CNP", "referral", "send", str(referral["ref"]))
    assert sent["answer_due"]

    # A bundle is lost on the way: the next one brings what was in it, and the gap is said.
    field.bundle("KH-CNP", "KH-NGO")
    arrived = field.carry("KH-CNP", "KH-NGO")
    assert arrived["received"] == [referral["ref"]]
    attention = field.sees("KH-NGO", "status")
    assert isinstance(attention, dict)
    assert {item["kind"] for item in attention["attention"]} >= {"due", "bundle"}
    assert [each["id"] for each in records(field, "KH-NGO", "victim", "list")] == [victim["id"]]
    assert records(field, "KH-NGO", "victim", "list")[0]["given_names"] == "Nur Aisyah"

    accepted = one(
        field, "KH-NGO", "referral", "accept", str(referral["ref"]), "--place", "Gate 2", "--note", "two beds"
    )
    assert accepted["status"] == "accepted"
    field.carry("KH-NGO", "KH-CNP")
    assert one(field, "KH-CNP", "referral", "show", str(referral["ref"]))["handover_place"] == "Gate 2"

    # Brought together at the coordinator: one conflict, of the one field that both set.
    path = field.bundle("KH-CNP", "INTERPOL")
    shown = field.sees("INTERPOL", "bundle", "show", str(path))
    taken = field.sees("INTERPOL", "import", str(path))
    assert isinstance(shown, dict) and isinstance(taken, dict)
    assert (taken["conflicts"], shown["new"]) == (1, taken["new"])
    again = field.sees("INTERPOL", "import", str(path))
    assert isinstance(again, dict)
    assert (again["new"], again["conflicts"]) == (0, 0)
    (conflict,) = records(field, "INTERPOL", "conflict", "list")
    assert (conflict["id"], conflict["field"]) == (ref, "due")
    values = conflict["values"]
    assert isinstance(values, list)
    assert {side["value"] for side in values} == {"2023-10-16T10:00:00Z", "2023-10-16T11:00:00Z"}
    merged = one(field, "INTERPOL", "assignment", "show", ref)
    assert (merged["status"], merged["priority"]) == ("under-way", "flash")
    take = next(number for number, side in enumerate(values, 1) if side["agency"] == "KH-CNP")
    field.does("INTERPOL", "conflict", "resolve", str(conflict["ref"]), "due", "--take", str(take)).ok()
    field.carry("INTERPOL", "KH-CNP")
    for name in ("INTERPOL", "KH-CNP"):
        assert records(field, name, "conflict", "list") == []
        assert one(field, name, "assignment", "show", ref)["due"] == "2023-10-16T11:00:00Z"
    assert one(field, "INTERPOL", "assignment", "show", ref) == one(
        field, "KH-CNP", "assignment", "show", ref
    )

    # Nothing about a person has gone to the coordinator, and nothing of the plan's inside to the shelter.
    assert (
        records(field, "INTERPOL", "victim", "list") == records(field, "INTERPOL", "referral", "list") == []
    )
    assert str(unseen["id"]) not in [each["id"] for each in records(field, "KH-NGO", "victim", "list")]
    for name in ("INTERPOL", "KH-NGO"):
        plain = field.teams[name].export()
        assert "Zulhilmi" not in plain
    assert "Nur Aisyah" not in field.teams["INTERPOL"].export()
    for name in field.teams:
        field.does(name, "doctor").ok()
        before = field.teams[name].fingerprint()
        field.does(name, "doctor", "--rebuild").ok()
        assert field.teams[name].fingerprint() == before


def test_no_file_that_left_a_store_can_be_read_without_a_key(field: Field) -> None:
    path = field.bundle("KH-CNP", "INTERPOL")
    content = path.read_bytes()
    assert content.startswith(b"age-encryption.org/v1")
    for word in (b"STORM", b"compound", b"KH-CNP", b"assignment"):
        assert word not in content
    for team in field.teams.values():
        for file in team.store.rglob("*"):
            kept = file.read_bytes() if file.is_file() else b""
            assert b"STORM" not in kept and b"SQLite format" not in kept, file


def test_a_bundle_for_another_agency_is_refused_and_shows_nothing(field: Field) -> None:
    path = field.bundle("INTERPOL", "KH-CNP")
    before = field.teams["KH-NGO"].fingerprint()
    for words in (("import",), ("bundle", "show")):
        ran = field.does("KH-NGO", *words, str(path)).failed(8)
        assert "STORM" not in ran.out + ran.err
    assert field.teams["KH-NGO"].fingerprint() == before


def test_an_agency_that_nobody_verified_gets_nothing(field: Field) -> None:
    ran = field.does("INTERPOL", "export", "--to", "TH-RTP", "-o", str(field.folder / "never"))
    assert ran.code != 0
    assert not (field.folder / "never").exists()


def test_without_a_store_the_three_commands_say_what_to_do(tmp_path: Path) -> None:
    for line in (("status",), ("import", str(PLAN)), ("export", "--to", "KH-CNP")):
        ran = run(*line, "--store", str(tmp_path / "none"), "--key-file", str(tmp_path / "k")).failed(6)
        assert "taskforce init" in ran.err


def records(field: Field, name: str, *arguments: str) -> list[dict[str, object]]:
    found = field.sees(name, *arguments)
    assert isinstance(found, list)
    return found


def one(field: Field, name: str, *arguments: str) -> dict[str, object]:
    found = field.sees(name, *arguments)
    assert isinstance(found, dict)
    return found
