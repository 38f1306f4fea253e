"""The rules that keep record text out of SQL, out of markup and out of other readers: each can fail, and none does."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def lint() -> ModuleType:
    """`tools/lint.py`, which `make check` runs."""
    found = importlib.util.spec_from_file_location("lint_of_the_house", ROOT / "tools" / "lint.py")
    assert found is not None and found.loader is not None
    module = importlib.util.module_from_spec(found)
    sys.modules[found.name] = module  # where dataclasses look for it
    found.loader.exec_module(module)
    return module


def test_nothing_of_ours_breaks_a_rule(lint: ModuleType) -> None:
    assert lint.faults_in_source() == []


HEAD = "def find(connection, kind, name, words):\n    "

BREAKS = [
    ("store/x.py", 'connection.execute(f"SELECT n FROM {name}")', "sql-f-string"),
    ("store/x.py", 'query = f"DELETE FROM record WHERE id = {name!r}"', "sql-f-string"),
    ("store/x.py", 'connection.execute("SELECT n FROM " + kind.name)', "sql-pieces"),
    ("store/x.py", 'connection.execute("SELECT n FROM record WHERE id = \'" + name + "\'")', "sql-pieces"),
    ("store/x.py", 'connection.execute("SELECT n FROM {}".format(name))', "sql-pieces"),
    ("store/x.py", 'connection.execute("SELECT n FROM %s" % name)', "sql-pieces"),
    ("store/x.py", 'connection.execute("SELECT n FROM %s, %s" % (quote(kind.name), name))', "sql-pieces"),
    ("store/x.py", 'names = [name]\n    query = "SELECT n FROM " + ", ".join(names)', "sql-pieces"),
    ("store/x.py", 'names = []\n    names.append(name)\n    q = "SELECT " + names + " FROM x"', "sql-pieces"),
    ("store/x.py", 'query = "PRAGMA user_version = " + str(name)', "sql-pieces"),
    ("actions/x.py", 'connection.execute("SELECT 1")', "sql-place"),
    ("tui/x.py", "Static(name)", "markup"),
    ("tui/x.py", "Static(name, markup=True)", "markup"),
    ("tui/x.py", "Label(name)", "markup"),
    ("tui/x.py", "Mine(name)\n\nclass Mine(Static):\n    pass", "markup"),
    (
        "tui/x.py",
        "pass\n\nclass Mine(Static):\n    def __init__(self):\n        super().__init__(name)",
        "markup",
    ),
    ("tui/x.py", "OptionList(*words)", "markup"),
    ("tui/x.py", "self.notify(name)", "markup"),
    ("tui/x.py", "self.app.notify(name, markup=words)", "markup"),
    ("tui/x.py", "self.border_title = name", "markup"),
    ("tui/x.py", "self.tooltip = f'{name}'", "markup"),
    ("tui/x.py", "Content.from_markup(name)", "markup"),
    ("views.py", "Text.from_markup(name)", "markup"),
    ("views.py", "from rich.markup import escape", "markup"),
    ("views.py", "Console(file=page)", "markup"),
    ("settings.py", "import yaml\n    yaml.safe_load(name)", "yaml"),
    ("settings.py", "from yaml.events import ScalarEvent", "yaml"),
    ("sync/strict_yaml.py", "import yaml\n    yaml.load(name)", "yaml"),
    ("sync/strict_yaml.py", "from yaml import SafeLoader", "yaml"),
    ("actions/x.py", "print(name)", "exit"),
    ("actions/x.py", "sys.exit(1)", "exit"),
    ("cli.py", "os._exit(1)", "exit"),
    ("commands/x.py", "raise SystemExit(name)", "exit"),
    ("actions/x.py", "traceback.print_exc()", "exit"),
    ("actions/x.py", "sys.stdout.write(name)", "exit"),
    ("actions/x.py", "sys.__stderr__.buffer.write(name)", "exit"),
]

HOLDS = [
    ("store/x.py", 'connection.execute("SELECT n FROM " + quote(kind.name) + " WHERE id = ?", (name,))'),
    ("store/x.py", 'some = placeholders(3)\n    query = "SELECT n FROM record WHERE id IN (" + some + ")"'),
    (
        "store/x.py",
        'each = ", ".join(quote(one) for one in words)\n    query = "SELECT " + each + " FROM record"',
    ),
    ("store/x.py", 'raise StoreError(f"{name} is not where it was")'),
    ("tui/x.py", "Static(content_of(name), markup=False)"),
    ("tui/x.py", "self.border_title = content_of(name)"),
    ("tui/x.py", "self.app.notify(name, markup=False)"),
    ("sync/strict_yaml.py", "from yaml.events import ScalarEvent"),
    ("__main__.py", "sys.exit(1)"),
    ("output.py", "sys.stdout.write(safe(name))"),
    ("tui/x.py", "self.exit()"),
]


@pytest.mark.parametrize(("name", "line", "rule"), BREAKS)
def test_each_rule_can_fail(lint: ModuleType, name: str, line: str, rule: str) -> None:
    text = HEAD + line + "\n"
    widgets = lint.PLAIN_WIDGETS | lint.open_widgets({name: lint.ast.parse(text)})
    assert rule in [fault.rule for fault in lint.faults_of(name, text, widgets)]


@pytest.mark.parametrize(("name", "line"), HOLDS)
def test_no_rule_forbids_what_is_right(lint: ModuleType, name: str, line: str) -> None:
    assert lint.faults_of(name, HEAD + line + "\n") == []


def test_what_ruff_sees_it_refuses() -> None:
    sample = "\n".join(
        (
            "import pickle",
            "import yaml",
            "import rich.markup",
            "from rich.text import Text",
            "from textual.content import Content",
            'query = "SELECT n FROM record WHERE id = " + input()',
            "found = yaml.load(query), yaml.safe_load(query), Text.from_markup(query), Content.from_markup(query)",
            "print(found, eval(query))",
        )
    )
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "ruff",
            "check",
            "--output-format=concise",
            "--stdin-filename=src/taskforce/x.py",
            "-",
        ],
        input=sample,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1, done.stderr
    for told in (
        "`pickle`",
        "`yaml.load`",
        "`yaml.safe_load`",
        "`rich.text.Text.from_markup`",
        "`rich.markup`",
    ):
        assert f"TID251 {told} is banned" in done.stdout, told
    for code in ("S608", "T201", "S307", "S506", "TID253"):
        assert f" {code} " in done.stdout, code
