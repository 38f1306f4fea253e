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
    {"nacl", "pandas", "platformdirs", "pydantic", "pyrage", "rich", "sqlite_utils", "textual", "yaml"}
)
# What a line that is answered before the command line is even read can do without.
ALL_BUT_PYTHON = HEAVY | {"click", "sqlcipher3", "typer"}

# module: what importing it may not load
MODULES = {
    "taskforce.actions.keeping": HEAVY | {"click", "typer"},
    "taskforce.console": ALL_BUT_PYTHON | {"gettext", "logging", "typing"},
    "taskforce.errors": ALL_BUT_PYTHON | {"gettext", "typing"},
    "taskforce.moments": ALL_BUT_PYTHON | {"gettext", "locale", "zoneinfo"},
    "taskforce.output": ALL_BUT_PYTHON | {"csv", "gettext", "json"},
    "taskforce.sharing.decide": ALL_BUT_PYTHON,
    "taskforce.store.queries": HEAVY | {"click", "typer"},
    "taskforce.sync.merge": ALL_BUT_PYTHON,
    "taskforce.text": ALL_BUT_PYTHON | {"gettext", "typing"},
    "taskforce.version": ALL_BUT_PYTHON | {"dataclasses", "re", "typing"},
}

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


def packages(modules: set[str]) -> set[str]:
    """Return the outermost package of each of ``modules``."""
    return {name.partition(".")[0] for name in modules}


def name_of(file: Path) -> str:
    """Return the dotted name under which the Python file ``file`` of our source tree is imported."""
    parts = file.relative_to(SOURCE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")
