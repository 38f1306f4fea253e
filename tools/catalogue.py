"""Write the catalogue of all sentences and labels that translators work from, or check that it is current.

``python tools/catalogue.py`` writes ``src/taskforce/locale/taskforce.pot``; ``--check`` writes nothing and fails
when the sources say something else. The format is GNU gettext's. A sentence's place is its file without the line,
and no date is written: the catalogue changes when a sentence does, and not otherwise.
"""

from __future__ import annotations

import argparse
import ast
import io
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import write_po

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "taskforce"
CATALOGUE = SOURCE / "locale" / "taskforce.pot"
HEAD = """\
# The sentences and labels of taskforce, to be put into other languages.
# Under the same license as taskforce. Written by tools/catalogue.py: do not edit.
#"""
KEYWORDS: dict[str, tuple[int, ...] | None] = {"_": None, "N_": None, "ngettext": (1, 2)}


def main() -> int:
    """Write or check; return the exit code."""
    parser = argparse.ArgumentParser(description="the catalogue of sentences to be translated")
    parser.add_argument("--check", action="store_true", help="fail if the catalogue is out of date")
    check: bool = parser.parse_args().check

    lost = list(unreadable_calls())
    if lost:
        print("No catalogue can hold these: write the sentence itself, and fill it in with % or format.")
        print("\n".join(lost))
        return 1
    text = extracted()
    name = CATALOGUE.relative_to(ROOT)
    if not check:
        CATALOGUE.parent.mkdir(exist_ok=True)
        CATALOGUE.write_bytes(text)
        print(f"{name}: {text.count(b'msgid ') - 1} sentences")
        return 0
    if not CATALOGUE.exists() or CATALOGUE.read_bytes() != text:
        print(f"{name} is out of date. Write it with: make catalogue")
        return 1
    return 0


def extracted() -> bytes:
    """Return the catalogue as the sources have it now."""
    catalogue = Catalog(header_comment=HEAD, project="taskforce", charset="utf-8")
    # Sorted: what a folder lists first differs from one file system to the next.
    found = sorted(
        extract_from_dir(SOURCE, [("**.py", "python")], keywords=KEYWORDS, comment_tags=("Translators:",)),
        key=lambda entry: (entry[0], entry[1]),
    )
    for file, _line, message, comments, context in found:
        place = (Path("src/taskforce", file).as_posix(), 0)
        catalogue.add(message, locations=[place], auto_comments=comments, context=context)
    written = io.BytesIO()
    write_po(written, catalogue, include_lineno=False, width=100)
    undated = [
        line
        for line in written.getvalue().splitlines(keepends=True)
        if not line.startswith((b'"POT-Creation-Date', b'"PO-Revision-Date', b'"Generated-By'))
    ]
    return b"".join(undated)


def unreadable_calls() -> Iterator[str]:
    """Yield ``file:line`` of each ``_``, ``N_`` or ``ngettext`` whose sentence isn't written out as a literal.

    A variable is let pass: ``_(field.label)`` translates what ``N_`` has marked elsewhere.
    """
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not (
                isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in KEYWORDS
            ):
                continue
            if any(_is_put_together(argument) for argument in node.args):
                yield f"{path.relative_to(ROOT)}:{node.lineno}"


def _is_put_together(argument: ast.expr) -> bool:
    formatted = isinstance(argument, ast.Call) and getattr(argument.func, "attr", "") == "format"
    return formatted or isinstance(argument, ast.JoinedStr | ast.BinOp)


if __name__ == "__main__":
    sys.exit(main())
