"""Exports: what a peer may have now and has not said it holds, as one sealed bundle."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from dataclasses import replace as replace_in
from heapq import merge
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

from taskforce import moments
from taskforce.actions.admission import confirm_erasures
from taskforce.actions.disclosing import pieces_of
from taskforce.actions.evidence import evidence_for, known_evidence, restated
from taskforce.actions.knowing import gather
from taskforce.actions.reach import Reach, by_reason, reach_of
from taskforce.actions.references import NAMED_BY, shown_ids
from taskforce.actions.session import Session
from taskforce.crockford import random_name, short_digest
from taskforce.errors import Refused, StoreError, TrustError, UsageError
from taskforce.files import back_as_it_was, new_file
from taskforce.i18n import _
from taskforce.records.registry import find_kind
from taskforce.records.schema import DIRECTORY
from taskforce.sharing.facts import Knowledge
from taskforce.store import exchange, history, queries
from taskforce.store.carried import Piece, count_records_in, some_records_in
from taskforce.store.disclosures import add_disclosures
from taskforce.sync import bundle, holdings
from taskforce.sync.holdings import Ranges

NAMED = 6
"""How many of the records that go, or do not, are called by ref."""


@dataclass(frozen=True, slots=True)
class Going:
    """Edits of a kind and part that go: how many, in how many `records`, `some` of these by ref, on what `bases`."""

    kind: str
    part: str
    edits: int
    records: int
    some: tuple[str, ...]
    bases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Withheld:
    """Records of a kind and part that do not go, and why; `count` counts what is decided on at once.

    `records` counts the records themselves; `some` of them are named by ref.
    """

    kind: str
    part: str
    count: int
    reason: str
    records: int
    some: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Exported:
    """A bundle that went, or would go: its number for the agency, edits by kind and part, and what is withheld."""

    agency: str
    number: int
    file: str
    edits: int
    devices: int
    goes: tuple[Going, ...]
    withheld: tuple[Withheld, ...]
    written: bool
    digest: str = ""
    """Of the very edits, and of the devices that can read them: what is told above counts, and counts may agree."""

    def is_like(self, other: Exported) -> bool:
        """Whether the same edits go to the same devices of the same agency, and the same is withheld."""
        return (self.agency, self.digest, self.goes, self.withheld) == (
            other.agency,
            other.digest,
            other.goes,
            other.withheld,
        )


def export_bundle(
    session: Session,
    agency: str,
    target: Path | IO[bytes] | None,
    *,
    replace: bool = False,
    sealed: bool = True,
    shown: Exported | None = None,
    progress: Callable[[int], None] = lambda _edits: None,
) -> Exported:
    """Write the next bundle for an agency to a file, into a folder, or to a binary stream.

    With None for `target` it only says what would go. `progress` is told how many more edits were written; what it
    raises ends the export, and nothing is left behind.

    Raises TrustError if the agency is not a verified peer, Refused if `sealed` is False and it carries more than
    agencies, or if it is not what somebody was `shown` before. The bundle's number counts only once the whole file is
    on the disk.
    """
    connection = session.store.connection
    code = agency.upper()
    devices = [one for one in exchange.devices(connection, code) if one.id != session.store.me.device]
    if not devices or (code != session.store.me.agency and exchange.find_peer(connection, code) is None):
        raise TrustError(
            _("%(agency)s is not a verified peer") % {"agency": code},
            hint=_("ask for its card and add it with: taskforce peer add FILE"),
        )
    if target is None:
        with session.store.reading():
            one = _Outgoing(session, code, devices)
            return one.result()
    confirm_erasures(session)
    with ExitStack() as undoing, session.store.writing():
        one = _Outgoing(session, code, devices)
        told = one.result()
        if shown is not None and not told.is_like(shown):
            raise Refused(
                _("the store has changed: other things would go than were shown"),
                hint=_("nothing was written; look at the bundle again"),
                code="changed",
            )
        if not sealed and any((each.kind, each.part) != ("agency", DIRECTORY) for each in one.pieces):
            raise Refused(
                _("a bundle that carries more than agencies is always sealed"),
                hint=_("leave out --unsealed"),
            )
        if isinstance(target, Path):
            path = target / f"{one.id}.bundle" if target.is_dir() else target
            # It stands on the disk before it counts here; if it then cannot count, it must not stand there.
            stands = undoing.enter_context(back_as_it_was(path))
            with new_file(path, replace=replace) as stream:
                one.write(stream, sealed=sealed, progress=progress)
            stands()
            one.note()
            return replace_in(told, file=str(path), written=True)
        one.write(target, sealed=sealed, progress=progress)
        one.note()
        return replace_in(told, file="-", written=True)


class _Outgoing:
    """One bundle to be: what goes, worked out inside one transaction."""

    def __init__(self, session: Session, agency: str, devices: list[exchange.KnownDevice]) -> None:
        self.session = session
        self.agency = agency
        self.devices = devices
        self.id = random_name()
        self.made = moments.time_text(session.now)
        connection = session.store.connection
        self.number = exchange.next_bundle_number(connection, agency)
        knowledge = gather(session)
        self.reach: Reach = reach_of(session, agency, knowledge)
        told = exchange.told_by_all(connection, [device.id for device in devices])
        theirs = exchange.held_of_devices(connection, [device.id for device in devices])
        self.wanted: dict[str, Ranges] = self.reach.missing(told)
        # A device that was put back to an earlier state has lost what it wrote since: it comes back, whatever it is.
        self.returning = exchange.lost_by_their_writers(connection, [device.id for device in devices])
        for feed, ranges in self.returning.items():
            self.wanted[feed] = holdings.union(self.wanted.get(feed, ()), ranges)
        # What already passed between us is stated even when it may not pass any more: they know of it, and would
        # send it again for ever.
        self.stated = dict(self.reach.allowed)
        for known in (theirs, exchange.sent_to(connection, agency)):
            for feed, ranges in known.items():
                self.stated[feed] = holdings.union(self.stated.get(feed, ()), ranges)
        proofs = evidence_for(session, agency, [device.id for device in devices], self.reach, knowledge)
        restated(session, self.stated, [edit for edit, _basis in proofs])
        evidence = [
            (edit, basis)
            for edit, basis in proofs
            if not holdings.contains(self.wanted.get(edit.feed, ()), edit.number)
            or history.edit_at(connection, (edit.feed, edit.number)) != edit
        ]
        self.evidence = [edit for edit, _basis in evidence]
        self.edits = sum(holdings.count(ranges) for ranges in self.wanted.values()) + len(self.evidence)
        self.pieces = pieces_of(
            connection, self.wanted, self.reach.scopes, returning=self.returning, evidence=evidence
        )

    def write(self, stream: IO[bytes], *, sealed: bool, progress: Callable[[int], None]) -> None:
        """Write the bundle, sealed to every device of the agency."""
        from taskforce.keys.sealing import seal_stream  # deferred: loads age only when something is sealed

        head = bundle.compose_head(
            id=self.id,
            agency=self.session.store.me.agency,
            device=self.session.store.me.device,
            to={self.agency: self.number},
            made=self.made,
            holdings=self.stated,
            certificates=self._certificates(),
            feed=self.session.store.me.feed,
            forks=known_evidence(self.session),
        )
        texts = exchange.edit_texts(
            self.session.store.connection,
            self.wanted,
            self.reach.scopes,
            beyond=self.reach.erasures,
            returning=self.returning,
        )
        proofs = sorted((dict(edit.body) for edit in self.evidence), key=_place_of)
        bodies = merge(_bodies(texts, progress), proofs, key=_place_of)
        pieces = bundle.write(head, bodies, self.session.sign_bundle)
        if sealed:
            seal_stream(
                cast(BinaryIO, PieceReader(pieces)),
                cast(BinaryIO, stream),
                [device.seal_to for device in self.devices],
            )
        else:
            for piece in pieces:
                stream.write(piece.encode())

    def note(self) -> None:
        """Enter the bundle into the store, and what it tells on what basis."""
        me = self.session.store.me
        exchange.add_sent(self.session.store.connection, self.agency, self.wanted)
        row = exchange.put_bundle(
            self.session.store.connection,
            "out",
            exchange.BundleRow(
                self.id,
                self.agency,
                me.device,
                self.number,
                self.made,
                self.made,
                self.edits,
                int(me.feed.partition(".")[2]),
                me.officer,
            ),
        )
        add_disclosures(self.session.store.connection, row, self.pieces)

    def result(self) -> Exported:
        """What is told of it before it is written."""
        return Exported(
            self.agency,
            self.number,
            "",
            self.edits,
            len(self.devices),
            self._goes(),
            self._withheld(),
            written=False,
            digest=self._digest(),
        )

    def _digest(self) -> str:
        wanted = [f"{feed} {ranges}" for feed, ranges in sorted(self.wanted.items())]
        sealed_to = sorted(f"{device.id} {device.seal_to}" for device in self.devices)
        proofs = sorted(edit.hash for edit in self.evidence)
        told = (*wanted, "", *proofs, "", *sealed_to)
        return short_digest(b"taskforce shown", *(text.encode() for text in told))

    def _goes(self) -> tuple[Going, ...]:
        found: dict[tuple[str, str], list[Piece]] = {}
        for piece in self.pieces:
            found.setdefault((piece.kind, piece.part), []).append(piece)
        return tuple(self._going(kind, part, pieces) for (kind, part), pieces in found.items())

    def _going(self, kind: str, part: str, pieces: list[Piece]) -> Going:
        records = sorted({piece.record for piece in pieces})
        return Going(
            kind,
            part,
            sum(piece.edits for piece in pieces),
            len(records),
            self._names(kind, records[:NAMED]),
            tuple(sorted({piece.basis for piece in pieces})),
        )

    def _withheld(self) -> tuple[Withheld, ...]:
        connection = self.session.store.connection
        return tuple(
            Withheld(
                kind,
                part,
                len(scopes),
                reason,
                count_records_in(connection, scopes),
                self._names(kind, some_records_in(connection, scopes, NAMED)),
            )
            for (kind, part, reason), scopes in sorted(by_reason(self.reach.withheld).items())
        )

    def _names(self, kind_name: str, records: list[str]) -> tuple[str, ...]:
        """What records are called that people may see on somebody else's screen: codes and refs, no names."""
        kind = find_kind(kind_name)
        if kind is None:
            return ()
        if kind_name in NAMED_BY:
            names = shown_ids(self.session, kind, set(records))
        else:
            names = queries.refs_by_id(self.session.store.connection, kind, records)
        return tuple(names[record] for record in records if record in names)

    def _certificates(self) -> list[dict[str, Any]]:
        """The certificates of the sender and of the devices whose edits the bundle carries."""
        authors = {feed.partition(".")[0] for feed in self.wanted} | {self.session.store.me.device}
        authors |= {edit.device for edit in self.evidence}
        return [
            dict(device.certificate)
            for device in exchange.devices(self.session.store.connection)
            if device.id in authors
        ]


def _bodies(texts: Iterable[str], progress: Callable[[int], None]) -> Iterator[dict[str, Any]]:
    for text in texts:
        body = json.loads(text)
        if "sig" not in body:  # what an erasure left: nobody could check it
            raise StoreError(
                _("the store's account of what was erased is damaged; nothing was written"),
                hint=_("run: taskforce doctor --rebuild"),
            )
        yield body
        progress(1)


def _place_of(body: dict[str, Any]) -> tuple[str, int]:
    feed, _slash, number = body["edit"].partition("/")
    return feed, int(number)


class PieceReader:
    """Pieces of text as a binary stream to read from, so that nothing is held whole in memory."""

    def __init__(self, pieces: Iterable[str]) -> None:
        self._pieces: Iterator[str] = iter(pieces)
        self._rest = b""

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes; all for a negative size; none at the end."""
        parts, length = [self._rest], len(self._rest)
        while size < 0 or length < size:
            piece = next(self._pieces, None)
            if piece is None:
                break
            parts.append(piece.encode())
            length += len(parts[-1])
        data = b"".join(parts)
        if size < 0:
            self._rest = b""
            return data
        self._rest = data[size:]
        return data[:size]


def count_edits(session: Session, agency: str, known: Knowledge) -> tuple[int, int, int]:
    """Of the edits that an agency may have, by what is `known`: how many it has not said it holds, how many of these
    never went, and how many it has said it holds.
    """
    devices = [one.id for one in exchange.devices(session.store.connection, agency.upper())]
    if not devices:
        raise UsageError(_("%(agency)s is not a verified peer") % {"agency": agency})
    told = exchange.told_by_all(session.store.connection, devices)
    sent = exchange.sent_to(session.store.connection, agency.upper())
    reach = reach_of(session, agency.upper(), known)
    confirmed = sum(
        holdings.count(holdings.intersection(ranges, told.get(feed, ())))
        for feed, ranges in reach.allowed.items()
    )
    waiting = unsent = 0
    for feed, missing in reach.missing(told).items():
        waiting += holdings.count(missing)
        unsent += holdings.count(holdings.difference(missing, sent.get(feed, ())))
    return waiting, unsent, confirmed
