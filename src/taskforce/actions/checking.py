"""Checks the store: the file, the log, and that the tables are what the log adds up to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from taskforce.actions.session import Session
from taskforce.errors import StoreError
from taskforce.i18n import _, ngettext
from taskforce.store import disclosures, health
from taskforce.store.newer import Newer, unknown_codes, unknown_fields, unknown_kinds
from taskforce.store.quarantine import count_waiting


@dataclass(frozen=True, slots=True)
class Health:
    """What a check found: how many edits and records, how many edits wait in quarantine, every fault, and what a newer
    version of the program has written.

    `is_broken` says that the faults are the file's own, which nothing can be built anew from.
    """

    edits: int
    records: int
    waiting: int
    faults: tuple[str, ...]
    rebuilt: bool
    newer: tuple[Newer, ...] = ()
    is_broken: bool = False


def check(session: Session, *, rebuild: bool = False) -> Health:
    """Check the store; with `rebuild` first build its tables anew from the log."""
    store = session.store
    faults = store.check()
    if faults:
        return Health(0, 0, 0, tuple(faults), rebuilt=False, is_broken=True)
    if rebuild:
        store.rebuild()
    else:
        faults += health.differences(store)
    faults += untold(session)
    edits, records = health.sizes(store.connection)
    waiting = sum(count for _reason, _who, count, _feed in count_waiting(store.connection))
    with store.reading():
        connection = store.connection
        newer = (*unknown_kinds(connection), *unknown_fields(connection), *unknown_codes(connection))
    return Health(edits, records, waiting, tuple(faults), rebuild, newer)


def untold(session: Session) -> list[str]:
    """Bundles that carried other than what is recorded of them: something was taken out of the store by hand."""
    text = _(
        "bundle %(number)d to %(agency)s carried %(edits)d edits, but what is recorded of it names %(told)d"
    )
    return [
        text % {"number": number, "agency": agency, "edits": edits, "told": told}
        for agency, number, edits, told in disclosures.gaps(session.store.connection)
    ]


def file_is_broken(faults: Sequence[str]) -> StoreError:
    """That the file itself is damaged, which nothing can be built anew from."""
    return StoreError(
        faults_sentence(faults),
        hint=_("restore a backup, or start anew and let the peers send everything again"),
        code="damaged",
    )


def faults_sentence(faults: Sequence[str]) -> str:
    """How many faults there are, and the first."""
    text = ngettext("%(count)d fault: %(first)s", "%(count)d faults, the first: %(first)s", len(faults))
    return text % {"count": len(faults), "first": faults[0]}


def newer_sentence(one: Newer) -> str:
    """What a newer version has written, in words: `field hologram of agency (in 3 records)`."""
    if one.code:
        what = _("code %(code)s of %(field)s of %(kind)s")
    elif one.field:
        what = _("field %(field)s of %(kind)s")
    elif one.part:
        what = _("part %(part)s of %(kind)s")
    else:
        what = _("kind %(kind)s")
    count = ngettext("in %(count)d record", "in %(count)d records", one.records) % {"count": one.records}
    named = {"kind": one.kind, "part": one.part, "field": one.field, "code": one.code}
    return f"{what % named} ({count})"
