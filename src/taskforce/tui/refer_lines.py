"""The lines of the dialog for a new referral: their names, what stands before them, what they are for."""

from __future__ import annotations

from collections.abc import Mapping

from taskforce import moments
from taskforce.actions.references import label_of
from taskforce.i18n import N_, _
from taskforce.store.queries import Record

NAMES = ("victim", "age", "gender", "languages", "needs", "urgency", "provider", "consent", "note")
"""The lines of the dialog, in order."""

ABOUT = ("age", "gender", "languages")
"""The lines that say who a new victim is."""

SENDING = ("provider", "consent", "note")
"""The lines on which enter sends."""

LABELS: Mapping[str, str] = {
    "victim": N_("Victim"),
    "age": N_("Age"),
    "gender": N_("Gender"),
    "languages": N_("Languages"),
    "needs": N_("Needs"),
    "urgency": N_("Urgency"),
    "provider": N_("Provider"),
    "consent": N_("Consent"),
    "note": N_("Note"),
}
"""What stands before each line."""

HELPS: Mapping[str, str] = {
    "victim": N_("Empty: somebody new. Or a ref, or words, of a victim noted before."),
    "age": N_("Years, such as 22, or a band; a ? after it where that is not sure: then treated as a child."),
    "gender": N_("The first letters are enough."),
    "languages": N_("Codes with a space between several, such as km ms, or names."),
    "needs": N_("First letters, a space between several, such as sh leg."),
    "urgency": N_("When the provider's answer is due; a day if left empty."),
    "provider": N_("Up and down choose, letters filter, enter sends. Not fitting does not forbid."),
    "consent": N_(
        "Who consents to it, if that is not noted yet: the person; for a child a caregiver or guardian."
    ),
    "note": N_("What the provider must know for the care; nothing that tells who it is."),
}
"""What the focused line is for."""


def sent_text(referral: Record, provider: Record) -> str:
    """What is said of a referral that was sent."""
    due = referral.text("answer_due")
    return _(
        "%(ref)s sent to %(agency)s: answer due %(when)s (%(left)s)\nx puts it into a bundle, z takes it back"
    ) % {
        "ref": referral.ref,
        "agency": label_of(provider),
        "when": moments.show_time(due),
        "left": moments.left_or_late(due, moments.now()),
    }
