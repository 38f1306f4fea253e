"""What somebody types into the dialog for a new referral: how each line is understood, and which providers fit."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from taskforce import moments
from taskforce.actions import matching
from taskforce.actions.choosing import choices_for
from taskforce.actions.matching import Match
from taskforce.actions.references import candidates
from taskforce.actions.session import Session
from taskforce.actions.using import current_operation
from taskforce.actions.values import ValueFault, parse_one
from taskforce.i18n import _
from taskforce.labels import language
from taskforce.records.codes import AGE_BANDS, GENDERS, GIVEN_BY, SERVICES, URGENCIES
from taskforce.records.registry import get_kind
from taskforce.records.schema import Field, Kind
from taskforce.reports.record_views import shown
from taskforce.sharing.facts import SPEAK_FOR_A_CHILD, is_child
from taskforce.store import queries
from taskforce.store.queries import Record
from taskforce.tui.as_command import command_line, named
from taskforce.tui.refer_lines import ABOUT, NAMES
from taskforce.typed_moments import parse_duration
from taskforce.views import Line

_MANY = ("languages", "needs")
_CODES: Mapping[str, Mapping[str, str]] = {
    "age": AGE_BANDS,
    "gender": GENDERS,
    "needs": SERVICES,
    "urgency": URGENCIES,
    "consent": GIVEN_BY,
}
_MOST = 15
_USUAL = "1d"
_UNSURE = "?"


@dataclass(frozen=True, slots=True)
class Understood:
    """What one line means: codes, the words for them, or what is wrong with it."""

    codes: tuple[str, ...] = ()
    words: str = ""
    fault: str = ""
    open: bool = False  # it may become one of several: not wrong yet, but not enough either

    @property
    def line(self) -> Line:
        """How it is said beside the line; a glyph says it, too."""
        if self.fault:
            return Line(("? " if self.open else "! ") + self.fault, "command" if self.open else "late")
        return Line(self.words, "" if self.codes else "muted")


@dataclass(frozen=True, slots=True)
class Entry:
    """All lines as they are understood, with the providers for them, those that fit first."""

    lines: Mapping[str, Understood] = field(default_factory=dict)
    victim: Record | None = None
    victims: tuple[Record, ...] = ()
    matches: tuple[Match, ...] = ()
    choices: tuple[str, ...] = ()
    """Texts that the last word of the focused line may become."""
    labels: tuple[str, ...] = ()
    note: str = ""
    operation: str = ""
    """The id of the operation that a new victim belongs to: the one that is named above the lines."""
    codename: str = ""

    @property
    def faulty(self) -> str:
        """The first line that will not do, or the empty string."""
        return next((name for name in NAMES if name in self.lines and self.lines[name].fault), "")

    @property
    def met(self) -> dict[str, str | list[str]]:
        """The fields of a new victim; none where the victim is known."""
        if self.victim is not None:
            return {}
        age = list(self.lines["age"].codes)
        found: dict[str, str | list[str]] = {
            "age_band": next((code for code in age if code != _UNSURE), ""),
            "age_unsure": "yes" if _UNSURE in age else "",
            "gender": "".join(self.lines["gender"].codes),
            "languages": list(self.lines["languages"].codes),
            "needs": list(self.lines["needs"].codes),
        }
        return {name: value for name, value in found.items() if value}

    @property
    def referral(self) -> dict[str, str | list[str]]:
        """The fields of the referral but victim and provider. A new victim's needs are asked for by themselves."""
        found: dict[str, str | list[str]] = {
            "services": list(self.lines["needs"].codes) if self.victim is not None else [],
            "urgency": "".join(self.lines["urgency"].codes),
            "care_note": self.note,
        }
        return {name: value for name, value in found.items() if value}

    @property
    def agreed(self) -> str:
        """Who consents to the referral, by code; the empty string where nobody is named."""
        return "".join(self.lines["consent"].codes) if "consent" in self.lines else ""

    def command(self, provider: Match | None) -> str:
        """The command that does the same."""
        words = ["referral", "new"]
        if self.victim is not None:
            words.append(named(self.victim))
        fields: dict[str, str | list[str]] = {**self.met, **self.referral} if self.lines else {}
        for name, value in fields.items():
            words += ["--" + name.replace("_", "-"), value if isinstance(value, str) else ",".join(value)]
        if self.agreed:
            words += ["--consent", self.agreed]
        if provider is not None:
            words += ["--to", named(provider.agency)]
        return command_line(*words)


def read_entry(session: Session, typed: Mapping[str, str], focused: str = "") -> Entry:
    """How the typed lines are understood now, and which providers there are for that."""
    lines = {name: _understood(session, name, typed.get(name, "")) for name in (*_CODES, "languages")}
    victim, victims, lines["victim"] = _victim(session, typed.get("victim", ""))
    if victim is not None:
        lines.update({name: _known(victim, name) for name in ABOUT})
        if not lines["needs"].codes and not lines["needs"].fault and victim.items("needs"):
            lines["needs"] = Understood(words=_known(victim, "needs").words)
    chosen = current_operation(session)
    entry = Entry(
        lines,
        victim,
        victims,
        note=typed.get("note", "").strip(),
        operation="" if chosen is None else chosen.id,
        codename="" if chosen is None else chosen.text("codename"),
    )
    lines["consent"] = _speaking(lines, victim)
    lines["urgency"] = _with_due(session, lines["urgency"])
    lines["provider"] = Understood()
    matches = _matches(session, entry)
    spoken = dict.fromkeys(code for each in matches for code in each.agency.items("languages"))
    choices = _choices(session, focused, typed.get(focused, ""), victims, list(spoken))
    return replace(
        entry,
        matches=tuple(matches),
        choices=tuple(value for value, _label in choices),
        labels=tuple(label for _value, label in choices),
    )


def filtered(matches: Sequence[Match], words: str) -> list[Match]:
    """The providers in whose code, name or languages every word is found."""
    wanted = words.casefold().split()
    return [
        each
        for each in matches
        if all(
            word in " ".join([each.agency.text("code"), each.agency.text("name"), *_spoken(each)]).casefold()
            for word in wanted
        )
    ]


def _spoken(one: Match) -> list[str]:
    """The languages of a provider, by code and by name."""
    return [word for code in one.agency.items("languages") for word in (code, language(code))]


def last_word(name: str, text: str) -> tuple[str, str]:
    """A line's text before its last word, and that word: what a choice takes the place of."""
    if name not in _MANY:
        return "", text
    at = max(text.rfind(","), text.rfind(" ")) + 1
    return text[:at], text[at:]


def codes_meant(text: str, codes: Mapping[str, str]) -> list[str]:
    """The codes that `text` may mean: one by code or label, else those that begin so, else those with such a word."""
    typed = text.strip().casefold()
    for code, label in codes.items():
        if typed in (code, _(label).casefold()):
            return [code]
    begin = [
        code
        for code, label in codes.items()
        if code.startswith(typed) or _(label).casefold().startswith(typed)
    ]
    words = {code: _(label).casefold().split() for code, label in codes.items()}
    return begin or [code for code in codes if any(word.startswith(typed) for word in words[code])]


def band_of(age: int) -> str:
    """The age band that holds an age in years, or the empty string."""
    for code in AGE_BANDS:
        first, _dash, last = code.rstrip("+").partition("-")
        if int(first) <= age <= (int(last) if last else 120):
            return code
    return ""


# ── one line ──


def _understood(session: Session, name: str, text: str) -> Understood:
    if not text.strip():
        return Understood(words=_("not known") if name in (*ABOUT, "needs") else "")
    if name == "languages":
        return _languages(session, text)
    if name == "age":
        return _age(text)
    codes = _CODES[name]
    if name == "needs" and not _is_label(text, codes):
        return _several(text, codes)
    return _one(text, codes)


def _is_label(text: str, codes: Mapping[str, str]) -> bool:
    """Whether a text is one code's whole label, which may have several words."""
    return text.strip().casefold() in {_(label).casefold() for label in codes.values()}


def _one(text: str, codes: Mapping[str, str]) -> Understood:
    found = codes_meant(text, codes)
    if len(found) == 1:
        return Understood((found[0],), _(codes[found[0]]))
    if not found:
        return Understood(fault=_('"%(text)s" is none of its codes') % {"text": text.strip()})
    return Understood(fault=_or([_(codes[code]) for code in found]), open=True)


def _several(text: str, codes: Mapping[str, str]) -> Understood:
    each = [_one(word, codes) for word in re.split(r"[,\s]+", text) if word]
    return _together(each)


def _together(each: Sequence[Understood]) -> Understood:
    wrong = next((one for one in each if one.fault), None)
    if wrong is not None:
        return wrong
    codes = dict.fromkeys(code for one in each for code in one.codes)
    return Understood(tuple(codes), ", ".join(dict.fromkeys(one.words for one in each)))


def _age(text: str) -> Understood:
    typed = text.strip()
    unsure = typed.endswith(_UNSURE)
    typed = typed.rstrip(_UNSURE + " ")
    if not typed:
        return Understood((_UNSURE,), _("not sure: treated as a child"))
    if typed.isdecimal() and len(typed) <= 3:
        band = band_of(int(typed))
        found = Understood((band,), _(AGE_BANDS[band])) if band else Understood(fault=_("nobody is that old"))
    else:
        found = _one(typed, AGE_BANDS)
    if not unsure or found.fault:
        return found
    return Understood((*found.codes, _UNSURE), f"{found.words}, {_('not sure: treated as a child')}")


def _languages(session: Session, text: str) -> Understood:
    spoken = _field(get_kind("victim"), "languages")
    each = []
    for word in (one for one in re.split(r"[,\s]+", text) if one):
        try:
            code = parse_one(session, spoken, word)
        except ValueFault as fault:
            near = choices_for(session, spoken, word, limit=4)
            if not near:
                return Understood(fault=fault.sentence)
            each.append(Understood(fault=_or([f"{one.value} {one.label}" for one in near]), open=True))
            continue
        labels = [one.label for one in choices_for(session, spoken, code) if one.value == code]
        each.append(Understood((code,), labels[0] if labels else code))
    return _together(each)


def _speaking(lines: Mapping[str, Understood], victim: Record | None) -> Understood:
    """Who consents: for a child, and for who may be one, somebody else than the person."""
    line, age = lines["consent"], lines["age"].codes
    unsure = "yes" if _UNSURE in age else ""
    if victim is not None:
        age, unsure = (victim.text("age_band"),), victim.text("age_unsure")
    if any(is_child(code, unsure) for code in age) and line.codes and line.codes[0] not in SPEAK_FOR_A_CHILD:
        return Understood(fault=_("for a child a caregiver or guardian consents"))
    return line


def _with_due(session: Session, line: Understood) -> Understood:
    if line.fault:
        return line
    code = line.codes[0] if line.codes else _USUAL
    due = moments.time_text(session.now + timedelta(seconds=parse_duration(code)))
    words = f"{_(URGENCIES[code])}: {moments.show_time(due, now=session.now)}"
    return replace(line, words=words)


def _victim(session: Session, text: str) -> tuple[Record | None, tuple[Record, ...], Understood]:
    words = text.strip()
    if not words:
        return None, (), Understood(words=_("a new one"))
    kind = get_kind("victim")
    found = [each for each in candidates(session, kind, words) if not each.archived]
    found = found or queries.search(session.store.connection, words, kind=kind, limit=_MOST)
    if not found:
        return None, (), Understood(fault=_('no victim holds "%(words)s"') % {"words": words})
    if len(found) > 1:
        return None, tuple(found), Understood(fault=_or([each.ref for each in found[:4]]), open=True)
    return found[0], (), Understood((found[0].id,), f"{found[0].ref} · {gist_of(found[0])}")


def gist_of(victim: Record) -> str:
    """A victim in few words, none of them a name."""
    told = [_known(victim, name).words for name in ABOUT if _known(victim, name).codes]
    return ", ".join([*told, victim.text("met_place")] if victim.text("met_place") else told)


def _known(victim: Record, name: str) -> Understood:
    """What is noted of a victim for one of the lines."""
    kept = _field(victim.kind, {"age": "age_band"}.get(name, name))
    value = victim.values.get(kept.name, "")
    if not value:
        return Understood(words=_("not known"))
    codes = tuple(value) if isinstance(value, list) else (value,)
    words = shown(kept, value, {})
    if name == "age" and victim.text("age_unsure") == "yes":
        words += ", " + _("not sure: treated as a child")
    return Understood(codes, words)


def _matches(session: Session, entry: Entry) -> list[Match]:
    services = entry.lines["needs"].codes
    if entry.victim is not None:
        return matching.match_victim(session, entry.victim, services)
    age = entry.lines["age"].codes
    return matching.match(
        session,
        services=services,
        languages=entry.lines["languages"].codes,
        gender="".join(entry.lines["gender"].codes),
        age_band=next((code for code in age if code != _UNSURE), ""),
        age_unsure="yes" if _UNSURE in age else "",
    )


def _choices(
    session: Session, name: str, text: str, victims: Sequence[Record], spoken: Sequence[str]
) -> list[tuple[str, str]]:
    """What the last word of a line may become, and how that is said."""
    if name == "victim":
        return [(each.ref, f"{each.ref} {gist_of(each)}") for each in victims]
    word = last_word(name, text)[1]
    if name == "languages":
        if not word:
            return [(code, code) for code in spoken[:_MOST]]
        near = choices_for(session, _field(get_kind("victim"), "languages"), word, limit=6)
        return [(each.value, f"{each.value} {each.label}") for each in near]
    codes = _CODES.get(name, {})
    return [(code, _(codes[code])) for code in codes_meant(word, codes)]


def _field(kind: Kind, name: str) -> Field:
    found = kind.field(name)
    assert found is not None
    return found


def _or(words: Sequence[str]) -> str:
    return _(" or ").join(words)
