"""What a key slot says of itself, for people and for scripts: the commands and the room draw it from here."""

from __future__ import annotations

from taskforce.i18n import _, ngettext

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


def costs(about: SlotAbout) -> str:
    """What a guess at it costs, where it can be guessed."""
    if about.kdf != "argon2id13":
        return ""
    passes = ngettext("%(count)d pass", "%(count)d passes", about.passes) % {"count": about.passes}
    return _("Argon2id, %(passes)s over %(memory)d MB") % {"passes": passes, "memory": about.memory >> 20}
