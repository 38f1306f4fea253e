"""Exports: what a peer may have now and has not said it holds, as one sealed bundle."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

from taskforce import moments
from taskforce.actions.reach import Reach, count_by_reason, reach_of
from taskforce.actions.session import Session
from taskforce.crockford import random_name
from taskforce.errors import Refused, TrustError, UsageError
from taskforce.files import new_file
from taskforce.i18n import _
from taskforce.records.schema import DIRECTORY
from taskforce.sharing.decide import Knowledge
from taskforce.store import exchange
from taskforce.sync import bundle, holdings
from taskforce.sync.holdings import Ranges


@dataclass(frozen=True, slots=True)
class Withheld:
    """Records of a kind and part that do not go, and why; `count` counts what is decided on at once."""

    kind: str
    part: str
    count: int
    reason: str


@dataclass(frozen=True, slots=True)
class Exported:
    """A bundle that went, or would go: its number for the agency, edits by kind and part, and what is withheld."""

    agency: str
    number: int
    file: str
    edits: int
    devices: int
    goes: tuple[tuple[str, str, int], ...]
    withheld: tuple[Withheld, ...]
    written: bool


def export_bundle(
    session: Session,
    agency: str,
    target: Path | IO[bytes] | None,
    *,
    replace: bool = False,
    sealed: bool = True,
    progress: Callable[[int], None] = lambda _edits: None,
) -> Exported:
    """Write the next bundle for an agency to a file, into a folder, or to a binary stream.

    With None for `target` it only says what would go. `progress` is told how many more edits were written.

    Raises TrustError if the agency is not a verified peer, Refused if `sealed` is False and it carries more than
    agencies. The bundle's number counts only once the whole file is on the disk.
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
            return one.result("", written=False)
    with session.store.writing():
        one = _Outgoing(session, code, devices)
        if not sealed and any((kind, part) != ("agency", DIRECTORY) for kind, part, _count in one.goes):
            raise Refused(
                _("a bundle that carries more than agencies is always sealed"),
                hint=_("leave out --unsealed"),
            )
        if isinstance(target, Path):
            path = target / f"{one.id}.bundle" if target.is_dir() else target
            with new_file(path, replace=replace) as stream:
                one.write(stream, sealed=sealed, progress=progress)
                one.note()
            return one.result(str(path), written=True)
        one.write(target, sealed=sealed, progress=progress)
        one.note()
        return one.result("-", written=True)


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
        self.reach: Reach = reach_of(session, agency)
        told = exchange.told_by_all(connection, [device.id for device in devices])
        theirs = exchange.held_of_devices(connection, [device.id for device in devices])
        self.wanted: dict[str, Ranges] = {
            feed: missing
            for feed, ranges in self.reach.allowed.items()
            if (missing := holdings.difference(ranges, told.get(feed, ())))
        }
        # What already passed between us is stated even when it may not pass any more: they know of it, and would
        # send it again for ever.
        self.stated = dict(self.reach.allowed)
        for known in (theirs, exchange.sent_to(connection, agency)):
            for feed, ranges in known.items():
                self.stated[feed] = holdings.union(self.stated.get(feed, ()), ranges)
        self.edits = sum(holdings.count(ranges) for ranges in self.wanted.values())
        self.goes = exchange.count_edits(connection, self.wanted)

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
        )
        texts = exchange.edit_texts(self.session.store.connection, self.wanted, self.reach.scopes)
        pieces = bundle.write(head, _bodies(texts, progress), self.session.sign_bundle)
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
        """Enter the bundle into the store."""
        me = self.session.store.me
        exchange.add_sent(self.session.store.connection, self.agency, self.wanted)
        exchange.put_bundle(
            self.session.store.connection,
            "out",
            exchange.BundleRow(
                self.id, self.agency, me.device, self.number, self.made, self.made, self.edits
            ),
        )

    def result(self, file: str, *, written: bool) -> Exported:
        """What is told of it."""
        counts = count_by_reason(self.reach.withheld)
        withheld = tuple(
            Withheld(kind, part, count, why) for (kind, part, why), count in sorted(counts.items())
        )
        return Exported(
            self.agency, self.number, file, self.edits, len(self.devices), tuple(self.goes), withheld, written
        )

    def _certificates(self) -> list[dict[str, Any]]:
        """The certificates of the sender and of the devices whose edits the bundle carries."""
        authors = {feed.partition(".")[0] for feed in self.wanted} | {self.session.store.me.device}
        return [
            dict(device.certificate)
            for device in exchange.devices(self.session.store.connection)
            if device.id in authors
        ]


def _bodies(texts: Iterable[str], progress: Callable[[int], None]) -> Iterator[dict[str, Any]]:
    for text in texts:
        yield json.loads(text)
        progress(1)


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


def waiting_edits(session: Session, agency: str, known: Knowledge) -> tuple[int, int]:
    """How many edits an agency may have, by what is `known`, and has not said it holds; how many of them never went."""
    devices = [one.id for one in exchange.devices(session.store.connection, agency.upper())]
    if not devices:
        raise UsageError(_("%(agency)s is not a verified peer") % {"agency": agency})
    told = exchange.told_by_all(session.store.connection, devices)
    sent = exchange.sent_to(session.store.connection, agency.upper())
    waiting = unsent = 0
    for feed, ranges in reach_of(session, agency.upper(), known).allowed.items():
        missing = holdings.difference(ranges, told.get(feed, ()))
        waiting += holdings.count(missing)
        unsent += holdings.count(holdings.difference(missing, sent.get(feed, ())))
    return waiting, unsent
