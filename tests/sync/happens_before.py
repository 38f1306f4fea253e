"""What replicas must agree on, worked out from who knew what: shares no code with the program and reads no `saw`.

The test tells this model of every edit when it is written and of every edit that a replica takes in. An edit's past is
then known by construction: what its author's replica had of that field, and what the authors of those had. A value
stands (is a head) until an edit that had it in its past arrives.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

Dot = tuple[str, int]
Place = tuple[str, str, str]
"""A part of a record: record, kind, part."""

ARCHIVED, ERASED, DROPPED = "archived", "erased", "dropped"


@dataclass(frozen=True)
class Written:
    """An edit, and per field of its part the edits that its author knew of."""

    dot: Dot
    place: Place
    values: Mapping[str, object]
    shown_by: tuple[str, int, str]  # time, counter, hash: among heads the highest is shown
    past: Mapping[str, frozenset[Dot]]
    knew: frozenset[Dot] = frozenset()  # all of the record that its author knew


class World:
    """All edits ever written, and which of them each replica has."""

    def __init__(self) -> None:
        self.written: dict[Dot, Written] = {}
        self.held: dict[str, set[Dot]] = {}
        self.waiting: dict[str, set[Dot]] = {}
        self._parts: dict[str, dict[Place, list[Dot]]] = {}

    def add_replica(self, name: str) -> None:
        """A replica that has nothing yet."""
        self.held[name], self.waiting[name], self._parts[name] = set(), set(), {}

    def write(
        self, replica: str, dot: Dot, place: Place, values: Mapping[str, object], at: str, digest: str
    ) -> None:
        """An edit that is made on `replica` now."""
        assert dot not in self.written, f"{dot} was given out twice"
        past: dict[str, set[Dot]] = {}
        for known in self._standing(self._parts[replica].get(place, ())):
            earlier = self.written[known]
            for name in earlier.values:
                past.setdefault(name, set()).update((known,), earlier.past.get(name, ()))
        time, _, counter = at.partition("/")
        frozen = {name: frozenset(dots) for name, dots in past.items()}
        knew = frozenset(
            known for other, dots in self._parts[replica].items() if other[:2] == place[:2] for known in dots
        )
        self.written[dot] = Written(dot, place, dict(values), (time, int(counter), digest), frozen, knew)
        self._hold(replica, dot)

    def arrive(self, replica: str, dots: Iterable[Dot], *, trusted: Iterable[str]) -> int:
        """Edits reach `replica`, which lets in those of `trusted` devices; how many are new there."""
        new = 0
        devices = set(trusted)
        for dot in dots:
            assert dot in self.written, f"{dot} was never written"
            if dot in self.held[replica]:
                continue
            if dot[0].partition(".")[0] in devices:
                self._hold(replica, dot)
                new += 1
            elif self._may_wait(replica, dot):
                self.waiting[replica].add(dot)
        return new

    def trust(self, replica: str, device: str) -> int:
        """`replica` has verified a device: what waited for it comes in; how many edits."""
        coming = {dot for dot in self.waiting[replica] if dot[0].startswith(device + ".")}
        self.waiting[replica] -= coming
        new = coming - self.held[replica]
        for dot in sorted(new):
            self._hold(replica, dot)
        return len(new)

    def erased(self, replica: str) -> set[Place]:
        """The parts of which the replica has an edit that erases them."""
        return {place for place, dots in self._parts[replica].items() if self._is_erased(dots)}

    def _is_erased(self, dots: Iterable[Dot]) -> bool:
        return any(ERASED in self.written[dot].values for dot in dots)

    def _standing(self, dots: Iterable[Dot]) -> list[Dot]:
        """The edits of a part that count: all, or in an erased part those that erase it or confirm that."""
        found = list(dots)
        return [dot for dot in found if self.outlives(dot)] if self._is_erased(found) else found

    def outlives(self, dot: Dot) -> bool:
        """Whether an edit stays whole in an erased part."""
        names = self.written[dot].values.keys()
        return ERASED in names or names == {DROPPED}

    def heads(self, replica: str) -> dict[Place, dict[str, set[Dot]]]:
        """Per part and field, the edits that no other edit held had in its past."""
        return {place: self._heads(dots) for place, dots in self._parts[replica].items()}

    def conflicts(self, replica: str) -> set[tuple[str, str, str, str]]:
        """The fields whose heads differ in value; in what is erased there is nothing to decide."""
        found = set()
        erased = self.erased(replica)
        for place, fields in self.heads(replica).items():
            if place in erased:
                continue
            for name, dots in fields.items():
                values = [self.written[dot].values[name] for dot in dots]
                if any(value != values[0] for value in values):
                    found.add((*place, name))
            if self._crossed(replica, place, fields):
                found.add((*place, ARCHIVED))
        return found

    def _crossed(self, replica: str, place: Place, fields: Mapping[str, set[Dot]]) -> bool:
        """Whether somebody archived the record and somebody set a field of this part, neither knowing of the other."""
        archives = {
            dot
            for other, dots in self._parts[replica].items()
            if other[:2] == place[:2] and (other == place or ARCHIVED not in fields)
            if not self._is_erased(dots)
            for dot in self._heads(dots).get(ARCHIVED, ())
            if self.written[dot].values[ARCHIVED]
        }
        edits = {dot for name, dots in fields.items() if name != ARCHIVED for dot in dots}
        return any(
            edit not in self.written[archive].knew and archive not in self.written[edit].knew
            for archive in archives
            for edit in edits
            if edit != archive
        )

    def shown(self, replica: str, place: Place, name: str) -> object:
        """The value shown of a field: the only head's, or provisionally the latest head's by clock; else ''."""
        dots = self._heads(self._parts[replica].get(place, ())).get(name, ())
        if not dots:
            return ""
        return max((self.written[dot] for dot in dots), key=lambda edit: edit.shown_by).values[name]

    def last_by(self, replica: str, place: Place, name: str, device: str) -> object:
        """What a device itself has last said of a field, as far as `replica` has heard; else ''."""
        standing = self._standing(self._parts[replica].get(place, ()))
        dots = [dot for dot in standing if dot[0].startswith(device + ".")]
        said = [dot for dot in dots if name in self.written[dot].values]
        return self.written[max(said, key=lambda dot: dot[1])].values[name] if said else ""

    def is_archived(self, replica: str, record: str, kind: str) -> bool:
        """Out of view: every part held is erased, or archived by edits that knew everything standing in it."""
        parts = {place: dots for place, dots in self._parts[replica].items() if place[:2] == (record, kind)}
        for dots in parts.values():
            if self._is_erased(dots):
                continue
            fields = self._heads(dots)
            if ARCHIVED not in fields:
                return False
            for head in fields[ARCHIVED]:
                archiving = self.written[head]
                if not archiving.values[ARCHIVED]:
                    return False
                for name, others in fields.items():
                    if name != ARCHIVED and not others <= archiving.past.get(name, frozenset()) | {head}:
                        return False
        return bool(parts)

    def held_of(self, replica: str, record: str, part: str | None = None) -> frozenset[Dot]:
        """What a replica has of a record, or of one part of it."""
        return frozenset(
            dot
            for place, dots in self._parts[replica].items()
            if place[0] == record and part in (None, place[2])
            for dot in dots
        )

    def places(self, replica: str) -> list[Place]:
        """The parts of records of which a replica has something."""
        return list(self._parts[replica])

    def _hold(self, replica: str, dot: Dot) -> None:
        self.held[replica].add(dot)
        place = self.written[dot].place
        self._parts[replica].setdefault(place, []).append(dot)
        if ERASED in self.written[dot].values:
            self.waiting[replica] = {one for one in self.waiting[replica] if self._may_wait(replica, one)}

    def _may_wait(self, replica: str, dot: Dot) -> bool:
        """Whether an edit may stay in quarantine: not with values of a part that is erased."""
        edit = self.written[dot]
        return edit.values.keys() <= {ERASED, DROPPED} or not self._is_erased(
            self._parts[replica].get(edit.place, ())
        )

    def _heads(self, dots: Iterable[Dot]) -> dict[str, set[Dot]]:
        dots = self._standing(dots)
        having: dict[str, set[Dot]] = {}
        covered: dict[str, set[Dot]] = {}
        for dot in dots:
            edit = self.written[dot]
            for name in edit.values:
                having.setdefault(name, set()).add(dot)
                covered.setdefault(name, set()).update(edit.past.get(name, ()))
        return {name: some - covered[name] for name, some in having.items()}
