"""`taskforce referral match` and `referral new`: who fits, and a referral in one step."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from typer.core import TyperCommand

from taskforce.actions.references import find, label_of
from taskforce.commands.frame import Parameter, argument, command, flag, open_session, option, typed_fields
from taskforce.errors import UsageError
from taskforce.i18n import N_, _
from taskforce.output import Column, Line, Result, Table
from taskforce.records.codes import GIVEN_BY
from taskforce.records.registry import get_kind
from taskforce.store import queries

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without importing typing at every start
if TYPE_CHECKING:
    from taskforce.actions.matching import Match
    from taskforce.actions.session import Session
    from taskforce.store.queries import Record


def verbs() -> dict[str, Any]:
    """The verbs of referrals beside those of every kind, and `send`, which says what would keep it from going."""
    from taskforce.commands.nouns import make_move  # deferred: nouns uses this module

    kind = get_kind("referral")
    assert kind.lifecycle is not None
    send = kind.lifecycle.move("send")
    assert send is not None
    return {
        "send": (_(send.help), partial(make_move, kind, send, _of_sent)),
        "match": (_(_MATCH), make_match),
        "new": (_(_NEW), make_new),
    }


def _of_sent(session: Session, referrals: Sequence[Record]) -> list[str]:
    """What keeps referrals from reaching their providers, and the commands that help."""
    from taskforce.actions.asking import notes_of  # deferred: only this verb needs it

    victim = get_kind("victim")
    return [
        note
        for each in referrals
        for note in notes_of(
            session,
            queries.get_record(session.store.connection, victim, each.text("victim")),
            _agency(session, each),
        )
    ]


def _agency(session: Session, referral: Record) -> Record | None:
    return queries.get_record(session.store.connection, get_kind("agency"), referral.text("to"))


_MATCH = N_("Which providers fit a victim, and why not the others")
_NEW = N_("Note a victim and send the referral, in one step")

_REFERRAL = ("to", "services", "urgency", "hand_over", "handover_place", "handover_at", "care_note")
_MET = (
    *("age_band", "age_unsure", "gender", "citizenship", "languages", "needs", "met_place"),
    "accompanied_by",
)
_KNOWN_BY = ("languages", "gender", "age_band", "age_unsure")


def make_match() -> TyperCommand:
    """`referral match [REF]`."""
    from taskforce.commands.nouns import complete_refs, field_option  # deferred: nouns uses this module

    kind, victim_kind = get_kind("referral"), get_kind("victim")
    services = kind.field("services")
    assert services is not None
    made = field_option(services)
    made.help = _("In place of the needs noted of the victim") + ": " + (made.help or "")
    parameters: list[Parameter] = [
        argument(
            "ref",
            _("Ref of a victim, or of a referral; left out, the options say whom"),
            required=False,
            complete=complete_refs(victim_kind),
        ),
        made,
        *(field_option(field) for name in _KNOWN_BY if (field := victim_kind.field(name))),
    ]
    return command("match", _run_match, _(_MATCH) + ".", parameters, lists=True)


def _run_match(ref: str | None, **given: Any) -> Result:
    from taskforce.actions import matching  # deferred: only this verb needs it
    from taskforce.actions.asking import with_lacks
    from taskforce.actions.values import parse_values

    session = open_session()
    wanted = parse_values(session, get_kind("referral"), typed_fields(["services"], given)).get(
        "services", []
    )
    about = typed_fields(_KNOWN_BY, given)
    if ref and about:
        raise UsageError(
            _("%(ref)s says whom already: only --services goes with it") % {"ref": ref},
            hint=_("leave out either the ref or the other options"),
        )
    if not ref:
        known = parse_values(session, get_kind("victim"), about)
        return _shown_matches(matching.match(session, services=list(wanted), **known))  # type: ignore[arg-type]
    subject = _subject(session, ref)
    of_it = matching.match_referral if subject.kind.name == "referral" else matching.match_victim
    found = of_it(session, subject, list(wanted))
    victim = subject
    if subject.kind.name == "referral":
        known_here = queries.get_record(session.store.connection, get_kind("victim"), subject.text("victim"))
        if known_here is None:
            return _shown_matches(found)
        victim = known_here
    return _shown_matches(*with_lacks(session, victim, found))


def _subject(session: Session, ref: str) -> Record:
    """The referral that a ref with its letter names, otherwise the victim."""
    kind = get_kind("referral")
    return find(
        session, kind if ref.strip().upper().startswith(f"{kind.letter}-") else get_kind("victim"), ref
    )


def _shown_matches(found: list[Match], notes: Sequence[str] = ()) -> Result:
    from taskforce.actions import matching  # deferred: as above

    columns = (
        Column(_("Provider"), "agency"),
        Column(_("Name"), "name", priority=1),
        Column(_("Fits"), "fits"),
        Column(_("Why not, and what to know"), "reasons", wrap=True),
    )
    rows = tuple(
        (
            label_of(each.agency),
            each.agency.text("name"),
            Line("● " + _("yes"), "ok") if each.fits else Line("× " + _("no"), "muted"),
            " · ".join((*each.reasons, *each.notes)),
        )
        for each in found
    )
    data = [
        {
            "id": each.agency.id,
            "agency": label_of(each.agency),
            "name": each.agency.text("name") or None,
            "fits": each.fits,
            "reasons": list(each.reasons),
            "notes": list(each.notes),
            "places_free": each.places_free,
        }
        for each in found
    ]
    view = Table(columns, rows, _("no provider is known; agencies become providers by their services"))
    return Result(data, view, (matching.fitting(found), *notes) if found else (), plural="providers")


def make_new() -> TyperCommand:
    """`referral new [VICTIM]`."""
    from taskforce.commands.nouns import complete_refs, field_option  # deferred: nouns uses this module

    kind, victim_kind = get_kind("referral"), get_kind("victim")
    options = [field for name in _REFERRAL if (field := kind.field(name))]
    options += [field for name in _MET if (field := victim_kind.field(name))]
    parameters: list[Parameter] = [
        argument(
            "victim",
            _("Victim's ref; left out, a new victim is noted"),
            required=False,
            complete=complete_refs(victim_kind),
        ),
        *(field_option(field) for field in options),
        option(
            "--consent",
            _(
                "Who consents to it: notes a consent to services by this provider, with case and care (%(codes)s)"
            )
            % {"codes": ", ".join(GIVEN_BY)},
            metavar="CODE",
        ),
        flag("--draft", _("Do not send it yet")),
    ]
    return command("new", _run_new, _(_NEW) + ".", parameters)


def _run_new(victim: str | None, draft: bool, consent: str | None, **given: Any) -> Result:
    from taskforce.actions.asking import notes_of  # deferred: only this verb needs it
    from taskforce.actions.referring import refer  # deferred: as above
    from taskforce.commands.nouns import shown_record  # deferred: nouns uses this module

    session = open_session()
    known = find(session, get_kind("victim"), victim) if victim else None
    met, made = refer(
        session,
        victim=known,
        met=typed_fields(_MET, given),
        referral=typed_fields(_REFERRAL, given),
        agreed=consent or "",
        send=not draft,
    )
    notes = [] if known else [_("%(victim)s is new") % {"victim": met.ref}]
    notes += notes_of(session, met, _agency(session, made))
    return shown_record(session, made, notes, is_new=True)
