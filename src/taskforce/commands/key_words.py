"""What a key slot is called, for people and for scripts."""

from __future__ import annotations

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
