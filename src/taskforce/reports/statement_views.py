"""What agencies say under their own keys, in sentences."""

from __future__ import annotations

from taskforce.i18n import _

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without importing typing at every start
if TYPE_CHECKING:
    from taskforce.actions.brought import Said


def said(one: Said) -> str:
    """What an agency said under its key, in a bundle that brought it here."""
    if one.type == "revocation":
        return _("⊘ %(agency)s has revoked its device %(device)s: what it wrote since is refused") % {
            "agency": one.agency,
            "device": one.about,
        }
    return _("%(agency)s says what this version does not understand (%(type)s)") % {
        "agency": one.agency,
        "type": one.type,
    }
