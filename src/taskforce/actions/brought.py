"""What a bundle brought, told as it stands once all of it was looked at.

An edit may enter and leave again within one import, as a later one shows that its feed forked; and what waited at first
may enter, as a new epoch makes its claim harmless. So what is told is not added up while edits come.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from taskforce.actions.obeying import Obeyed
from taskforce.actions.references import label_of, names_for
from taskforce.actions.session import Session
from taskforce.i18n import _
from taskforce.records.registry import find_kind
from taskforce.store import erasing, history, queries
from taskforce.store.forks import Taken
from taskforce.store.quarantine import count_by_reason
from taskforce.store.queries import Record
from taskforce.sync import clock
from taskforce.sync.edit import Edit

LISTED = 12
"""How many of the records that a bundle touches are told one by one."""


@dataclass(frozen=True, slots=True)
class Touched:
    """A record that new edits touch: what people call it, the fields they set, and whether it is new here.

    `record` is how it will be, None where this version does not know its kind; `names` says what its title's id means.
    """

    kind: str
    label: str
    record: Record | None
    names: Mapping[str, str]
    fields: tuple[str, ...]
    new: bool


@dataclass(frozen=True, slots=True)
class Said:
    """A statement of an agency that was not known here: its type, whose it is, and what it is about."""

    type: str
    agency: str
    about: str


@dataclass(frozen=True, slots=True)
class Imported:
    """What a bundle brought, or would bring.

    `new` counts the edits that count now and did not before: those of the bundle, and what had waited for it. `records`
    lists each record that new edits touch: kind, id, and whether it is new here; `some` tells more of the first of
    them; `waiting` counts edits that it left in quarantine by reason; `received` the referrals whose arrival was noted;
    `forked` counts, by feed and its agency, edits that counted before and wait now, since the feed forked;
    `ahead` new edits from clocks far in the future; `erased` the parts of records that are erased from now on,
    which files beside the store (`copies`) still hold; `recalls` what was obeyed, or waits
    to be; `statements` what agencies said under their own keys.
    """

    bundle: str
    agency: str
    device: str
    to: Mapping[str, int]
    number: int
    made: str
    verified: bool
    edits: int
    new: int
    records: tuple[tuple[str, str, bool], ...]
    some: tuple[Touched, ...]
    waiting: Mapping[str, int]
    forked: Mapping[tuple[str, str], int]
    received: tuple[str, ...]
    conflicts: int
    proposals: int
    ahead: int
    erased: tuple[erasing.Place, ...]
    copies: tuple[str, ...]
    recalls: tuple[Obeyed, ...]
    applied: bool
    statements: tuple[Said, ...] = ()

    @property
    def why_waiting(self) -> dict[str, int]:
        """How many edits wait in quarantine, by why they do, in words."""
        from taskforce.actions.quarantined import REASONS  # deferred: only what is told to people needs it

        return {_(REASONS.get(reason, reason)): count for reason, count in self.waiting.items()}

    @property
    def by_kind(self) -> dict[str, tuple[int, int]]:
        """How many records of each kind it makes and changes; kinds of newer versions under their own name."""
        counts: dict[str, tuple[int, int]] = {}
        for kind, _record, is_new in self.records:
            made, changed = counts.get(kind, (0, 0))
            counts[kind] = (made + is_new, changed + (not is_new))
        return {name: counts[name] for name in sorted(counts, key=_place_of)}


@dataclass(slots=True)
class Brought:
    """What an import has let in and put in quarantine so far; it began at `now`."""

    session: Session
    now: datetime
    touched: dict[tuple[str, str], bool] = field(default_factory=dict)
    ahead: int = 0
    _clock: clock.Stamp | None = None
    _numbers: dict[str, set[int]] = field(default_factory=dict)
    _unheard_of: set[tuple[str, str]] = field(default_factory=set)
    _fields: dict[tuple[str, str], dict[str, None]] = field(default_factory=dict)
    _waits: list[str] = field(default_factory=list)
    _left: dict[str, int] = field(default_factory=dict)

    @property
    def new(self) -> int:
        """How many edits entered and are still there."""
        return sum(map(len, self._numbers.values()))

    def enters(self, edit: Edit) -> None:
        """An edit is about to be taken into the log."""
        self._numbers.setdefault(edit.feed, set()).add(edit.number)
        key = (edit.kind, edit.record)
        if key not in self.touched:
            if not queries.is_known(self.session.store.connection, *key):
                self._unheard_of.add(key)
            self._look_at(key, is_new=False)
        # That a record was erased, or that somebody confirms it, makes no record.
        if key in self._unheard_of and not edit.outlives_erasure:
            self.touched[key] = True
        self._tell(edit)

    def waits(self, edit: Edit) -> None:
        """An edit was put in quarantine, for now."""
        self._waits.append(edit.hash)

    def leave(self, taken: Iterable[Taken], *, has_forked: bool = True) -> None:
        """Edits have left the log, mostly since their feed forked: of those that had just entered nothing is new."""
        taken = list(taken)
        left = [one for one in taken if one.number in self._numbers.get(one.feed, ())]
        for gone in taken:
            if has_forked and gone not in left:
                self._left[gone.feed] = self._left.get(gone.feed, 0) + 1
        for one in left:
            self._numbers[one.feed].remove(one.number)
            self._waits.append(one.hash)
        if left:
            self._tell_anew()

    def keep_clock(self) -> None:
        """Let this store's clock follow those of the edits that entered: before anything is written after them."""
        text = self.session.store.meta("clock")
        last = clock.parse_stamp(text) if text else None
        if self._clock is not None and (last is None or self._clock > last):
            self.session.store.set_meta("clock", str(self._clock))

    def waiting(self) -> dict[str, int]:
        """How many of the edits put in quarantine are there now, by reason."""
        return count_by_reason(self.session.store.connection, self._waits)

    def forked(self) -> dict[tuple[str, str], int]:
        """How many edits counted before and wait now, by feed and its agency."""
        connection = self.session.store.connection
        return {
            (feed, history.agency_of_device(connection, feed.partition(".")[0])): count
            for feed, count in self._left.items()
        }

    def some(self) -> tuple[Touched, ...]:
        """The first of the records, as they are now: in a dry run they can be read until the transaction ends."""
        return tuple(self._touched(*key) for key in self._fields)

    def _look_at(self, key: tuple[str, str], *, is_new: bool) -> None:
        self.touched[key] = is_new
        if len(self._fields) < LISTED:
            self._fields[key] = {}

    def _tell(self, edit: Edit) -> None:
        key = (edit.kind, edit.record)
        if key in self._fields:
            self._fields[key].update(dict.fromkeys(edit.set))
        self.ahead += clock.is_far_ahead(edit.stamp, self.now)
        self._clock = clock.follow(self._clock, edit.stamp, self.now)

    def _tell_anew(self) -> None:
        before = self.touched
        self.touched, self._fields, self.ahead, self._clock = {}, {}, 0, None
        for feed, numbers in self._numbers.items():
            for edit in history.edits_at(self.session.store.connection, feed, numbers):
                key = (edit.kind, edit.record)
                if key not in self.touched:
                    self._look_at(key, is_new=before[key])
                self._tell(edit)

    def _touched(self, kind_name: str, record: str) -> Touched:
        kind = find_kind(kind_name)
        found = None if kind is None else queries.get_record(self.session.store.connection, kind, record)
        key = kind_name, record
        names = names_for(self.session, [found], [found.kind.title]) if found is not None else {}
        label = label_of(found) if found is not None else record
        return Touched(kind_name, label, found, names, tuple(self._fields[key]), self.touched[key])


def _place_of(kind_name: str) -> int:
    found = find_kind(kind_name)
    return 999 if found is None else found.order
