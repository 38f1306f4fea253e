"""The one reader of YAML: bundles, plans and settings become dicts, lists and strings, or one clear refusal.

YAML 1.2.2's block and flow styles, without what makes YAML dangerous or ambiguous: no tags, anchors,
aliases, merge keys, directives, duplicate, empty or complex keys; UTF-8 only; at most ``Limits.depth``
levels. Every scalar is the string that stands there, so ``NO``, ``0123``, ``12:30`` and ``~`` survive; a
value left empty is "". Escapes in double quotes are kept exactly.

It is one flat loop over libyaml's *events*: nothing recurses, so nesting overflows no stack, and nothing is
constructed, so no text in a file names code to run. Where PyYAML was built without libyaml its Python
parser gives the same answers, more slowly. Of the two million events in a large bundle most are scalars:
the loop asks for those first, and looks at where something stands only when it has to be said.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass

from taskforce.sync.yaml_refusals import (
    check_end,
    check_key,
    check_properties,
    check_root,
    check_start,
    form_error,
    refuse_alias,
    refuse_complex_key,
    refuse_deep,
    refuse_long,
    refuse_many,
)
from taskforce.sync.yaml_source import Source

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without importing typing at every start
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from taskforce.sync.yaml_source import Readable

Node = str | list["Node"] | dict[str, "Node"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a file may ask for at most; a file that asks for more is refused before it is kept.

    ``total_bytes``: the file. ``document_bytes``: one document of it. ``scalar_chars``: one value, in
    characters. ``nodes_per_document``: keys, values, lists and mappings together. ``depth``: mappings and
    lists within each other.
    """

    total_bytes: int
    documents: int
    document_bytes: int
    scalar_chars: int
    nodes_per_document: int
    depth: int = 8


# Chosen so that the worst file that each lets through is read in less than 300 MB (tests/faults measures it).
PLAN_LIMITS = Limits(
    total_bytes=32 << 20,
    documents=1,
    document_bytes=32 << 20,
    scalar_chars=1 << 20,
    nodes_per_document=750_000,
)
BUNDLE_LIMITS = Limits(
    total_bytes=4 << 30,
    documents=10_000_000,
    document_bytes=8 << 20,
    scalar_chars=1 << 20,
    nodes_per_document=10_000,
)


@dataclass(frozen=True, slots=True)
class Document:
    """One document: its mapping, and the line it starts on, counted from 1."""

    data: dict[str, Node]
    line: int


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a file: line and column in characters, both counted from 1."""

    line: int
    column: int


class Marks:
    """Where each value (or, with ``of_keys``, each key) of a document stands: ``marks["sites", 3, "name"]``.

    A path is the keys and list indices from the root; ``()`` is the root, which has no key, nor have items
    of lists: for these the place of the value itself is given. KeyError for a path that the document does
    not have. The places are kept apart from the data and looked up by walking it, which must therefore stay
    unchanged meanwhile.
    """

    def __init__(
        self, root: dict[str, Node], places: dict[int, array[int]], *, of_keys: bool = False
    ) -> None:
        self._root = root
        self._places = places
        self._of_keys = of_keys

    def __getitem__(self, path: tuple[str | int, ...]) -> Position:
        node: Node = self._root
        places = self._places[0]
        at = 0
        for step in path:
            places = self._places[id(node)]
            if isinstance(node, dict) and step in node:
                at = 4 * list(node).index(step)
                at += 0 if self._of_keys else 2
                node = node[step]
            elif isinstance(node, list) and isinstance(step, int) and 0 <= step < len(node):
                at = 2 * step
                node = node[step]
            else:
                raise KeyError(path)
        return Position(places[at], places[at + 1])

    def __contains__(self, path: object) -> bool:
        return isinstance(path, tuple) and self.get(path) is not None

    def get(self, path: tuple[str | int, ...]) -> Position | None:
        """Return the position of ``path``, or None when the document has no such path."""
        try:
            return self[path]
        except KeyError:
            return None


@dataclass(frozen=True, slots=True)
class MarkedDocument:
    """A document with the places of its values and of its keys, for errors that point at them."""

    data: dict[str, Node]
    line: int
    marks: Marks
    key_marks: Marks


def read_documents(stream: Readable, name: str, limits: Limits = BUNDLE_LIMITS) -> Iterator[Document]:
    """Yield the documents of ``stream``, holding one at a time; ``name`` is the file's, for errors.

    Raises InputError, with line and column, where the file is not strict YAML or exceeds ``limits``, and
    passes on what a read of ``stream`` raises if that is one of our own errors. Documents before the fault
    have been yielded by then.
    """
    source = Source(stream, name, total_bytes=limits.total_bytes, held_bytes=limits.document_bytes)
    return _documents(source, limits, None)


def read_marked(stream: Readable, name: str, limits: Limits = PLAN_LIMITS) -> MarkedDocument:
    """Return the one document of ``stream`` and where all in it stands; raises as ``read_documents``."""
    held = min(4 * limits.scalar_chars + (1 << 20), limits.document_bytes)
    source = Source(stream, name, total_bytes=limits.total_bytes, held_bytes=held)
    places: dict[int, array[int]] = {}
    (document,) = _documents(source, limits, places)
    marks = Marks(document.data, places)
    return MarkedDocument(document.data, document.line, marks, Marks(document.data, places, of_keys=True))


_ITEM: Any = object()  # stands where a key would: the container is a list


def _documents(  # noqa: PLR0912, PLR0915 (one loop: a call per event would cost a third of the speed)
    source: Source, limits: Limits, marked: dict[int, array[int]] | None
) -> Iterator[Document]:
    """Turn events into documents; note in ``marked`` the places of values, by the id of their container."""
    import yaml  # deferred: 10 ms that only the reading of YAML needs
    from yaml import events

    scalar, mapping_start = events.ScalarEvent, events.MappingStartEvent
    sequence_start = events.SequenceStartEvent
    ends = (events.MappingEndEvent, events.SequenceEndEvent)
    most_chars, most_nodes, most_depth = limits.scalar_chars, limits.nodes_per_document, limits.depth
    bangs = source.bangs
    count = nodes = 0
    stack: list[tuple[Any, Any, Any]] = []
    current: Any = []  # what is being filled: a dict or a list; at the bottom, a list that takes the root
    key: Any = _ITEM  # the key whose value comes next; None: a key comes next
    places: Any = None
    start: Any = None
    try:
        get_event = _parser(source)
        while True:
            event = get_event()
            kind = type(event)
            if kind is scalar:
                if event.tag is not None or event.anchor is not None or bangs:
                    check_properties(source, event)
                value = event.value
                if len(value) > most_chars:
                    refuse_long(source, event, most_chars)
                if key is None:
                    if not value or value in current or value == "<<":
                        check_key(source, event, current)
                    key = value
                elif key is _ITEM:
                    current.append(value)
                else:
                    current[key] = value
                    key = None
                if marked is not None:
                    _note(source, event, places)
            elif kind is mapping_start or kind is sequence_start:
                check_properties(source, event)
                if key is None:
                    refuse_complex_key(source, event)
                if len(stack) == most_depth:
                    refuse_deep(source, event.start_mark, most_depth)
                stack.append((current, key, places))
                new: Any = {} if kind is mapping_start else []
                if key is _ITEM:
                    current.append(new)
                else:
                    current[key] = new
                if marked is not None:
                    _note(source, event, places)
                    places = marked[id(new)] = array("I")
                current = new
                key = None if kind is mapping_start else _ITEM
            elif kind in ends:
                current, key, places = stack.pop()
                key = key if key is _ITEM else None
                continue
            elif kind is events.DocumentStartEvent:
                count += 1
                check_start(source, event, count, limits.documents)
                start = event.start_mark
                current, key, nodes = [], _ITEM, 0
                source.fed = 0
                if marked is not None:
                    places = marked[0] = array("I")
                continue
            elif kind is events.DocumentEndEvent:
                check_root(source, current[0], start)
                yield Document(current[0], start.line + 1)
                continue
            elif kind is events.StreamEndEvent:
                check_end(source, event, count)
                return
            elif kind is events.AliasEvent:
                refuse_alias(source, event)
            else:  # the stream's start
                continue
            nodes += 1
            if nodes > most_nodes:
                refuse_many(source, event, most_nodes)
    except yaml.MarkedYAMLError as error:
        raise form_error(source, error, most_depth) from None


def _parser(source: Source) -> Callable[[], Any]:
    """Return what gives the next event: libyaml's parser, or PyYAML's own where libyaml is absent."""
    try:
        from yaml._yaml import CParser
    except ImportError:
        return _plain_parser(source)
    get_event: Callable[[], Any] = CParser(source).get_event
    return get_event


def _plain_parser(source: Source) -> Callable[[], Any]:
    """Return PyYAML's own parser, made as strict as libyaml's about directives and escaped characters."""
    from yaml.events import ScalarEvent
    from yaml.parser import Parser
    from yaml.reader import Reader
    from yaml.scanner import Scanner, ScannerError

    class PlainParser(Reader, Scanner, Parser):
        def __init__(self) -> None:
            Reader.__init__(self, source)
            Scanner.__init__(self)
            Parser.__init__(self)

        def fetch_directive(self) -> None:
            raise ScannerError(None, None, "found unknown directive", self.get_mark())

        def next_event(self) -> Any:
            try:
                event = self.get_event()  # type: ignore[no-untyped-call]
                if type(event) is ScalarEvent:
                    event.value.encode()
            except ValueError:  # "\\ud800" is no character, nor is "\\U00110000"
                problem = "found invalid Unicode character escape code"
                raise ScannerError(None, None, problem, self.get_mark()) from None
            return event

    return PlainParser().next_event


def _note(source: Source, event: Any, places: Any) -> None:
    mark = event.start_mark
    places.append(mark.line + 1)
    places.append(mark.column + 1)
    source.fed = 0  # a plan is one long document, so what is held is counted from value to value
