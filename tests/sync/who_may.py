"""Who may change what, worked out once more for the models: shares no code with the program.

An agency may change what it made; a site, an assignment and an entry of the log only if it takes part in one of the
operations that it has ever said these are of, and nobody puts them into an operation in which they do not. The lead and
the co-leads of an operation may change its plan, and let in what a stranger made. Some fields are also
open to an agency that the record names: whoever made the record, or leads its operation, has named it there, ever.
What anybody else writes is a proposal and stands nowhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

Said = tuple[str, Mapping[str, object], Mapping[str, object]]
"""Of an edit of a part: the agency that wrote it, what it set, and of which fields it had seen something."""

PLAN = ("operation", "participation", "site", "assignment")
COURSE = ("site", "assignment", "log")
"""What is made in an operation by those who are in it."""

Standing = tuple[set[str], bool, set[str]]
"""Of an operation: who leads it, whether one of them has written of it, and whom they ever said to take part."""
ALSO = {
    "assignment": (
        "agency",
        "title officer site status priority start due depends_on instructions status_note result "
        "assigned_at accepted_at started_at done_at cancelled_at",
    ),
    "participation": ("agency", "liaison note"),
    "referral": (
        "to",
        "status received_at answered_at started_at completed_at handover_place handover_at decline_reason outcomes "
        "status_note",
    ),
    "recall": ("to", "status confirmed_at"),
}
STATES = {
    "referral": ("received", "accepted", "declined", "in-progress", "completed"),
    "recall": ("confirmed",),
}
WHOLLY = {"contact": "agency", "referral": "sender"}


@dataclass
class Rules:
    """What is asked: `agency_ids` maps an agency's code to the id of its record, as records name agencies."""

    agency_ids: Mapping[str, str]

    def counting(
        self,
        kind: str,
        record: str,
        maker: str | None,
        edits: Iterable[Said],
        leaders: Callable[[str], Standing],
        of_record: Iterable[Said],
    ) -> Callable[[str, str, object], bool]:
        """Says of an agency, a field and a value whether that counts in a part. `leaders` says how an operation
        stands; `of_record` are the edits of all parts.
        """
        edits, of_record = list(edits), list(of_record)
        may: set[str] = {maker} if maker else set()
        spoken = False
        is_strangers = False
        besides: set[str] = set()
        if kind in COURSE and maker:
            theirs = {
                str(sets["operation"])
                for by, sets, _saw in of_record
                if by == maker and sets.get("operation")
            }
            is_strangers = bool(theirs) and not any(self._is_in(leaders(one), maker) for one in theirs)
            if is_strangers:
                may = set()
                for one in theirs:
                    may |= leaders(one)[0]
        elif kind == "log":
            for _by, sets, saw in of_record:
                if sets.get("operation") and not saw.get("operation"):
                    leading, has_spoken, taking_part = leaders(str(sets["operation"]))
                    may |= leading
                    besides |= taking_part
                    spoken = spoken or has_spoken
        if kind == "agency":
            may = {code for code, own in self.agency_ids.items() if own == record}
        if kind in PLAN:
            if kind == "operation":
                operations = {record}
            elif maker:
                operations = set()
            else:
                first = {
                    str(sets["operation"])
                    for _by, sets, saw in of_record
                    if "operation" in sets and not saw.get("operation")
                }
                operations = first
            for _again in range(len(edits) + 2):
                if maker and kind != "operation":
                    operations |= {
                        str(sets["operation"])
                        for by, sets, _saw in edits
                        if by in may and sets.get("operation")
                    }
                for one in operations:
                    found, has_spoken, _taking_part = leaders(one)
                    may |= found
                    spoken = spoken or has_spoken
        if kind in WHOLLY:
            for _again in range(len(edits) + 1):
                may |= self._named(edits, WHOLLY[kind], may)
        told = {name for by, sets, _saw in edits if by in may for name in sets}
        named = self._named(edits, ALSO[kind][0], may) if kind in ALSO else set()

        def counts(by: str, name: str, value: object) -> bool:
            if kind in COURSE and name == "operation" and value and not self._is_in(leaders(str(value)), by):
                return False
            if by in besides:
                return True
            if name in ("dropped", "erased") or not may or by in may:
                return True
            if kind == "agency":
                return name not in told and (name != "archived" or not told)
            if not (maker or told or spoken):
                return True
            if by not in named or name not in ALSO[kind][1].split():
                return False
            return name != "status" or kind not in STATES or value in STATES[kind]

        return counts

    def leading(
        self, operation: str, maker: str | None, about: Iterable[Said], roles: Iterable[tuple[str, Said]]
    ) -> Standing:
        """How an operation stands; `roles` are of the agencies (codes)."""
        about, roles = list(about), list(roles)
        first = {str(sets["lead"]) for _by, sets, saw in about if sets.get("lead") and not saw.get("lead")}
        found = {maker} if maker else set(self._codes(first))
        for _again in range(len(about) + len(roles)):
            found |= {
                code for by, sets, _saw in about if by in found for code in self._codes([sets.get("lead")])
            }
            found |= {
                code for code, (by, sets, _saw) in roles if by in found and sets.get("role") == "co-lead"
            }
        named = {code for code, (by, sets, _saw) in roles if by in found and {"agency", "role"} & sets.keys()}
        return found, any(by in found for by, _sets, _saw in about), named

    @staticmethod
    def _is_in(operation: Standing, agency: str) -> bool:
        """Whether an agency is in an operation, or nobody who leads it has said a word yet."""
        leading, has_spoken, taking_part = operation
        return not has_spoken or agency in leading or agency in taking_part

    def _named(self, edits: Iterable[Said], name: str, by: set[str]) -> set[str]:
        return set(self._codes(sets.get(name) for who, sets, _saw in edits if who in by))

    def _codes(self, ids: Iterable[object]) -> list[str]:
        wanted = set(map(str, ids))
        return [code for code, own in self.agency_ids.items() if own in wanted]
