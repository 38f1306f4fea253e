"""Devices that are lost: the agency says so under its key, and everybody who hears it refuses what comes after.

What counts depends on the edits and statements that are known, never on the order in which they came. So a revocation
that comes late takes edits out of the log again, flags of forks that only such edits prove, and erasures that only they
made; what had waited behind these is sorted anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from taskforce import moments
from taskforce.actions.admission import admit_again, settle_erasures, settle_levels
from taskforce.actions.devices import present_feed
from taskforce.actions.joining import agency_secret
from taskforce.actions.obeying import settle_recalls
from taskforce.actions.session import Session
from taskforce.actions.stating import Hearer, keep_statements
from taskforce.errors import Ambiguous, NotFound, Refused, UsageError
from taskforce.i18n import N_, _
from taskforce.store import exchange, known_devices, revoked
from taskforce.store.forks import Taken
from taskforce.sync.holdings import of_numbers
from taskforce.text import clean_input

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without importing typing at every start
if TYPE_CHECKING:
    from taskforce.keys.statements import Statement

ERASURE_UNDONE = N_(
    "an erasure by a revoked device was taken back, which had reached this device's own edits"
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a revocation would say: of which device, in which of its feeds the last good edit has which number.

    `feed` is the present one, of which the number was given; `refused` counts edits here that are not good any more.
    """

    device: str
    agency: str
    feed: str
    last_good: int
    good: dict[str, int]
    refused: int
    own: bool


def plan_revocation(
    session: Session, device: str, last_good: int | None, of_feeds: Mapping[str, int] | None = None
) -> Plan:
    """What revoking a device of this agency would say. With no number, what is held here now is good.

    `last_good` is of the feed that it was last heard to write in, which a thief may have begun, `of_feeds` of others.
    NotFound if no device is called so, Refused if it is another agency's, UsageError for a number beyond what is known.
    """
    connection = session.store.connection
    found = find_own_device(session, device)
    known = revoked.highest_known(connection, found.id)
    feed = present_feed(session, found.id)
    said = {**({} if last_good is None else {feed: last_good}), **(of_feeds or {})}
    for name, number in said.items():
        top = known.get(name, 0)
        if not 0 <= number <= top:
            raise UsageError(
                _("of the feed %(feed)s edits up to %(top)d are known here") % {"feed": name, "top": top},
                hint=_(
                    "name the last one that is certainly your colleague's, or 0; see: taskforce feed list"
                ),
            )
    good = {name: number for name, number in {**known, **said}.items() if number}
    number = good.get(feed, 0)
    refused = revoked.count_beyond(connection, found.id, good)
    return Plan(
        found.id,
        found.agency,
        feed,
        number,
        dict(sorted(good.items())),
        refused,
        found.id == session.store.me.device,
    )


def read_last_good(texts: Sequence[str]) -> tuple[int | None, dict[str, int]]:
    """The number that people gave for the present feed, and those for feeds that they named, as `FEED/NUMBER`."""
    number: int | None = None
    of_feeds: dict[str, int] = {}
    for text in texts:
        feed, _slash, told = text.rpartition("/")
        is_new = feed not in of_feeds if feed else number is None
        if not is_new or len(told) > _DIGITS or not (told.isascii() and told.isdigit()):
            raise UsageError(
                _('--last-good takes a number, or FEED/NUMBER, each feed once, and not "%(text)s"')
                % {"text": text},
                hint=_("see: taskforce feed list"),
            )
        if feed:
            of_feeds[feed] = int(told)
        else:
            number = int(told)
    return number, of_feeds


_DIGITS = 15


def read_reason(text: str) -> str:
    """Why a device is revoked, as others read it; UsageError if it is no text, or too long."""
    from taskforce.keys.statements import MOST_REASON  # deferred: loads libsodium

    try:
        reason = " ".join(clean_input(text).split())
    except ValueError:
        raise UsageError(_("--reason is not valid text"), hint=_("type it in UTF-8")) from None
    if len(reason) > MOST_REASON:
        raise UsageError(_("--reason has at most %(count)d characters") % {"count": MOST_REASON})
    return reason


def revoke(session: Session, plan: Plan, *, reason: str = "") -> Statement:
    """Say under the agency's key that a device is lost; this store acts on it at once, others as they hear of it."""
    from taskforce.keys.statements import (
        REVOCATION,
        check_statement,
        make_statement,
    )  # deferred: loads libsodium

    secret = agency_secret(session)
    body = make_statement(
        secret,
        session.store.me.agency,
        REVOCATION,
        about=plan.device,
        made=moments.time_text(session.now),
        fields={"good": {feed: str(number) for feed, number in plan.good.items()}, "reason": reason},
    )
    statement = check_statement(body)
    with session.store.writing():
        if not keep_statements(session, [statement]):
            raise Refused(_("just this was said already"))
        settle_levels(session)  # what left may have said who introduces whom
    return statement


def find_own_device(session: Session, text: str) -> exchange.KnownDevice:
    """The device of this agency whose id begins with `text`, or which is called so."""
    connection = session.store.connection
    labels = known_devices.device_labels(connection)
    every = exchange.devices(connection)
    start = text.casefold()
    found = [one for one in every if start and (one.id.startswith(start) or labels.get(one.id, "") == text)]
    if not found:
        raise NotFound(
            _('no device is called "%(text)s"') % {"text": text},
            hint=_("see them with: taskforce device list"),
        )
    if len(found) > 1:
        raise Ambiguous(
            _('several devices begin with "%(text)s"') % {"text": text},
            candidates=[one.id for one in found[:10]],
        )
    [one] = found
    if one.agency != session.store.me.agency:
        raise Refused(
            _("this device is one of %(agency)s: only they can revoke it") % {"agency": one.agency},
            code="other-agency",
        )
    return one


def kept(session: Session, found: Sequence[Statement]) -> None:
    """Act on revocations that have just been kept: the handler of their type. Only inside a transaction."""
    connection = session.store.connection
    every = revoked.revocations(connection)
    for agency, device in sorted({(one.agency, one.about) for one in found}):
        known = known_devices.find_device(connection, device)
        if known is not None and known.agency == agency:
            _apply(session, every.by_device[agency, device])
    for one in found:
        session.note(f"{one.agency} revoked device {one.about}")


def goes(session: Session, one: Statement, hearer: Hearer) -> bool:
    """Whether a revocation goes to somebody: to all who know the agency, or hear of it by then."""
    return one.agency in hearer.knows


def _apply(session: Session, one: revoked.Revocation) -> None:
    store = session.store
    connection = store.connection
    left = revoked.take_out(connection, one, moments.time_text(session.now))
    undone = revoked.undo_erasures(connection, one, store.me.feed)
    again = revoked.unflag(connection, one)
    if undone.own and one.device != store.me.device:
        store.begin_epoch(ERASURE_UNDONE)
    exchange.take_from_sent(connection, _by_feed(undone.left))
    if left or undone.any:
        store.replay()
    if again:
        admit_again(session, again)
    settle_erasures(session)
    settle_recalls(session)
    if one.device == store.me.device:
        store.notices.append(
            _("%(agency)s has revoked this device: nobody takes what it writes any more")
            % {"agency": one.agency}
        )


def _by_feed(some: Sequence[Taken]) -> dict[str, tuple[tuple[int, int], ...]]:
    numbers: dict[str, list[int]] = {}
    for one in some:
        numbers.setdefault(one.feed, []).append(one.number)
    return {feed: of_numbers(found) for feed, found in numbers.items()}
