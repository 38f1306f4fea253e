"""The documents say what is so: every command is in them, and the README's walk really runs, word for word."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from taskforce import cli
from taskforce.errors import BROKEN_PIPE, EXIT_CODES, INTERRUPTED
from taskforce.records.registry import all_kinds

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text("utf-8")
DONE = "@@done"
PLACEHOLDER = re.compile(r"\b[VR]-[0-9A-HJKMNP-TV-Z]{4}\b")


def walk() -> list[tuple[str, list[str]]]:
    """The commands of the README's console blocks, each with the lines that it is said to answer."""
    steps: list[tuple[str, list[str]]] = []
    for block in re.findall(r"```console\n(.*?)```", README, re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ "):
                steps.append((line[2:], []))
            else:
                steps[-1][1].append(line)
    return steps


@pytest.mark.skipif(
    os.name != "posix" or shutil.which("bash") is None, reason="the walk is for a POSIX shell"
)
def test_the_walk_in_the_readme_runs_and_answers_what_it_says(tmp_path: Path) -> None:
    steps = walk()
    assert len(steps) > 30
    (tmp_path / "fixtures").symlink_to(ROOT / "fixtures")
    folder = Path(sys.executable).parent
    assert (folder / "taskforce").exists(), (
        "the program is not installed beside the Python that runs the tests"
    )
    shell = subprocess.Popen(
        ["bash", "--norc", "--noprofile"],
        cwd=tmp_path,
        env={**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "100"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
    )
    assert shell.stdin is not None
    assert shell.stdout is not None
    refs: dict[str, str] = {}  # what stands in the README → what came out here
    try:
        for command, said in steps:
            typed = PLACEHOLDER.sub(lambda found: refs.get(found[0], found[0]), command)
            shell.stdin.write(f"{typed} </dev/null\necho {DONE} $?\n" if "()" not in typed else f"{typed}\n")
            shell.stdin.flush()
            if "()" in typed:
                continue
            answer, code = _answer(shell.stdout)
            fails = any(line.startswith("error: ") for line in said)
            assert (code != 0) == fails, f"{typed} ended with {code}:\n{answer}"
            _learn_refs(command, answer, refs)
            for line in said:
                wanted = PLACEHOLDER.sub(lambda found: refs.get(found[0], found[0]), line)
                pattern = re.escape(_squeezed(wanted)).replace("…", ".*")
                assert re.search(pattern, answer), f"{typed} did not answer {wanted!r} but:\n{answer}"
    finally:
        shell.stdin.close()
        shell.wait(20)


def _answer(stdout: object) -> tuple[str, int]:
    lines: list[str] = []
    for line in stdout:  # type: ignore[attr-defined]
        if line.startswith(DONE):
            return "\n".join(lines), int(line.split()[1])
        lines.append(_squeezed(line))
    raise AssertionError("the shell ended: " + "\n".join(lines))


def _squeezed(line: str) -> str:
    return re.sub(r"\s+", " ", line).strip()


def _learn_refs(command: str, answer: str, refs: dict[str, str]) -> None:
    """After ``victim add`` and ``referral add``: the README's next unknown ref of that letter means the new one."""
    letter = {"victim add": "V", "referral add": "R"}.get(" ".join(command.split()[1:3]))
    if letter:
        made = re.match(rf"{letter}-\w+", answer)
        shown = next(ref for ref in PLACEHOLDER.findall(README) if ref.startswith(letter) and ref not in refs)
        assert made is not None, answer
        refs[shown] = made[0]


def test_every_command_is_in_the_documents() -> None:
    headings = set(
        re.findall(r"^#+ (taskforce.*)$", (ROOT / "docs/commands.md").read_text("utf-8"), re.MULTILINE)
    )
    root = cli.root()
    commands = {"taskforce"}
    for name in root.list_commands(None):
        commands.add(f"taskforce {name}")
        made = root.get_command(None, name)
        if isinstance(made, cli.LazyGroup):
            commands.update(f"taskforce {name} {verb}" for verb in made.list_commands(None))
    assert headings == commands


def test_every_field_of_every_kind_is_in_the_reference() -> None:
    sections = re.split(r"^## ", (ROOT / "docs/records.md").read_text("utf-8"), flags=re.MULTILINE)
    by_label = {section.partition("\n")[0]: section for section in sections}
    for kind in all_kinds():
        named = re.findall(r"^\| `(\w+)` \|", by_label[kind.label], re.MULTILINE)
        assert named == [field.name for field in kind.fields]


def test_every_exit_code_is_in_the_readme() -> None:
    rows = {
        int(number)
        for row in re.findall(r"^\| ([\d, ]+) \|", README, re.MULTILINE)
        for number in row.split(",")
    }
    assert rows == {0, *EXIT_CODES, INTERRUPTED, BROKEN_PIPE}


@pytest.mark.parametrize(
    "document",
    [
        *("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "fixtures/age/README.md"),
        *("fixtures/README.md", "fixtures/SCENARIO.md", "fixtures/bundles/README.md"),
    ]
    + [f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md"))],
)
def test_every_link_into_the_project_leads_somewhere(document: str) -> None:
    path = ROOT / document
    targets = re.findall(r"\]\((?!https?:)([^)\s]+)\)", path.read_text("utf-8"))
    for target in targets:
        file, _, anchor = target.partition("#")
        found = (path.parent / file) if file else path
        assert found.exists(), f"{document}: {target}"
        if anchor:
            headings = re.findall(r"^#+ (.*)$", found.read_text("utf-8"), re.MULTILINE)
            slugs = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
            assert anchor in slugs, f"{document}: {target}"


@pytest.mark.parametrize("picture", sorted((ROOT / "docs").glob("*.svg")), ids=lambda path: path.name)
def test_a_picture_fetches_nothing(picture: Path) -> None:
    drawn = picture.read_text("utf-8")
    assert "taskforce" in drawn
    assert "url(http" not in drawn.replace('"', "")
    assert "@import" not in drawn
