"""What replicas must agree on, worked out from who knew what: shares no code with the program and reads no `saw`.

The test tells this model of every edit when it is written and of every edit that a replica takes in. An edit's past is
then known by construction: what its author's replica had of that field, and what the authors of those had. A value
stands (is a head) until an edit that had it in its past arrives.

A feed of which two edits bear one number has forked. What a replica *knows* of it and what *counts* there are two sets:
from the lowest number on of which it knows two edits, or an edit that the next one does not follow, nothing counts but
what people admitted there. Of a part that is erased nothing stands but what erased it and what confirms that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from who_may import Rules, Said, Standing

Dot = tuple[Any, ...]
"""An edit: its feed and number, and where feeds may fork its hash."""
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
    after: Dot | None = None  # the edit before it in its feed, as its author had it


@dataclass
class Known:
    """What one replica has: edits that it knows and that count, that wait for their signer, that people admitted."""

    known: set[Dot]
    held: set[Dot]
    waiting: set[Dot]
    admitted: set[Dot]
    erased: set[Place]
    parts: dict[Place, list[Dot]]
    last: dict[str, Dot]  # of each feed the last edit that counts
    parts_of: dict[tuple[str, str], list[Place]]  # of each record, by its id and kind
    judged: dict[Any, Any]  # what was worked out of who may change what, since an edit came last
    claims: dict[Dot, str]  # edits that saw more of its own feed than it has written, and that feed

    def copy(self) -> Known:
        """The same in sets of its own."""
        parts = {place: list(dots) for place, dots in self.parts.items()}
        sets = (set(self.known), set(self.held), set(self.waiting), set(self.admitted), set(self.erased))
        parts_of = {record: list(places) for record, places in self.parts_of.items()}
        return Known(*sets, parts, dict(self.last), parts_of, {}, dict(self.claims))


class World:
    """All edits ever written, and which of them each replica has."""

    def __init__(self, rules: Rules | None = None) -> None:
        self.rules = rules
        self.agency_of: dict[str, str] = {}  # of devices
        self.born: set[Dot] = set()  # edits that prove that their author made the record
        self.written: dict[Dot, Written] = {}
        self.forked: set[str] = (
            set()
        )  # feeds of which two edits with one number were written, whoever knows it
        self.has: dict[str, Known] = {}
        self._numbered: dict[tuple[str, int], Dot] = {}

    @property
    def held(self) -> dict[str, set[Dot]]:
        """Per replica the edits that count."""
        return {name: one.held for name, one in self.has.items()}

    @property
    def waiting(self) -> dict[str, set[Dot]]:
        """Per replica the edits that wait for their signer to be known."""
        return {name: one.waiting for name, one in self.has.items()}

    def add_replica(self, name: str) -> None:
        """A replica that has nothing yet."""
        self.has[name] = Known(set(), set(), set(), set(), set(), {}, {}, {}, {}, {})

    def write(
        self,
        replica: str,
        dot: Dot,
        place: Place,
        values: Mapping[str, object],
        at: str,
        digest: str,
        *,
        is_born: bool = False,
        decides: Iterable[tuple[str, Dot]] = (),
    ) -> None:
        """An edit that is made on `replica` now; `is_born` if it proves that its author made the record.

        Of the fields named in `decides` it has seen the proposal, too, that it takes over.
        """
        one = self.has[replica]
        if is_born:
            self.born.add(dot)
        if dot in self.written:  # two stores of one device may do the very same at the same moment
            assert self.written[dot].shown_by[2] == digest, f"{dot} was given out twice"
            self._know(one, dot)
            return
        past: dict[str, set[Dot]] = {}
        counts = self._counting(one, place)
        for known in self._standing(one, place):
            earlier = self.written[known]
            for name in filter(partial(counts, known), earlier.values):
                past.setdefault(name, set()).update((known,), earlier.past.get(name, ()))
        for name, proposal in decides:
            past.setdefault(name, set()).add(proposal)
        time, _, counter = at.partition("/")
        frozen = {name: frozenset(dots) for name, dots in past.items()}
        knew = frozenset(
            known
            for other in one.parts_of.get(place[:2], ())
            for counts in [self._counting(one, other)]
            for known in one.parts[other]
            if any(counts(known, name) for name in self.written[known].values)
            or not self.written[known].values
        )
        shown_by = (time, int(counter), digest)
        after = one.last.get(dot[0])
        self.written[dot] = Written(dot, place, dict(values), shown_by, frozen, knew, after)
        if self._numbered.setdefault(dot[:2], dot) != dot:
            self.forked.add(dot[0])
        self._know(one, dot)

    def arrive(
        self, replica: str, dots: Iterable[Dot], *, trusted: Iterable[str], writes_in: str = ""
    ) -> set[Dot]:
        """Edits reach `replica`, which lets in those of `trusted` devices; the ones that count there and did not.

        Who claims to have seen edits of the feed that it `writes_in` which it has not written waits until it leaves it.
        """
        devices = set(trusted)
        one = self.has[replica]
        fresh: set[Dot] = set()
        for dot in dots:
            assert dot in self.written, f"{dot} was never written"
            if dot in one.known:
                continue
            if dot[0].partition(".")[0] in devices:
                if self._claims(one, dot, writes_in):
                    if self._may_wait(one, dot):
                        one.claims[dot] = writes_in
                    continue
                self._know(one, dot)
                fresh.add(dot)
            elif self._may_wait(one, dot):
                one.waiting.add(dot)
        for dot in [dot for dot, feed in one.claims.items() if feed != writes_in]:
            del one.claims[dot]
            if dot not in one.known:
                self._know(one, dot)
                fresh.add(dot)
        return fresh & one.held

    def drop(self, replica: str, dots: Iterable[Dot]) -> None:
        """Edits leave a replica as if they had never come, or had never waited there."""
        one = self.has[replica]
        for dot in dots:
            one.waiting.discard(dot)
            if dot in one.known:
                one.known.remove(dot)
                one.judged.clear()
                self._set_aside(one, dot)

    def waits(self, replica: str) -> dict[Dot, str]:
        """The edits that a replica keeps in quarantine, each with the reason."""
        one = self.has[replica]
        found = dict.fromkeys(one.waiting - one.held, "unknown-signer")
        found.update(dict.fromkeys(one.claims, "false-claim"))
        aside = one.known - one.held
        points = self.fork_points(replica) if aside else {}
        found.update((dot, "fork" if dot[1] == points[dot[0]] else "after-fork") for dot in aside)
        return found

    def _claims(self, one: Known, dot: Dot, feed: str) -> bool:
        """Whether an edit says that it saw more of a feed than was written. It says so of the fields that it sets and
        of what archived the record; who archives or erases a part says so of all that is in it, set or not.
        """
        written = one.last.get(feed, ("", 0))[1]
        edit = self.written[dot]
        names = edit.past if {ARCHIVED, ERASED} & edit.values.keys() else {*edit.values, ARCHIVED}
        return any(
            seen[0] == feed and seen[1] > written for name in names for seen in edit.past.get(name, ())
        )

    def trust(self, replica: str, device: str) -> int:
        """`replica` has verified a device: what waited for it comes in; how many edits."""
        one = self.has[replica]
        coming = {dot for dot in one.waiting if dot[0].startswith(device + ".")}
        one.waiting -= coming
        new = coming - one.known
        for dot in sorted(new):
            self._know(one, dot)
        return len(new & one.held)

    def admit(self, replica: str, dot: Dot) -> bool:
        """Somebody lets in an edit of a feed that forked; False where another one of that number counts already."""
        one = self.has[replica]
        assert dot in one.known and dot not in one.held
        if any(other[:2] == dot[:2] for other in one.held):
            return False
        one.admitted.add(dot)
        self._hold(one, dot)
        return True

    def copy(self, replica: str) -> Known:
        """What a replica has now: for another one, or to be put back later by `self.has[...] = ...`."""
        return self.has[replica].copy()

    def fork_points(self, replica: str) -> dict[str, int]:
        """The feeds that a replica can tell to have forked, and from which number on."""
        found = ((feed, self._fork_point(self.has[replica], feed)) for feed in self.forked)
        return {feed: point for feed, point in found if point is not None}

    def parted_at(self, feed: str) -> int:
        """The lowest number of which two edits of a feed were ever written."""
        numbers = [dot[1] for dot in self.written if dot[0] == feed]
        return min(number for number in numbers if numbers.count(number) > 1)

    def _fork_point(self, one: Known, feed: str) -> int | None:
        dots = [dot for dot in one.known if dot[0] == feed]
        numbers: dict[int, set[Dot]] = {}
        for dot in dots:
            numbers.setdefault(dot[1], set()).add(dot)
        points = [number for number, some in numbers.items() if len(some) > 1]
        for dot in dots:
            after = self.written[dot].after
            if numbers.get(dot[1] - 1, set()) - {after}:
                points.append(dot[1] - 1)
        return min(points, default=None)

    def erased(self, replica: str) -> set[Place]:
        """The parts of which the replica knows an edit that erases them, even one of a feed that forked."""
        return set(self.has[replica].erased)

    def standing(self, replica: str, place: Place) -> list[Dot]:
        """The edits of a part that count at a replica and are whole there."""
        return self._standing(self.has[replica], place)

    def _standing(self, one: Known, place: Place) -> list[Dot]:
        """The edits of a part that count: all, or in an erased part those that erase it or confirm that."""
        found = one.parts.get(place, [])
        return [dot for dot in found if self.outlives(dot)] if place in one.erased else found

    def outlives(self, dot: Dot) -> bool:
        """Whether an edit stays whole in an erased part."""
        names = self.written[dot].values.keys()
        return ERASED in names or names == {DROPPED}

    def heads(self, replica: str) -> dict[Place, dict[str, set[Dot]]]:
        """Per part and field, the edits that no other edit held had in its past."""
        one = self.has[replica]
        return {place: self._heads(one, place) for place in one.parts}

    def counting_at(self, replica: str, place: Place, name: str) -> set[Dot] | None:
        """The edits of a field of a part that count, and are not only proposed; None where nothing of the part does."""
        one = self.has[replica]
        if not any(self._heads(one, place).values()):
            return None
        counts = self._counting(one, place)
        standing = self._standing(one, place)
        return {dot for dot in standing if name in self.written[dot].values and counts(dot, name)}

    def heads_at(self, replica: str, place: Place) -> dict[str, set[Dot]]:
        """The same of one part."""
        return self._heads(self.has[replica], place)

    def conflicts(self, replica: str) -> set[tuple[str, str, str, str]]:
        """The fields whose heads differ in value; in what is erased there is nothing to decide."""
        found = set()
        one = self.has[replica]
        for place, fields in self.heads(replica).items():
            if place in one.erased:
                continue
            for name, dots in fields.items():
                values = [self.written[dot].values[name] for dot in dots]
                if any(value != values[0] for value in values):
                    found.add((*place, name))
            if self._crossed(one, place, fields):
                found.add((*place, ARCHIVED))
        return found

    def _crossed(self, one: Known, place: Place, fields: Mapping[str, set[Dot]]) -> bool:
        """Whether somebody archived the record and somebody set a field of this part, neither knowing of the other."""
        archives = {
            dot
            for other in one.parts_of[place[:2]]
            if other == place or ARCHIVED not in fields
            if other not in one.erased
            for dot in self._heads(one, other).get(ARCHIVED, ())
            if self.written[dot].values[ARCHIVED]
        }
        return any(
            edit != archive
            and not self._knew(self.written[archive], edit, name)
            and not self._knew(self.written[edit], archive, ARCHIVED)
            for archive in archives
            for name, dots in fields.items()
            if name not in (ARCHIVED, DROPPED)
            for edit in dots
        )

    def _knew(self, later: Written, dot: Dot, name: str) -> bool:
        return dot in later.knew or self._overtook(later, dot, name)

    def _overtook(self, later: Written, dot: Dot, name: str) -> bool:
        """Whether an edit had seen a later number of a feed that forked, or is one: people number, and see, in order.

        Who has seen number 7 of a feed has seen all before it, of this side or that: a fork is found by its numbers,
        and what of it counts again is what a person let in.
        """
        if dot[0] not in self.forked and self.rules is None:
            return False
        if later.dot[0] == dot[0] and later.dot[1] > dot[1]:
            return True
        return any(seen[0] == dot[0] and seen[1] >= dot[1] for seen in later.past.get(name, ()))

    def shown(self, replica: str, place: Place, name: str) -> object:
        """The value shown of a field: the only head's, or provisionally the latest head's by clock; else ''."""
        dots = self._heads(self.has[replica], place).get(name, ())
        return self.latest(dots, name) if dots else ""

    def latest(self, dots: Iterable[Dot], name: str) -> object:
        """The value that the latest of some edits gave a field, by their clocks."""
        return max((self.written[dot] for dot in dots), key=lambda edit: edit.shown_by).values[name]

    def last_by(self, replica: str, place: Place, name: str, device: str) -> object:
        """What a device itself has last said of a field, as far as `replica` has heard; else ''."""
        standing = self._standing(self.has[replica], place)
        dots = [dot for dot in standing if dot[0].startswith(device + ".")]
        said = [dot for dot in dots if name in self.written[dot].values]
        return self.written[max(said, key=lambda dot: dot[1])].values[name] if said else ""

    def is_archived(self, replica: str, record: str, kind: str) -> bool:
        """Out of view: every part held is erased, or archived by edits that knew everything standing in it."""
        one = self.has[replica]
        parts = one.parts_of.get((record, kind), [])
        for place in parts:
            if place in one.erased:
                continue
            fields = self._heads(one, place)
            if not fields and one.parts[place]:
                continue  # others only propose something there
            if ARCHIVED not in fields:
                return False
            for head in fields[ARCHIVED]:
                archiving = self.written[head]
                if not archiving.values[ARCHIVED]:
                    return False
                for name, others in fields.items():
                    unseen = others - archiving.past.get(name, frozenset()) - {head}
                    if name not in (ARCHIVED, DROPPED) and not all(
                        self._overtook(archiving, dot, name) for dot in unseen
                    ):
                        return False
        return bool(parts)

    def first_and_last(self, replica: str, record: str, kind: str) -> tuple[str, str]:
        """When a record was made and last changed, by the clocks of those who did."""
        one = self.has[replica]
        times = [
            self.written[dot].shown_by[:2]
            for place in one.parts_of[record, kind]
            for counts in [self._counting(one, place)]
            for dot in one.parts[place]
            if (place in one.erased and not self.outlives(dot))
            or any(counts(dot, name) for name in self.written[dot].values)
        ]
        first, last = min(times), max(times)
        return f"{first[0]}/{first[1]}", f"{last[0]}/{last[1]}"

    def held_of(self, replica: str, record: str, part: str | None = None) -> frozenset[Dot]:
        """What a replica has of a record, or of one part of it."""
        return frozenset(
            dot
            for place, dots in self.has[replica].parts.items()
            if place[0] == record and part in (None, place[2])
            for dot in dots
        )

    def places(self, replica: str) -> list[Place]:
        """The parts of records of which a replica has something."""
        return list(self.has[replica].parts)

    def _know(self, one: Known, dot: Dot) -> None:
        """An edit whose author is known has come; where its feed forked, what counts of that is found anew."""
        one.known.add(dot)
        one.judged.clear()
        edit = self.written[dot]
        if ERASED in edit.values and edit.place not in one.erased:
            one.erased.add(edit.place)
            one.waiting = {other for other in one.waiting if self._may_wait(one, other)}
            one.claims = {other: feed for other, feed in one.claims.items() if self._may_wait(one, other)}
        if dot[0] not in self.forked:
            self._hold(one, dot)
            return
        point = self._fork_point(one, dot[0])
        of_feed = {other for other in one.known if other[0] == dot[0]}
        counts = {other for other in of_feed if point is None or other[1] < point or other in one.admitted}
        for other in (of_feed & one.held) - counts:
            self._set_aside(one, other)
        for other in sorted(counts - one.held):
            self._hold(one, other)

    def _hold(self, one: Known, dot: Dot) -> None:
        one.held.add(dot)
        one.judged.clear()
        place = self.written[dot].place
        if place not in one.parts:
            one.parts[place] = []
            one.parts_of.setdefault(place[:2], []).append(place)
        one.parts[place].append(dot)
        if one.last.get(dot[0], dot)[1] <= dot[1]:
            one.last[dot[0]] = dot

    def _set_aside(self, one: Known, dot: Dot) -> None:
        one.held.remove(dot)
        one.judged.clear()
        place = self.written[dot].place
        one.parts[place].remove(dot)
        if not one.parts[place]:
            del one.parts[place]
            one.parts_of[place[:2]].remove(place)
        if one.last.get(dot[0]) == dot:
            left = [other for other in one.held if other[0] == dot[0]]
            del one.last[dot[0]]
            if left:
                one.last[dot[0]] = max(left, key=lambda other: other[1])

    def _may_wait(self, one: Known, dot: Dot) -> bool:
        """Whether an edit may stay in quarantine: not with values of a part that is erased."""
        edit = self.written[dot]
        return edit.values.keys() <= {ERASED, DROPPED} or edit.place not in one.erased

    # ── who may change what ──

    def counts_anything(self, replica: str, record: str, kind: str) -> bool:
        """Whether anything that was said of a record counts at a replica: else others only propose that it be."""
        one = self.has[replica]
        places = one.parts_of.get((record, kind), [])
        return any(place in one.erased or self._heads(one, place).keys() - {DROPPED} for place in places)

    def _counting(self, one: Known, place: Place) -> Callable[[Dot, str], bool]:
        """Says of the edits of a part which fields of them count: all, where anybody may change anything."""
        rules = self.rules
        if rules is None or place in one.erased:
            return lambda _dot, name: name != "rejected"
        if place in one.judged:
            known: Callable[[Dot, str], bool] = one.judged[place]
            return known
        record, kind, _part = place
        maker = self._maker(one, record, kind)
        said = self._said(one, place)
        of_record = [each for other in one.parts_of.get(place[:2], ()) for each in self._said(one, other)]
        may = rules.counting(
            kind, record, maker, said, lambda operation: self._leading(one, operation), of_record
        )

        def found(dot: Dot, name: str) -> bool:
            author, values = self._author(dot), self.written[dot].values
            is_torn = "status" in values and not may(author, "status", values["status"])
            return (
                name != "rejected" and may(author, name, values[name]) and not (is_torn and name != "dropped")
            )

        one.judged[place] = found
        return found

    def _leading(self, one: Known, operation: str) -> Standing:
        assert self.rules is not None
        if operation in one.judged:
            known: Standing = one.judged[operation]
            return known
        maker = self._maker(one, operation, "operation")
        roles = []
        for place in one.parts:
            if place[1] == "participation":
                said = self._said(one, place)
                if any(sets.get("operation") == operation for _by, sets, _saw in said):
                    named = {str(sets["agency"]) for _by, sets, _saw in said if "agency" in sets}
                    whose = next(code for code, own in self.rules.agency_ids.items() if own in named)
                    roles += [(whose, each) for each in said]
        about = self._said(one, (operation, "operation", "operational"))
        one.judged[operation] = found = self.rules.leading(operation, maker, about, roles)
        return found

    def _maker(self, one: Known, record: str, kind: str) -> str | None:
        """The agency that made a record, where an edit that counts proves it."""
        places = one.parts_of.get((record, kind), [])
        return next(
            (self._author(dot) for place in places for dot in one.parts[place] if dot in self.born), None
        )

    def _said(self, one: Known, place: Place) -> list[Said]:
        edits = [self.written[dot] for dot in self._standing(one, place)]
        return [(self._author(edit.dot), edit.values, edit.past) for edit in edits]

    def _author(self, dot: Dot) -> str:
        return self.agency_of[dot[0].partition(".")[0]]

    def _heads(self, one: Known, place: Place) -> dict[str, set[Dot]]:
        having: dict[str, set[Dot]] = {}
        covered: dict[str, set[Dot]] = {}
        counts = self._counting(one, place)
        for dot in self._standing(one, place):
            edit = self.written[dot]
            for name in filter(partial(counts, dot), edit.values):
                having.setdefault(name, set()).add(dot)
                covered.setdefault(name, set()).update(edit.past.get(name, ()))
        return {
            name: {
                dot
                for dot in some - covered[name]
                if (dot[0] not in self.forked and self.rules is None)
                or not any(self._overtook(self.written[other], dot, name) for other in some if other != dot)
            }
            for name, some in having.items()
        }
