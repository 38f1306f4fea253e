"""The only writer to stdout: a command's result as a table for people, as JSON, CSV or YAML for programs.

A command neither prints nor exits: it returns a ``Result``, its data and a view of it. The JSON envelope is a
contract (``ENVELOPE_VERSION``, its keys frozen by a test); what people read may change from one version to
the next. Text reaches a terminal only through ``safe``. stdout is flushed here, so that a broken pipe shows
up here, as BrokenPipeError.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from taskforce import console
from taskforce.errors import UsageError, did_you_mean
from taskforce.i18n import _
from taskforce.text import csv_cell, safe
from taskforce.views import (
    Column,
    Drawing,
    Fields,
    Line,
    Lines,
    Nothing,
    Raw,
    Table,
    View,
    left_out,
    page_of,
)

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without importing typing at every start
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, BinaryIO

    from taskforce.errors import TaskforceError

# Commands take the views from here as well, beside Result.
__all__ = [
    "ENVELOPE_VERSION",
    "FORMATS",
    "Column",
    "Drawing",
    "Fields",
    "Line",
    "Lines",
    "Nothing",
    "Raw",
    "Result",
    "Table",
    "View",
    "binary_stream",
    "draw",
    "draw_error",
    "tell",
    "text_stream",
]

ENVELOPE_VERSION = 1
FORMATS = ("table", "json", "csv", "yaml")

_WIDTH_OF_A_FILE = 100  # columns where stdout is no terminal and COLUMNS is not set


@dataclass(frozen=True, slots=True)
class Result:
    """What a command returns: JSON-able ``data``, the ``view`` for people, ``notes``, and the exit code.

    ``plural`` names the records' kind as a plan does (``assignments``): the key under which YAML lists them.
    """

    data: object
    view: View
    notes: tuple[str, ...] = ()
    exit_code: int = 0
    plural: str = ""


def draw(result: Result, *, format: str = "table") -> None:
    """Write ``result`` to stdout as one of ``FORMATS``; its notes go to stderr, in JSON into the envelope.

    Raises UsageError for an unknown format, for CSV or YAML of what is no list of records, and for binary
    data on a terminal; BrokenPipeError when nobody reads any more.
    """
    if format not in FORMATS:
        raise UsageError(
            _('"%(format)s" is not a format; there are: %(formats)s')
            % {"format": format, "formats": ", ".join(FORMATS)},
            hint=did_you_mean(format, FORMATS) or _("such as: %(example)s") % {"example": "--format csv"},
        )
    if format == "json":
        _write(_envelope("ok", result.data, result.notes, ()))
        return
    if format != "table" and not isinstance(result.view, Raw):
        records = _records(result.data, format)
        _write_content(_csv(records) if format == "csv" else _yaml(records, result.plural or "records"))
    else:
        _draw_view(result.view)
    for text in result.notes:
        console.note(text)


def tell(view: View) -> None:
    """Show ``view`` to the person now, before the command has its result: for a command that tells as it goes.

    Not for data: a command that was asked for JSON tells nothing, and its result is all that it writes.
    """
    _draw_view(view)


def draw_error(error: TaskforceError, *, format: str = "table") -> None:
    """Tell of ``error`` on stderr, with ``json`` also as the envelope on stdout; nothing else goes there."""
    if format == "json":
        problems = [
            {"code": problem.code, "message": problem.sentence, "hint": problem.hint}
            for problem in error.listed()
        ]
        _write(_envelope("error", None, (error.sentence,) if error.problems else (), problems))
    console.error(error)


def _envelope(status: str, data: object, notes: Sequence[str], errors: Sequence[Mapping[str, object]]) -> str:
    import json  # deferred: a table needs none

    envelope = {
        "version": ENVELOPE_VERSION,
        "status": status,
        "data": data,
        "notes": list(notes),
        "errors": list(errors),
    }
    # ASCII only: an escape sequence or a bidi control in a record cannot reach a terminal.
    if _on_terminal():
        return json.dumps(envelope, indent=2, ensure_ascii=True) + "\n"
    return json.dumps(envelope, separators=(",", ":"), ensure_ascii=True) + "\n"


def _records(data: object, format: str) -> list[dict[str, object]]:
    if isinstance(data, list | tuple) and all(isinstance(record, dict) for record in data):
        return list(data)
    raise UsageError(
        _("only a list of records can be written as %(format)s") % {"format": format.upper()},
        hint=_("use --format json, or a list command"),
        code="not-a-list",
    )


def _csv(records: Sequence[Mapping[str, object]]) -> str:
    import csv  # deferred: asked for rarely
    import io

    names = list(dict.fromkeys(name for record in records for name in record))
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\n")
    if names:
        writer.writerow([csv_cell(name) for name in names])
    writer.writerows([_csv_value(record.get(name)) for name in names] for record in records)
    return file.getvalue()


def _csv_value(value: object) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)  # a negative number is no formula
    if isinstance(value, list | tuple):
        return csv_cell(";".join(_plain(item) for item in value))
    return csv_cell(_plain(value))


def _plain(value: object) -> str:
    """Return a JSON-able value as one text: CSV and YAML carry nothing else."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    import json  # deferred: most values are text

    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _yaml(records: Sequence[Mapping[str, object]], plural: str) -> str:
    from taskforce.sync.yaml_text import document  # deferred: it brings the YAML library

    return document({plural: [_yaml_mapping(record) for record in records]})


def _yaml_mapping(mapping: Mapping[str, object]) -> dict[str, Any]:
    return {name: _yaml_value(value) for name, value in mapping.items() if value is not None}


def _yaml_value(value: object) -> Any:
    if isinstance(value, dict):
        return _yaml_mapping(value)
    if isinstance(value, list | tuple):
        return [_yaml_value(item) for item in value]
    return _plain(value)


def _draw_view(view: View) -> None:
    if isinstance(view, Raw):
        _write_content(view.data)
    elif isinstance(view, Table) and not view.rows:
        if view.empty:
            console.note(view.empty)
    elif not isinstance(view, Nothing):
        width = _width()
        _write(page_of(view, width=width, coloured=console.is_coloured(sys.stdout)))
        if isinstance(view, Table) and (columns := left_out(view, width=width)):
            sentence = _("left out for lack of room: %(columns)s (a wider window or --json shows them)")
            console.note(sentence % {"columns": ", ".join(columns)})


def _width() -> int:
    import os
    import shutil  # deferred: data formats need no width

    if _on_terminal() or os.environ.get("COLUMNS", "").isdecimal():
        return max(shutil.get_terminal_size((80, 24)).columns, 20)
    return _WIDTH_OF_A_FILE


def _on_terminal() -> bool:
    return sys.stdout is not None and sys.stdout.isatty()


def _write_content(content: bytes | str) -> None:
    """Write a file's content: unchanged, in UTF-8; on a terminal only what is visible."""
    if _on_terminal():
        _write(safe(content if isinstance(content, str) else _readable(content), keep_newlines=True))
        return
    data = content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content
    if sys.stdout is None:  # a windowed program on Windows
        return
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def binary_stream() -> BinaryIO:
    """Return stdout for a file that is too long to be held as a ``Raw``: a sealed bundle. UsageError on a terminal."""
    if _on_terminal():
        _readable(b"\0")
    sys.stdout.flush()
    return sys.stdout.buffer


def text_stream() -> Callable[[bytes], object]:
    """Return what writes a long text, piece by piece, to stdout: its exact bytes; on a terminal what is visible.

    The last line ends with a line end.
    """
    if not _on_terminal():
        return binary_stream().write
    rest = b""

    def write(piece: bytes) -> None:
        nonlocal rest
        lines, end, rest = (rest + piece).rpartition(b"\n")
        if end:
            _write(safe((lines + end).decode("utf-8", "backslashreplace"), keep_newlines=True))

    return write


def _readable(content: bytes) -> str:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise UsageError(
            _("this is binary data, which a terminal cannot show"),
            hint=_("write it to a file with -o FILE, or send it to another program with |"),
            code="binary-to-terminal",
        )
    return text


def _write(text: str) -> None:
    """Write ``text`` and flush; characters that stdout's encoding lacks appear escaped."""
    if sys.stdout is None:  # a windowed program on Windows
        return
    try:
        sys.stdout.write(text)
    except UnicodeEncodeError:
        encoding = sys.stdout.encoding
        sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
    sys.stdout.flush()
