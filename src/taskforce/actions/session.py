"""An open store with what acting in it needs: the clock, the signing key, the current operation."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property

from taskforce import moments
from taskforce.crockford import natural_id
from taskforce.errors import Refused, UsageError
from taskforce.i18n import _
from taskforce.store.store import Store

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without importing typing at every start
if TYPE_CHECKING:
    from taskforce.store.writing import Writer


class Session:
    """What every action takes first."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.asks_before_recalls = False
        """Whether a recall waits until somebody at this store confirms it, instead of being obeyed as it comes."""
        self.only_proposed = False
        """Whether all that the latest action wrote only proposes."""

    @property
    def now(self) -> datetime:
        """The present moment, aware."""
        return moments.now()

    @cached_property
    def own_agency(self) -> str:
        """The record id of this store's agency."""
        return natural_id("agency", self.store.me.agency)

    @cached_property
    def _seed(self) -> bytes:
        return bytes.fromhex(self.store.meta("sign_seed"))

    def sign_edit(self, message: bytes) -> str:
        """This device's signature of an edit."""
        from taskforce.keys.signatures import sign  # deferred: loads libsodium, which reading never needs

        return sign(self._seed, "edit", message)

    def sign_bundle(self, message: bytes) -> str:
        """This device's signature of a bundle."""
        from taskforce.keys.signatures import sign  # deferred: as above

        return sign(self._seed, "bundle", message)

    def sign_audit(self, message: bytes) -> str:
        """This device's signature of what it hands to a court."""
        from taskforce.keys.signatures import sign  # deferred: as above

        return sign(self._seed, "audit", message)

    @property
    def is_waiting(self) -> bool:
        """Whether this device asked to belong to its agency and does not yet: it has no certificate."""
        return not self.store.meta("agency_key")

    @property
    def may_write(self) -> bool:
        """Whether others take what this device writes: it belongs to its agency, and was not revoked."""
        from taskforce.store.revoked import is_revoked  # deferred: reading asks for it nowhere

        return not self.is_waiting and not is_revoked(self.store.connection, self.store.me.device)

    def require_writing(self) -> None:
        """Refused if nobody would take what this device writes."""
        if self.is_waiting:
            raise waits()
        if not self.may_write:
            raise Refused(
                _("this device was revoked by %(agency)s: nobody takes what it writes any more")
                % {"agency": self.store.me.agency},
                hint=_(
                    "what is here can be read; to work on, make a new store with: taskforce init --join, and ask the "
                    "agency to admit it"
                ),
                code="revoked",
            )

    def note(self, summary: str) -> None:
        """Enter into the history what was done and made no edit; only inside a transaction."""
        from taskforce.store.history import note_action  # deferred: most commands note none

        note_action(self.store.connection, moments.time_text(self.now), self.store.me.officer, summary)

    @contextmanager
    def acting(self, summary: str, *, undoable: bool = True, undoes: int | None = None) -> Iterator[Writer]:
        """One action: a transaction, and one entry called `summary` in the store's history.

        Where some of it only proposes, since others decide on it, the store's notices say so.
        """
        from taskforce.store.writing import writer  # deferred: reading needs nothing of how replicas agree

        self.only_proposed = False
        with writer(self.store, self.sign_edit, self.now, summary, undoable=undoable, undoes=undoes) as one:
            self.require_writing()
            feed, first = self.store.me.feed, one.number + 1
            yield one
        if one.ledger.proposes:
            from taskforce.actions import proposing  # deferred: mostly everything counts

            if said := proposing.tell_proposed(self, feed, first):
                self.store.notices.append(said)
                self.only_proposed = proposing.only_proposes(self, feed, first, one.number)

    @property
    def current_operation(self) -> str:
        """The id of the operation that `taskforce use` chose, or the empty string."""
        return self.store.meta("operation")

    def require_operation(self) -> str:
        """The current operation's id; UsageError if none was chosen."""
        if not self.current_operation:
            raise UsageError(
                _("which operation is meant?"),
                hint=_("give --operation, or choose one for this store with: taskforce use CODENAME"),
            )
        return self.current_operation


def waits() -> Refused:
    """What is said of a store whose device does not belong to its agency yet."""
    return Refused(
        _("this device waits until its agency admits it: until then it can neither write nor exchange"),
        hint=_(
            "taskforce device request -o request.yaml, carry that to the device with the agency's key, and bring its "
            "answer back: taskforce device join ANSWER"
        ),
        code="waiting",
    )
