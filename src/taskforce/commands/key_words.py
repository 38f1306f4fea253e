"""What is none of the recipients that commands about keys take."""

from __future__ import annotations

from taskforce.errors import TrustError, UsageError
from taskforce.i18n import _


def check_named(option: str, recipient: str) -> None:
    """UsageError if what was given with an option is no age recipient."""
    from taskforce.keys.sealing import check_recipient  # deferred: few commands seal

    try:
        check_recipient(recipient)
    except TrustError as error:
        raise UsageError(
            f"{option}: {error.sentence}", hint=_("a recipient begins with age1, as age-keygen prints it")
        ) from None
