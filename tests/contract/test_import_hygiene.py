"""Start-up is a feature: what a part of the program loads when it starts is a promise, checked in a fresh interpreter.

Modules are counted, not milliseconds: a list of modules is the same on every machine. What each costs is told in
``docs/dependencies.md`` and measured by ``make bench``.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src"

# Each costs more than a bare Python start.
HEAVY = frozenset(
    {
        "keyring",
        "nacl",
        "pandas",
        "platformdirs",
        "pycountry",
        "pydantic",
        "pyrage",
        "segno",
        "rich",
        "sqlite_utils",
        "textual",
        "yaml",
    }
)
# What a line that is answered before the command line is even read can do without.
ALL_BUT_PYTHON = HEAVY | {"click", "sqlcipher3", "typer"}

# module: what importing it may not load
MODULES = {
    "taskforce.actions.keeping": HEAVY | {"click", "typer"},
    "taskforce.commands.tui": HEAVY | {"sqlcipher3"},
    "taskforce.console": ALL_BUT_PYTHON | {"gettext", "logging", "typing"},
    "taskforce.errors": ALL_BUT_PYTHON | {"gettext", "typing"},
    "taskforce.moments": ALL_BUT_PYTHON | {"gettext", "locale", "zoneinfo"},
    "taskforce.output": ALL_BUT_PYTHON | {"csv", "gettext", "json"},
    "taskforce.settings": ALL_BUT_PYTHON | {"gettext"},
    "taskforce.sharing.decide": ALL_BUT_PYTHON,
    "taskforce.store.queries": HEAVY | {"click", "typer"},
    "taskforce.sync.bundle": HEAVY | {"click", "typer"},
    "taskforce.sync.merge": ALL_BUT_PYTHON,
    "taskforce.text": ALL_BUT_PYTHON | {"gettext", "typing"},
    "taskforce.version": ALL_BUT_PYTHON | {"dataclasses", "re", "typing"},
}

# command line: what answering it may not load. ``init`` has made the store and the key file before.
STORE = ("--store", "{folder}/store", "--key-file", "{folder}/key")
COMMANDS = {
    ("--version",): ALL_BUT_PYTHON | {"argparse", "dataclasses", "gettext", "json", "re", "typing"},
    ("--help",): HEAVY | {"sqlcipher3"},
    ("assignment", "--help"): HEAVY,
    ("tui", "--help"): HEAVY | {"sqlcipher3"},
    ("wall", "--help"): HEAVY | {"sqlcipher3"},
    # To open a store takes libsodium, for the key slot.
    ("assignment", "list", "--json", *STORE): HEAVY - {"nacl"},
    ("assignment", "list", *STORE): HEAVY - {"nacl", "rich"},
    ("status", "--json", *STORE): HEAVY - {"nacl"},
}
INIT = ("init", "--agency", "INTERPOL", "--officer", "J. Okafor", *STORE)

# main() may leave by SystemExit or by os._exit; either way the list is written first, to a file: stdout is data.
COMMAND_DRIVER = """
import os, sys
at_start = set(sys.modules)
report, sys.argv[:] = sys.argv[1], ["taskforce", *sys.argv[2:]]
leave = os._exit

def write_report():
    loaded = sorted(set(sys.modules) - at_start)
    with open(report, "w") as file:
        file.write(chr(10).join(loaded))

def leave_after_report(code):
    write_report()
    sys.stdout.flush()
    leave(code)

os._exit = leave_after_report
from taskforce.__main__ import main
try:
    code = main()
finally:
    write_report()
sys.exit(code)
"""

DRIVER = """
import sys
at_start = set(sys.modules)  # what the interpreter itself and its site-packages have brought
for name in sys.argv[1:]:
    __import__(name)
print(*sorted(set(sys.modules) - at_start), sep="\\n")
"""


@pytest.mark.parametrize("module", MODULES)
def test_a_module_loads_only_what_it_needs_at_once(module: str) -> None:
    loaded = loaded_by_importing(module)
    assert module in loaded
    assert packages(loaded) & MODULES[module] == set()


@pytest.mark.parametrize("line", COMMANDS, ids=" ".join)
def test_a_command_loads_only_what_it_needs(line: tuple[str, ...], tmp_path: Path) -> None:
    if "--store" in line:
        loaded_by_running(INIT, tmp_path)
    loaded = loaded_by_running(line, tmp_path)
    assert "taskforce.__main__" in loaded
    assert packages(loaded) & COMMANDS[line] == set()


def test_version_loads_nothing_of_ours_but_the_version(tmp_path: Path) -> None:
    ours = {name for name in loaded_by_running(("--version",), tmp_path) if name.startswith("taskforce")}
    assert ours == {"taskforce", "taskforce.__main__", "taskforce.version"}


def test_the_declarations_stand_on_nothing_of_ours() -> None:
    files = sorted((SOURCE / "taskforce" / "records").rglob("*.py"))
    names = [name_of(file) for file in files]
    ours = {name for name in loaded_by_importing(*names) if name.partition(".")[0] == "taskforce"}
    assert "taskforce.records.kinds.assignment" in ours
    assert {name for name in ours if not name.startswith("taskforce.records")} == {"taskforce"}


@pytest.mark.parametrize("file", sorted(SOURCE.rglob("__init__.py")), ids=lambda file: file.parent.name)
def test_a_package_by_itself_loads_nothing(file: Path) -> None:
    name = name_of(file)
    parents = {name.rsplit(".", depth)[0] for depth in range(name.count(".") + 1)}
    assert loaded_by_importing(name) - {"__future__"} == parents


def loaded_by_importing(*modules: str) -> set[str]:
    """Return the names of all modules that a fresh interpreter has loaded after importing ``modules``."""
    run = subprocess.run([sys.executable, "-c", DRIVER, *modules], capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    return set(run.stdout.split())


def loaded_by_running(line: tuple[str, ...], folder: Path) -> set[str]:
    """Return the names of all modules that ``taskforce`` has loaded when ``line`` is done; it must succeed."""
    report = folder / "modules"
    arguments = [word.format(folder=folder) for word in line]
    run = subprocess.run(
        [sys.executable, "-c", COMMAND_DRIVER, str(report), *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 0, run.stderr
    return set(report.read_text().split())


def packages(modules: set[str]) -> set[str]:
    """Return the outermost package of each of ``modules``."""
    return {name.partition(".")[0] for name in modules}


def name_of(file: Path) -> str:
    """Return the dotted name under which the Python file ``file`` of our source tree is imported."""
    parts = file.relative_to(SOURCE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")
