"""Which life of a store this is: a new one begins in a feed of its own, so that no number is ever used twice."""

from __future__ import annotations

import secrets

from taskforce.errors import StoreError
from taskforce.i18n import _
from taskforce.store.connection import Connection

LAST_EPOCH = 999_999


def next_epoch(connection: Connection, device: str, current: int) -> int:
    """An epoch that this device has not used: above all it knows of, by a random step.

    Were it simply the next, two stores restored from one backup would both begin it and use its numbers twice. The
    steps become smaller, so that there are epochs left after a thousand restarts.
    """
    rows = connection.execute(
        "SELECT name FROM feed WHERE device = ? AND EXISTS (SELECT 1 FROM edit WHERE edit.feed = feed.id)",
        (device,),
    )
    highest = max([current, *(int(name.partition(".")[2]) for (name,) in rows)])
    left = LAST_EPOCH - highest
    if left < 1:
        raise StoreError(
            _("this device has begun anew too often; nothing more can be written with it"),
            hint=_("make a new store with taskforce init, and let the peers send everything again"),
        )
    return highest + 1 + secrets.randbelow(max(1, left // 100))
