"""The words a kind is declared with: fields, parts, code lists, lifecycles.

A declaration is data. The SQLite table, the command line, the form, the check of plans, the search index and the
records reference are all made from it, so a field is never listed a second time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


def N_(text: str) -> str:
    """Mark `text` for the message catalogue; it is translated where it is shown (gettext's convention)."""
    return text


DIRECTORY, OPERATIONAL, AGREEMENT = "directory", "operational", "agreement"
CASE, CARE, IDENTITY, INTELLIGENCE = "case", "care", "identity", "intelligence"
NOTICE = "notice"

PARTS: Mapping[str, str] = {
    DIRECTORY: N_("who is who: shown to every peer"),
    OPERATIONAL: N_("the plan and its course: for the participants of the operation"),
    AGREEMENT: N_("legal instruments: for their parties"),
    NOTICE: N_("recalls: for who makes one and whom it is made to"),
    INTELLIGENCE: N_("graded information: for named recipients"),
    CASE: N_("what happened to a victim: for the agencies of that victim's referral"),
    CARE: N_("health, needs and safety of a victim: for the agencies of that victim's referral"),
    IDENTITY: N_("who a victim is: for the agencies of that victim's referral"),
}
"""Disclosure classes (compartments), widest audience first."""

SELF = "self"
"""Anchor of a part whose audience is decided by the record itself."""

ARCHIVED = "archived"
"""Name of the field, present in every part, that takes a record out of view."""

STATUS = "status"
"""Name of the field that holds the state of a kind with a lifecycle."""

ERASED = "erased"
"""Name of the field, possible in every part, by which a record's owner erases the part; its value is the reason."""

DROPPED = "dropped"
"""Name of the field by which a device confirms that it dropped an erased part's values; it names the erase edit."""

REJECTED = "rejected"
"""Name of the field by which who may decide rejects what another agency proposed, or that agency takes it back; its
values are that edit, as `FEED/NUMBER`, and the reason, if one was given."""

OF_EVERY_KIND = frozenset((ARCHIVED, ERASED, DROPPED, REJECTED))
"""The fields that every kind has without declaring them."""

OPEN, ACCEPTED, REFUSED, SUPERSEDED, SAME, OVERRULED = EVERY = (
    *("open", "accepted", "rejected", "superseded", "same", "overruled"),
)
"""What became of a proposed value: nothing yet, taken over, turned down, replaced by its author, as it stands, or said
by who had heard nothing of it, as a plan says what an agency is called."""


ANY_PROVIDER = "any-provider"
"""In place of an agency in a consent: whoever provides services to victims."""


class Type:
    """Types of one value. On the wire every value is a string, or a list of strings for `many`."""

    TEXT = "text"
    NOTE = "note"  # text of several lines
    CODE = "code"
    DATE = "date"  # YYYY-MM-DD
    TIME = "time"  # YYYY-MM-DDTHH:MM:SSZ, UTC
    INTEGER = "integer"
    REF = "ref"  # the full id of another record
    RECORD = "record"  # the full id of a record of any kind, which the field FIELD_kind names
    COUNTRY = "country"  # ISO 3166-1 alpha-2
    LANGUAGE = "language"  # ISO 639-1, or 639-3 where there is no two-letter code
    YES_NO = "yes-no"
    PARTY = "party"  # an agency's code or a country
    RECIPIENT = "recipient"  # an agency's code, or any-provider
    PAIR = "pair"  # CODE=CODE, for instance shelter=provided
    AGENCY_CODE = "agency-code"


@dataclass(frozen=True, slots=True)
class Field:
    """One named value of a record.

    `part` is the disclosure class it belongs to; `codes` maps the allowed codes to labels; `to` names the kind a
    reference points at; `by_move` marks what only the lifecycle's moves set; `end_of_day` says that a bare date given
    for a time means the end of that local day (deadlines).
    """

    name: str
    type: str
    part: str
    label: str
    help: str = ""
    required: bool = False
    many: bool = False
    codes: Mapping[str, str] | None = None
    pair_codes: Mapping[str, str] | None = None
    to: str = ""
    default: str = ""
    by_move: bool = False
    fixed: bool = False  # set once, when the record is made
    end_of_day: bool = False
    minimum: int | None = None

    @property
    def option(self) -> str:
        """The command-line option that sets this field."""
        return "--" + self.name.replace("_", "-")


@dataclass(frozen=True, slots=True)
class Ask:
    """What a move takes besides the record: option name (without dashes), the field it sets, whether it is needed."""

    option: str
    field: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class Move:
    """A named step of a lifecycle, from any of `sources` to `target`; `stamps` is the time field it sets to now."""

    name: str
    sources: tuple[str, ...]
    target: str
    help: str
    stamps: str = ""
    asks: tuple[Ask, ...] = ()


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """The states of a kind, kept in its field `status`, and the moves between them."""

    states: Mapping[str, str]
    initial: str
    moves: tuple[Move, ...]
    closed: tuple[str, ...] = ()

    def move(self, name: str) -> Move | None:
        """The move called `name`, or None."""
        return next((move for move in self.moves if move.name == name), None)

    def allowed(self, state: str) -> tuple[Move, ...]:
        """The moves that may be made from `state`."""
        return tuple(move for move in self.moves if state in move.sources)

    def between(self, source: str, target: str) -> Move | None:
        """The first move that leads from `source` to `target`, or None."""
        return next((move for move in self.allowed(source) if move.target == target), None)


@dataclass(frozen=True, slots=True)
class Named:
    """What the agency that a reference field names may change of a record: some fields, or all where none is given.

    `states` are those into which it may move the record, where `status` is among the fields; any where none is given.
    """

    by: str
    changes: tuple[str, ...] = ()
    states: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Authority:
    """Who may change a kind's records besides the agency that made each; what others write is a proposal.

    `plan`: they are an operation's plan, which its lead and co-leads may change, too, and which is theirs where nobody
    can prove to have made it. `participants`: it is made by who takes part in its operation; of a stranger's the
    operation's leaders decide. `itself`: the record of an agency is that agency's. `named`: what agencies that fields
    of the record name may change.
    """

    plan: bool = False
    participants: bool = False
    itself: bool = False
    named: tuple[Named, ...] = ()


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of record.

    `natural` names the fields that an agency's id derives from wherever it is made; `plan_key` those that identify a
    record of a plan that gives no `key`. `anchors` says for each part which record decides its audience: `SELF`, the
    name of a reference field of that part, or nothing where everybody with reach may see it.
    """

    name: str
    plural: str
    letter: str
    order: int
    label: str
    help: str
    fields: tuple[Field, ...]
    title: str
    anchors: Mapping[str, str]
    positional: str = ""
    natural: tuple[str, ...] = ()
    plan_key: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()
    lifecycle: Lifecycle | None = None
    deadline: str = ""  # the time field after which an open record is late
    deadline_states: tuple[str, ...] = ()  # states in which it counts; all open ones if empty
    sort: str = ""  # the field that lists are in order of; with a dash a limit keeps the last ones (a log)
    editable: bool = True
    authority: Authority = Authority()
    by_action: bool = False  # made by an action of its own only: never typed field by field, in no plan
    _by_name: dict[str, Field] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._by_name.update((each.name, each) for each in self.fields)

    @property
    def primary(self) -> str:
        """The part that every record of this kind has: that of its first field."""
        return self.fields[0].part

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts its fields belong to, in the order of the declaration."""
        return tuple(dict.fromkeys(each.part for each in self.fields))

    def field(self, name: str) -> Field | None:
        """The field called `name`, or None."""
        return self._by_name.get(name)

    def part_of(self, name: str) -> str:
        """The part that the field `name` belongs to (KeyError if it is not one of this kind's)."""
        return self._by_name[name].part


def lifecycle_field(lifecycle: Lifecycle, part: str) -> Field:
    """The `status` field of a kind with `lifecycle`."""
    return Field(
        STATUS,
        Type.CODE,
        part,
        N_("Status"),
        codes=lifecycle.states,
        default=lifecycle.initial,
        by_move=True,
    )
