"""Whose word counts: who takes part in an operation or is party to an agreement is what those say who may decide it.

Anybody who knows a record's id can write an edit of it. What only proposes (`sync.authority`) lets nobody in; it counts
only where it takes something back or marks it. Nor does all else that is shown let its author in: sharing rests on what
was last said by the agency that made the record (its id proves which), by this store's agency, and for an operation by
its lead. A record from a plan has no maker: there the first word counts, as long as nobody contradicts it.
"""

from __future__ import annotations

from collections.abc import Mapping

from taskforce.actions.session import Session
from taskforce.crockford import natural_id
from taskforce.records.registry import get_kind
from taskforce.records.schema import AGREEMENT, ARCHIVED, CASE, OPERATIONAL
from taskforce.store import exchange, history, proposals, queries
from taskforce.store.queries import Record
from taskforce.sync.edit import Edit, Value

_TAKEN_BACK = ("cancelled", "revoked")


class Words:
    """What was said by whom, in one store. Agencies are named by the ids of their records."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._connection = session.store.connection
        self._author = {
            device.id: natural_id("agency", device.agency) for device in exchange.devices(self._connection)
        }
        self._deciders: dict[str, frozenset[str]] = {}
        self._leads: dict[str, str] = {}
        self._several: dict[str, frozenset[str]] = {}

    def said(self, record: Record, part: str) -> Mapping[str, Value]:
        """What counts of a part of a record: what its maker or this agency has last said of each field.

        Where no maker is known, what was said of a field first, unless somebody has said something else.
        """
        if record.id not in self._of_several(record):
            return {**record.values, ARCHIVED: "yes"} if record.archived else record.values
        if queries.owner_of(self._connection, record.kind, record.id):
            return self._last(record, part, self._makers(record))
        names = {name for edit in self._edits(record, part) for name in edit.set}
        found = {name: self._decided(record, part, name) for name in names}
        return {name: value for name, value in found.items() if value is not None}

    def each_said(self, record: Record, part: str) -> list[Mapping[str, Value]]:
        """What its maker and this agency have last said of a record, each by itself; of one without, everybody."""
        if record.id not in self._of_several(record):
            return [record.values]
        owner = queries.owner_of(self._connection, record.kind, record.id)
        authors = {self._author.get(edit.device, "") for edit in self._edits(record, part)}
        if owner:
            authors &= self._makers(record)
        return [self._last(record, part, frozenset((author,)), all=True) for author in sorted(authors)]

    def has_said(self, record: Record, part: str, name: str) -> bool:
        """Whether anybody's last word on a field is anything but nothing."""
        if record.id not in self._of_several(record):
            return record.archived if name == ARCHIVED else bool(record.text(name))
        authors = {self._author.get(edit.device, "") for edit in self._edits(record, part, (name,))}
        return any(
            self._last(record, part, frozenset((author,)), (name,), all=True).get(name) for author in authors
        )

    def makers_word(self, record: Record, part: str) -> Mapping[str, Value]:
        """What the agency that made a record has last said of a part of it; nothing where nobody proves to have."""
        maker = self.maker(record)
        if not maker:
            return {}
        return self._last(record, part, frozenset((maker,)))

    def maker(self, record: Record) -> str:
        """The agency that made a record; the empty string where nothing proves who."""
        owner = queries.owner_of(self._connection, record.kind, record.id)
        return natural_id("agency", owner) if owner else ""

    def lead_of(self, operation: Record) -> str:
        """The agency that leads an operation; the empty string while those who may decide it have not said."""
        known = self._leads.get(operation.id)
        if known is None:
            known = self._leads[operation.id] = str(self._decided(operation, OPERATIONAL, "lead") or "")
        return known

    def lead_for_all(self, operation: Record) -> str:
        """Who leads an operation by words that count at everybody alike; the empty string while that is not clear.

        That is what its maker last said; where nobody can prove to have made it, what was said first, and since then
        only what its lead said. Whoever has seen a lead named cannot name another, at home neither.
        """
        edits = [
            (self._author.get(edit.device, ""), str(edit.set["lead"]), edit)
            for edit in history.edits_setting(
                self._connection, operation.kind, operation.id, OPERATIONAL, ("lead",)
            )
        ]
        owner = queries.owner_of(self._connection, operation.kind, operation.id)
        if owner:
            maker = natural_id("agency", owner)
            return next((lead for author, lead, _edit in reversed(edits) if author == maker), "")
        first = {lead for _author, lead, edit in edits if not edit.saw.get("lead")}
        if len(first) != 1:
            return ""
        [lead] = first
        for author, said, edit in edits:
            if edit.saw.get("lead") and author == lead:
                lead = said
        return lead

    def role(self, participation: Record) -> str:
        """The role in which an agency takes part; the empty string while it does not."""
        deciders = self._deciders_of(participation.text("operation"))
        said = self._last(participation, OPERATIONAL, deciders, ("operation", "agency", "role", ARCHIVED))
        if said.get(ARCHIVED) or any(
            said.get(name) != participation.text(name) for name in ("operation", "agency")
        ):
            return ""
        return str(said.get("role") or "partner")

    def parties(self, agreement: Record) -> list[str]:
        """The parties of an agreement, as codes and countries."""
        said = self._decided(agreement, AGREEMENT, "parties")
        return said if isinstance(said, list) else []

    def is_taken_back(self, referral: Record) -> bool:
        """Whether a referral's sender has cancelled, revoked or archived it, whatever its receiver wrote since."""
        if referral.id not in self._of_several(referral):
            return referral.archived or referral.text("status") in _TAKEN_BACK
        said = self._last(
            referral, CASE, frozenset((referral.text("sender"),)), ("status", ARCHIVED), all=True
        )
        return bool(said.get(ARCHIVED)) or said.get("status") in _TAKEN_BACK

    def _deciders_of(self, operation_id: str) -> frozenset[str]:
        known = self._deciders.get(operation_id)
        if known is None:
            operation = queries.get_record(self._connection, get_kind("operation"), operation_id)
            known = frozenset((self._session.own_agency,))
            if operation is not None:
                known = self._makers(operation) | {self.lead_of(operation)}
            self._deciders[operation_id] = known
        return known

    def _makers(self, record: Record) -> frozenset[str]:
        """This agency and the one that made the record."""
        return frozenset((self._session.own_agency, self.maker(record)))

    def _decided(self, record: Record, part: str, name: str) -> Value | None:
        said = self._last(record, part, self._makers(record), (name,)).get(name)
        if said is not None or queries.owner_of(self._connection, record.kind, record.id):
            return said
        proposed = self._proposed(record)
        edits = [
            (self._author.get(edit.device), edit.set[name])
            for edit in self._edits(record, part, (name,))
            if (edit.feed, edit.number, name) not in proposed
        ]
        if len({author for author, _value in edits}) == 1 or all(
            value == edits[0][1] for _by, value in edits
        ):
            return edits[-1][1] if edits else None
        return None

    def _last(
        self, record: Record, part: str, by: frozenset[str], names: tuple[str, ...] = (), *, all: bool = False
    ) -> dict[str, Value]:
        """What some agencies have last said of some fields of a part, or of all, by their clocks.

        Of what only proposes nothing, but for `all`.
        """
        said: dict[str, Value] = {}
        proposed = frozenset() if all else self._proposed(record)
        for edit in self._edits(record, part, names):
            if self._author.get(edit.device, "") in by:
                said.update(
                    (name, edit.set[name])
                    for name in names or edit.set
                    if name in edit.set and (edit.feed, edit.number, name) not in proposed
                )
        return said

    def _proposed(self, record: Record) -> frozenset[tuple[str, int, str]]:
        """The fields of edits of a record that only propose."""
        return proposals.fields_proposed(self._connection, record.id, record.kind.name)

    def _edits(self, record: Record, part: str, names: tuple[str, ...] = ()) -> list[Edit]:
        """The edits of a part that set one of these fields, or all, by clock."""
        if names:
            return history.edits_setting(self._connection, record.kind, record.id, part, names)
        edits = history.edits_of_record(self._connection, record.kind, record.id)
        return [edit for edit in edits if edit.part == part]

    def _of_several(self, record: Record) -> frozenset[str]:
        """The records of a kind that more than one device wrote to: of the others, what is shown is their word."""
        kind = record.kind
        if kind.name not in self._several:
            self._several[kind.name] = history.written_by_several(self._connection, kind)
        return self._several[kind.name]
