"""Stores that come out the same at every run: known test keys, a clock that stands still, chance that is none.

For the test vectors, the pictures in the documents, and the tests that read the vectors. Never for real work.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from taskforce.actions.peers import add_peer, own_card, read_card
from taskforce.actions.session import Session
from taskforce.actions.setup import create_store
from taskforce.crockford import ALPHABET, DIGEST_LENGTH
from taskforce.keys import identity
from taskforce.store.store import Store
from taskforce.sync.strict_yaml import PLAN_LIMITS, read_marked

ROOT = Path(__file__).resolve().parent.parent
KEYS = ROOT / "fixtures" / "bundles" / "keys.yaml"


def known_keys() -> dict[str, dict[str, str]]:
    """The test keys by agency."""
    with KEYS.open("rb") as stream:
        return {code: dict(entry) for code, entry in read_marked(stream, KEYS.name, PLAN_LIMITS).data.items()}


def set_clock(moment: str) -> None:
    """Let the program's clock stand still at ``moment`` (ISO 8601 with offset)."""
    os.environ["TASKFORCE_NOW"] = moment


@contextmanager
def without_chance(seed: str) -> Iterator[None]:
    """Let record ids and bundle ids come out the same each time."""
    chance = random.Random(seed)

    def name() -> str:
        return "".join(chance.choice(ALPHABET) for _position in range(DIGEST_LENGTH))

    with (
        mock.patch("taskforce.actions.keeping.random_name", name),
        mock.patch("taskforce.actions.outgoing.random_name", name),
    ):
        yield


def fixed_store(folder: Path, code: str, store_keys: dict[str, bytes] | None = None) -> Session:
    """Make the store of an agency of the test keys in ``folder``, made as ``taskforce init`` makes it.

    Its database key is noted in ``store_keys`` under the agency's code.
    """
    entry = known_keys()[code]
    device = identity.DeviceSecret(bytes.fromhex(entry["sign-seed"]), entry["seal-identity"])
    agency = identity.AgencySecret(bytes.fromhex(entry["agency-seed"]))
    keys: list[bytes] = []
    with mock.patch.multiple(identity, new_device=lambda: device, new_agency=lambda: agency):
        made = create_store(
            folder,
            agency=code,
            officer=entry["officer"],
            write_slots=lambda _folder, key: keys.append(key),
            about={
                name: entry[key]
                for name, key in (("name", "name"), ("agency_kind", "agency-kind"), ("country", "country"))
                if key in entry
            },
        )
    if store_keys is not None:
        store_keys[code] = keys[0]
    return Session(Store.open(made.folder, keys[0]))


def introduce(*sessions: Session) -> None:
    """Let each store verify the agencies of all others, as people do who compare their words."""
    for one in sessions:
        for other in sessions:
            if one is not other:
                verify_card(one, own_card(other).encode())


def verify_card(session: Session, card: bytes) -> None:
    """Enter the agency of ``card`` as a verified peer."""
    import io

    add_peer(session, read_card(io.BytesIO(card), "card"), how="test")
