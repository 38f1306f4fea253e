"""Evidence of forks on its way: every bundle carries the two edits that prove a fork to whoever may have them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from taskforce.actions.reach import Reach
from taskforce.actions.session import Session
from taskforce.crockford import natural_id
from taskforce.i18n import _
from taskforce.records.registry import find_kind
from taskforce.records.schema import SELF
from taskforce.sharing.decide import Scope, decide
from taskforce.sharing.facts import Knowledge
from taskforce.store import forks
from taskforce.sync.edit import Edit, known_edit
from taskforce.sync.holdings import Ranges, intersection

LOOKED_BACK = 1000
"""How many edits before a fork point that is not exact a peer is asked for again, bundle by bundle."""


def evidence_for(
    session: Session, agency: str, devices: Sequence[str], reach: Reach, known: Knowledge
) -> list[tuple[Edit, str]]:
    """The edits that prove forks which an agency may have and not all its devices say they know, each with its basis.

    They go by the same rules as other edits; those that its own devices wrote go back to them in any case.
    """
    connection = session.store.connection
    edits = {one.hash: known_edit(one.body) for one in forks.evidence(connection)}
    edits = {
        digest: edit for digest, edit in edits.items() if not edit.is_skeleton
    }  # they prove nothing to others
    if not edits:
        return []
    told = [forks.told_forks(connection, device) for device in devices]
    return [
        (edit, basis)
        for digest, edit in edits.items()
        if not all(digest in each for each in told)
        and (basis := evidence_basis(session, agency, devices, edit, reach, known))
    ]


def evidence_basis(
    session: Session, agency: str, devices: Sequence[str], edit: Edit, reach: Reach, known: Knowledge
) -> str:
    """Why an agency may have an edit that proves a fork, in words; empty where it may not."""
    return proof_words() if edit.device in devices else _basis(session, agency, edit, reach, known)


def proof_words() -> str:
    """The basis on which one of two edits with one number goes back to the agency whose device signed both."""
    return _("proof of a fork: the agency's own device wrote it")


def known_evidence(session: Session) -> list[str]:
    """The hashes of the edits that prove forks, as this store tells its peers that it knows them.

    Of what proves forks to them also what it has and what proves nothing to it: because it knows of an earlier parting,
    or because nothing but a skeleton is left of the other half. They would send it in every bundle, for ever.
    """
    connection = session.store.connection
    own = [one.hash for one in forks.evidence(connection)]
    return own + forks.told_and_known(connection, own)


def restated(session: Session, stated: dict[str, Ranges], proofs: Iterable[Edit]) -> None:
    """Leave out of what we state to hold the edits around a fork that we have not found yet.

    We know that such a feed parted at the latest at its fork point, from one edit that does not follow another. Peers
    that believe we hold what came before would never send us the edits that show where. Who knows all that we can prove
    of it, so that no `proofs` go there, has nothing else: it would send the same again in every bundle.
    """
    connection = session.store.connection
    told_of = {edit.feed for edit in proofs}
    for feed, point in forks.fork_points(connection).items() if told_of else ():
        if feed in told_of and feed in stated and not forks.is_exact(connection, feed, point):
            stated[feed] = intersection(stated[feed], ((1, max(1, point - 1 - LOOKED_BACK)),))


def _basis(session: Session, agency: str, edit: Edit, reach: Reach, known: Knowledge) -> str:
    """Why an agency may have an edit, in words; empty where it may not.

    Where nothing that counts says what decides on the record, which is so when its first edit waits because of the
    fork, what this edit says decides, whether others have answered to it or not: it goes to whom it was written for.
    """
    kind = find_kind(edit.kind)
    anchor = "" if kind is None else kind.anchors.get(edit.part, "")
    scope = forks.scope_of(session.store.connection, edit.record, edit.kind, edit.part, anchor)
    if scope is not None:
        return reach.scopes.get(scope, "")
    named = edit.record if anchor == SELF else edit.set.get(anchor, "")
    if not isinstance(named, str):
        return ""
    decision = decide(natural_id("agency", agency), Scope(edit.kind, edit.part, named), known)
    return decision.words if decision.allowed else ""
