"""Make the test vectors of the bundle format: ``fixtures/bundles/format-1``. Run once; they stay as they are.

The program itself makes them, with the test keys of ``fixtures/bundles/keys.yaml`` and a clock that stands still.
Released vectors are for ever: a program that cannot read them any more is wrong, so this refuses to write over them.
"""

from __future__ import annotations

import io
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fixed_stores import ROOT, fixed_store, introduce, known_keys, set_clock, without_chance

from taskforce.actions import keeping
from taskforce.actions.conflicts import resolve
from taskforce.actions.peers import own_card
from taskforce.actions.receiving import import_bundle
from taskforce.actions.references import find
from taskforce.actions.sending import export_bundle
from taskforce.actions.session import Session
from taskforce.actions.using import use_operation
from taskforce.canonical import canonical
from taskforce.crockford import natural_id
from taskforce.keys.sealing import open_bytes
from taskforce.records.registry import get_kind
from taskforce.store import history
from taskforce.store.queries import Record
from taskforce.sync import bundle
from taskforce.sync.clock import Stamp
from taskforce.sync.edit import compose
from taskforce.sync.yaml_text import document

FOLDER = ROOT / "fixtures" / "bundles" / "format-1"
START = "2026-11-23T10:00:00+07:00"
HEAD = "# What the bundles of this folder hold. Written by tools/vectors.py; made to be checked, not to be edited.\n"


def main() -> int:
    """Write the vectors; return the exit code."""
    if any(FOLDER.glob("*.bundle")):
        print(f"{FOLDER.relative_to(ROOT)} holds vectors already, and they are for ever")
        return 1
    FOLDER.mkdir(parents=True, exist_ok=True)
    set_clock(START)
    with tempfile.TemporaryDirectory() as folder, without_chance("format 1"):
        coordinator, police, shelter = (
            fixed_store(Path(folder, code), code) for code in ("INTERPOL", "KH-CNP", "KH-NGO")
        )
        introduce(coordinator, police, shelter)
        for one in (coordinator, police, shelter):
            (FOLDER / f"{one.store.me.agency}.card.yaml").write_text(own_card(one), "utf-8", newline="\n")
        expected = {"directory.bundle": _directory(coordinator, police)}
        _swap(shelter, police)
        _work(coordinator, police)
        expected["sealed.bundle"] = _sealed(police, shelter)
        expected["newer.bundle"] = _newer(coordinator)
    (FOLDER / "expected.yaml").write_text(document(expected, start=HEAD), "utf-8", newline="\n")
    print(f"written: {', '.join(sorted(path.name for path in FOLDER.iterdir()))}")
    return 0


def _directory(coordinator: Session, police: Session) -> dict[str, Any]:
    """An unsealed bundle: nothing in it but the directory."""
    _add(
        coordinator,
        "contact",
        name="M. Chan",
        agency="INTERPOL",
        role="duty-officer",
        phone="+00 00 000 0001",
        languages=["en", "km"],
    )
    _keep(export_stream(coordinator, "KH-CNP", sealed=False), "directory.bundle")
    _receive(police, FOLDER / "directory.bundle")
    return _expected(coordinator, police)


def _work(coordinator: Session, police: Session) -> None:
    """An operation of the police, worked on by two agencies that meet twice: one conflict resolved, one open."""
    set_clock("2026-11-23T11:00:00+07:00")
    _add(police, "operation", codename="VECTOR ONE", operation_kind="joint-operation", lead="KH-CNP")
    use_operation(police, "VECTOR ONE")
    for agency, role in (("INTERPOL", "partner"), ("KH-NGO", "support")):
        _add(police, "participation", agency=agency, role=role)
    site = _add(police, "site", name="ផ្សារលើ · Phsar Leu", site_kind="other", country="KH", risks="NO")
    task = _add(
        police,
        "assignment",
        title="Inspect compound 4",
        agency="KH-CNP",
        site=site.id,
        due="2026-11-24T16:00:00+07:00",
        instructions='Front gate: "0123".\n  People first.\n\nThen 12:30 # call',
    )
    _add(police, "log", text="Gate opened, no resistance.", category="event")
    passing = _add(police, "site", name="Entered twice", site_kind="other", country="KH")
    keeping.set_archived(police, get_kind("site"), passing, archived=True)
    _swap(police, coordinator)
    set_clock("2026-11-23T12:00:00+07:00")
    _edit(police, task, due="2026-11-24T18:00:00+07:00", title="Inspect compound 4, east gate")
    set_clock("2026-11-23T12:30:00+07:00")
    _edit(coordinator, task, due="2026-11-25T06:00:00+07:00", title="Inspect compounds 4 and 5")
    _swap(coordinator, police)
    resolve(police, task.ref, "title", take=2)


def _sealed(police: Session, shelter: Session) -> dict[str, Any]:
    """A sealed bundle: a victim and a referral, the operation, edits of another agency passed on, an open conflict."""
    set_clock("2026-11-23T13:00:00+07:00")
    victim = _add(
        police,
        "victim",
        age_band="21-23",
        citizenship=["MY"],
        languages=["ms", "en"],
        needs=["shelter", "medical"],
        given_names="Nobody (test)",
    )
    other = _add(police, "victim", age_band="30-38")
    referral = _add(police, "referral", victim=victim.id, to="KH-NGO", services=["shelter"], urgency="3h")
    keeping.move(police, get_kind("referral"), referral, "send", {})
    keeping.edit(
        police, get_kind("victim"), other, {"age_band": "24-26"}
    )  # not for the shelter: a gap in the feed
    _add(police, "log", text="Referred to the shelter.", category="decision")
    sealed = export_stream(police, "KH-NGO", sealed=True)
    _keep(sealed, "sealed.bundle")
    _keep(open_bytes(sealed, [known_keys()["KH-NGO"]["seal-identity"]]), "sealed.opened.yaml")
    _receive(shelter, FOLDER / "sealed.bundle")
    return _expected(police, shelter)


def _newer(coordinator: Session) -> dict[str, Any]:
    """A bundle as a later version may write it: an unknown kind, an unknown field, an unknown key in edits."""
    me = coordinator.store.me
    device = me.device
    other = f"{device}.7"
    stamp = Stamp("2026-11-23T07:00:00.000", 0)
    first = compose(
        feed=other,
        number=1,
        prev="",
        stamp=stamp,
        by=me.officer,
        kind="vehicle",
        record=natural_id("vehicle", "TEST-1"),
        part="operational",
        values={"plate": "TEST-1", "seen_in": ["KH", "TH"]},
        saw={},
    )
    second = compose(
        feed=other,
        number=2,
        prev=_signed(coordinator, first),
        stamp=Stamp(stamp.time, 1),
        by=me.officer,
        kind="agency",
        record=natural_id("agency", "INTERPOL"),
        part="directory",
        values={"switchboard": "+00 00 000 0002"},
        saw={},
    )
    second["reason"] = {"why": "a key of a later version", "who": ["a", "b"]}
    _signed(coordinator, second)
    from taskforce.store import exchange

    certificate = next(one for one in exchange.devices(coordinator.store.connection) if one.id == device)
    head = bundle.compose_head(
        id="0000000000000001",
        agency=me.agency,
        device=device,
        to={"KH-CNP": 9},
        made="2026-11-23T07:00:00Z",
        holdings={other: ((1, 2),)},
        certificates=[certificate.certificate],
    )
    head["greeting"] = "a key of a later version"
    pieces = bundle.write(head, [first, second], coordinator.sign_bundle)
    _keep("".join(pieces).encode(), "newer.bundle")
    return {
        "to": "KH-CNP",
        "fields": {
            f"vehicle {first['record']} operational": {"plate": ["TEST-1"], "seen_in": [["KH", "TH"]]},
            f"agency {second['record']} directory": {"switchboard": ["+00 00 000 0002"]},
        },
    }


def _signed(session: Session, body: dict[str, Any]) -> str:
    """Sign an edit; return its hash."""
    from taskforce.sync.edit import hash_of

    body["sig"] = session.sign_edit(canonical(body).encode())
    return hash_of(canonical(body))


def _expected(sender: Session, receiver: Session) -> dict[str, Any]:
    """The values of every head that came, as the sender has them: by kind, record and part, then by field."""
    fields: dict[str, dict[str, list[Any]]] = {}
    for kind, record, part in sorted(_parts(receiver)):
        if record == receiver.own_agency:
            continue
        state = history.state_of(sender.store.connection, get_kind(kind), record, part)
        found = fields.setdefault(f"{kind} {record} {part}", {})
        for name in sorted(state):
            edits = [history.edit_at(sender.store.connection, dot) for dot in state[name].heads]
            found[name] = sorted((edit.set[name] for edit in edits if edit is not None), key=str)
    return {"to": receiver.store.me.agency, "fields": fields}


def _parts(session: Session) -> Iterator[tuple[str, str, str]]:
    yield from session.store.connection.execute("SELECT kind, record, part FROM state")


def export_stream(session: Session, agency: str, *, sealed: bool) -> bytes:
    """Return the next bundle for ``agency``."""
    stream = io.BytesIO()
    export_bundle(session, agency, stream, sealed=sealed)
    return stream.getvalue()


def _swap(one: Session, other: Session) -> None:
    import_bundle(other, io.BytesIO(export_stream(one, other.store.me.agency, sealed=True)), "bundle")


def _receive(session: Session, path: Path) -> None:
    with path.open("rb") as stream:
        import_bundle(session, stream, path.name)


def _keep(data: bytes, name: str) -> None:
    (FOLDER / name).write_bytes(data)


def _add(session: Session, kind: str, **typed: Any) -> Record:
    return keeping.add(session, get_kind(kind), typed)


def _edit(session: Session, record: Record, **typed: Any) -> Record:
    return keeping.edit(session, record.kind, find(session, record.kind, record.id), typed)


if __name__ == "__main__":
    sys.exit(main())
