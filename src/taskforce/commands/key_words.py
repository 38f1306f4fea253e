"""What a key slot is called, for people and for scripts; and what is none of the recipients that they name."""

from __future__ import annotations

from taskforce.errors import TrustError, UsageError
from taskforce.i18n import _

TYPE_CHECKING = False
if TYPE_CHECKING:
    from taskforce.keys.rewrapping import SlotAbout


def slot_data(about: SlotAbout) -> dict[str, object]:
    """What a slot says, for scripts."""
    return {
        "slot": about.name,
        "kind": about.kind,
        "label": about.label or None,
        "made": about.made or None,
        "kdf": about.kdf or None,
        "passes": about.passes or None,
        "memory": about.memory or None,
        "recipient": about.recipient or None,
    }


def kind_words(about: SlotAbout) -> str:
    """What opens a slot, for people."""
    if about.kind == "passphrase":
        return _("passphrase")
    if about.kind == "file":
        return _("key file")
    if about.kind == "recovery":
        return _("recovery by age")
    if about.kind == "keyring":
        return _("a computer's keyring")
    return _("%(kind)s (unknown to this version)") % {"kind": about.kind}


def check_named(option: str, recipient: str) -> None:
    """UsageError if what was given with an option is no age recipient."""
    from taskforce.keys.sealing import check_recipient  # deferred: few commands seal

    try:
        check_recipient(recipient)
    except TrustError as error:
        raise UsageError(
            f"{option}: {error.sentence}", hint=_("a recipient begins with age1, as age-keygen prints it")
        ) from None
