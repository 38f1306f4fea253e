"""One bundle to be: what goes to one agency or to several at once, worked out in one transaction, and its writing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from heapq import merge
from typing import IO, Any, BinaryIO, cast

from taskforce import moments
from taskforce.actions.bundle_summary import Exported, Summary, names_of
from taskforce.actions.disclosing import pieces_of
from taskforce.actions.evidence import evidence_basis, evidence_for, known_evidence, restated
from taskforce.actions.knowing import gather
from taskforce.actions.reach import Reach, reach_of
from taskforce.actions.session import Session
from taskforce.actions.stating import Hearer, agencies_in, statements_for
from taskforce.crockford import random_name, short_digest
from taskforce.errors import Problem, Refused, StoreError
from taskforce.i18n import _
from taskforce.sharing.facts import Knowledge
from taskforce.store import exchange, history
from taskforce.store.carried import Piece, pieces_in
from taskforce.store.deltas import note_stopped
from taskforce.store.disclosures import add_disclosures
from taskforce.store.exchange import KnownDevice, Permit
from taskforce.sync import bundle, holdings
from taskforce.sync.edit import Edit
from taskforce.sync.holdings import Ranges

_NAMED = 6


class Share:
    """What goes to one agency, by itself: what it may have and has not said it holds."""

    def __init__(
        self, session: Session, agency: str, devices: Sequence[KnownDevice], known: Knowledge
    ) -> None:
        connection = session.store.connection
        ids = [device.id for device in devices]
        self.agency = agency
        self.devices = devices
        self.device_ids = ids
        self.number = exchange.next_bundle_number(connection, agency)
        self.reach: Reach = reach_of(session, agency, known)
        self.wanted: dict[str, Ranges] = self.reach.missing(exchange.told_by_all(connection, ids))
        # A device that was put back to an earlier state has lost what it wrote since: it comes back, whatever it is.
        self.returning = exchange.lost_by_their_writers(connection, ids)
        for feed, ranges in self.returning.items():
            self.wanted[feed] = holdings.union(self.wanted.get(feed, ()), ranges)
        # What already passed between us is stated even when it may not pass any more: they know of it, and would
        # send it again for ever.
        self.stated = dict(self.reach.allowed)
        for held in (exchange.held_of_devices(connection, ids), exchange.sent_to(connection, agency)):
            for feed, ranges in held.items():
                self.stated[feed] = holdings.union(self.stated.get(feed, ()), ranges)
        self.evidence = [edit for edit, _basis in evidence_for(session, agency, ids, self.reach, known)]
        restated(session, self.stated, self.evidence)

    @property
    def permit(self) -> Permit:
        """What each edit is held against as it leaves."""
        return Permit(self.reach.scopes, self.reach.erasures, self.returning)

    def not_for_it(self, wanted: dict[str, Ranges]) -> dict[str, Ranges]:
        """Of what is wanted for others as well, the edits that this agency may not have."""
        found = {}
        for feed, ranges in wanted.items():
            sendable = holdings.difference(self.reach.allowed.get(feed, ()), self.reach.gone.get(feed, ()))
            sendable = holdings.union(sendable, self.returning.get(feed, ()))
            if left := holdings.difference(ranges, sendable):
                found[feed] = left
        return found


class Outgoing:
    """One bundle for one agency, or for several who all may have each edit in it."""

    def __init__(self, session: Session, recipients: Sequence[tuple[str, Sequence[KnownDevice]]]) -> None:
        self._session = session
        self.id = random_name()
        self.made = moments.time_text(session.now)
        connection = session.store.connection
        known = gather(session)
        self._shares = [Share(session, agency, devices, known) for agency, devices in recipients]
        self._wanted: dict[str, Ranges] = {}
        for share in self._shares:
            for feed, ranges in share.wanted.items():
                self._wanted[feed] = holdings.union(self._wanted.get(feed, ()), ranges)
        proofs = {edit.hash: edit for share in self._shares for edit in share.evidence}
        self._evidence = [
            edit
            for edit in proofs.values()
            if not holdings.contains(self._wanted.get(edit.feed, ()), edit.number)
            or history.edit_at(connection, (edit.feed, edit.number)) != edit
        ]
        bases = {
            share.agency: [
                (edit, evidence_basis(session, share.agency, share.device_ids, edit, share.reach, known))
                for edit in self._evidence
            ]
            for share in self._shares
        }
        if len(self._shares) > 1:
            self._refuse_what_is_not_for_all(bases)
        self._statements = statements_for(session, self._hearers(), self._shares[0].number)
        self._edits = sum(holdings.count(ranges) for ranges in self._wanted.values()) + len(self._evidence)
        self._pieces: dict[str, list[Piece]] = {
            share.agency: pieces_of(
                connection,
                self._wanted,
                share.reach.scopes,
                returning=share.returning,
                evidence=bases[share.agency],
            )
            for share in self._shares
        }
        self._summaries = {
            share.agency: Summary(session, share.agency, self._pieces[share.agency], share.reach)
            for share in self._shares
        }

    @property
    def is_of_agencies_only(self) -> bool:
        """Whether nothing goes but who is who, and which devices are lost."""
        return all(one["statement"] == "revocation" for one in self._statements) and all(
            (piece.kind, piece.part) == ("agency", "directory")
            for pieces in self._pieces.values()
            for piece in pieces
        )

    def write(self, stream: IO[bytes], *, sealed: bool, progress: Callable[[int], None]) -> None:
        """Write the bundle, sealed to every device of every agency it is for."""
        from taskforce.keys.sealing import seal_stream  # deferred: loads age only when something is sealed

        connection = self._session.store.connection
        head = bundle.compose_head(
            id=self.id,
            agency=self._session.store.me.agency,
            device=self._session.store.me.device,
            to={share.agency: share.number for share in self._shares},
            made=self.made,
            holdings=self._stated(),
            certificates=self._certificates(),
            feed=self._session.store.me.feed,
            forks=known_evidence(self._session),
            statements=self._statements,
        )
        texts = exchange.edit_texts(connection, self._wanted, [share.permit for share in self._shares])
        proofs = sorted((dict(edit.body) for edit in self._evidence), key=_place_of)
        bodies = merge(_bodies(texts, progress), proofs, key=_place_of)
        pieces = bundle.write(head, bodies, self._session.sign_bundle)
        if sealed:
            seal_stream(
                cast(BinaryIO, PieceReader(pieces)),
                cast(BinaryIO, stream),
                [device.seal_to for share in self._shares for device in share.devices],
            )
        else:
            for piece in pieces:
                stream.write(piece.encode())

    def note(self) -> None:
        """Enter the bundle into the store, and what it tells each agency on what basis."""
        me = self._session.store.me
        connection = self._session.store.connection
        for share in self._shares:
            stopped = self._summaries[share.agency].stopped_places
            exchange.add_sent(connection, share.agency, self._wanted)
            row = exchange.put_bundle(
                connection,
                "out",
                exchange.BundleRow(
                    self.id,
                    share.agency,
                    me.device,
                    share.number,
                    self.made,
                    self.made,
                    self._edits,
                    int(me.feed.partition(".")[2]),
                    me.officer,
                ),
            )
            add_disclosures(connection, row, self._pieces[share.agency])
            note_stopped(connection, share.agency, stopped)

    def results(self) -> list[Exported]:
        """What is told of it before it is written, for each agency; it must not have been noted yet."""
        return [self._result(share) for share in self._shares]

    def _result(self, share: Share) -> Exported:
        summary = self._summaries[share.agency]
        return Exported(
            share.agency,
            share.number,
            "",
            self._edits,
            len(share.devices),
            summary.goes(),
            summary.newly(),
            summary.stopped(),
            summary.withheld(),
            written=False,
            together=tuple(other.agency for other in self._shares if other is not share),
            recalls=summary.recalls(),
            digest=self._digest(),
        )

    def _hearers(self) -> list[Hearer]:
        """Whom the statements of agencies must concern, to go: who knows an agency, or hears of it in this bundle."""
        own = self._session.store.me.agency
        return [
            Hearer(
                share.agency,
                agencies_in(self._session, [*share.stated, *self._wanted]) | {own, share.agency},
            )
            for share in self._shares
        ]

    def _stated(self) -> dict[str, Ranges]:
        """What we say that we hold: of several receivers, what we would tell each of them."""
        first, *others = [share.stated for share in self._shares]
        return {
            feed: common
            for feed, ranges in first.items()
            if (common := _common(ranges, [other.get(feed, ()) for other in others]))
        }

    def _digest(self) -> str:
        wanted = [f"{feed} {ranges}" for feed, ranges in sorted(self._wanted.items())]
        sealed_to = sorted(
            f"{device.id} {device.seal_to}" for share in self._shares for device in share.devices
        )
        proofs = sorted(edit.hash for edit in self._evidence)
        said = sorted(one["sig"] for one in self._statements)
        told = (*wanted, "", *proofs, "", *sealed_to, *(["", *said] if said else ()))
        return short_digest(b"taskforce shown", *(text.encode() for text in told))

    def _refuse_what_is_not_for_all(self, bases: dict[str, list[tuple[Edit, str]]]) -> None:
        problems = [
            Problem("not-for-all", sentence)
            for share in self._shares
            for sentence in self._not_for(share, bases[share.agency])
        ]
        if not problems:
            return
        every = " ".join(f"--to {share.agency}" for share in self._shares)
        raise Refused(
            _("not everything in this bundle may go to all of them; nothing was written"),
            hint=_("make a bundle for each: taskforce export %(every)s -o FOLDER") % {"every": every},
            code="not-for-all",
            problems=problems,
        )

    def _not_for(self, share: Share, bases: list[tuple[Edit, str]]) -> Iterator[str]:
        """What would go to others and may not go to this agency: a sentence for each kind, part and reason."""
        connection = self._session.store.connection
        why = {row.id: decision.words for row, decision in share.reach.withheld}
        otherwise = _("it is not for this agency")
        pieces = list(
            pieces_in(
                connection,
                share.not_for_it(self._wanted),
                lambda scope: why.get(scope, otherwise) if scope is not None else otherwise,
            )
        )
        pieces += [
            Piece(edit.kind, edit.part, edit.record, otherwise, 1) for edit, basis in bases if not basis
        ]
        found: dict[tuple[str, str, str], set[str]] = {}
        for piece in pieces:
            found.setdefault((piece.kind, piece.part, piece.basis), set()).add(piece.record)
        for (kind, part, reason), records in sorted(found.items()):
            some = names_of(self._session, kind, sorted(records)[:_NAMED])
            named = f"{' '.join(some)}{' …' if len(records) > len(some) else ''}"
            yield _("%(kind)s, %(part)s (%(records)s) does not go to %(agency)s: %(reason)s") % {
                "kind": kind,
                "part": part,
                "records": named,
                "agency": share.agency,
                "reason": reason,
            }

    def _certificates(self) -> list[dict[str, Any]]:
        """The certificates of the sender and of the devices whose edits the bundle carries."""
        authors = {feed.partition(".")[0] for feed in self._wanted} | {self._session.store.me.device}
        authors |= {edit.device for edit in self._evidence}
        return [
            dict(device.certificate)
            for device in exchange.devices(self._session.store.connection)
            if device.id in authors
        ]


def _common(ranges: Ranges, others: Sequence[Ranges]) -> Ranges:
    for other in others:
        ranges = holdings.intersection(ranges, other)
    return ranges


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
