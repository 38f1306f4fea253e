"""Proves the whole store: every signature and certificate, the hash chains, the tables, what peers say they hold.

`doctor` asks whether the store is sound; this asks whether anybody has rewritten it. What it finds is listed, never
mended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from taskforce.actions.checking import file_is_broken, untold
from taskforce.actions.log_proof import REASONS, ProvenFeed, Signers, prove_feed
from taskforce.actions.session import Session
from taskforce.errors import StoreError
from taskforce.i18n import N_, _
from taskforce.store import forks, health, incarnation, log_reading
from taskforce.store.erasing import SCRUB
from taskforce.store.quarantine import count_waiting
from taskforce.store.revoked import Revocation, revoked_devices
from taskforce.sync.holdings import Ranges, contains, count, difference, from_text, to_text, union

LOST, OWN_GAP, ROLLED_BACK, NOTES, TABLES, FORKED, PUT_BACK, SCRUBBING = (
    "lost",
    "own-gap",
    "rolled-back",
    "notes",
    "tables",
    "forked",
    "put-back",
    "unscrubbed",
)
"""What a finding may be about, beside the reasons of `log_proof`."""

AGREE, DIFFER, NOT_COMPARED = "agree", "differ", "not-compared"
"""How the tables compare with what the log adds up to."""

_TEXTS = {
    LOST: N_("stated as held, and not in the log"),
    OWN_GAP: N_("missing in a feed of this very device"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found: what it is about, in words, and where.

    One that `is_fault` says that something was altered, forged or lost. The others are for people to know.
    """

    what: str
    text: str
    is_fault: bool = True
    feed: str = ""
    numbers: Ranges = ()
    agency: str = ""


@dataclass(frozen=True, slots=True)
class AuditedFeed:
    """What was proved of a feed, whose it is, and which numbers below its last are not here."""

    proven: ProvenFeed
    device: str
    agency: str
    is_own: bool
    missing: Ranges


@dataclass(frozen=True, slots=True)
class Audit:
    """What a verification of the whole store found. `waiting` counts what is in quarantine, by reason and agency."""

    feeds: tuple[AuditedFeed, ...]
    findings: tuple[Finding, ...]
    waiting: tuple[tuple[str, str, int], ...]
    tables: str
    devices: int

    @property
    def faults(self) -> tuple[Finding, ...]:
        """What was altered, forged or lost."""
        return tuple(one for one in self.findings if one.is_fault)

    @property
    def is_compared(self) -> bool:
        """Whether the tables were held against the log."""
        return self.tables != NOT_COMPARED

    @property
    def edits(self) -> int:
        """How many edits the log holds, skeletons included."""
        return sum(one.proven.edits for one in self.feeds)

    @property
    def verified(self) -> int:
        """How many edits of these are proved."""
        return sum(one.proven.verified for one in self.feeds)

    @property
    def erased(self) -> int:
        """How many are skeletons, whose signatures went with their values."""
        return sum(one.proven.erased for one in self.feeds)


def verify(
    session: Session,
    *,
    with_tables: bool = True,
    progress: Callable[[int], None] = lambda _edits: None,
) -> Audit:
    """Prove the whole store; `progress` is told how many more edits were looked at, and what it raises ends it.

    `with_tables` also adds the log up and compares: that takes longest, and nobody else can write meanwhile.

    Raises StoreError if the file itself is damaged, as `doctor` does. Nothing is changed.
    """
    store = session.store
    if found := store.check():
        raise file_is_broken(found)
    one = _Verifying(session, progress)
    with store.reading():
        one.read_log()
        one.look_for_what_is_lost()
        one.ask_peers()
        one.look_at_this_store()
        waiting = tuple((reason, who, number) for reason, who, number, _f in count_waiting(store.connection))
    tables = one.compare_tables() if with_tables else NOT_COMPARED
    ordered = sorted(one.findings, key=lambda each: not each.is_fault)
    return Audit(tuple(one.feeds), tuple(ordered), waiting, tables, len(one.signers.known))


@dataclass(slots=True)
class _Verifying:
    session: Session
    progress: Callable[[int], None]
    feeds: list[AuditedFeed] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    signers: Signers = field(init=False)
    _readable: bool = True
    _present: dict[str, Ranges] = field(default_factory=dict)  # what the log and the quarantine have
    _points: dict[str, int] = field(default_factory=dict)
    _revoked: dict[str, Revocation] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.signers = Signers(self.session)

    def read_log(self) -> None:
        """Every edit of every feed, and the certificates that they rest on."""
        connection, me = self.session.store.connection, self.session.store.me
        self.findings += [
            Finding(reason, text, agency=agency) for reason, agency, text in self.signers.faults()
        ]
        self._points = forks.fork_points(connection)
        self._revoked = revoked_devices(connection)
        erased = self._erased_places()
        for name in log_reading.logged_feeds(connection):
            proven = prove_feed(connection, name, self.signers, erased, self.progress)
            self._readable = self._readable and proven.is_readable
            device = name.partition(".")[0]
            top = proven.numbers[-1][1] if proven.numbers else 0
            missing = difference(((1, top),), proven.numbers) if top else ()
            agency = self.signers.agency_of(device)
            self.feeds.append(AuditedFeed(proven, device, agency, device == me.device, missing))
            self._present[name] = proven.numbers
            for reason, numbers in proven.faults.items():
                self._add_numbers(reason, _(REASONS[reason]), name, numbers)
        for name, numbers in log_reading.left_waiting(connection).items():
            self._present[name] = union(self._present.get(name, ()), numbers)
        self.feeds.sort(key=lambda one: (not one.is_own, one.agency, one.proven.feed))

    def _erased_places(self) -> frozenset[tuple[str, str, str]]:
        return frozenset(
            place for place, _feed, _number in log_reading.erasure_rows(self.session.store.connection)
        )

    def _add_numbers(self, what: str, words: str, feed: str, numbers: Ranges, *, peer: str = "") -> None:
        agency = self.signers.agency_of(feed.partition(".")[0])
        text = _("%(feed)s of %(agency)s, %(numbers)s: %(what)s") % {
            "feed": feed,
            "agency": agency or "?",
            "numbers": numbers_text(numbers),
            "what": words,
        }
        self.findings.append(Finding(what, text, feed=feed, numbers=numbers, agency=peer or agency))

    def look_for_what_is_lost(self) -> None:
        """Edits that this store says it holds, or gave out or took in, and that are gone; gaps in its own feed."""
        connection, me = self.session.store.connection, self.session.store.me
        told: dict[str, Ranges] = {}
        for feed, ranges in sorted(log_reading.stated_as_held(connection).items()):
            gone = difference(ranges, self._present.get(feed, ()))
            if gone:
                self._add_numbers(LOST, _(_TEXTS[LOST]), feed, gone)
                told[feed] = gone
        for agency, feed, ranges in self._read(log_reading.exchanged(connection)):
            gone = self._gone(feed, ranges)
            if gone := difference(gone, told.get(feed, ())):
                words = _("in bundles that went to %(agency)s or came from there, and not in the log")
                self._add_numbers(LOST, words % {"agency": agency}, feed, gone)
                told[feed] = union(told.get(feed, ()), gone)
        present = self._present.get(me.feed, ())
        if present:
            gap = difference(difference(((1, present[-1][1]),), present), told.get(me.feed, ()))
            if gap:
                self._add_numbers(OWN_GAP, _(_TEXTS[OWN_GAP]), me.feed, gap)
        for place, feed, number in log_reading.erasure_rows(connection):
            if not contains(self._present.get(feed, ()), number) and feed not in self._points:
                words = _("a part of %(kind)s %(record)s is noted as erased by this edit, which is not here")
                self._add_numbers(
                    LOST, words % {"kind": place[1], "record": place[0]}, feed or "?", ((number, number),)
                )

    def _gone(self, feed: str, ranges: Ranges) -> Ranges:
        """Which of these numbers are not here, but for what people may have dropped: of a feed that forked, and of a
        revoked device what is not good, of which skeletons are not kept either.
        """
        gone = difference(ranges, self._present.get(feed, ()))
        if lost := self._revoked.get(feed.partition(".")[0]):
            gone = difference(gone, ((lost.last_good(feed) + 1, 10**15),))
        point = self._points.get(feed)
        return gone if point is None else difference(gone, ((point, 10**15),))

    def _read(self, rows: Sequence[tuple[str, str, str]]) -> Iterator[tuple[str, str, Ranges]]:
        for who, feed, text in rows:
            try:
                yield who, feed, from_text(text)
            except ValueError:
                words = _("what is noted of %(feed)s for %(who)s cannot be read")
                self.findings.append(Finding(NOTES, words % {"feed": feed, "who": who}, feed=feed))

    def ask_peers(self) -> None:
        """Whether somebody states more of this device's feeds than is here: then this store was put back."""
        store = self.session.store
        rows = log_reading.told_of_device(store.connection, store.me.device)
        who = [
            (f"{agency} {device}", feed, ranges)
            for agency, device, feed, ranges in rows
            if device not in self._revoked  # it is heard no more, and could never take it back
        ]
        for name, feed, ranges in self._read(who):
            if gone := self._gone(feed, ranges):
                agency, _space, device = name.partition(" ")
                words = _(
                    "device %(device)s of %(agency)s says that it holds these edits of this device, and they are "
                    "not here: this store was put back to an earlier state, or they were taken out"
                )
                self._add_numbers(
                    ROLLED_BACK, words % {"device": device[:4], "agency": agency}, feed, gone, peer=agency
                )

    def look_at_this_store(self) -> None:
        """Forks, and what else of this store's own past people are to know."""
        store = self.session.store
        waiting = log_reading.waiting_numbers(store.connection)
        for feed, number in sorted(self._points.items()):
            is_own = feed.partition(".")[0] == store.me.device
            words = _(
                "the device signed two different edits with the number %(number)d, or two feeds parted there"
            )
            if is_own:
                words = _(
                    "this device signed two different edits with the number %(number)d: its store was copied or put "
                    "back, or somebody has its key"
                )
            text = f"{feed}: {words % {'number': number}}"
            is_open = is_own and feed in waiting  # until people have decided
            self.findings.append(
                Finding(FORKED, text, is_open, feed, ((number, number),), self.signers.agency_of(feed[:16]))
            )
        if why := incarnation.differs(store):
            self.findings.append(Finding(PUT_BACK, _(why), is_fault=False))
        if store.meta(SCRUB):
            text = _("bytes of what was erased may still be in unused places of the store's file")
            self.findings.append(Finding(SCRUBBING, text, is_fault=False))

    def compare_tables(self) -> str:
        """Whether the tables are what the log adds up to: what `doctor` asks."""
        store = self.session.store
        self.findings += [Finding(TABLES, text) for text in untold(self.session)]
        if not self._readable:
            text = _("the tables were not compared with the log: some of its edits cannot be read")
            self.findings.append(Finding(TABLES, text))
            return NOT_COMPARED
        try:
            names = health.differences(store)
        except StoreError as error:  # what was proved stands all the same
            text = _("the tables were not compared with the log: %(why)s") % {"why": error.sentence}
            self.findings.append(Finding(TABLES, text, is_fault=False))
            return NOT_COMPARED
        for name in names:
            text = _("the table %(name)s is not what the log adds up to") % {"name": name}
            self.findings.append(Finding(TABLES, text))
        return DIFFER if names else AGREE


_WIDEST = 60


def numbers_text(ranges: Ranges) -> str:
    """Numbers for people; where naming them all would fill the screen, the first and how many there are."""
    text = to_text(ranges)
    if len(text) <= _WIDEST:
        return text
    total = count(ranges)
    some = text[:_WIDEST].rpartition(",")[0]
    return _("%(some)s … (%(count)d in all)") % {"some": some, "count": total}
