"""The operating system's keyring, through the library keyring: 32 random bytes of a slot stand in it.

It is loaded only for a slot of the kind ``keyring``: ``pip install 'taskforce[keyring]'``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from taskforce.errors import Locked, Refused
from taskforce.i18n import _
from taskforce.keys.keyfile import key_file_line, key_of_line

SERVICE = "taskforce"
CODE = "keyring"


def put(entry: str, secret: bytes) -> None:
    """Keep the 32 bytes under the name ``entry``. Refused where no keyring keeps them, or only in plain text."""
    line = key_file_line(secret).decode("ascii").strip()
    with _sentences():
        import keyring  # deferred: an extra, and only for such a slot

        if "plaintext" in type(keyring.get_keyring()).__name__.casefold():
            raise Refused(
                _("the only keyring here keeps secrets in plain text"),
                hint=_("use a passphrase: taskforce key add --passphrase"),
                code=CODE,
            )
        keyring.set_password(SERVICE, entry, line)
        if keyring.get_password(SERVICE, entry) != line:
            raise Refused(_("the keyring of this computer keeps nothing"), code=CODE)


def get(entry: str) -> bytes:
    """Return the 32 bytes kept under ``entry``; Locked if they are not there, or the keyring cannot be asked."""
    with _sentences():
        import keyring  # deferred: as above

        line = keyring.get_password(SERVICE, entry) or ""
    try:
        return key_of_line(line.encode("utf-8", "replace"))
    except ValueError:
        raise Locked(_("the keyring of this computer has no key for this store"), code=CODE) from None


def drop(entry: str) -> bool:
    """Take the bytes kept under ``entry`` out of the keyring; False if they are not there, or it cannot be asked."""
    with suppress(Locked), _sentences():
        import keyring  # deferred: as above

        keyring.delete_password(SERVICE, entry)
        return True
    return False


@contextmanager
def _sentences() -> Iterator[None]:
    """Turn what the library raises into a sentence; it may quote nothing of what a keyring holds."""
    try:
        from keyring.errors import KeyringError  # deferred: as above
    except ImportError:
        raise Locked(
            _("this computer's keyring cannot be used: the library keyring is not installed"),
            hint="pip install 'taskforce[keyring]'",
            code=CODE,
        ) from None
    try:
        yield
    except (KeyringError, RuntimeError, OSError) as error:
        raise Locked(
            _("this computer's keyring cannot be used (%(type)s)") % {"type": type(error).__name__},
            hint=_("unlock it, or open the store in another way: taskforce key list"),
            code=CODE,
        ) from None
