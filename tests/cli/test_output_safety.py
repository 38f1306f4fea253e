"""Record text never draws itself: every command over a poisoned store, in a real terminal, its bytes looked through."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from pathlib import Path

import pexpect
import pytest
from program import Team, environment_of, introduce, new_team
from samples import KINDS

from taskforce.actions.keeping import new_id
from taskforce.actions.session import Session
from taskforce.keys import slots
from taskforce.records.schema import Kind, Type
from taskforce.store.store import Store
from taskforce.text import safe
from taskforce.views import STYLES

MARKUP = "[red]red[/red] [link=file:///x]l[/link] [@click=app.bell]b[/] :skull: [/nothing]"
DRAWING = (
    "\x1b[31mred \x1b]52;c;Zm9v\x07 \x1b]0;title\x07 \x1bc \x07\x08\x7f \x9b31m \x9d52;c;Zm9v\x9c \x85 \x90 "
    "\u202eevil\u202c \u2066x\u2069 \u200b\u200d\ufeff\u2060 \u2028 \U000e0041 \ue000"
)
ONE_LINE = f"=1+1 {MARKUP} {DRAWING}"
LINES = f"{ONE_LINE}\n\tsecond\x0b line \u202e"

WORDS = {"bold": 1, "dim": 2, "red": 31, "green": 32, "magenta": 35, "cyan": 36}  # ECMA-48

# What a terminal may get: visible text, line ends, and colours (SGR) that we write ourselves.
HIDDEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
ALLOWED = re.compile(r"\x1b\[[0-9;]*m|[\r\n]")

DRIVER = """
import json, sys
from taskforce.__main__ import main
for number, line in enumerate(json.load(open(sys.argv[1]))):
    code = main(line)
    sys.stdout.write("@@ line %d: code %d" % (number, code) + chr(10)); sys.stdout.flush()
    if code == 1: sys.exit(code)
"""


@pytest.fixture(scope="module")
def poisoned(tmp_path_factory: pytest.TempPathFactory) -> Team:
    """One poisoned store for all modules that ask for it: they copy it before they change it."""
    if not MADE:
        MADE.append(make_poisoned(tmp_path_factory))
    return MADE[0]


MADE: list[Team] = []


def make_poisoned(tmp_path_factory: pytest.TempPathFactory) -> Team:
    """A store with poison in every text field that a person can type, in every field that a peer can write, in a
    conflict, in names of officers and files."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TASKFORCE_CONFIG", str(tmp_path_factory.mktemp("settings") / "none.yaml"))
        folder = tmp_path_factory.mktemp("poisoned")
        first = new_team(folder / "1", "INTERPOL", f"O{ONE_LINE}")
        second = new_team(folder / "2", "KH-CNP", f"P{ONE_LINE}")
        introduce(first, second)
        first.call("agency", "add", "KH-CNP").ok()
        first.call("agency", "add", "KH-NGO", "--name", ONE_LINE, "--note", LINES).ok()
        first.call("operation", "add", ONE_LINE, "--lead", "INTERPOL", "--note", LINES).ok()
        operation = first.data("operation", "list")[0]["ref"]
        first.call("use", operation).ok()
        first.call("operation", "join", operation, "KH-CNP").ok()
        for words in (
            ("contact", "add", ONE_LINE, "--agency", "KH-NGO"),
            ("site", "add", ONE_LINE),
            ("assignment", "add", ONE_LINE, "--agency", "KH-CNP", "--due", "-1d"),
            ("agreement", "add", ONE_LINE, "--review-by", "today"),
            ("victim", "add", "--account", LINES),
            ("log", "add", LINES),
        ):
            first.call(*words).ok()
        victim = first.data("victim", "list")[0]["ref"]
        override = ("--override", "vital-interests", "--reason", LINES, "--approved-by", ONE_LINE)
        first.consent(victim, "any-provider", *override, "--note", LINES)
        first.call("referral", "add", victim, "--to", "KH-NGO").ok()
        agreement = first.data("agreement", "list")[0]["ref"]
        first.call("agreement", "sign", agreement).ok()
        for kind in KINDS:
            if kind.editable:
                poison_texts(first, kind)
        first.call("referral", "send", first.data("referral", "list")[0]["ref"], "--note", LINES).ok()
        swap(first, second)
        for team, text in ((first, "first"), (second, "second")):
            team.call("agency", "edit", "KH-NGO", "--name", text + ONE_LINE, "--note", text + LINES).ok()
            assignment = first.data("assignment", "list")[0]["id"]
            team.call("assignment", "edit", assignment, "--title", text + ONE_LINE).ok()
        site = ("site", "edit", first.data("site", "list")[0]["id"])  # not theirs: a proposal
        second.call(*site, "--name", f"second{ONE_LINE}", "--risks", f"second{LINES}").ok()
        swap(second, first)
        write_unchecked(first)
        let_one_wait(folder, second, first)
        return first


def poison_words(kind: Kind) -> list[str]:
    words = []
    for field in kind.fields:
        if field.type in (Type.TEXT, Type.NOTE) and not field.by_move and not field.fixed:
            words += [field.option, ONE_LINE if field.type == Type.TEXT else LINES]
    return words


def poison_texts(team: Team, kind: Kind) -> None:
    record, words = team.data(kind.name, "list")[0], poison_words(kind)
    if kind.name == "consent":
        over = ("--override", "vital-interests", "--reason", "asked", "--approved-by", "the prosecutor")
        team.call("consent", "edit", record["id"], *over).ok()  # only an override has these texts
    changed = team.data(kind.name, "edit", record["id"], *words)
    texts = [field for field in kind.fields if field.option in words]
    assert all(ONE_LINE in changed[field.name] for field in texts)


def swap(sender: Team, receiver: Team) -> None:
    path = sender.folder / "next.bundle"
    sender.call("export", "--to", receiver.data("status")["agency"], "-o", str(path), "--force").ok()
    receiver.call("import", str(path)).ok()


def let_one_wait(folder: Path, relay: Team, team: Team) -> None:
    """Edits of an agency that `team` has not verified, brought by one that it has: they wait in quarantine."""
    stranger = new_team(folder / "3", "TH-NGO", f"Q{ONE_LINE}")
    stranger.call("peer", "card", "-o", str(stranger.folder / "card")).ok()
    for one, other in ((stranger, relay), (relay, stranger)):
        one.call("peer", "add", str(other.folder / "card"), "--yes").ok()
    stranger.call("agency", "edit", "TH-NGO", "--name", f"third{ONE_LINE}", "--note", LINES).ok()
    swap(stranger, relay)
    swap(relay, team)
    assert team.data("quarantine", "list")


def write_unchecked(team: Team) -> None:
    """Records as a hostile peer could write them: poison in codes, dates, numbers, references, lists."""
    session = Session(Store.open(team.store, slots.open_with_key_file(team.store, str(team.key))))
    try:
        with session.acting(f"by hand {ONE_LINE}") as one:
            for kind in KINDS:
                record, nonce = new_id(session, kind)
                texts = {
                    field.name: [ONE_LINE, LINES] if field.many else LINES
                    for field in kind.fields
                    if (field.name != "operation" or kind.name == "victim") and field.name != "status"
                }
                one.save(kind, record, texts, nonce=nonce)
                record, nonce = new_id(session, kind)
                one.save(
                    kind, record, {**texts, **({"status": LINES} if kind.lifecycle else {})}, nonce=nonce
                )
    finally:
        session.store.close()


def everything(team: Team, folder: Path) -> list[list[str]]:
    """Command lines that show every record in every way there is."""
    lines = [
        ["status"],
        ["history"],
        ["search", "red"],
        ["search", "second"],
        ["conflict", "list"],
        ["peer", "list"],
        ["peer", "card"],
        ["undo", "--dry-run"],
        ["doctor"],
        ["audit", "verify"],
        ["use"],
        ["export", "--records"],
        ["export", "--to", "KH-CNP", "--dry-run"],
        ["import", str(folder / ONE_LINE.replace("/", "")[:60])],
        ["import", str(folder / "bad.yaml")],
        ["assignment", "show", ONE_LINE],
        ["assignment", "add", "x", "--priority", ONE_LINE],
        ["assignment", "add", "x", "--due", ONE_LINE],
        [ONE_LINE],
        ["assignment", "list", "--where", ONE_LINE],
        ["config", "set", ONE_LINE, ONE_LINE],
    ]
    conflicts = {each["ref"] for each in team.data("conflict", "list")}
    assert len(conflicts) == 2
    lines += [["conflict", "show", ref] for ref in conflicts]
    for kind in KINDS:
        scope = ["--operation", "all"] if kind.field("operation") else []
        for format in ("table", "json", "csv", "yaml"):
            lines.append([kind.name, "list", *scope, "--archived", "--format", format])
        for record in team.data(kind.name, "list", *scope):
            lines += [[kind.name, "show", record["id"]], ["history", record["ref"]]]
    return [[*line, *team.place] for line in lines]


def drive(lines: list[list[str]], folder: Path, columns: int) -> str:
    """What these command lines write to a terminal, one after the other; every question is answered with yes."""
    (folder / "lines.json").write_text(json.dumps(lines))
    child = pexpect.spawn(
        sys.executable,
        ["-c", DRIVER, str(folder / "lines.json")],
        env=dict(environment_of(TERM="xterm-256color", PYTHONIOENCODING="utf-8")),
        dimensions=(24, columns),
        timeout=20,
    )
    screen = b""
    while child.expect([r"\[(?:y/N|voice)\] ", r"assphrase[^\n]*: ", r"to go on: ", pexpect.EOF]) != 3:
        screen += child.before + child.after
        child.sendline("y")
    text = (screen + child.before).decode("utf-8")
    child.close()
    assert child.exitstatus == 0, text[-2000:]
    assert "Traceback" not in text
    return text


def draws_nothing(screen: str) -> None:
    """Nothing but visible text, line ends and our own colours."""
    rest = ALLOWED.sub("", screen)
    strange = {
        (repr(character), rest[max(place - 30, 0) : place + 10])
        for place, character in enumerate(rest)
        if safe(character) != character
    }
    assert not strange
    # "error:" is red, a code to be scanned black on white; all else has the few styles of the views.
    assert set(re.findall(r"\x1b\[([0-9;]*)m", screen)) <= {"0", "31", "30;47", *OUR_STYLES}


@pytest.mark.parametrize("columns", [40, 200])
def test_no_byte_of_record_text_draws_on_the_terminal(poisoned: Team, tmp_path: Path, columns: int) -> None:
    (tmp_path / "bad.yaml").write_text(
        json.dumps({"sites": [{ONE_LINE: ONE_LINE, "name": LINES, "country": LINES}]})
    )
    screen = drive(everything(poisoned, tmp_path), tmp_path, columns)
    draws_nothing(screen)
    squeezed = re.sub(r"\s+", "", ALLOWED.sub("", screen))
    for text in (
        r"\x1b[31mred",
        r"\x1b]52;c;Zm9v\x07",
        r"\x9b31m",
        r"\u202eevil\u202c",
        r"\u200b\u200d\ufeff",
    ):
        assert text in squeezed, text
    assert "[red]red[/red]" in squeezed and ":skull:" in squeezed


OUR_STYLES = {";".join(str(WORDS[word]) for word in style.split()) for style in STYLES.values() if style}


def test_json_is_plain_ascii_and_gives_back_what_was_written(poisoned: Team) -> None:
    for kind in KINDS:
        scope = ["--operation", "all"] if kind.field("operation") else []
        ran = poisoned.run(kind.name, "list", *scope, "--json").ok()
        assert ran.out.isascii()
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", ran.out)
    (victim,) = (
        each
        for each in poisoned.data("victim", "list")
        if each["account"] == LINES and each["met_at"][:2] == "20"
    )
    assert victim["family_name"] == ONE_LINE


def test_a_table_in_a_pipe_is_safe_too(poisoned: Team) -> None:
    for line in everything(poisoned, poisoned.folder):
        if "csv" in line or "yaml" in line or line[:2] in (["export", "--records"], ["peer", "card"]):
            continue  # data, exactly as it is
        ran = poisoned.call(*line[: -len(poisoned.place)])
        assert "Traceback" not in ran.err
        for text in (ran.out, ran.err):
            assert not [character for character in set(text) - {"\n"} if safe(character) != character], line


def test_no_cell_of_a_csv_begins_like_a_formula(poisoned: Team) -> None:
    for kind in KINDS:
        scope = ["--operation", "all"] if kind.field("operation") else []
        out = poisoned.call(kind.name, "list", *scope, "--format", "csv").ok().out
        cells = [cell for row in csv.reader(io.StringIO(out, newline="")) for cell in row]
        assert not [cell for cell in cells if cell[:1] in tuple("=+-@\t\r\n")]
        assert kind.name in ("participation", "referral") or any(cell.startswith("'=") for cell in cells)


def test_a_poisoned_store_goes_round_as_a_plan_unchanged(team: Team, tmp_path: Path) -> None:
    for kind in KINDS:
        if kind.editable:
            poison_texts(team, kind)
    path = tmp_path / "plan.yaml"
    team.call("export", "--records", "-o", str(path)).ok()
    assert not HIDDEN.search(path.read_text())
    before = team.fingerprint()
    assert team.data("import", str(path))["changes"] == []
    assert team.fingerprint() == before
