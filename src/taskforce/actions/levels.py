"""How far agencies are known: people compared the words, or a lead introduced it; and by whom and for what.

A roster counts if a verified agency signed it that leads its operation, and if this agency takes part in that. Who
leads and takes part is what verified agencies said: an agency that is only introduced introduces nobody, nor does what
it wrote decide who does. So levels depend on what is known, and on nothing that they decide themselves.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from taskforce.actions.session import Session
from taskforce.crockford import natural_id
from taskforce.i18n import _
from taskforce.records.registry import get_kind
from taskforce.records.schema import ARCHIVED, OPERATIONAL
from taskforce.store import exchange, history, queries
from taskforce.store.statements import StatementRow, statements

VERIFIED, INTRODUCED = "verified", "introduced"

RANK = {"": 0, INTRODUCED: 1, VERIFIED: 2}

ROSTER = "roster"
"""The type of statement that introduces."""


@dataclass(frozen=True, slots=True)
class Introduced:
    """One roster's word on an agency: by whom, of which operation (its record's id), when; its name and key.

    `left` says that it takes part no more: what it signs is its own, and nothing is sent to it.
    """

    agency: str
    name: str
    country: str
    key: str
    by: str
    operation: str
    made: str
    left: bool


@dataclass(frozen=True, slots=True)
class Dispute:
    """Rosters that name another key for an agency than people compared (`verified`), or than another roster does."""

    agency: str
    verified: bool
    told: tuple[Introduced, ...]

    @property
    def sentence(self) -> str:
        """Who names which key, in a sentence."""
        by = ", ".join(dict.fromkeys(each.by for each in self.told))
        if self.verified:
            return _("a roster of %(by)s names another key than the one that counts here") % {"by": by}
        return _("rosters of %(by)s name different keys: neither counts until people compare words") % {
            "by": by
        }


class Levels:
    """What is known of agencies' keys, read from the store once."""

    def __init__(self, session: Session) -> None:
        me, connection = session.store.me, session.store.connection
        self._session = session
        self.verified = {peer.agency: peer.agency_key for peer in exchange.peers(connection)}
        """By agency the key whose words people compared, our own among them."""
        if own := session.store.meta("agency_key"):
            self.verified[me.agency] = own
        self.introduced: dict[str, tuple[Introduced, ...]] = {}
        """By agency who introduces it; all name one key."""
        self.disputes: tuple[Dispute, ...] = ()
        """Agencies whose key is in dispute, which counts as introduced by nobody."""
        rosters = statements(connection, type=ROSTER)
        if rosters:
            self._read(rosters)

    def key(self, agency: str) -> str:
        """The key by which an agency is known; empty if it is not."""
        told = self.introduced.get(agency)
        return self.verified.get(agency) or (told[0].key if told else "")

    def of(self, agency: str, key: str) -> str:
        """How far an agency is known by this key: VERIFIED, INTRODUCED or not at all, the empty string."""
        if not key or key != self.key(agency):
            return ""
        return VERIFIED if agency in self.verified else INTRODUCED

    def exchanges_with(self, agency: str) -> bool:
        """Whether bundles go to an agency: people compared its words, or it is introduced and takes part."""
        return agency in self.verified or any(not one.left for one in self.introduced.get(agency, ()))

    @property
    def partners(self) -> list[str]:
        """The agencies that bundles go to, by code, our own left out."""
        own = self._session.store.me.agency
        every = {*self.verified, *self.introduced} - {own}
        return sorted(code for code in every if self.exchanges_with(code))

    def _read(self, rows: Sequence[StatementRow]) -> None:
        newest: dict[tuple[str, str], StatementRow] = {}
        for row in rows:
            if row.agency_key == self.verified.get(row.agency):
                place = (row.about, row.agency)
                before = newest.get(place)
                if before is None or (before.made, before.hash) < (row.made, row.hash):
                    newest[place] = row
        told: dict[str, list[Introduced]] = {}
        for operation in sorted({operation for operation, _agency in newest}):
            turn = self.leads_in_turn(operation)
            signed = [newest[operation, agency] for agency in turn if (operation, agency) in newest]
            if signed and self.takes_part(operation, turn):
                # Until the lead of now has signed one, that of the lead before stands: a handover parts nobody.
                for one in members_of(signed[-1]):
                    told.setdefault(one.agency, []).append(one)
        disputes = []
        for agency, every in sorted(told.items()):
            known = self.verified.get(agency)
            if known is not None:
                if other := tuple(one for one in every if one.key != known):
                    disputes.append(Dispute(agency, True, other))
            elif len({one.key for one in every}) > 1:
                disputes.append(Dispute(agency, False, tuple(every)))
            else:
                self.introduced[agency] = tuple(sorted(every, key=lambda one: one.left))
        self.disputes = tuple(disputes)

    def leads_in_turn(self, operation: str) -> list[str]:
        """The verified agencies that led an operation, by code, who leads now last; none while that is not clear.

        As `Words.lead_for_all`: what its maker said; where nobody verified can prove to have made it, what was said
        first, and since then what the lead of the time said.
        """
        connection, kind = self._session.store.connection, get_kind("operation")
        authors = self._authors()
        codes = {natural_id("agency", code): code for code in self.verified}
        said = [
            (authors[edit.device], str(edit.set["lead"]), bool(edit.saw.get("lead")))
            for edit in history.edits_setting(connection, kind, operation, OPERATIONAL, ("lead",))
            if edit.device in authors
        ]
        owner = queries.owner_of(connection, kind, operation)
        if owner in self.verified:
            turn = [lead for author, lead, _later in said if author == owner]
        else:
            first = {lead for _author, lead, later in said if not later}
            turn = list(first) if len(first) == 1 else []
            for author, lead, later in said:
                if later and turn and codes.get(turn[-1]) == author:
                    turn.append(lead)
        # Whoever led twice is where it led last.
        return [codes[lead] for at, lead in enumerate(turn) if lead in codes and lead not in turn[at + 1 :]]

    def takes_part(self, operation: str, turn: Sequence[str]) -> bool:
        """Whether this agency takes part in an operation, as its leads or its maker said."""
        own = self._session.store.me.agency
        if own in turn:
            return True
        connection, authors = self._session.store.connection, self._authors()
        owner = queries.owner_of(connection, get_kind("operation"), operation)
        who = self._session.own_agency
        said: dict[str, object] = {}
        record = natural_id("participation", operation, who)
        for edit in history.edits_of_record(connection, get_kind("participation"), record):
            if edit.part == OPERATIONAL and authors.get(edit.device) in {*turn, owner}:
                said.update(edit.set)
        return (said.get("operation"), said.get("agency")) == (operation, who) and not said.get(ARCHIVED)

    def _authors(self) -> dict[str, str]:
        """The devices of verified agencies, with whose they are."""
        return {
            device.id: device.agency
            for device in exchange.devices(self._session.store.connection)
            if self.verified.get(device.agency) == device.certificate["agency-key"]
        }


def members_of(row: StatementRow) -> list[Introduced]:
    """Whom a roster introduces; its signer is known already."""
    return [
        Introduced(
            one["agency"],
            one["name"],
            one.get("country", ""),
            one["agency-key"],
            row.agency,
            row.about,
            row.made,
            one.get("left") == "yes",
        )
        for one in _members(row)
        if one["agency"] != row.agency
    ]


def codename_of(session: Session, operation: str) -> str:
    """What an operation is called here; nothing where it is not known."""
    found = queries.get_record(session.store.connection, get_kind("operation"), operation)
    return found.text("codename") or found.ref if found is not None else ""


def _members(row: StatementRow) -> list[Mapping[str, str]]:
    found: list[Mapping[str, str]] = json.loads(row.body)["members"]
    return found
