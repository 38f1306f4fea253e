"""Asks for a new passphrase: six words are proposed, and whatever is chosen is typed twice."""

from __future__ import annotations

from taskforce import console
from taskforce.errors import UsageError
from taskforce.i18n import _


def new_passphrase(*, instead: str = "--key-file") -> str:
    """A passphrase that was typed twice, or the proposed one, typed once: nobody takes it without having noted it."""
    from taskforce.keys import words  # deferred: only a new passphrase needs them

    proposed = words.propose_passphrase()
    first = console.secret(
        _("A passphrase for this store (enter alone takes the six words): "),
        instead=instead,
        above=_("six random words (%(bits)d bits), as a proposal: %(words)s")
        % {"bits": words.PROPOSED_BITS, "words": proposed},
    )
    first = first or proposed
    if console.secret(_("The same once more: ")) != first:
        raise UsageError(_("the two passphrases differ"))
    return first
