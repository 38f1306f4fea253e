"""Hands a record to a court: its edits with all that proves them, in one JSON file that needs no taskforce to check.

JSON, not the bundles' YAML: every language reads it with what it brings along, and the canonical JSON that signatures
cover is made from it without another parser. What the file holds is described in docs/audit.md.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from taskforce import moments
from taskforce.actions.admission import trusted_key
from taskforce.actions.log_proof import Signers, faults_of, read_row
from taskforce.actions.references import find_any, shown_ids
from taskforce.actions.session import Session
from taskforce.canonical import canonical
from taskforce.crockford import natural_id, random_name
from taskforce.errors import NotFound, Refused, UsageError, did_you_mean
from taskforce.files import back_as_it_was, new_file
from taskforce.i18n import _
from taskforce.records.registry import get_kind
from taskforce.records.schema import Kind, Type
from taskforce.store import disclosures, erasing, exchange, log_reading, proposals, queries
from taskforce.store.carried import Piece
from taskforce.store.disclosures import Place
from taskforce.store.queries import Condition, Record
from taskforce.sync.edit import Edit, in_reading_order
from taskforce.sync.holdings import difference, of_numbers, to_text
from taskforce.version import __version__

HEAD = "taskforce-audit"
_LONGEST = 300


@dataclass(frozen=True, slots=True)
class Chosen:
    """What of a record is to be handed over: its edits by clock, the skeletons among them, what is left out by choice.

    `places` are the parts of which values go.
    """

    record: Record
    parts: tuple[str, ...]
    edits: tuple[Edit, ...]
    skeletons: tuple[Edit, ...]
    others: Mapping[str, int]

    @property
    def places(self) -> list[Place]:
        """The parts of which the file shows values."""
        parts = {edit.part for edit in self.edits if not edit.outlives_erasure}
        return [Place(self.record.id, self.record.kind.name, part) for part in sorted(parts)]


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written, and where."""

    file: str
    record: Record
    to: str
    number: int
    edits: int
    parts: tuple[str, ...]
    digest: str
    left_out: Mapping[str, Any]


def choose(session: Session, text: str, parts: Sequence[str] = ()) -> Chosen:
    """The edits of the record that `text` names, of these parts or of all.

    Refused if one of them does not hold: what was altered is not handed to a court as if it were proved.
    """
    with session.store.reading():
        return _choose(session, find_any(session, text), parts)


def _choose(session: Session, record: Record, parts: Sequence[str]) -> Chosen:
    connection = session.store.connection
    rows = log_reading.logged_of_record(connection, record.id, record.kind.name)
    known = sorted({row.part for row in rows} | set(record.kind.parts))
    for part in parts:
        if part not in known:
            raise UsageError(
                _('"%(part)s" is not a part of %(kind)s') % {"part": part, "kind": record.kind.name},
                hint=did_you_mean(part, known) or _("there are: %(parts)s") % {"parts": ", ".join(known)},
            )
    wanted = [row for row in rows if not parts or row.part in parts]
    others: dict[str, int] = {}
    for row in rows:
        if parts and row.part not in parts:
            others[row.part] = others.get(row.part, 0) + 1
    erased = frozenset(erasing.erased_parts(connection, record.id))
    read = [read_row(row) for row in wanted]
    faults = faults_of(wanted, read, Signers(session), erased)
    edits = [edit for edit in read if edit is not None]
    if any(faults):
        first = next(row for row, some in zip(wanted, faults, strict=True) if some)
        raise Refused(
            _("edit %(edit)s of this record does not hold; nothing was written")
            % {"edit": f"{first.feed}/{first.number}"},
            hint=_("see what is wrong with: taskforce audit verify"),
            code="not-proved",
        )
    if not edits:
        raise NotFound(_("nothing of that is here"), hint=_("see: taskforce history REF"))
    edits.sort(key=lambda edit: (edit.stamp, edit.hash))
    whole = tuple(edit for edit in edits if not edit.is_skeleton)
    chosen = tuple(dict.fromkeys(parts)) or tuple(sorted({edit.part for edit in edits}))
    return Chosen(record, chosen, whole, tuple(edit for edit in edits if edit.is_skeleton), others)


def write(
    session: Session, chosen: Chosen, path: Path, *, to: str, reason: str, replace: bool = False
) -> Exported:
    """Write the file, and record in the same transaction what it tells whom and why.

    Refused if other parts would go by now than were `chosen`. On any exception nothing is left of it.
    """
    to, reason = _one_line(to, "--to"), _one_line(reason, "--reason")
    store = session.store
    with ExitStack() as undoing, store.writing():
        now = _choose(session, chosen.record, chosen.parts)
        if now.places != chosen.places:
            raise Refused(_("the record has changed meanwhile; nothing was written"), hint=_("try again"))
        name, made = random_name(), moments.time_text(session.now)
        document = _document(session, now, name, made, to=to, reason=reason)
        # It stands on the disk before it is recorded; if it then cannot be recorded, it must not stand there.
        stands = undoing.enter_context(back_as_it_was(path))
        with new_file(path, replace=replace) as stream:
            stream.write(_as_text(document).encode())
        stands()
        number = _record(session, now, name, made, to=to, reason=reason)
    return Exported(
        str(path), now.record, to, number, len(now.edits), now.parts, document["digest"], document["left-out"]
    )


def _one_line(text: str, option: str) -> str:
    found = " ".join(text.split())
    if not found or not found.isprintable() or len(found) > _LONGEST:
        raise UsageError(
            _("%(option)s is one line of text, at most %(count)d characters")
            % {"option": option, "count": _LONGEST}
        )
    return found


def _document(
    session: Session, chosen: Chosen, name: str, made: str, *, to: str, reason: str
) -> dict[str, Any]:
    """What the file holds; all scalars are strings, as in a bundle."""
    store, record = session.store, chosen.record
    connection = store.connection
    devices = {edit.device for edit in chosen.edits} | {store.me.device}
    certificates = [dict(one.certificate) for one in exchange.devices(connection) if one.id in devices]
    document: dict[str, Any] = {
        HEAD: "1",
        "id": name,
        "made": made,
        "by": store.me.officer,
        "agency": store.me.agency,
        "device": store.me.device,
        "program": f"taskforce {__version__}",
        "to": to,
        "reason": reason,
        "record": {"id": record.id, "kind": record.kind.name, "ref": record.ref},
        "parts": list(chosen.parts),
        "agencies": _agencies(session, sorted({one["agency"] for one in certificates})),
        "certificates": certificates,
        "edits": [in_reading_order(edit.body) for edit in chosen.edits],
        "proposed": _proposed(session, chosen),
        "agency-records": _agency_records(session, record.kind, chosen.edits),
        "left-out": _left_out(session, chosen),
    }
    text = canonical(document).encode()
    from taskforce.keys.encoding import to_text as base64_text  # deferred: as all that signs

    document["digest"] = base64_text(sha256(text).digest())
    document["sig"] = session.sign_audit(canonical(document).encode())
    return document


def _agencies(session: Session, codes: Iterable[str]) -> list[dict[str, Any]]:
    """The keys that certify the devices, and how it is known whose they are: by whom they were verified, and when."""
    from taskforce.keys.encoding import from_text  # deferred: loads the cryptographic libraries
    from taskforce.keys.identity import agency_fingerprint
    from taskforce.keys.words import words

    store, kind = session.store, get_kind("agency")
    found = []
    for code in codes:
        peer = exchange.find_peer(store.connection, code)
        key = trusted_key(session, code)
        name = queries.column_by_id(store.connection, kind, "name", {natural_id("agency", code)})
        about: dict[str, Any] = {"agency": code, "name": next(iter(name.values()), ""), "agency-key": key}
        about["fingerprint"] = agency_fingerprint(key)
        about["words"] = " ".join(words(from_text(key, 32)))
        if code == store.me.agency:
            about["known"] = {"how": "own"}
        elif peer is not None:
            about["known"] = {"how": peer.how, "by": peer.verified_by, "at": peer.verified_at}
        found.append(about)
    return found


def _proposed(session: Session, chosen: Chosen) -> dict[str, list[str]]:
    """What of the edits does not count but only proposes, by this store's judgement: edit to fields."""
    shown = {(edit.feed, edit.number) for edit in chosen.edits}
    found: dict[str, list[str]] = {}
    record = chosen.record
    for feed, number, field in sorted(
        proposals.fields_proposed(session.store.connection, record.id, record.kind.name)
    ):
        if (feed, number) in shown:
            found.setdefault(f"{feed}/{number}", []).append(field)
    return found


def _agency_records(session: Session, kind: Kind, edits: Iterable[Edit]) -> dict[str, str]:
    """The codes of the agencies that values name by id; whoever reads them can compute the ids from the codes."""
    fields = [one.name for one in kind.fields if one.type == Type.REF and one.to == "agency"]
    ids: set[str] = set()
    for edit in edits:
        for name in fields:
            value = edit.set.get(name, "")
            ids.update([value] if isinstance(value, str) else value)
    called = shown_ids(session, get_kind("agency"), ids - {""})
    return {one: called[one] for one in sorted(called) if called[one] != one}


def _left_out(session: Session, chosen: Chosen) -> dict[str, Any]:
    """What is not in the file, as numbers: left out by choice, erased, waiting, recalled, not held here at all."""
    connection, record = session.store.connection, chosen.record
    erased: dict[tuple[str, str], list[int]] = {}
    for edit in chosen.skeletons:
        erased.setdefault((edit.feed, edit.part), []).append(edit.number)
    missing = {}
    for feed, ranges in sorted(log_reading.stated_as_held(connection).items()):
        if gap := difference(((1, ranges[-1][1]),), ranges):
            missing[feed] = to_text(gap)
    recalls = queries.list_records(
        connection, get_kind("recall"), [Condition("about", "=", record.id)], archived=True
    )
    return {
        "other-parts": {part: str(count) for part, count in sorted(chosen.others.items())},
        "erased": [
            {"feed": feed, "part": part, "numbers": to_text(of_numbers(sorted(numbers)))}
            for (feed, part), numbers in sorted(erased.items())
        ],
        "waiting": [
            {"edit": f"{feed}/{number}", "part": part, "why": why}
            for feed, number, part, why in log_reading.waiting_of_record(
                connection, record.id, record.kind.name
            )
            if part in chosen.parts
        ],
        "recalled": [
            {"parts": one.items("parts"), "confirmed": one.text("confirmed_at")}
            for one in recalls
            if one.text("to") == session.own_agency and one.text("confirmed_at")
        ],
        "not-held": missing,
    }


def _record(session: Session, chosen: Chosen, name: str, made: str, *, to: str, reason: str) -> int:
    """Enter it as told: which parts, to whom, on which basis. Its number among what went to them so."""
    store, record = session.store, chosen.record
    counts: dict[str, int] = {}
    for edit in chosen.edits:
        counts[edit.part] = counts.get(edit.part, 0) + 1
    basis = _("audit export: %(reason)s") % {"reason": reason}
    number = disclosures.next_audit_number(store.connection, to)
    epoch = int(store.me.feed.partition(".")[2])
    row = exchange.put_bundle(
        store.connection,
        disclosures.AUDIT,
        exchange.BundleRow(
            name, to, store.me.device, number, made, made, len(chosen.edits), epoch, store.me.officer
        ),
    )
    pieces = [Piece(record.kind.name, part, record.id, basis, count) for part, count in counts.items()]
    disclosures.add_disclosures(store.connection, row, pieces)
    return number


def _as_text(document: Mapping[str, Any]) -> str:
    """JSON to read: whatever would not show on paper or draw on a terminal is escaped; the meaning is the same."""
    text = json.dumps(document, ensure_ascii=False, indent=1) + "\n"
    if text.isascii():
        return text  # JSON escapes what is not printable there by itself
    return "".join(one if one.isprintable() or one == "\n" else json.dumps(one)[1:-1] for one in text)
