"""The rules of the house that ruff has no rule for: SQL from names, markup from strings, readers of YAML, other exits.

`make check` runs it over `src`; `tests/contract/test_lint.py` shows for each rule a line that breaks it. What ruff can
see is in pyproject.toml (S608, S506, T20, banned-api); this looks at what it cannot.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "taskforce"

SQL = re.compile(
    r"(?i:^\s*(select\s|insert\s+into\s|update\s+\S+\s+set\b|delete\s+from\s|with\s+\S+\s+as\s|create\s+(?:\w+\s+)?table\s"
    r"|drop\s+table|alter\s+table|attach\s|pragma\s))|\b(?:FROM|WHERE|VALUES|ORDER BY|INTO|IS NULL|IN \()(?=\W|$)"
)
NAMED_BY = frozenset({"quote", "placeholders", "order_by", "where", "hex"})
"""What may stand between pieces of SQL: names that passed `quote`, question marks, what is put together of those."""

HANDED_ON = frozenset({"query", "clauses"})
"""Parameters that hold SQL which their caller put together, where this looks at it, too."""

PLAIN_WIDGETS = frozenset(
    {"Static", "Label", "OptionList", "Button", "Checkbox", "RadioButton", "Link", "Log"}
)
"""Widgets of Textual that read their text as markup unless they are told not to."""

TITLES = frozenset({"border_title", "border_subtitle", "tooltip"})
"""Attributes of widgets whose strings are read as markup."""

YAML_READERS = re.compile(
    r"(?:(?:safe|full|unsafe)_)?load(?:_all)?|add_(?:multi_)?constructor|C?\w*Loader|\w*Constructor"
)
YAML_MODULES = frozenset({"sync/strict_yaml.py", "sync/yaml_refusals.py", "sync/yaml_source.py"})
EXITS = frozenset({"__main__.py", "keys/agent_process.py"})
"""The one exit, and that of the agent, which is a program of its own."""

STREAMS = frozenset({"__main__.py", "cli.py", "console.py", "output.py"})


@dataclass(frozen=True)
class Fault:
    """A place that breaks a rule."""

    rule: str
    line: int
    text: str


@dataclass
class Module:
    """One module's tree, with what is defined in it and the widgets of ours that read no markup by themselves."""

    name: str
    tree: ast.Module
    widgets: frozenset[str] = PLAIN_WIDGETS
    functions: list[ast.AST] = field(default_factory=list)


def faults_of(name: str, text: str, widgets: frozenset[str] = PLAIN_WIDGETS) -> list[Fault]:
    """What breaks a rule in a module; `name` is its path below `src/taskforce`."""
    module = Module(name, ast.parse(text), widgets)
    found = [fault for rule in RULES for fault in rule(module)]
    return sorted(found, key=lambda fault: (fault.line, fault.rule))


def _sql(module: Module) -> Iterator[Fault]:
    """SQL is literal text: never an f-string, and between its pieces only what `quote` let through."""
    for scope in _scopes(module.tree):
        inner = {id(part) for node in _of(scope) for part in _parts(node)}
        for node in _of(scope):
            if isinstance(node, ast.JoinedStr):
                if any(isinstance(one, ast.FormattedValue) for one in node.values) and _is_sql(node):
                    yield Fault(
                        "sql-f-string", node.lineno, "SQL in an f-string: put it together with quote()"
                    )
            elif id(node) not in inner and _is_built(node) and _is_sql(node):
                for part in _parts(node):
                    if not _is_safe(part, scope, ()):
                        text = f"between pieces of SQL stands {ast.unparse(part)[:60]}"
                        yield Fault("sql-pieces", node.lineno, text)
        for node in _of(scope):
            if _called(node) in ("execute", "executemany", "executescript"):
                first = node.args[0] if isinstance(node, ast.Call) and node.args else None
                if isinstance(first, ast.JoinedStr):
                    yield Fault("sql-f-string", node.lineno, "an f-string is executed")


def _scopes(tree: ast.Module) -> list[ast.AST]:
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return [tree, *functions]


def _of(scope: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function or module, without those of functions in it."""
    for child in ast.iter_child_nodes(scope):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield child
            yield from _of(child)


def _is_built(node: ast.AST) -> bool:
    """Whether a text is put together here: `+`, `%` or `format`."""
    return (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod)) or _called(
        node
    ) == "format"


def _parts(node: ast.AST) -> list[ast.expr]:
    """What such a text is put together of."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return [part for side in (node.left, node.right) for part in (_parts(side) or [side])]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        return [node.left, *(node.right.elts if isinstance(node.right, ast.Tuple) else [node.right])]
    if isinstance(node, ast.Call) and _called(node) == "format" and isinstance(node.func, ast.Attribute):
        return [node.func.value, *node.args, *(one.value for one in node.keywords)]
    return []


def _is_sql(node: ast.AST) -> bool:
    """Whether a literal piece of it reads like SQL; sentences do not write its words in capitals."""
    pieces = [node, *_parts(node)] if not isinstance(node, ast.JoinedStr) else node.values
    return any(
        isinstance(one, ast.Constant) and isinstance(one.value, str) and SQL.search(one.value)
        for one in pieces
    )


def _is_safe(node: ast.expr, scope: ast.AST, seen: tuple[str, ...]) -> bool:
    """Whether nothing but names that passed `quote` and literal text is in it."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str | int)
    if isinstance(node, ast.Name):
        return node.id.isupper() or node.id in HANDED_ON or node.id in seen or _is_local(node.id, scope, seen)
    if isinstance(node, ast.Call):
        return _is_safe_call(node, scope, seen)
    inner: list[ast.expr] = _parts(node)
    if isinstance(node, ast.IfExp):
        inner = [node.body, node.orelse]
    elif isinstance(node, ast.Subscript) and isinstance(node.value, ast.Dict):  # one of several literal texts
        inner = node.value.values
    elif isinstance(node, ast.GeneratorExp | ast.ListComp):
        inner = [node.elt]
    elif isinstance(node, ast.List | ast.Tuple):
        return all(_is_safe(one, scope, seen) for one in node.elts)
    return bool(inner) and all(_is_safe(one, scope, seen) for one in inner)


def _is_safe_call(node: ast.Call, scope: ast.AST, seen: tuple[str, ...]) -> bool:
    name = _called(node)
    if name == "join" and isinstance(node.func, ast.Attribute):
        return all(_is_safe(one, scope, seen) for one in (node.func.value, *node.args))
    if name == "str":  # a number
        (number,) = node.args
        return _called(number) == "int" or (isinstance(number, ast.Name) and number.id.strip("_").isupper())
    parts = _parts(node)
    return name in NAMED_BY or (bool(parts) and all(_is_safe(one, scope, seen) for one in parts))


def _is_local(name: str, scope: ast.AST, seen: tuple[str, ...]) -> bool:
    """Whether a name is only ever given what is safe in this function, by assignment or `append`."""
    given: list[bool] = []
    for node in _of(scope):
        targets = node.targets if isinstance(node, ast.Assign) else []
        value = node.value if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign) else None
        if isinstance(node, ast.AnnAssign | ast.AugAssign):
            targets = [node.target]
        for target in targets:
            pairs: list[tuple[ast.expr, ast.expr | None]] = [(target, value)]
            if isinstance(target, ast.Tuple):
                pairs = [(one, _at(value, place)) for place, one in enumerate(target.elts)]
            for one, what in pairs:
                if isinstance(one, ast.Name) and one.id == name:
                    given.append(what is not None and _is_safe(what, scope, (*seen, name)))
        if _called(node) in ("append", "extend") and isinstance(node, ast.Call):
            held = node.func.value if isinstance(node.func, ast.Attribute) else None
            if isinstance(held, ast.Name) and held.id == name:
                given += [_is_safe(one, scope, (*seen, name)) for one in node.args]
    return bool(given) and all(given)


def _at(value: ast.expr | None, place: int) -> ast.expr | None:
    """What is unpacked at a place."""
    if isinstance(value, ast.Tuple):
        return value.elts[place]
    if isinstance(value, ast.IfExp):
        body, orelse = _at(value.body, place), _at(value.orelse, place)
        return None if body is None or orelse is None else ast.IfExp(value.test, body, orelse)
    return value if isinstance(value, ast.Call) and _called(value) in NAMED_BY else None


def _sql_place(module: Module) -> Iterator[Fault]:
    """Only the store executes SQL."""
    if module.name.startswith("store/"):
        return
    for node in ast.walk(module.tree):
        if _called(node) in ("execute", "executemany", "executescript"):
            yield Fault("sql-place", node.lineno, "SQL is executed outside the store")  # type: ignore[attr-defined]


def _markup(module: Module) -> Iterator[Fault]:
    """No string is read as markup of Rich or Textual: a record's text would draw itself and bind actions."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute | ast.Name | ast.alias):
            name = getattr(node, "attr", "") or getattr(node, "id", "") or getattr(node, "name", "")
            if name in ("from_markup", "render_markup", "render_str", "rich.markup", "textual.markup"):
                yield Fault("markup", node.lineno, f"{name} reads markup")
        if isinstance(node, ast.ImportFrom) and node.module in ("rich.markup", "textual.markup"):
            yield Fault("markup", node.lineno, f"{node.module} reads markup")
        if isinstance(node, ast.Call):
            yield from _markup_of_call(node, module.widgets)
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if (
                    isinstance(target, ast.Attribute)
                    and target.attr in TITLES
                    and not _is_content(node.value)
                ):
                    yield Fault(
                        "markup", node.lineno, f"{target.attr} reads a string as markup: use content_of()"
                    )
        if isinstance(node, ast.ClassDef):
            yield from _markup_of_class(node, module.widgets)


def _markup_of_call(node: ast.Call, widgets: frozenset[str]) -> Iterator[Fault]:
    given = {one.arg: one.value for one in node.keywords}
    off = isinstance(given.get("markup"), ast.Constant) and given["markup"].value is False  # type: ignore[attr-defined]
    if "markup" in given and not off:
        yield Fault("markup", node.lineno, "markup is for strings that nobody else writes: there are none")
    name = _called(node)
    if not off and (name in widgets or name in ("notify", "Console", "Notification")):
        yield Fault("markup", node.lineno, f"{name} without markup=False reads strings as markup")


def _markup_of_class(node: ast.ClassDef, widgets: frozenset[str]) -> Iterator[Fault]:
    """A widget of ours that stands on one of those says markup=False to it."""
    bases = {base.id for base in node.bases if isinstance(base, ast.Name)}
    if not bases & PLAIN_WIDGETS or node.name in widgets:
        return
    for made in node.body:
        if isinstance(made, ast.FunctionDef) and made.name == "__init__":
            for each in ast.walk(made):
                keywords = (
                    each.keywords if isinstance(each, ast.Call) and _called(each) == "__init__" else None
                )
                if keywords is not None and not any(one.arg in ("markup", None) for one in keywords):
                    text = f"{node.name} without markup=False reads strings as markup"
                    yield Fault("markup", each.lineno, text)


def _is_content(value: ast.expr) -> bool:
    return _called(value) in ("content_of", "Content") or (
        isinstance(value, ast.Constant) and not value.value
    )


def _yaml(module: Module) -> Iterator[Fault]:
    """The strict reader over events is the only reader of YAML, and constructs nothing."""
    for node in ast.walk(module.tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [one.name for one in node.names if one.name.partition(".")[0] == "yaml"]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "yaml":
            names = [node.module or ""]
            for one in node.names:
                if YAML_READERS.fullmatch(one.name):
                    yield Fault("yaml", node.lineno, f"yaml's {one.name} makes objects of what it reads")
        if names and module.name not in YAML_MODULES:
            yield Fault("yaml", node.lineno, "YAML is read by sync/strict_yaml.py alone")  # type: ignore[attr-defined]
        of_yaml = (
            isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "yaml"
        )
        if of_yaml and (YAML_READERS.fullmatch(node.attr) or module.name not in YAML_MODULES):
            yield Fault("yaml", node.lineno, f"yaml.{node.attr} makes objects of what it reads")


def _exits(module: Module) -> Iterator[Fault]:
    """One exit and two writers: `__main__`, and `output` and `console`."""
    for node in ast.walk(module.tree):
        name, of = _called(node), _owner(node)
        if (name in ("print", "breakpoint") and not of) or name in (
            "print_exc",
            "print_stack",
            "print_exception",
        ):
            yield Fault("exit", node.lineno, f"{name} writes past safe()")  # type: ignore[attr-defined]
        if module.name not in EXITS and (
            (name in ("exit", "quit") and not of)
            or (of, name) in (("sys", "exit"), ("os", "_exit"), ("os", "abort"))
            or (isinstance(node, ast.Raise) and "SystemExit" in ast.unparse(node))
        ):
            yield Fault("exit", node.lineno, "the one exit is __main__")  # type: ignore[attr-defined]
        if isinstance(node, ast.Attribute) and node.attr in ("write", "writelines", "buffer"):
            held = node.value
            while isinstance(held, ast.Attribute) and held.attr == "buffer":
                held = held.value
            if (
                isinstance(held, ast.Attribute)
                and held.attr.strip("_") in ("stdout", "stderr")
                and module.name not in STREAMS
            ):
                yield Fault("exit", node.lineno, "output.py alone writes to stdout, console.py to stderr")


def _called(node: ast.AST | None) -> str:
    """The name of what is called here, the last part of it; empty for what is no call."""
    if not isinstance(node, ast.Call):
        return ""
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


def _owner(node: ast.AST) -> str:
    """What stands before the last part of what is called."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return ast.unparse(node.func.value)
    return ""


RULES = (_sql, _sql_place, _markup, _yaml, _exits)


def open_widgets(trees: dict[str, ast.Module]) -> frozenset[str]:
    """The widgets of ours that stand on one of Textual's and have no `__init__` of their own to say markup=False in."""
    found = set()
    for tree in trees.values():
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.ClassDef)
                and {base.id for base in node.bases if isinstance(base, ast.Name)} & PLAIN_WIDGETS
            ) and not any(
                isinstance(each, ast.FunctionDef) and each.name == "__init__" for each in node.body
            ):
                found.add(node.name)
    return frozenset(found)


def faults_in_source() -> list[str]:
    """What breaks a rule in our source, as lines for people."""
    texts = {
        path.relative_to(SOURCE).as_posix(): path.read_text("utf-8") for path in sorted(SOURCE.rglob("*.py"))
    }
    widgets = PLAIN_WIDGETS | open_widgets({name: ast.parse(text) for name, text in texts.items()})
    return [
        f"src/taskforce/{name}:{fault.line}: {fault.rule}: {fault.text}"
        for name, text in texts.items()
        for fault in faults_of(name, text, widgets)
    ]


def main() -> int:
    """Name what breaks a rule; 1 if anything does."""
    found = faults_in_source()
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
