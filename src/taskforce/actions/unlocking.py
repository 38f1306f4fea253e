"""Opens a store by one of its key slots: what the command line, and the screen that locks and unlocks, both use."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from taskforce.errors import Locked, TaskforceError
from taskforce.i18n import _
from taskforce.memory import keep_in_memory

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without importing typing at every start
if TYPE_CHECKING:
    from taskforce.keys.slots import OpenedSlot

NEEDS_KEY_FILE = "needs-key-file"
"""The code of the error that says that nothing opens the store but a key file, and none is named."""

Wait = Callable[[float], object]


@dataclass(frozen=True, slots=True)
class Opener:
    """Where a store is and which key file opens it; with none named, it opens by its passphrase.

    `keyring` says that the system's keyring is asked before a person is, if a slot says that it has a key.
    """

    folder: Path
    key_file: str = ""
    keyring: bool = True

    @property
    def asks(self) -> bool:
        """Whether a passphrase has to be asked for. Locked if there is no store, or no way to open it was named."""
        from taskforce.keys import slots  # deferred: loads libsodium

        self._require_store()
        if self.key_file:
            return False
        kinds = slots.slot_kinds(self.folder)
        if "passphrase" in kinds:
            return True
        if self.keyring and "keyring" in kinds:
            return False
        raise Locked(
            _("this store opens with a key file"),
            hint=_("name it with --key-file or TASKFORCE_KEY_FILE"),
            code=NEEDS_KEY_FILE,
        )

    @property
    def has_keyring(self) -> bool:
        """Whether the system's keyring is to be asked."""
        from taskforce.keys import slots  # deferred: loads libsodium

        return self.keyring and not self.key_file and "keyring" in slots.slot_kinds(self.folder)

    @property
    def opens_unasked(self) -> bool:
        """Whether it opens with a key file or the keyring, and no passphrase can be asked for."""
        try:
            return not self.asks
        except TaskforceError:
            return False

    @property
    def needs_key_file(self) -> bool:
        """Whether nothing opens it but a key file, and none is named: it was opened with what an agent had."""
        try:
            self.asks  # noqa: B018 (it is asked for what it raises)
        except TaskforceError as error:
            return error.code == NEEDS_KEY_FILE
        return False

    def open_with_keyring(self) -> OpenedSlot:
        """The slot whose key the system's keyring has; Locked if it has none, or cannot be asked."""
        from taskforce.keys import slots  # deferred: as above

        return slots.slot_of_keyring(self.folder)

    def kept_key(self) -> bytes | None:
        """The database's key if `unlock` left it with an agent and no key file is named; it is not tried yet.

        Locked if there is no store.
        """
        self._require_store()
        if self.key_file:
            return None
        from taskforce.keys import agent  # deferred: a key file needs none

        return agent.ask_key(self.folder)

    def _require_store(self) -> None:
        from taskforce.store.store import store_exists  # deferred: loads SQLCipher

        keep_in_memory()  # before anything is typed
        if not store_exists(self.folder):
            raise Locked(
                _("there is no store in %(folder)s") % {"folder": self.folder},
                hint=_(
                    "make one with: taskforce init --agency CODE --officer NAME, or name another with --store"
                ),
            )

    def open(self, passphrase: str = "") -> bytes:
        """The database's key (32 bytes); Locked if the key file or the passphrase does not open the store."""
        return self.open_slot(passphrase).key

    @property
    def seconds_to_wait(self) -> float:
        """What wrong passphrases before cost the next one: seconds, counted from now."""
        from taskforce.keys import guessing  # deferred: only passphrases are guessed

        return 0.0 if self.key_file else guessing.seconds_to_wait(self.folder)

    def open_slot(self, passphrase: str = "", *, wait: Wait = time.sleep) -> OpenedSlot:
        """The same, and which slot it came out of.

        After wrong passphrases it first calls `wait` with the seconds that the next one costs.
        """
        from taskforce.keys import slots  # deferred: loads libsodium

        if self.key_file:
            return slots.slot_of_key_file(self.folder, self.key_file)
        if not self.asks:
            return self.open_with_keyring()
        from taskforce.keys import guessing  # deferred: only passphrases are guessed

        if seconds := self.seconds_to_wait:
            wait(seconds)
        try:
            opened = slots.slot_of_passphrase(self.folder, passphrase)
        except Locked:
            guessing.note_wrong(self.folder)
            raise
        guessing.note_right(self.folder)
        return opened
