"""Write the documents that are made from the program, or check that they are current.

``python tools/docs.py`` writes ``docs/records.md`` (from the kinds' declarations), ``docs/commands.md`` (what
``--help`` of every command says), ``docs/keys.md`` (the bindings of the room), the table of ``docs/sharing.md`` (from
the rules of sharing) and the pictures of the status and of the room, of a store that comes out the same every time.
``--check`` writes nothing and fails when the program says something else.
"""

from __future__ import annotations

import argparse
import io
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stdout
from functools import partial

import decision_table
from fixed_stores import ROOT
from keys_document import keys_lines
from room_picture import PICTURES, room_svg
from status_picture import status_svg

from taskforce import cli
from taskforce.records import codes
from taskforce.records.registry import all_kinds
from taskforce.records.schema import PARTS, SELF, Field, Kind, Lifecycle, Type

DOCS = ROOT / "docs"
WRITTEN_BY = "<!-- Written by tools/docs.py from the program: do not edit. -->\n"

# What a value of each type looks like, in a plan or in a bundle.
TYPES = {
    Type.TEXT: "text of one line",
    Type.NOTE: "text of several lines",
    Type.CODE: "one of the codes given",
    Type.DATE: "`2026-11-23`",
    Type.TIME: "`2026-11-23T07:00:00Z` (UTC); in a plan with its offset",
    Type.INTEGER: "a whole number",
    Type.REF: "the id of another record; in a plan and on the command line its ref, code, codename or key",
    Type.RECORD: "the id of a record of any kind",
    Type.COUNTRY: "ISO 3166-1, two letters: `KH`",
    Type.LANGUAGE: "ISO 639-1, or 639-3 where there are no two letters: `km`",
    Type.YES_NO: "`yes` or `no`",
    Type.PARTY: "an agency's code or a country",
    Type.RECIPIENT: "an agency's code, or `any-provider`",
    Type.PAIR: "`CODE=CODE`, such as `shelter=provided`",
    Type.AGENCY_CODE: "capital letters, digits and dashes: `KH-CNP`",
}


def main() -> int:
    """Write or check; return the exit code."""
    parser = argparse.ArgumentParser(description="the documents that are made from the program")
    parser.add_argument("--check", action="store_true", help="fail if one is out of date")
    check: bool = parser.parse_args().check
    os.environ.update(COLUMNS="80", LC_ALL="C.UTF-8", TASKFORCE_LANGUAGE="en")
    makers: dict[str, Callable[[], str]] = {
        "records.md": records_document,
        "commands.md": commands_document,
        "sharing.md": sharing_document,
        "keys.md": lambda: "\n".join([WRITTEN_BY, *keys_lines(), ""]),
        "status.svg": status_svg,
        **{name: partial(room_svg, name) for name in PICTURES},
    }
    stale = []
    for name, make in makers.items():
        path, text = DOCS / name, make()
        if not check:
            path.write_text(text, "utf-8", newline="\n")
        elif not path.exists() or _compared(path.read_text("utf-8")) != _compared(text):
            stale.append(f"docs/{name}")
    if stale:
        print(f"{', '.join(stale)}: out of date. Write with: make docs")
    return 1 if stale else 0


def _compared(text: str) -> object:
    """What must be equal: of a picture its words, since rich draws the rest and may draw it otherwise tomorrow."""
    return re.findall(r"<text[^>]*>([^<]*)</text>", text) if text.startswith("<svg") else text


# ── sharing ──

_TABLE = re.compile(
    r"(?<=<!-- table: written by tools/docs\.py -->\n).*(?=<!-- end of the table -->)", re.DOTALL
)


def sharing_document() -> str:
    """The rules of sharing as they are written by hand, with the table that the rules themselves give."""
    before = (DOCS / "sharing.md").read_text("utf-8")
    if not _TABLE.search(before):
        raise SystemExit("docs/sharing.md has no place for its table")
    return _TABLE.sub(lambda _found: f"\n{decision_table.table()}\n", before)


# ── records ──


def records_document() -> str:
    """The reference of all kinds of records."""
    return "\n".join([WRITTEN_BY, *_records_lines(), ""])


def _records_lines() -> Iterator[str]:
    yield from (
        "# Records",
        "",
        "Every kind of record, its fields, and who may get which part of it. A field belongs to exactly one part;",
        "a part goes to another agency whole or not at all (`src/taskforce/sharing/decide.py` decides).",
        "",
        "## Parts",
        "",
        "| part | what it is |",
        "|---|---|",
        *(f"| `{part}` | {text} |" for part, text in PARTS.items()),
        "",
        f"No field is of part {_names(_unused_parts())} yet, and no rule lets such a part go anywhere.",
        "",
        "## Types",
        "",
        "| type | how a value is written |",
        "|---|---|",
        *(f"| {name} | {form} |" for name, form in TYPES.items()),
        "",
        "A field of *several* holds a list. On the command line its values are separated by commas.",
    )
    for kind in all_kinds():
        yield from _kind_lines(kind)
    yield from ("", "## Codes", "", "Codes are written as they are here, in every language.")
    for name, entries in _code_lists().items():
        yield from ("", f"### {name}", "", "| code | meaning |", "|---|---|")
        yield from (f"| `{code}` | {label} |" for code, label in entries.items())


def _unused_parts() -> tuple[str, ...]:
    used = {field.part for kind in all_kinds() for field in kind.fields}
    return tuple(part for part in PARTS if part not in used)


def _kind_lines(kind: Kind) -> Iterator[str]:
    yield from ("", f"## {kind.label}", "", f"{kind.help}.", "")
    yield f"- on the command line `taskforce {kind.name}`, in plans `{kind.plural}`, refs `{kind.letter}-…`"
    if kind.natural:
        yield f"- the id derives from {_names(kind.natural)}: the same record wherever it is made"
    else:
        known = f", else by {_names(kind.plan_key)}" if kind.plan_key else ""
        yield f"- in plans known by `key`{known}; made on the command line it gets an id of its own"
    for part, anchor in kind.anchors.items():
        yield f"- who may have part `{part}` {_anchored(anchor)}"
    yield f"- who may change it: {_changed_by(kind)}; what others write is a proposal"
    if kind.deadline:
        states = f" while it is {_names(kind.deadline_states)}" if kind.deadline_states else ""
        yield f"- late when `{kind.deadline}` has passed{states}"
    if not kind.editable:
        yield "- never edited or archived: corrected by a later one"
    yield from ("", "| field | what | type | part | notes |", "|---|---|---|---|---|")
    yield from (_field_line(field) for field in kind.fields)
    if kind.lifecycle is not None:
        yield from _lifecycle_lines(kind.name, kind.lifecycle)


def _changed_by(kind: Kind) -> str:
    """Who may change a kind's records, in words."""
    rules = kind.authority
    who = ["the agency itself (what it has not written, anybody)" if rules.itself else "who made it"]
    if rules.participants:
        who = ["who made it, if that takes part in the operation"]
        if not rules.plan:
            who.append("of what a stranger made, the operation's lead and co-leads")
    if rules.plan:
        who.append(
            "the lead and the co-leads of its operation, whose it is where nobody proves to have made it"
        )
    for named in rules.named:
        of_it = f" {_names(named.changes)}" if named.changes else ""
        if len(named.changes) > len(kind.fields) / 2:
            others = tuple(each.name for each in kind.fields if each.name not in (*named.changes, named.by))
            of_it = f" all but {_names((named.by, *others))}"
        into = f", the status only to {_names(named.states)}" if named.states else ""
        who.append(f"the agency that `{named.by}` names{',' if of_it else ''}{of_it}{into}")
    return "; ".join(who)


def _anchored(anchor: str) -> str:
    if anchor == SELF:
        return "is decided for each record"
    return f"is decided by its `{anchor}`" if anchor else "does not depend on the record"


def _field_line(field: Field) -> str:
    names = {id(entries): name for name, entries in _code_lists().items()}
    notes = []
    if field.required:
        notes.append("required")
    if field.many:
        notes.append("several")
    if field.fixed:
        notes.append("set once")
    if field.by_move:
        notes.append("set by moves")
    if field.default:
        notes.append(f"`{field.default}` if left out")
    if field.minimum is not None:
        notes.append(f"at least {field.minimum}")
    if field.help:
        notes.append(field.help)
    if field.codes is not None and id(field.codes) in names:
        notes.append(_link(names[id(field.codes)]))
    if field.pair_codes is not None:
        notes.append(_link(names[id(field.pair_codes)]))
    kind = f"{field.type} → {field.to}" if field.to else field.type
    return f"| `{field.name}` | {field.label} | {kind} | `{field.part}` | {'; '.join(notes)} |"


def _link(name: str) -> str:
    return f"[{name}](#{name.lower().replace(' ', '-')})"


def _lifecycle_lines(noun: str, lifecycle: Lifecycle) -> Iterator[str]:
    states = ", ".join(
        f"`{state}`" + (" (closed)" if state in lifecycle.closed else "") for state in lifecycle.states
    )
    yield from ("", f"States: {states}. A new one is `{lifecycle.initial}`.", "")
    yield from ("| move | from | to | options | what |", "|---|---|---|---|---|")
    for move in lifecycle.moves:
        asks = ", ".join(f"`--{ask.option}`" + (" (needed)" if ask.required else "") for ask in move.asks)
        sources = ", ".join(move.sources)
        yield f"| `{noun} {move.name}` | {sources} | {move.target} | {asks} | {move.help} |"


def _code_lists() -> dict[str, Mapping[str, str]]:
    """The code lists by the name they have in ``records/codes.py``."""
    return {
        name.replace("_", " ").capitalize(): entries
        for name, entries in vars(codes).items()
        if name.isupper() and isinstance(entries, dict) and entries is not PARTS
    }


def _names(names: tuple[str, ...]) -> str:
    return " and ".join(f"`{name}`" for name in names)


# ── commands ──


def commands_document() -> str:
    """What every command says of itself."""
    lines = [WRITTEN_BY, "# Commands", "", "What `--help` says, command by command.", ""]
    lines += ["## taskforce", "", *_help()]
    for path in command_paths():
        lines += ["", f"{'#' * (len(path) + 1)} taskforce {' '.join(path)}", "", *_help(*path)]
    return "\n".join([*lines, ""])


def command_paths() -> Iterator[tuple[str, ...]]:
    """Every command of the program: its words after ``taskforce``."""
    root = cli.root()
    for name in root.list_commands(None):
        yield (name,)
        made = root.get_command(None, name)
        if isinstance(made, cli.LazyGroup):
            yield from ((name, verb) for verb in made.list_commands(None))


def _help(*path: str) -> list[str]:
    told = io.StringIO()
    with redirect_stdout(told):
        code = cli.run([*path, "--help"])
    if code:
        raise SystemExit(f"taskforce {' '.join(path)} --help ended with {code}")
    return ["```text", told.getvalue().rstrip(), "```"]


if __name__ == "__main__":
    sys.exit(main())
