"""Finds the kinds: one module per kind in `records/kinds/`, loaded when it is asked for."""

from __future__ import annotations

import os
from functools import cache
from importlib import import_module

from taskforce.records.schema import Kind


@cache
def kind_names() -> tuple[str, ...]:
    """The names of all kinds, by file name and without loading any of them."""
    folder = os.path.join(os.path.dirname(__file__), "kinds")
    names = {entry.split(".")[0] for entry in os.listdir(folder) if entry.endswith((".py", ".pyc"))}
    return tuple(sorted(names - {"__init__"}))


@cache
def find_kind(name: str) -> Kind | None:
    """The kind called `name`, or None: a newer version may know kinds that this one does not."""
    if name not in kind_names():
        return None
    found = import_module(f"taskforce.records.kinds.{name}").KIND
    assert isinstance(found, Kind)
    return found


def get_kind(name: str) -> Kind:
    """The kind called `name`; KeyError if there is none."""
    found = find_kind(name)
    if found is None:
        raise KeyError(name)
    return found


@cache
def typed_kinds() -> tuple[Kind, ...]:
    """The kinds that people type and plans hold: every one but those that only an action of its own makes."""
    return tuple(kind for kind in all_kinds() if not kind.by_action)


@cache
def all_kinds() -> tuple[Kind, ...]:
    """Every kind, in the order people meet them."""
    return tuple(sorted((get_kind(name) for name in kind_names()), key=lambda kind: kind.order))
