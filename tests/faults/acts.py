"""What is done on a spoilt disk, and the folders in which it is done: stores made by the real program."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from old_store import take_back
from program import Team, introduce, new_team

from taskforce.keys import slots
from taskforce.store.connection import connect
from taskforce.store.store import DATABASE

CANARY = "Quisquiliae"
"""Stands in the text of records, and in no file that is left behind."""

SECRET, THEIRS = "Xylocanary", "Umbrafalcon"
"""Stand in what is erased: by CITY, and by NGO."""

OLD = b"an older bundle"


@dataclass(frozen=True)
class Act:
    """Something the program does: its arguments, where everything lies in the folder it works in.

    `made` is the file or the store that it makes, if it makes one. To have another action proven, add it to `ACTS` and,
    where it needs more than the store as it is, what it needs to `stage`.
    """

    name: str
    arguments: tuple[str, ...]
    made: str = ""
    is_plain: bool = False  # what it makes holds record text, as it was asked to
    stage: str = "plain"
    erases: str = ""  # a word of what it takes out of the store
    confirms: bool = False  # and then says so, in an action of its own

    @property
    def makes_store(self) -> bool:
        """Whether what it makes is a store of its own."""
        return self.arguments[0] == "restore"

    def is_made(self, name: str) -> bool:
        """Whether a file is what this makes, or within it."""
        return bool(self.made) and (name == self.made or name.startswith(self.made + "/"))


ACTS = [
    Act("import-bundle", ("import", "in.bundle")),
    Act("import-plan", ("import", "plan.yaml")),
    Act("export", ("export", "--to", "NGO", "-o", "out/made.bundle"), made="out/made.bundle"),
    Act(
        "export-replacing",
        ("export", "--to", "NGO", "-o", "out/old.bundle", "--force"),
        made="out/old.bundle",
    ),
    Act(
        "export-records", ("export", "--records", "-o", "out/made.yaml"), made="out/made.yaml", is_plain=True
    ),
    Act(
        "audit-export",
        ("audit", "export", "ASSIGNMENT", "-o", "out/made.json", "--to", "Court", "--reason", "order 12"),
        made="out/made.json",
        is_plain=True,
    ),
    Act("edit", ("assignment", "edit", "ASSIGNMENT", "--title", "Watch the gate", "--due", "2026-12-01")),
    Act("undo", ("undo",)),
    Act("migrate", ("operation", "list"), stage="old"),
    Act("backup", ("backup", "out/made.backup"), made="out/made.backup"),
    Act("backup-replacing", ("backup", "out/old.bundle", "--force"), made="out/old.bundle"),
    Act("restore", ("restore", "in.backup"), made="restored"),
    Act(
        "erase",
        ("erase", "VICTIM", "--part", "identity", "--reason", "she asked for it", "--yes"),
        stage="secret",
        erases=SECRET,
    ),
    Act("import-erasure", ("import", "erasing.bundle"), stage="secret", erases=THEIRS, confirms=True),
]


@cache
def stage(base: Path, name: str) -> Path:
    """A folder in which an action can be done: store, key, and what it needs."""
    folder = base / name
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TASKFORCE_CONFIG", str(base / "none.yaml"))
        if name == "plain":
            _make_plain(folder, base / "plain-ngo")
        else:
            plain = stage(base, "plain")
            city = Team(plain).copy_to(folder)
            if name == "old":
                key = slots.open_with_key_file(folder / "store", folder / "key")
                connection = connect(str(folder / "store" / DATABASE), key)
                take_back(connection, folder / "store")
                connection.close()
            else:
                _add_secret(city, Team(plain.with_name("plain-ngo")).copy_to(base / "secret-ngo"))
    return folder


def _make_plain(folder: Path, other: Path) -> None:
    city = new_team(folder, "CITY", "J. Okafor")
    ngo = new_team(other, "NGO", "A. Sok")
    introduce(city, ngo)
    for line in (
        ("agency", "add", "NGO", "--name", "Shelter"),
        ("operation", "add", "GREY HERON", "--lead", "CITY", "--note", CANARY),
        ("use", "GREY HERON"),
        ("operation", "join", "GREY HERON", "NGO", "--role", "partner"),
        ("assignment", "add", f"Search the yard {CANARY}", "--agency", "NGO"),
        ("victim", "add", "--age-band", "21-23", "--account", CANARY),
    ):
        city.call(*line).ok()
    city.call("export", "--to", "NGO", "-o", str(ngo.folder / "first.bundle")).ok()
    ngo.call("import", str(ngo.folder / "first.bundle")).ok()
    [assignment] = ngo.data("assignment", "list")
    ngo.call("assignment", "edit", assignment["ref"], "--instructions", f"From the south {CANARY}").ok()
    for number in range(12):
        ngo.call("contact", "add", f"Officer {number} {CANARY}", "--agency", "NGO").ok()
    ngo.call("export", "--to", "CITY", "-o", str(folder / "in.bundle")).ok()
    city.call("backup", str(folder / "in.backup")).ok()
    city.call("assignment", "edit", assignment["ref"], "--title", "Search the hotel").ok()
    (folder / "plan.yaml").write_text(
        "taskforce-plan: 1\nassignments:\n"
        + "".join(f"- key: site-{number}\n  title: Site {number} {CANARY}\n" for number in range(12))
    )
    for made in ("out", "tmp"):
        (folder / made).mkdir()
    (folder / "out" / "old.bundle").write_bytes(OLD)
    (folder / "ASSIGNMENT").write_text(assignment["ref"])


def _add_secret(city: Team, ngo: Team) -> None:
    """A victim of CITY's own, named often; and one of NGO's, whom CITY knows too and NGO has erased."""
    own = city.data("victim", "add", "--age-band", "9-17", "--family-name", SECRET)["ref"]
    for number in range(6):
        city.call("victim", "edit", own, "--family-name", f"{SECRET} {number}").ok()
        city.call("contact", "add", f"Interpreter {number}", "--agency", "NGO").ok()
    (city.folder / "VICTIM").write_text(own)
    theirs = ngo.data("victim", "add", "--age-band", "9-17", "--family-name", f"{THEIRS} of the shelter")[
        "ref"
    ]
    for team in (city, ngo):
        team.call("agency", "edit", team.data("status")["agency"], "--country", "KH").ok()
    ngo.call("agency", "edit", "CITY", "--country", "KH").ok()
    ngo.consent(theirs, "CITY", given_by="guardian")
    referral = ngo.data("referral", "add", theirs, "--to", "CITY", "--services", "legal")["ref"]
    ngo.call("referral", "send", referral).ok()
    ngo.call("export", "--to", "CITY", "-o", str(ngo.folder / "told.bundle")).ok()
    city.call("import", str(ngo.folder / "told.bundle")).ok()
    city.call("victim", "edit", theirs, "--given-names", f"Dara {THEIRS}").ok()
    city.call("victim", "show", theirs).ok()  # who looks again within a minute looks once
    ngo.call("erase", theirs, "--part", "identity", "--reason", "she asked for it", "--yes").ok()
    ngo.call("export", "--to", "CITY", "-o", str(city.folder / "erasing.bundle")).ok()
