"""Every command over a poisoned store in a real terminal: a new one is driven here, or is named with a reason."""

from __future__ import annotations

import re
from pathlib import Path

import pyrage
from every_command import called_by, leaves
from program import Team
from samples import KINDS, sample
from test_output_safety import (
    DRAWING,
    LINES,
    ONE_LINE,
    draws_nothing,
    drive,
    everything,
    poison_words,
    poisoned,  # noqa: F401  # the fixture
)

from taskforce.records.schema import Type
from taskforce.sync.yaml_text import document

NO_RECORD_TEXT = {
    "completion": "prints a script; what it completes later: tests/faults/test_attack_shell.py",
    "demo": "has stores of its own with texts of its own",
    "tui": "tests/tui/test_room_poison.py",
    "wall": "tests/tui/test_room_poison.py",
}
"""Commands that show no text of this store on the terminal, and why."""

MAY_BE_REFUSED = {
    *("log edit", "log archive", "assignment cancel", "agreement sign", "recall confirm", "quarantine admit"),
    *("referral send", "referral decline", "referral cancel", "referral revoke", "redo"),
    *("key change", "device request", "device admit", "device join", "device revoke"),
    *("agency-key create", "agency-key import", "operation roster", "wipe"),
}
"""Commands that a rule forbids here: what they say then names the record as well."""


def changing(team: Team, folder: Path, others: Path) -> list[list[str]]:
    """Command lines that change something, each of a record full of poison; they ask before some of it."""
    first = {kind.name: team.data(kind.name, "list")[0]["id"] for kind in KINDS}
    waiting = [each["ref"] for each in team.data("quarantine", "list")]
    conflict = team.data("conflict", "list")[0]
    feed = team.data("feed", "list")[0]["feed"]
    proposed = first["site"]
    recall = team.data("recall", "list")[0]["ref"]
    victim, poison = first["victim"], folder / "out"
    poison.mkdir()
    (poison / "plan.yaml").write_text(document({"sites": [{"name": f"three{ONE_LINE}", "risks": LINES}]}))
    recipient = str(pyrage.x25519.Identity.generate().to_public())
    slot = team.data("key", "add", "--recovery", recipient)["slot"]
    consented = ("--purpose", "services", "--parts", "case", "--to", "KH-TWO", "--given-by", "individual")
    court = ("--to", ONE_LINE[:60], "--reason", ONE_LINE[:60])
    elsewhere = ("--store", str(poison / "s"), "--key-file", str(poison / "k3"))
    lines = [
        ["operation", "add", f"two{ONE_LINE}", "--note", LINES],
        ["agency", "add", "KH-TWO", "--name", ONE_LINE],
        ["contact", "add", ONE_LINE, "--agency", "KH-TWO"],
        ["participation", "add", "KH-TWO", "--note", LINES],
        ["site", "add", ONE_LINE, "--risks", LINES],
        ["assignment", "add", ONE_LINE, "--agency", "KH-TWO"],
        ["log", "add", LINES],
        ["log", "correct", first["log"], f"other {LINES}"],
        ["log", "edit", first["log"], "--text", LINES],
        ["agreement", "add", ONE_LINE],
        ["agreement", "due", "--within", "8w"],
        ["victim", "add", "--account", LINES],
        ["consent", "add", victim, *consented, "--note", LINES],
        ["referral", "add", victim, "--to", "KH-TWO", "--status-note", LINES],
        ["referral", "new", victim, "--to", "KH-TWO", "--care-note", LINES],
        ["referral", "match", victim],
        ["assignment", "timeline"],
        ["share", "explain", victim, "--with", "KH-CNP"],
        ["share", "explain", first["assignment"], "--with", "KH-CNP"],
        ["share", "matrix", "--operation", first["operation"]],
        ["bundle", "show", str(others / "2" / "next.bundle")],
        ["export", "--to", "KH-CNP", "-o", str(poison / "b")],
        ["import", str(poison / "plan.yaml")],
        ["disclosures"],
        ["disclosures", victim],
        ["disclosures", "--reads"],
        ["recall", "add", first["site"], "--from", "KH-CNP", "--reason", "sent-in-error", "--note", LINES],
        ["recall", "list", "--archived"],
        ["recall", "status"],
        ["recall", "confirm", recall],
        ["recall", "show", recall],
        ["recall", "archive", recall],
        ["quarantine", "list"],
        *(["quarantine", "show", ref] for ref in waiting),
        ["quarantine", "drop", waiting[0]],
        ["quarantine", "admit", waiting[-1]],
        ["peer", "add", str(others / "3" / "card")],
        ["feed", "list"],
        ["feed", "show", feed],
        ["conflict", "resolve", conflict["ref"], conflict["field"], "--value", ONE_LINE],
        ["proposal", "list", "--all"],
        ["proposal", "show", proposed],
        ["proposal", "accept", proposed, "--field", "risks"],
        ["proposal", "reject", proposed, "--reason", ONE_LINE],
        ["key", "list"],
        ["key", "add", "--new-key-file", str(poison / ONE_LINE.replace("/", "")[:40]), "--label", DRAWING[:50]],
        ["key", "add", "--new-key-file", str(poison / "k2"), "--label", "second"],
        ["key", "add", "--recovery", recipient],
        ["key", "recovery", slot],
        ["key", "change"],
        ["key", "remove", slot],
        ["config", "path"],
        ["config", "show"],
        ["init", "--agency", "KH-TWO", "--officer", ONE_LINE, *elsewhere],
        ["backup", "write", str(poison / "backup")],
        ["backup", "verify", str(poison / "backup")],
        ["restore", str(poison / "backup"), "--store", str(poison / "r"), "--key-file", str(team.key)],
        ["bundle", "open", str(others / "2" / "next.bundle")],
        ["peer", "words"],
        ["operation", "roster", first["operation"], "--show"],
        ["operation", "roster", first["operation"]],
        ["device", "list"],
        ["device", "export-identity", "-o", str(poison / "identity")],
        ["device", "request", "-o", str(poison / "request"), "--label", DRAWING[:50]],
        ["device", "admit", str(others / "3" / "card"), "-o", str(poison / "answer")],
        ["device", "join", str(others / "2" / "next.bundle")],
        ["device", "revoke", "KH-CNP", "--last-good", "1", "--reason", ONE_LINE],
        ["agency-key", "show"],
        ["agency-key", "create"],
        ["agency-key", "export", "-o", str(poison / "agency-key"), "--to", recipient],
        ["agency-key", "import", str(others / "3" / "card")],
        ["audit", "verify"],
        ["audit", "export", first["assignment"], "-o", str(poison / "court"), *court],
        ["agency-key", "remove"],
        ["unlock", "--for", "1m"],
        ["lock"],
        ["use", first["operation"]],
    ]  # fmt: skip
    for kind in KINDS:
        for move in kind.lifecycle.moves if kind.lifecycle else ():
            words = [kind.name, move.name, first[kind.name]]
            for ask in move.asks:
                field = kind.field(ask.field)
                assert field is not None
                words += ["--" + ask.option, LINES if field.type == Type.NOTE else sample(team, field)]
            lines.append(words)
        if kind.editable:
            lines.append([kind.name, "edit", first[kind.name], *poison_words(kind)])
    lines.append(["operation", "join", first["operation"], "KH-TWO"])
    lines += [
        [kind.name, "archive", first[kind.name]] for kind in KINDS if kind.name not in ("operation", "agency")
    ]
    lines += [["erase", victim, "--reason", LINES], ["erase", "status"], ["undo"], ["redo"]]
    lines += [[kind, "archive", first[kind]] for kind in ("agency", "operation")]
    lines += [["key", "rotate"], ["wipe"], ["wipe", "INTERPOL", "--yes"]]  # the last: the store is gone
    return [line if "--store" in line else [*line, *team.place] for line in lines]


def test_every_command_is_driven_and_draws_nothing(
    poisoned: Team,  # noqa: F811
    tmp_path: Path,
) -> None:
    team = poisoned.copy_to(tmp_path / "team")
    site = team.data("site", "list")[0]["id"]
    team.call("recall", "add", site, "--from", "KH-CNP", "--reason", "sent-in-error", "--note", LINES).ok()
    lines = changing(team, tmp_path, poisoned.folder.parent)
    driven = {called_by(line) for line in [*lines, *everything(team, tmp_path)]}
    assert {path for path, _command in leaves()} - driven == NO_RECORD_TEXT.keys()
    screen = drive(lines, tmp_path, 100)
    draws_nothing(screen)
    codes = [int(code) for code in re.findall(r"@@ line \d+: code (\d+)", screen)]

    failed = {called_by(line) for line, code in zip(lines, codes, strict=True) if code}
    assert failed <= MAY_BE_REFUSED, failed - MAY_BE_REFUSED
