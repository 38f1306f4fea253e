"""What agencies say under their own keys, in sentences."""

from __future__ import annotations

from taskforce.i18n import _, ngettext

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without importing typing at every start
if TYPE_CHECKING:
    from taskforce.actions.brought import Said
    from taskforce.actions.revoking import Plan


def said(one: Said) -> str:
    """What an agency said under its key, in a bundle that brought it here."""
    if one.type == "revocation":
        return _("⊘ %(agency)s has revoked its device %(device)s: what it wrote since is refused") % {
            "agency": one.agency,
            "device": one.about,
        }
    if one.type == "roster" and one.operation:
        return _("◇ %(agency)s introduces those who take part in %(operation)s to each other") % {
            "agency": one.agency,
            "operation": one.operation,
        }
    if one.type == "roster":
        return _("◇ %(agency)s introduces those who take part in an operation that is not known here") % {
            "agency": one.agency
        }
    return _("%(agency)s says what this version does not understand (%(type)s)") % {
        "agency": one.agency,
        "type": one.type,
    }


def foretold(plan: Plan) -> list[str]:
    """What revoking a device would do, before somebody does it."""
    lines = [
        _("device %(device)s of %(agency)s") % {"device": plan.device, "agency": plan.agency},
        _("its last good edit is %(number)d of the feed %(feed)s")
        % {"number": plan.last_good, "feed": plan.feed}
        if plan.last_good
        else _("no edit of its feed %(feed)s is good") % {"feed": plan.feed},
    ]
    others = [f"{feed}/{number}" for feed, number in plan.good.items() if feed != plan.feed]
    if others:
        lines.append(_("of its other feeds these are: %(feeds)s") % {"feeds": ", ".join(others)})
    if plan.refused:
        lines.append(
            ngettext(
                "%(count)d edit that is held here leaves again, to wait in quarantine",
                "%(count)d edits that are held here leave again, to wait in quarantine",
                plan.refused,
            )
            % {"count": plan.refused}
        )
    if plan.own:
        lines.append(_("it is THIS device: nothing can be written here any more"))
    return lines
