"""Makes a store: the agency's key, the device's keys and certificate, the database and its key slots.

A device that is to join an agency which has its key elsewhere gets neither key nor certificate: it asks for that.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from taskforce import moments
from taskforce.actions.session import Session
from taskforce.actions.values import ValueFault, agency_code, parse_values
from taskforce.crockford import natural_id
from taskforce.errors import StoreError, UsageError
from taskforce.files import new_folder, require_empty
from taskforce.i18n import _
from taskforce.memory import keep_in_memory
from taskforce.records.registry import get_kind
from taskforce.store import exchange
from taskforce.store.store import Store, store_exists


@dataclass(frozen=True, slots=True)
class NewStore:
    """What `init` made: where, whose, and the words by which partners know the agency's key.

    Of a device that has still to join its agency they are none.
    """

    folder: Path
    agency: str
    officer: str
    device: str
    words: tuple[str, ...]


def create_store(
    folder: Path,
    *,
    agency: str,
    officer: str,
    write_slots: Callable[[Path, bytes], None],
    about: dict[str, str],
    join: bool = False,
    label: str = "",
) -> NewStore:
    """Make a store in `folder`, whole or not at all.

    `write_slots` is given the folder and the fresh database key and writes the key slots; `about` holds further fields
    of the own agency's record as typed (name, agency_kind, country). With `join` the store waits to be admitted,
    and `label` is what people call its device.
    """
    from taskforce.keys import identity, words  # deferred: loads the cryptographic libraries
    from taskforce.keys.encoding import from_text

    keep_in_memory()
    folder = folder.resolve()  # ".", and the target of a link, have names too
    if store_exists(folder):
        raise StoreError(_("there is a store in %(folder)s already") % {"folder": folder})
    require_empty(folder)
    if not officer.strip():
        raise UsageError(_("--officer is needed: every edit bears a name"))
    try:
        code = agency_code(agency)
    except ValueFault as fault:
        raise UsageError(f"--agency: {fault.sentence}", hint=fault.hint) from None
    device = identity.new_device()
    agency_secret = None if join else identity.new_agency()
    meta = {
        "agency": code,
        "fingerprint": agency_secret.fingerprint if agency_secret else "",
        "agency_key": agency_secret.key if agency_secret else "",
        "agency_seed": agency_secret.seed.hex() if agency_secret else "",
        "officer": officer.strip(),
        "device": device.id,
        "epoch": "1",
        "sign_seed": device.sign_seed.hex(),
        "seal_identity": device.seal_identity,
        **({"label": label} if label else {}),
    }
    with new_folder(folder) as draft:
        key = secrets.token_bytes(32)
        store = Store.create(draft, key, meta)
        try:
            if agency_secret is not None:
                certificate = identity.certify(agency_secret, code, device, moments.time_text(moments.now()))
                own = exchange.KnownDevice(
                    device.id, code, device.sign_key, device.seal_recipient, certificate
                )
                _record_own_agency(store, own, {"code": code, **about})
        finally:
            store.close()
        write_slots(draft, key)
    told = words.words(from_text(agency_secret.key, 32)) if agency_secret is not None else ()
    return NewStore(folder, code, officer.strip(), device.id, told)


def _record_own_agency(store: Store, own: exchange.KnownDevice, typed: dict[str, str]) -> None:
    session = Session(store)
    kind = get_kind("agency")
    values = {name: value for name, value in parse_values(session, kind, typed).items() if value}
    with store.writing():
        exchange.put_device(store.connection, own)
    with session.acting("init", undoable=False) as one:
        one.save(kind, natural_id("agency", own.agency), values)
