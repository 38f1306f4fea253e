"""stdout is data: one envelope for programs, tables for people, nothing that draws itself on a terminal."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskforce import output
from taskforce.errors import InputError, NotFound, Problem, UsageError
from taskforce.output import Column, Fields, Line, Lines, Nothing, Raw, Result, Table, draw, draw_error
from taskforce.text import csv_uncell
from taskforce.views import STYLES, fit, left_out, page_of

HOSTILE = "x\x1b]52;c;Zg==\x07\u202e\x9b[bold]b[/bold]:cat:"

COLUMNS = (
    Column("Ref", "ref"),
    Column("Title", "title", wrap=True),
    Column("Status", "status"),
    Column("Agency", "agency", priority=1),
    Column("Due", "due", justify="right", priority=2),
    Column("Remarks", "remarks", priority=3, wrap=True),
)
ROWS = (
    (
        "A-7KQ2",
        "Inspect compound 4",
        Line("◑ under way"),
        "KH-CNP",
        Line("! 2h late", "late"),
        "wait for team two " * 4,
    ),
    ("A-9F3D", "人身取引 " * 12, "● done", "TH-RTP", "fri", ""),
)
TABLE = Table(COLUMNS, ROWS, empty="no assignments yet", title="Assignments")


@pytest.fixture(autouse=True)
def no_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)


def test_the_json_envelope_is_exactly_this(capsys: pytest.CaptureFixture[str]) -> None:
    draw(Result([{"ref": "A-7KQ2", "title": "Nguyễn"}], TABLE, notes=("a note",)), format="json")
    said = capsys.readouterr()
    assert said.out == (
        '{"version":1,"status":"ok","data":[{"ref":"A-7KQ2","title":"Nguy\\u1ec5n"}],'
        '"notes":["a note"],"errors":[]}\n'
    )
    assert said.err == ""


def test_an_error_in_json_has_the_same_envelope(capsys: pytest.CaptureFixture[str]) -> None:
    draw_error(NotFound("nothing has the ref A-1", hint="run: taskforce assignment list"), format="json")
    said = capsys.readouterr()
    envelope = json.loads(said.out)
    assert list(envelope) == ["version", "status", "data", "notes", "errors"]
    assert envelope == {
        "version": 1,
        "status": "error",
        "data": None,
        "notes": [],
        "errors": [
            {
                "code": "not-found",
                "message": "nothing has the ref A-1",
                "hint": "run: taskforce assignment list",
            }
        ],
    }
    assert said.err.startswith(" error: nothing has the ref A-1\n")


def test_every_problem_is_an_error_of_its_own_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    problems = [
        Problem("unknown-agency", "plan.yaml:3:4: one", "add it"),
        Problem("bad-date", "plan.yaml:9:1: two"),
    ]
    draw_error(InputError("plan.yaml: nothing was changed", problems=problems), format="json")
    envelope = json.loads(capsys.readouterr().out)
    assert envelope["notes"] == ["plan.yaml: nothing was changed"]
    assert envelope["errors"] == [
        {"code": "unknown-agency", "message": "plan.yaml:3:4: one", "hint": "add it"},
        {"code": "bad-date", "message": "plan.yaml:9:1: two", "hint": None},
    ]


@pytest.mark.parametrize("format", ["table", "csv", "yaml"])
def test_an_error_leaves_stdout_empty_otherwise(format: str, capsys: pytest.CaptureFixture[str]) -> None:
    draw_error(NotFound("nothing"), format=format)
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", " error: nothing\n")


@given(st.text())
def test_json_is_plain_ascii_and_loses_nothing(text: str) -> None:
    written = output._envelope("ok", {"title": text}, (), ())
    assert re.fullmatch(r"[ -~]*\n", written)
    assert json.loads(written)["data"]["title"] == text


def test_notes_go_to_stderr_beside_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    draw(Result([], Nothing(), notes=("one", "two")))
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", " one\n two\n")


def test_an_empty_table_is_a_note_and_no_data(capsys: pytest.CaptureFixture[str]) -> None:
    draw(Result([], Table(COLUMNS, (), empty="no assignments yet")))
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", " no assignments yet\n")


def test_csv_is_a_row_for_each_record(capsys: pytest.CaptureFixture[str]) -> None:
    records = [
        {"ref": "A-1", "title": "=cmd()", "languages": ["ms", "en"], "places": -5, "child": True},
        {"ref": "A-2", "title": 'two\nlines, "quoted"', "phone": "+855 12", "child": None},
    ]
    draw(Result(records, TABLE), format="csv")
    rows = list(csv.reader(io.StringIO(capsys.readouterr().out, newline="")))
    assert rows == [
        ["ref", "title", "languages", "places", "child", "phone"],
        ["A-1", "'=cmd()", "ms;en", "-5", "true", ""],
        ["A-2", 'two\nlines, "quoted"', "", "", "", "'+855 12"],
    ]
    assert csv_uncell(rows[1][1]) == "=cmd()"


def test_no_records_are_no_csv(capsys: pytest.CaptureFixture[str]) -> None:
    draw(Result([], TABLE), format="csv")
    assert capsys.readouterr().out == ""


def test_yaml_lists_the_records_under_their_plural(capsys: pytest.CaptureFixture[str]) -> None:
    import yaml

    records = [{"ref": "A-1", "title": "Nguyễn: no", "languages": ["ms", "no"], "child": True, "due": None}]
    draw(Result(records, TABLE, plural="assignments"), format="yaml")
    written = capsys.readouterr().out
    assert yaml.load(written, yaml.BaseLoader) == {
        "assignments": [{"ref": "A-1", "title": "Nguyễn: no", "languages": ["ms", "no"], "child": "true"}]
    }
    draw(Result(records, TABLE), format="yaml")
    assert list(yaml.load(capsys.readouterr().out, yaml.BaseLoader)) == ["records"]


@pytest.mark.parametrize("format", ["csv", "yaml"])
@pytest.mark.parametrize("data", [{"ref": "A-1"}, None, "text", ["text"]])
def test_only_lists_of_records_are_csv_or_yaml(
    format: str, data: object, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UsageError, match=format.upper()):
        draw(Result(data, Nothing()), format=format)
    assert capsys.readouterr().out == ""


def test_an_unknown_format_is_refused_with_those_there_are() -> None:
    with pytest.raises(UsageError, match="table, json, csv, yaml") as refusal:
        draw(Result([], Nothing()), format="jsno")
    assert refusal.value.hint == 'did you mean "json"?'


@pytest.mark.parametrize("format", ["table", "csv", "yaml"])
@pytest.mark.parametrize("content", [b"age-encryption.org/v1\n\x00\xff\x1b", "a: \x1b[31m ភ្នំពេញ\r\n", ""])
def test_a_files_content_goes_to_a_pipe_as_it_is(
    content: bytes | str, format: str, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    draw(Result(None, Raw(content)), format=format)
    assert capfdbinary.readouterr().out == (content if isinstance(content, bytes) else content.encode())


@pytest.mark.parametrize("width", [80, 100, 120, 200])
def test_a_table_never_exceeds_its_width_and_keeps_what_matters(width: int) -> None:
    page = page_of(TABLE, width=width, coloured=False)
    from rich.cells import cell_len

    assert max(map(cell_len, page.splitlines())) <= width
    for told in ("Assignments", "A-7KQ2", "Inspect compound 4", "◑ under way", "● done"):
        assert told in page
    assert page.count("人身取引") == 12
    assert not [line for line in page.splitlines() if line != line.rstrip()]


def test_what_matters_least_is_left_out_first_and_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert left_out(TABLE, width=200) == ()
    assert left_out(TABLE, width=70) == ("Remarks",)
    assert left_out(TABLE, width=50) == ("Due", "Remarks")
    assert left_out(TABLE, width=20) == ("Agency", "Due", "Remarks")
    monkeypatch.setenv("COLUMNS", "50")
    draw(Result([], TABLE))
    assert "left out for lack of room: Due, Remarks" in capsys.readouterr().err


@given(
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 3), st.booleans()), min_size=1, max_size=12),
    st.integers(20, 300),
)
def test_columns_share_the_room_there_is(wanted: list[tuple[int, int, bool]], room: int) -> None:
    columns = [
        Column(str(at), str(at), priority=priority, wrap=wrap)
        for at, (_n, priority, wrap) in enumerate(wanted)
    ]
    widths = fit(columns, [need for need, _p, _w in wanted], room)
    assert widths
    assert all(at in widths for at, column in enumerate(columns) if column.priority == 0)
    assert all(width <= max(wanted[at][0], 1) for at, width in widths.items())
    assert list(widths) == sorted(widths)
    if 6 * len(widths) <= room:
        assert sum(widths.values()) + 2 * (len(widths) - 1) <= room
    dropped = [column.priority for at, column in enumerate(columns) if at not in widths]
    assert not dropped or min(dropped) >= max(columns[at].priority for at in widths)


def test_fields_are_one_record() -> None:
    page = page_of(
        Fields("A-7KQ2", (("title", "Gate\nand yard"), ("status", Line("● done", "ok")))),
        width=40,
        coloured=False,
    )
    assert page == "A-7KQ2\ntitle   Gate\n        and yard\nstatus  ● done\n"


def test_lines_are_lines() -> None:
    page = page_of(Lines(("one", Line("! two", "late"), "three\nforged")), width=40, coloured=False)
    assert page == "one\n! two\nthree\\nforged\n"


@pytest.mark.parametrize(
    "view",
    [
        Table(
            (Column(HOSTILE, "a"), Column("b", "b", wrap=True)),
            ((HOSTILE, Line(HOSTILE, "late")),),
            "",
            HOSTILE,
        ),
        Fields(HOSTILE, ((HOSTILE, HOSTILE), ("b", Line(HOSTILE, "ok")))),
        Lines((HOSTILE, Line(HOSTILE, "conflict"))),
    ],
)
@pytest.mark.parametrize("coloured", [False, True])
def test_record_text_neither_draws_itself_nor_is_taken_for_markup(view: Any, coloured: bool) -> None:
    page = re.sub(r"\x1b\[[0-9;]*m", "", page_of(view, width=300, coloured=coloured))
    assert page.replace("\n", "").isprintable()
    assert page.count("x\\x1b]52;c;Zg==\\x07\\u202e\\x9b[bold]b[/bold]:cat:") >= 2


def test_a_style_is_never_all_that_tells() -> None:
    for style in STYLES:
        page = page_of(Lines((Line("! late", style),)), width=40, coloured=True)
        assert re.sub(r"\x1b\[[0-9;]*m", "", page) == "! late\n"


DRAW = """
from taskforce import errors
from taskforce.output import *
try:
    draw({result}, format={format!r})
except errors.UsageError as refusal:
    print("refused:", refusal.code)
"""


def test_colour_on_a_terminal_only(on_a_terminal: Callable[..., Any]) -> None:
    for view in ("Lines((Line('! late', 'late'),))", "Fields('', (('due', Line('! late', 'late')),))"):
        program = DRAW.format(result=f"Result(None, {view})", format="table")
        assert "\x1b[1;31m! late" in on_a_terminal(program).screen
        assert "\x1b" not in on_a_terminal(program, environment={"NO_COLOR": "1"}).screen
        assert (
            "\x1b"
            not in on_a_terminal(program, stdout_is_a_pipe=True, environment={"FORCE_COLOR": "1"}).piped
        )


@pytest.mark.parametrize("format", ["table", "json", "csv"])
def test_no_format_lets_a_record_draw_on_a_terminal(format: str, on_a_terminal: Callable[..., Any]) -> None:
    text = "x\x1b]52;c;Zg==\x07\u202e\x9b\x7f"
    result = f"Result([{{'title': {text!r}}}], Table((Column('Title', 'title'),), (({text!r},),), ''))"
    screen = on_a_terminal(DRAW.format(result=result, format=format), environment={"NO_COLOR": "1"}).screen
    assert screen.replace("\r\n", "").isprintable()
    assert "52;c;Zg" in screen


def test_json_on_a_terminal_is_indented(on_a_terminal: Callable[..., Any]) -> None:
    screen = on_a_terminal(DRAW.format(result="Result({'ref': 'A-1'}, Nothing())", format="json")).screen
    assert '{\r\n  "version": 1,\r\n' in screen
    assert json.loads(screen)["data"] == {"ref": "A-1"}


def test_a_terminal_gets_no_binary_and_no_live_escapes(on_a_terminal: Callable[..., Any]) -> None:
    binary = on_a_terminal(DRAW.format(result="Result(None, Raw(b'age\\x00\\xff'))", format="table")).screen
    assert binary == "refused: binary-to-terminal\r\n"
    text = on_a_terminal(
        DRAW.format(result="Result(None, Raw(b'a: \\x1b[2J\\nb: 1\\n'))", format="table")
    ).screen
    assert text == "a: \\x1b[2J\r\nb: 1\r\n"


def test_a_table_fits_the_terminal_it_is_on(on_a_terminal: Callable[..., Any]) -> None:
    view = "Table((Column('Ref', 'r'), Column('Title', 't', wrap=True)), (('A-7KQ2', 'word ' * 40),), '')"
    program = DRAW.format(result=f"Result(None, {view})", format="table")
    for columns in (40, 80, 132):
        screen = on_a_terminal(program, columns=columns, environment={"NO_COLOR": "1"}).screen
        longest = max(map(len, screen.split("\r\n")))
        assert columns - 8 < longest <= columns


def run(program: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    paths = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(
        [sys.executable, "-c", program], env=paths | environment, capture_output=True, check=False, timeout=20
    )


def test_a_terminal_that_lacks_a_character_gets_it_escaped() -> None:
    program = DRAW.format(result="Result(None, Lines(('\u2260 two values',)))", format="table")
    assert run(program, PYTHONIOENCODING="ascii").stdout == b"\\u2260 two values\n"


def test_data_is_utf8_whatever_the_terminal() -> None:
    program = DRAW.format(result="Result([{'title': 'Nguy\u1ec5n'}], Nothing())", format="csv")
    assert run(program, PYTHONIOENCODING="latin-1").stdout == "title\nNguy\u1ec5n\n".encode()


def test_a_reader_who_left_is_told_of_by_draw_itself() -> None:
    program = """
import os, sys
from taskforce.output import *
reading, writing = os.pipe()
os.close(reading)
os.dup2(writing, 1)
try:
    draw(Result(None, Lines(("x",))))
except BrokenPipeError:
    os.write(2, b"noticed")
    os._exit(0)
"""
    assert run(program).stderr == b"noticed"


def test_only_tables_for_people_pay_for_rich() -> None:
    program = """
import sys
from taskforce.output import *
draw(Result([{"a": "b"}], Nothing()), format="json")
draw(Result([{"a": "b"}], Nothing()), format="csv")
draw(Result(None, Lines(("x",))))
print(sorted({"rich", "yaml", "typing", "gettext", "unicodedata"} & set(sys.modules)))
"""
    assert run(program).stdout.splitlines()[-1] == b"[]"
