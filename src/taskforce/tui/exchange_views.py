"""What the screen of exchange lists in place of peers and inbox: quarantine, feeds, what was erased or recalled."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from textual.content import Content

from taskforce import moments
from taskforce.actions import erasing, feeds, quarantined, recalling
from taskforce.actions.attention import quarantined as why_they_wait
from taskforce.actions.erasing import ErasedPart
from taskforce.actions.feeds import Feed
from taskforce.actions.quarantined import Quarantined
from taskforce.actions.session import Session
from taskforce.i18n import _, ngettext
from taskforce.labels import field_labels
from taskforce.records.registry import find_kind
from taskforce.reports import erasure_views, feed_views, quarantine_views, recall_views
from taskforce.text import cells, safe, shorten
from taskforce.tui.as_command import command_line
from taskforce.tui.exchange_lines import waiting_line
from taskforce.tui.safety import content_of
from taskforce.tui.text_lines import laid_out
from taskforce.views import Fields, Line

if TYPE_CHECKING:
    from taskforce.tui.screens.base import RoomDialog

MOST = 200
"""Edits in quarantine that are listed: an agency that is not verified may have sent all that it ever wrote."""

_REF_CELLS, _AGENCY_CELLS = 10, 14


@dataclass(frozen=True, slots=True)
class Row:
    """One thing listed: what commands call it by, whose it is, how it looks in lines, and all of it for the side.

    `dialog` says what enter opens: an edit in quarantine, a feed, or the record of a kind.
    """

    id: str
    whose: str
    lines: tuple[Line | str, ...]
    detail: tuple[Line | str, ...]
    command: str
    dialog: tuple[str, str]

    def opened(self) -> RoomDialog[Any] | None:
        """What enter opens; None for a record of a kind that only a newer version knows."""
        from taskforce.tui.screens.decisions import (  # deferred: until one is opened
            FeedDialog,
            QuarantinedDialog,
        )
        from taskforce.tui.screens.record import RecordDialog

        what, name = self.dialog
        if what == "quarantine":
            return QuarantinedDialog(name)
        if what == "feed":
            return FeedDialog(name)
        kind = find_kind(what)
        return None if kind is None else RecordDialog(kind, name)

    def content(self, width: int) -> Content:
        """How it looks in a list of `width` cells: the first line as it is, the others laid out below."""
        head = self.lines[0]
        text, style = (head.text, head.style) if isinstance(head, Line) else (head, "")
        first = content_of(Line(shorten(safe(text), width), style), "\n" if self.lines[1:] else "")
        return first + laid_out(self.lines[1:], width, indent=2)


@dataclass(frozen=True, slots=True)
class Listed:
    """What was read for a view: a line for its title, the rows, and how many there are in all."""

    title: str
    rows: tuple[Row, ...]
    total: int
    command: str
    above: tuple[Line | str, ...] = ()

    def cut_line(self) -> str:
        """That not all are listed, and where all are; empty where they are."""
        if self.total <= len(self.rows):
            return ""
        told = _("the first %(n)d of %(count)d; all of them: %(command)s")
        return told % {"n": len(self.rows), "count": self.total, "command": self.command}


class View(ABC):
    """One of the lists."""

    @abstractmethod
    def read(self, session: Session, now: datetime) -> Listed:
        """Read it; in the reading thread."""

    @abstractmethod
    def heading(self) -> str:
        """What stands above it."""

    @abstractmethod
    def nothing(self) -> str:
        """What is said where there is nothing."""

    @property
    @abstractmethod
    def command(self) -> str:
        """The command that lists the same."""


class QuarantineView(View):
    """Edits that may not enter."""

    command = "taskforce quarantine list"

    def heading(self) -> str:
        """What stands above it."""
        return _("IN QUARANTINE")

    def nothing(self) -> str:
        """That nothing waits."""
        return _("nothing is in quarantine")

    def read(self, session: Session, now: datetime) -> Listed:
        """The first edits, by feed and number, and above them how many wait for what reason."""
        with session.store.reading():
            found = quarantined.list_quarantined(session, limit=MOST)
            rows = tuple(_quarantined(one, quarantined.beside(session, one), now) for one in found)
            reasons = why_they_wait(session)
            total = quarantined.count_quarantined(session)
        count = ngettext("%(count)d edit waits", "%(count)d edits wait", total) % {"count": total}
        above = tuple(waiting_line(one) for one in reasons)
        return Listed(count, rows, total, self.command, above)


def _quarantined(one: Quarantined, seen: quarantined.Seen, now: datetime) -> Row:
    whose = one.agency or one.device
    return Row(
        one.ref,
        whose,
        (
            _fitted(one.ref, _REF_CELLS)
            + _fitted(whose, _AGENCY_CELLS)
            + f"{quarantine_views.called(one)}, {one.part}: {field_labels(find_kind(one.kind), one.values)}",
            Line(f"{' ' * _REF_CELLS}{one.why} · {moments.ago(one.since, now)}", "conflict"),
        ),
        lines_of(quarantine_views.fields_of(seen)),
        command_line("quarantine", "show", one.ref),
        ("quarantine", one.ref),
    )


class FeedsView(View):
    """Which devices wrote what is held here."""

    command = "taskforce feed list"

    def heading(self) -> str:
        """What stands above it."""
        return _("FEEDS")

    def nothing(self) -> str:
        """That there is none."""
        return _("no feed is known yet")

    def read(self, session: Session, now: datetime) -> Listed:
        """Every feed; those that forked first."""
        found = sorted(feeds.list_feeds(session), key=lambda one: not one.forked_at)
        forked = sum(bool(one.forked_at) for one in found)
        title = ngettext("%(count)d feed", "%(count)d feeds", len(found)) % {"count": len(found)}
        if forked:
            title += " · ≠ " + ngettext("%(count)d forked", "%(count)d forked", forked) % {"count": forked}
        return Listed(title, tuple(_feed(one, now) for one in found), len(found), self.command)


def _feed(one: Feed, now: datetime) -> Row:
    count = ngettext("%(count)d edit", "%(count)d edits", one.edits) % {"count": one.edits}
    held = _("%(edits)s, last %(when)s") % {"edits": count, "when": moments.ago(one.last_at, now)}
    not_held = f" · {feed_views.not_held(one)}" if one.not_held else ""
    state = feed_views.state(one)
    told: Line | str = Line(f"{' ' * _AGENCY_CELLS}{one.officer} · {held}{not_held}", "muted")
    lines = [_fitted(one.agency, _AGENCY_CELLS) + one.feed, told]
    detail = [*feed_views.head_lines(one), ""]
    if one.forked_at:
        lines.insert(1, Line(f"{' ' * _AGENCY_CELLS}≠ {state}", "conflict"))
        detail += [Line(f"≠ {state}", "conflict"), "", feed_views.why_it_waits(one)]
        detail += ["", Line(_("enter shows both sides"), "muted")]
    elif state:
        lines.insert(1, Line(f"{' ' * _AGENCY_CELLS}{state}", "muted"))
        detail.append(state)
    return Row(
        one.feed,
        one.agency,
        tuple(lines),
        tuple(detail),
        command_line("feed", "show", one.feed),
        ("feed", one.feed),
    )


class ErasedView(View):
    """What was erased, and who has confirmed."""

    command = "taskforce erase status"

    def heading(self) -> str:
        """What stands above it."""
        return _("ERASED")

    def nothing(self) -> str:
        """That there is nothing, and how something comes to be erased."""
        return _("nothing was erased; X on a record of your own agency erases it")

    def read(self, session: Session, now: datetime) -> Listed:
        """Every erased part; those that are not confirmed by all first, then the latest first."""
        found = erasing.status(session)
        found.sort(key=lambda one: one.at, reverse=True)
        found.sort(key=lambda one: not one.waiting)
        title = erasure_views.how_far(found) if found else ""
        return Listed(title, tuple(_erased(one, now) for one in found), len(found), self.command)


def _erased(one: ErasedPart, now: datetime) -> Row:
    kind = find_kind(one.kind)
    label = f"{one.kind if kind is None else _(kind.label)} {one.label}"
    waits = erasure_views.waits_for(one, now)
    return Row(
        f"{one.record}/{one.part}",
        one.agency,
        (
            f"{label} · {one.part}",
            Line("  " + erasure_views.erased_by(one), "muted"),
            Line(f"  ! {waits}", "late") if waits else Line("  ● " + erasure_views.how_far([one]), "ok"),
        ),
        _erased_story(one, now),
        command_line("erase", "status", one.label),
        (one.kind, one.record),
    )


def _erased_story(one: ErasedPart, now: datetime) -> tuple[Line | str, ...]:
    beyond = [Line(erasure_views.passed_on(one.passed_on_by), "muted")] if one.passed_on_by else []
    return (*erasure_views.story(one, now), *beyond)


class RecallsView(View):
    """What was recalled, and who has dropped it."""

    command = "taskforce recall status"

    def heading(self) -> str:
        """What stands above it."""
        return _("RECALLS")

    def nothing(self) -> str:
        """That there is nothing, and how something comes to be recalled."""
        return _("nothing is recalled; taskforce recall add asks for what was told")

    def read(self, session: Session, now: datetime) -> Listed:
        """Every recall, those that wait first."""
        found = recalling.status(session)
        rows = tuple(_recall(one, now) for one in found)
        return Listed(recall_views.waiting_line(*recalling.waiting(session)), rows, len(found), self.command)


def _recall(one: recalling.Status, now: datetime) -> Row:
    head, *rest = recall_views.status_lines(one, now)
    notice = one.notice
    return Row(
        notice.record.id,
        notice.to if one.own else notice.maker,
        (head.text if isinstance(head, Line) else head, *rest[:1]),
        (head, *rest),
        command_line("recall", "status", notice.record.ref),
        ("recall", notice.record.id),
    )


VIEWS: dict[str, View] = {
    "quarantine": QuarantineView(),
    "feeds": FeedsView(),
    "erased": ErasedView(),
    "recalls": RecallsView(),
}


def lines_of(fields: Fields) -> tuple[Line | str, ...]:
    """A record's fields as lines for a narrow box: each label, and its value below it."""
    lines: list[Line | str] = [Line(fields.title, "heading"), ""]
    for label, value in fields.pairs:
        text, style = (value.text, value.style) if isinstance(value, Line) else (value, "")
        lines += [Line(label, "muted"), Line(f"  {text}", style)]
    return tuple(lines)


def _fitted(text: str, width: int) -> str:
    text = shorten(safe(text), width - 1)
    return text + " " * (width - cells(text))
