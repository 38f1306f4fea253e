"""What is said of disclosures and reads beside their lists: above all what is not recorded."""

from __future__ import annotations

from taskforce import moments
from taskforce.i18n import _
from taskforce.sync.holdings import of_numbers, to_text

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without importing typing at every start
if TYPE_CHECKING:
    from taskforce.actions.disclosing import Shown, Told


def not_recorded(found: Told) -> tuple[str, ...]:
    """Which bundles went before it was recorded what they tell; they may have told anything of this, too."""
    if not found.unrecorded:
        return ()
    bundles = "; ".join(
        _("%(agency)s: bundles %(numbers)s, the last on %(when)s")
        % {
            "agency": one.agency,
            "numbers": to_text(of_numbers(one.numbers)).replace(",", ", "),
            "when": moments.show_time(one.last_at),
        }
        for one in found.unrecorded
    )
    text = _(
        "not recorded before %(when)s, when this store came to a version that does: what went to %(bundles)s"
    )
    return (text % {"when": _since(found), "bundles": bundles},)


def before_then(found: Shown) -> tuple[str, ...]:
    """Since when it is recorded who looked."""
    return (_("recorded since %(when)s; who looked before that is not known") % {"when": _since(found)},)


def _since(found: Told | Shown) -> str:
    return moments.show_time(moments.time_text(found.since))
