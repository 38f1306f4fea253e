"""An agency's entry in the directory as text: role, who is on duty, places, agreements, exchange."""

from __future__ import annotations

from datetime import datetime

from taskforce import moments
from taskforce.actions.directory import Entry, Standing, Verified
from taskforce.i18n import _, ngettext
from taskforce.records.codes import ROLES
from taskforce.reports.record_views import shown
from taskforce.store.queries import Record
from taskforce.views import Line

Pieces = list[str | Line]


def text_of(entry: Entry, operation: str, now: datetime) -> Pieces:
    """Everything about an agency; `operation` is the codename of the current operation, or empty."""
    return [
        *_head(entry),
        *(_role(entry, operation) if operation else []),
        *_people(entry, now),
        *_provider(entry, now),
        *_agreements(entry),
        *_exchange(entry, now),
    ]


def places(entry: Entry) -> str | Line:
    """How many places are free, for a row: `6/12`; with a sign where the figure is old, or empty."""
    agency = entry.agency
    free, total = agency.text("places_free"), agency.text("places_total")
    if not free:
        return ""
    text = f"{free}/{total}" if total else free
    return Line(f"! {text} " + _("old"), "late") if entry.places_old else text


def on_duty(entry: Entry) -> str | Line:
    """Who is on duty, for a row."""
    if not entry.on_duty:
        return Line("○ " + _("nobody"), "muted")
    more = f" +{len(entry.on_duty) - 1}" if len(entry.on_duty) > 1 else ""
    return "● " + entry.on_duty[0].text("name") + more


def heard(entry: Entry, now: datetime) -> str | Line:
    """Whether it is a verified peer and when it was last heard, for a row."""
    if entry.is_own:
        return Line(_("us"), "muted")
    if entry.verified is None:
        return Line("○ " + _("not verified"), "muted")
    return "✓ " + _heard(entry.verified, now)


def role(entry: Entry) -> str | Line:
    """Its role, for a row."""
    return _(ROLES.get(entry.role, entry.role)) if entry.role else Line("–", "muted")


def _head(entry: Entry) -> Pieces:
    agency = entry.agency
    pieces: Pieces = [Line(agency.text("code"), "heading")]
    if agency.text("name"):
        pieces.append(Line(" · " + agency.text("name"), "heading"))
    if agency.archived:
        pieces.append(" · × " + _("archived"))
    told = [one for one in (_value(agency, "agency_kind"), _value(agency, "country")) if one]
    if told:
        pieces.append("\n" + " · ".join(told))
    status = agency.text("provider_status")
    if status and status != "active":
        pieces += ["\n", Line("× " + _value(agency, "provider_status"), "late")]
    if agency.text("note"):
        pieces += ["\n" + agency.text("note")]
    return [*pieces, "\n"]


def _role(entry: Entry, operation: str) -> Pieces:
    pieces: Pieces = _title(_("In %(operation)s") % {"operation": operation})
    if not entry.role:
        return [*pieces, Line("  ○ " + _("takes no part; p lets it take part") + "\n", "muted")]
    pieces.append(f"  {_(ROLES.get(entry.role, entry.role))}\n")
    basis = entry.legal_basis
    if basis is None:
        pieces.append(Line("  ○ " + _("no legal basis is noted") + "\n", "muted"))
    elif entry.basis_holds:
        pieces.append("  ● " + _("legal basis: %(title)s") % {"title": basis.title} + "\n")
    else:
        told = _("legal basis: %(title)s, not in force (%(state)s)") % {
            "title": basis.title,
            "state": _value(basis, "status"),
        }
        pieces.append(Line(f"  ! {told}\n", "late"))
    return pieces


def _people(entry: Entry, now: datetime) -> Pieces:
    pieces: Pieces = _title(_("On duty now"))
    for one in entry.on_duty:
        until = one.text("on_duty_until")
        told = _("until %(when)s (%(left)s)") % {
            "when": moments.show_time(until, now=now),
            "left": moments.left_or_late(until, now),
        }
        pieces += [Line("  ● ", "ok"), *_person(one), f"    {told}\n", *_reach(one)]
    if not entry.on_duty:
        pieces.append(Line("  ○ " + _("nobody") + "\n", "late"))
    if entry.next_on_duty is not None:
        when = moments.show_time(entry.next_on_duty.text("on_duty_from"), now=now)
        pieces += ["  " + _("next from %(when)s: ") % {"when": when}, *_person(entry.next_on_duty)]
        pieces += _reach(entry.next_on_duty)
    if entry.agency.text("duty_phone"):
        pieces.append("  " + _("duty phone %(number)s") % {"number": entry.agency.text("duty_phone")} + "\n")
    if entry.agency.items("channels"):
        pieces.append(f"  {_value(entry.agency, 'channels')}\n")
    others = [one for one in entry.liaisons if one not in entry.on_duty and one != entry.next_on_duty]
    if others:
        pieces += _title(_("Liaison officers") if len(others) > 1 else _("Liaison officer"))
        for one in others:
            pieces += ["  ", *_person(one), *_reach(one)]
    return pieces


def _person(contact: Record) -> Pieces:
    told = [contact.text("rank"), _value(contact, "role")]
    return [" · ".join([contact.text("name"), *(one for one in told if one)]) + "\n"]


def _reach(contact: Record) -> Pieces:
    told = [contact.text("phone"), contact.text("email")]
    if contact.text("radio"):
        told.append(_("radio %(sign)s") % {"sign": contact.text("radio")})
    told.append(_value(contact, "channels"))
    if contact.items("languages"):
        told.append(_value(contact, "languages"))
    found = [one for one in told if one]
    return [f"    {' · '.join(found)}\n"] if found else []


def _provider(entry: Entry, now: datetime) -> Pieces:
    agency = entry.agency
    pieces: Pieces = []
    free, total = agency.text("places_free"), agency.text("places_total")
    if free:
        count = (
            _("%(free)s of %(total)s free") % {"free": free, "total": total}
            if total
            else _("%(free)s free") % {"free": free}
        )
        as_of = agency.text("places_as_of")
        if as_of:
            age = {"when": moments.show_time(as_of, now=now), "ago": moments.ago(as_of, now)}
            count += " · " + _("as of %(when)s, %(ago)s") % age
        else:
            count += " · " + _("it is not said since when")
        pieces.append(
            Line(f"  ! {count}: {_('ask again')}\n", "late") if entry.places_old else f"  {count}\n"
        )
    elif total:
        pieces.append(Line("  ○ " + _("%(total)s, free unknown") % {"total": total} + "\n", "muted"))
    for name, label in (
        ("services", _("offers")),
        ("accepts", _("accepts")),
        ("languages", _("speaks")),
    ):
        if agency.items(name):
            pieces += [Line(f"  {label} ", "muted"), f"{_value(agency, name)}\n"]
    return [*_title(_("Places and services")), *pieces] if pieces else []


def _agreements(entry: Entry) -> Pieces:
    pieces = _title(_("Agreements in force"))
    if not entry.agreements:
        return [*pieces, Line("  ○ " + _("none") + "\n", "muted")]
    for standing in entry.agreements:
        pieces += _agreement(standing, is_own=entry.is_own)
    return pieces


def _agreement(standing: Standing, *, is_own: bool) -> Pieces:
    one = standing.agreement
    pieces: Pieces = ["  ● ", f"{one.title} ", Line(f"{one.ref}\n", "command")]
    # By their codes: the labels of the parts are whole sentences.
    parts = ", ".join(one.items("covers")) or _("nothing that is noted")
    covers = _("covers %(parts)s") % {"parts": parts}
    if one.items("purposes"):
        covers += " · " + _("for %(purposes)s") % {"purposes": _value(one, "purposes").lower()}
    pieces.append(f"    {covers}\n")
    if one.text("until"):
        pieces.append("    " + _("until %(date)s") % {"date": _value(one, "until")} + "\n")
    if standing.review:
        told = (
            _("review is overdue since %(date)s") if standing.review == "late" else _("review due %(date)s")
        )
        pieces.append(Line(f"    ! {told % {'date': _value(one, 'review_by')}}\n", "late"))
    if not standing.binds_us and not is_own:
        pieces.append(Line("    ○ " + _("we are no party to it") + "\n", "muted"))
    return pieces


def _exchange(entry: Entry, now: datetime) -> Pieces:
    pieces = _title(_("Exchange"))
    if entry.is_own:
        return [*pieces, "  " + _("this is your own agency") + "\n", *_devices(entry, now)]
    if entry.verified is None:
        told = _("not a verified peer: no bundle goes there; enter their card with: taskforce peer add CARD")
        return [*pieces, Line(f"  ○ {told}\n", "muted")]
    told = _("verified %(when)s by %(officer)s") % {
        "when": moments.show_time(entry.verified.at, now=now),
        "officer": entry.verified.by,
    }
    if entry.verified.how:
        told += f" ({entry.verified.how})"
    heard = f"{told}\n    {_last_heard(entry.verified, now)}\n"
    return [*pieces, Line("  ✓ ", "ok"), heard, *_devices(entry, now)]


def _devices(entry: Entry, now: datetime) -> Pieces:
    """The agency's devices, where it has several or one was revoked."""
    if len(entry.devices) < 2 and not any(one.revoked_at for one in entry.devices):
        return []
    pieces: Pieces = _title(_("Devices"))
    for one in entry.devices:
        name = f"{one.device[:4]} {one.label}".rstrip()
        if not one.revoked_at:
            pieces.append(f"  ● {name}\n")
            continue
        told = _("revoked %(when)s") % {"when": moments.show_time(one.revoked_at, now=now)}
        pieces.append(Line(f"  ⊘ {name} · {told}\n", "late"))
        if one.reason:
            pieces.append(f"    {one.reason}\n")
    return pieces


def _heard(verified: Verified, now: datetime) -> str:
    return moments.ago(verified.last_heard, now) if verified.last_heard else _("never heard")


def _last_heard(verified: Verified, now: datetime) -> str:
    if not verified.last_heard:
        return _("nothing has come from them yet")
    return _("last heard %(when)s") % {"when": moments.ago(verified.last_heard, now)}


def count_of(count: int, *, everywhere: bool) -> str:
    """How many agencies are shown."""
    if everywhere:
        return ngettext("%(n)d agency", "%(n)d agencies", count) % {"n": count}
    return ngettext("%(n)d takes part", "%(n)d take part", count) % {"n": count}


def _title(text: str) -> Pieces:
    return [Line(f"\n{text}\n", "muted")]


def _value(record: Record, name: str) -> str:
    field = record.kind.field(name)
    assert field is not None
    return shown(field, record.values.get(name, ""), {})
