"""Turns what people type for a field into what is kept, and says in one sentence what else would be allowed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from taskforce import moments, typed_moments
from taskforce.actions.references import ID_LENGTH, find
from taskforce.actions.session import Session
from taskforce.crockford import normalise
from taskforce.errors import TaskforceError, UsageError, did_you_mean
from taskforce.i18n import _
from taskforce.labels import countries, languages
from taskforce.records.registry import get_kind
from taskforce.records.schema import ANY_PROVIDER, Field, Kind, Type
from taskforce.text import clean_input

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without importing typing at every start
if TYPE_CHECKING:
    from taskforce.sync.edit import Value

LONGEST = 20_000
"""Characters that one text may have: some ten pages."""

_AGENCY_CODE = re.compile(r"[A-Z0-9][A-Z0-9-]{1,31}")
_LISTED = 12


def parse_values(session: Session, kind: Kind, typed: Mapping[str, str | Sequence[str]]) -> dict[str, Value]:
    """The wire's values of several fields as a person typed them; UsageError for the first that will not do."""
    result: dict[str, Value] = {}
    for name, text in typed.items():
        field = kind.field(name)
        if field is None:
            raise UsageError(_("%(kind)s has no field %(name)s") % {"kind": kind.name, "name": name})
        try:
            result[name] = parse_value(session, field, text)
        except ValueFault as fault:
            named = field.name.upper() if name == kind.positional else field.option
            raise UsageError(f"{named}: {fault.sentence}", hint=fault.hint) from None
    return result


class ValueFault(ValueError):
    """A value that will not do: the sentence and a hint, for the caller to put the place in front."""

    def __init__(self, sentence: str, hint: str | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.hint = hint


def parse_value(session: Session, field: Field, typed: str | Sequence[str]) -> Value:
    """One field's value as a person typed it; a field of many takes a list, or one text with commas.

    Raises ValueFault. The empty text clears the field.
    """
    if field.many:
        items = typed.split(",") if isinstance(typed, str) else list(typed)
        kept = [parse_one(session, field, item.strip()) for item in items if item.strip()]
        return list(dict.fromkeys(kept))
    if not isinstance(typed, str):
        raise ValueFault(_("one value is wanted here, not a list"))
    text = typed if field.type == Type.NOTE else typed.strip()
    return parse_one(session, field, text) if text else ""


def parse_one(session: Session, field: Field, text: str) -> str:
    """One value of a field. Raises ValueFault."""
    try:
        text = clean_input(text)
    except ValueError:
        raise ValueFault(_("the text holds bytes that are not UTF-8")) from None
    if len(text) > LONGEST:
        raise ValueFault(_("the text is longer than %(most)d characters") % {"most": LONGEST})
    if field.type == Type.CODE:
        assert field.codes is not None
        return _code(text, field.codes)
    if field.type in (Type.DATE, Type.TIME):
        return _moment(session, field, text)
    if field.type == Type.INTEGER:
        return _integer(field, text)
    if field.type == Type.REF:
        return _reference(session, field, text)
    if field.type == Type.PAIR:
        return _pair(field, text)
    simple: Mapping[str, Callable[[str], str]] = {
        Type.COUNTRY: _country,
        Type.LANGUAGE: _language,
        Type.YES_NO: _yes_no,
        Type.AGENCY_CODE: agency_code,
        Type.PARTY: partial(_party, session),
        Type.RECIPIENT: partial(_recipient, session),
    }
    if field.type in simple:
        return simple[field.type](text)
    if field.type == Type.TEXT and "\n" in text:
        raise ValueFault(_("one line of text is wanted here"))
    return text


def agency_code(text: str) -> str:
    """An agency's code in capitals: letters, digits and dashes, 2 to 32 characters. Raises ValueFault."""
    code = text.upper()
    if not _AGENCY_CODE.fullmatch(code):
        raise ValueFault(
            _('"%(text)s" is not an agency code') % {"text": text},
            _("use letters, digits and dashes, such as KH-CNP"),
        )
    return code


def one_of(allowed: Iterable[str]) -> str:
    """The allowed codes as a hint."""
    codes = list(allowed)
    more = ", …" if len(codes) > _LISTED else ""
    return _("one of: %(codes)s") % {"codes": ", ".join(codes[:_LISTED]) + more}


def _code(text: str, codes: Mapping[str, str]) -> str:
    code = text.lower()
    if code in codes:
        return code
    by_label = {_(label).casefold(): each for each, label in codes.items()}
    if text.casefold() in by_label:
        return by_label[text.casefold()]
    meant = did_you_mean(text, codes)
    allowed = one_of(codes)
    raise ValueFault(
        _('"%(text)s" is not one of its codes') % {"text": text}, f"{meant} {allowed}" if meant else allowed
    )


def _moment(session: Session, field: Field, text: str) -> str:
    try:
        if field.type == Type.DATE:
            return typed_moments.parse_date(text, moments.today())
        return typed_moments.parse_time(text, session.now, end_of_day=field.end_of_day)
    except moments.MomentError as error:
        raise ValueFault(error.sentence, error.hint) from None


def _integer(field: Field, text: str) -> str:
    if not re.fullmatch(r"-?\d{1,12}", text, re.ASCII):
        raise ValueFault(
            _('"%(text)s" is not a whole number') % {"text": text}, _("write it in digits, such as 12")
        )
    number = int(text)
    if field.minimum is not None and number < field.minimum:
        raise ValueFault(
            _("%(number)d is less than %(least)d") % {"number": number, "least": field.minimum},
            _("%(least)d or more fits here") % {"least": field.minimum},
        )
    return str(number)


def _reference(session: Session, field: Field, text: str) -> str:
    if len(text) == ID_LENGTH and normalise(text) == text:
        return text  # a full id may name a record that has not arrived yet
    try:
        return find(session, get_kind(field.to), text).id
    except TaskforceError as error:
        raise ValueFault(error.sentence, error.hint) from None


def _pair(field: Field, text: str) -> str:
    assert field.codes is not None and field.pair_codes is not None
    left, equals, right = text.partition("=")
    if not equals:
        raise ValueFault(
            _('"%(text)s" is not a pair') % {"text": text},
            _("write it as %(form)s") % {"form": "shelter=provided"},
        )
    return f"{_code(left.strip(), field.codes)}={_code(right.strip(), field.pair_codes)}"


def _country(text: str) -> str:
    import pycountry  # deferred: reads its tables from disk, and only adding and editing needs them

    code = text.upper()
    if len(code) == 2 and pycountry.countries.get(alpha_2=code):
        return code
    named = pycountry.countries.get(name=text)
    if named is not None:
        return str(named.alpha_2)
    if called := _called(text, countries()):
        return called
    meant = did_you_mean(text, [each.name for each in pycountry.countries])
    raise ValueFault(
        _('"%(text)s" is not a country (ISO 3166-1)') % {"text": text},
        meant or _("use two letters, such as KH for Cambodia"),
    )


def _language(text: str) -> str:
    import pycountry  # deferred: as above

    code = text.lower()
    found = None
    if len(code) == 2:
        found = pycountry.languages.get(alpha_2=code)
    elif len(code) == 3:
        found = pycountry.languages.get(alpha_3=code)
    found = found or pycountry.languages.get(name=text.capitalize())
    if found is None and (called := _called(text, languages())):
        return called
    if found is None:
        raise ValueFault(
            _('"%(text)s" is not a language (ISO 639-1 or 639-3)') % {"text": text},
            _("use two letters, such as km for Khmer, or three where there are no two"),
        )
    return str(getattr(found, "alpha_2", found.alpha_3))


def _called(text: str, names: Mapping[str, str]) -> str:
    """The code of what is shown by this name; empty where nothing is."""
    wanted = text.casefold()
    return next((code for code, name in names.items() if wanted in (name.casefold(), _(name).casefold())), "")


def _yes_no(text: str) -> str:
    if text.lower() in ("yes", "y", "true", "1"):
        return "yes"
    if text.lower() in ("no", "n", "false", "0"):
        return "no"
    raise ValueFault(_('"%(text)s" is neither yes nor no') % {"text": text}, one_of(("yes", "no")))


def _party(session: Session, text: str) -> str:
    return _country(text) if len(text) == 2 else _agency(session, text)


def _recipient(session: Session, text: str) -> str:
    return ANY_PROVIDER if text.lower() == ANY_PROVIDER else _agency(session, text)


def _agency(session: Session, text: str) -> str:
    try:
        return find(session, get_kind("agency"), text).text("code")
    except TaskforceError as error:
        raise ValueFault(error.sentence, error.hint) from None
