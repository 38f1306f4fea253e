"""What needs attention in exchange: bundles, answers and clocks of peers, recalls, erasures that a peer has lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from taskforce import moments
from taskforce.actions import erasing
from taskforce.actions.clocks import wrong_clocks
from taskforce.actions.peers import PeerState, own_devices
from taskforce.actions.session import Session
from taskforce.i18n import _, ngettext
from taskforce.records.registry import get_kind
from taskforce.store import exchange, queries
from taskforce.store.revoked import revoked_devices

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without importing typing at every start
if TYPE_CHECKING:
    from taskforce.actions.recalling import Open

STALE = timedelta(days=2)
"""After how long without a bundle a peer is mentioned."""

UNANSWERED = timedelta(days=1)
"""After how long it is mentioned that what was sent is not confirmed."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that needs attention: what kind of thing, the record or peer, a sentence, and what to do.

    `own` says whether it is this agency's to see to, which the lead's is everything of the operation. `where` names
    what of exchange it is about: `feeds FEED`, or `quarantine` and who is said to have signed; then the reason; or
    `recalls` and the id of one.
    """

    kind: str  # one of GLYPHS in taskforce.reports.attention_views
    noun: str  # referral | assignment | agreement | recall | peer | agency | record | edit
    subject: str
    text: str
    do: str
    own: bool = True
    where: str = ""


def of_peers(peers: Sequence[PeerState], now: datetime) -> list[Item]:
    """Bundles that are missing, peers not heard, edits that were not confirmed or wait to go."""
    result = []
    for peer in peers:
        if peer.missing:
            text = ngettext(
                "bundle %(numbers)s has not arrived (%(last)d has)",
                "bundles %(numbers)s have not arrived (%(last)d has)",
                1 if peer.missing.isdigit() else 2,
            ) % {"numbers": peer.missing, "last": peer.last_number}
            # A bundle carries all that its receiver has not confirmed: the later one made up for those before it.
            brought = _("bundle %(last)d brought what it carried") % {"last": peer.last_number}
            result.append(Item("bundle", "peer", peer.agency, text, brought))
        if peer.last_heard and now - moments.read_time(peer.last_heard) > STALE:
            text = _("last heard %(when)s") % {"when": moments.ago(peer.last_heard, now)}
            result.append(
                Item("stale", "peer", peer.agency, text, f"taskforce contact list --agency {peer.agency}")
            )
        if peer.sent_since and now - moments.read_time(peer.sent_since) > UNANSWERED:
            count = peer.waiting - peer.unsent
            text = ngettext(
                "%(count)d edit sent %(when)s is not confirmed",
                "%(count)d edits sent %(when)s are not confirmed",
                count,
            )
            told = text % {"count": count, "when": moments.ago(peer.sent_since, now)}
            again = (
                f"taskforce export --to {peer.agency} -o ."  # carries all that was not confirmed once more
            )
            result.append(Item("unanswered", "peer", peer.agency, told, again))
        if peer.unsent:
            text = ngettext("%(count)d edit waits to go", "%(count)d edits wait to go", peer.unsent)
            result.append(
                Item(
                    "waiting",
                    "peer",
                    peer.agency,
                    text % {"count": peer.unsent},
                    f"taskforce export --to {peer.agency} -o .",
                )
            )
    return result


def of_erasures(session: Session) -> list[Item]:
    """Agencies that have what was erased again, though they had confirmed: a device of theirs was put back."""
    result = []
    for agency, count in erasing.put_back(session).items():
        text = ngettext(
            "has %(count)d erased part again: its device was put back",
            "has %(count)d erased parts again: its device was put back",
            count,
        )
        result.append(
            Item("erased", "peer", agency, text % {"count": count}, f"taskforce export --to {agency} -o .")
        )
    return result


def of_devices(session: Session) -> list[Item]:
    """This device, if it was revoked; what waits for other devices of this agency; and peers to whom no bundle went
    since this agency revoked a device.
    """
    connection, me = session.store.connection, session.store.me
    every = [one for one in revoked_devices(connection).values() if one.agency == me.agency]
    if any(one.device == me.device for one in every):
        text = _("this device was revoked: nobody takes what it writes any more")
        return [Item("revoked", "agency", me.agency, text, "taskforce init --join")]
    result = []
    for other in own_devices(session):
        if other.unsent:
            text = ngettext(
                "%(count)d edit waits to go to other devices of yours",
                "%(count)d edits wait to go to other devices of yours",
                other.unsent,
            )
            do = f"taskforce export --to {me.agency} -o ."
            result.append(Item("waiting", "peer", me.agency, text % {"count": other.unsent}, do))
    if not every:
        return result
    last: dict[str, str] = {}
    for bundle in exchange.bundles(connection, "out"):
        last[bundle.agency] = max(last.get(bundle.agency, ""), bundle.at)
    for peer in exchange.peers(connection):
        unheard = [one.device[:4] for one in every if one.made > last.get(peer.agency, "")]
        if unheard:
            text = _("does not know from you that your device %(devices)s was revoked") % {
                "devices": ", ".join(sorted(unheard))
            }
            do = f"taskforce export --to {peer.agency} -o ."
            result.append(Item("revoked", "peer", peer.agency, text, do))
    return result


def of_recalls(session: Session) -> list[Item]:
    """Recalls that wait here until somebody obeys them, and by agency those made here that it has not confirmed.

    What others have and may not have any more, and nobody recalls, is not among them: to know that, all that was ever
    told is decided on anew. `taskforce recall status` does it.
    """
    if not queries.count_records(session.store.connection, get_kind("recall")):
        return []
    from taskforce.actions import obeying, recalling  # deferred: mostly nothing is recalled

    result = []
    made: dict[tuple[str, str], list[Open]] = {}
    for one in recalling.open_ones(session):
        notice, recall = one.notice, one.notice.record
        if notice.maker == session.store.me.agency:
            made.setdefault((notice.to, one.state), []).append(one)
            continue
        text = _("%(agency)s recalls %(ref)s (%(parts)s), made %(when)s") % {
            "agency": notice.maker,
            "ref": obeying.label_of_about(session, notice),
            "parts": ", ".join(notice.parts),
            "when": moments.ago(one.since, session.now),
        }
        do = f"taskforce recall confirm {recall.ref}"
        result.append(Item("recall", "recall", recall.ref, text, do, where=f"recalls {recall.id}"))
    for (agency, state), several in made.items():
        text = _unconfirmed(state, len(several)) % {
            "count": len(several),
            "when": moments.ago(min(one.since for one in several), session.now),
        }
        do = (
            f"taskforce export --to {agency} -o ."
            if state == recalling.PREPARED
            else "taskforce recall status"
        )
        where = f"recalls {several[0].notice.record.id}"
        result.append(Item("recalled", "peer", agency, text, do, where=where))
    return result


def _unconfirmed(state: str, count: int) -> str:
    """What is said of recalls in one state that an agency has not confirmed."""
    from taskforce.actions import recalling  # deferred: as above

    if state == recalling.PREPARED:
        return ngettext(
            "%(count)d recall waits to go, made %(when)s",
            "%(count)d recalls wait to go, the first made %(when)s",
            count,
        )
    if state == recalling.SENT:
        return ngettext(
            "%(count)d recall is not confirmed, sent %(when)s",
            "%(count)d recalls are not confirmed, the first sent %(when)s",
            count,
        )
    return ngettext(
        "%(count)d recall was confirmed %(when)s, and yet they say that they hold it",
        "%(count)d recalls were confirmed, the first %(when)s, and yet they say that they hold it",
        count,
    )


def of_clocks(session: Session) -> list[Item]:
    """Devices whose clocks are more than a day off: what they write is shown in the wrong place, and nothing else."""
    result = []
    for each in wrong_clocks(session):
        days = max(1, round(abs(each.off).total_seconds() / 86_400))
        text = (
            ngettext(
                "the clock of device %(device)s is %(days)d day ahead",
                "the clock of device %(device)s is %(days)d days ahead",
                days,
            )
            if each.off > timedelta()
            else ngettext(
                "the clock of device %(device)s is %(days)d day behind",
                "the clock of device %(device)s is %(days)d days behind",
                days,
            )
        )
        is_own = each.device == session.store.me.device
        do = _("set this computer's clock") if is_own else _("tell them; nothing is lost or hidden by it")
        told = text % {"device": each.device[:4], "days": days}
        result.append(Item("clock", "peer", each.agency or each.device, told, do, own=is_own))
    return result
