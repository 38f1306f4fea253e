"""A second implementation of the bundle format, written from docs/bundle-format.md alone, reads the test vectors.

It uses nothing of the program's. If this and the program disagree, the document or the program is wrong.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import re
import sys
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pyrage
import pytest
import yaml
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

ROOT = Path(__file__).resolve().parents[2]
BUNDLES = ROOT / "fixtures" / "bundles"
FOLDER = BUNDLES / "format-1"
KEYS = yaml.safe_load((BUNDLES / "keys.yaml").read_text("utf-8"))
EXPECTED = yaml.safe_load((FOLDER / "expected.yaml").read_text("utf-8"))
NAMES = sorted(EXPECTED)

CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
SHORT = r"[0-9a-hjkmnp-tv-z]{16}"
FEED = rf"{SHORT}\.[1-9][0-9]{{0,5}}"
WORD = r"[a-z][a-z0-9_-]{0,63}"
EDIT_KEYS = {
    "edit": rf"({FEED})/([1-9][0-9]{{0,14}})",
    "prev": r"[A-Za-z0-9_-]{43}",
    "at": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/(0|[1-9][0-9]{0,8})",
    "by": r"(?s).*",
    "kind": WORD,
    "record": SHORT,
    "part": WORD,
    "born": SHORT,
    "sig": r"[A-Za-z0-9_-]{86}",
}
HEAD_KEYS = {
    "taskforce-bundle": "1",
    "id": SHORT,
    "agency": r"[A-Z0-9][A-Z0-9-]{1,31}",
    "device": SHORT,
    "made": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ",
}


class Wrong(Exception):
    """What a bundle is refused for."""


def need(good: object, what: str) -> None:
    if not good:
        raise Wrong(what)


def canonical(data: Any) -> bytes:
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def base64(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def short_digest(*parts: bytes) -> str:
    data = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
    number = int.from_bytes(hashlib.sha256(data).digest()[:10], "big")
    return "".join(CROCKFORD[number >> shift & 31] for shift in range(75, -1, -5))


def check_signature(key: str, purpose: str, body: dict[str, Any]) -> None:
    message = f"taskforce {purpose}\0".encode() + canonical({k: v for k, v in body.items() if k != "sig"})
    try:
        VerifyKey(urlsafe_b64decode(key + "=")).verify(message, urlsafe_b64decode(body["sig"] + "=="))
    except BadSignatureError:
        raise Wrong(f"signature of a {purpose}") from None


def check_certificate(certificate: dict[str, str]) -> str:
    """Return the fingerprint of the agency key that vouches for the device."""
    check_signature(certificate["agency-key"], "certificate", certificate)
    device = short_digest(b"taskforce device", urlsafe_b64decode(certificate["sign-key"] + "="))
    need(certificate["device"] == device, "device id")
    return short_digest(b"taskforce agency", urlsafe_b64decode(certificate["agency-key"] + "="))


def all_text(node: Any) -> bool:
    if isinstance(node, dict):
        return all(isinstance(key, str) and all_text(value) for key, value in node.items())
    return all(map(all_text, node)) if isinstance(node, list) else isinstance(node, str)


def ranges(text: str) -> list[int]:
    pairs = [piece.partition("-") for piece in text.split(",")]
    return [number for first, _, last in pairs for number in range(int(first), int(last or first) + 1)]


def read_bundle(data: bytes, identity: str, trusted: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Yield the head, then the edits, all of them checked; ``trusted`` maps agencies to verified keys."""
    if data.startswith(b"age-encryption.org/"):
        data = pyrage.decrypt(data, [pyrage.x25519.Identity.from_str(identity)])
    head, *edits, end = yaml.load_all(data.decode(), yaml.SafeLoader)
    need(all_text([head, *edits, end]), "every scalar is a string, whichever loader reads it")
    for key, pattern in HEAD_KEYS.items():
        need(re.fullmatch(pattern, head[key]), key)
    need(head["requires"] == [] and head["to"], "requires, to")
    devices: dict[str, tuple[str, str]] = {}
    for certificate in head["certificates"]:
        fingerprint = check_certificate(certificate)
        need(certificate["agency-key"] == trusted[certificate["agency"]], "agency key")
        devices[certificate["device"]] = (certificate["sign-key"], fingerprint)
    yield head

    digest = hashlib.sha256(canonical(head) + b"\n")
    place, before = ("", 0), ""
    for body in edits:
        for key, pattern in EDIT_KEYS.items():
            need(key in body or key in ("prev", "born"), f"{key} is missing")
            need(key not in body or re.fullmatch(pattern, body[key]), key)
        found = re.fullmatch(EDIT_KEYS["edit"], body["edit"])
        assert found is not None
        feed, number = found[1], int(found[2])
        sign_key, fingerprint = devices[feed.partition(".")[0]]
        check_signature(sign_key, "edit", body)
        need(("prev" in body) == (number > 1), "prev")
        need((feed, number) > place, "edits are ordered by feed and number")
        if (feed, number - 1) == place:
            need(body["prev"] == before, "the chain of hashes")
        if "born" in body:
            words = (b"taskforce record", fingerprint.encode(), body["kind"].encode(), body["born"].encode())
            need(body["record"] == short_digest(*words), "the record is the signer's own")
        need(number in ranges(head["holdings"][feed]), "the sender holds what it sends")
        place, before = (feed, number), base64(hashlib.sha256(canonical(body)).digest())
        digest.update(before.encode() + b"\n")
        yield {**body, "feed": feed, "number": number}

    need(end["end"] == str(len(edits)) and end["digest"] == base64(digest.digest()), "the end")
    check_signature(devices[head["device"]][0], "bundle", end)


def heads_of(edits: list[dict[str, Any]]) -> dict[str, dict[str, list[Any]]]:
    """Merge: an edit of a field is a head unless another edit of that field saw it, or follows it in its feed.

    Of a record that one agency proves to have made, others' edits only propose: in the vectors no field and no
    operation gives anybody else a right.
    """
    setters: dict[tuple[str, str], list[dict[str, Any]]] = {}
    makers = {edit["record"]: edit["feed"].partition(".")[0] for edit in edits if "born" in edit}
    for edit in edits:
        if makers.get(edit["record"], edit["feed"]) not in (edit["feed"], edit["feed"].partition(".")[0]):
            continue
        for name in edit["set"]:
            setters.setdefault((f"{edit['kind']} {edit['record']} {edit['part']}", name), []).append(edit)
    result: dict[str, dict[str, list[Any]]] = {}
    for (place, name), known in setters.items():
        seen: dict[str, int] = {}
        for edit in known:
            for feed, top in edit.get("saw", {}).get(name, {}).items():
                seen[feed] = max(seen.get(feed, 0), int(top))
            seen[edit["feed"]] = max(seen.get(edit["feed"], 0), edit["number"] - 1)
        heads = [edit["set"][name] for edit in known if edit["number"] > seen.get(edit["feed"], 0)]
        result.setdefault(place, {})[name] = sorted(heads, key=str)
    return result


def card(agency: str) -> dict[str, Any]:
    found = yaml.safe_load((FOLDER / f"{agency}.card.yaml").read_text("utf-8"))
    assert isinstance(found, dict)
    return found


def trusted_keys() -> dict[str, str]:
    return {agency: card(agency)["certificate"]["agency-key"] for agency in KEYS}


def read_vector(name: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    identity = KEYS[EXPECTED[name]["to"]]["seal-identity"]
    head, *edits = read_bundle((FOLDER / name).read_bytes(), identity, trusted_keys())
    return head, edits


@pytest.mark.parametrize("agency", sorted(KEYS))
def test_a_card_is_signed_by_the_device_that_its_certificate_names(agency: str) -> None:
    found = card(agency)
    check_certificate(found["certificate"])
    check_signature(found["certificate"]["sign-key"], "card", found)
    assert found["agency"] == found["certificate"]["agency"] == agency


@pytest.mark.parametrize("name", NAMES)
def test_a_second_implementation_verifies_the_vector_and_finds_the_same_values(name: str) -> None:
    head, edits = read_vector(name)
    assert EXPECTED[name]["to"] in head["to"]
    found, wanted = heads_of(edits), EXPECTED[name]["fields"]
    assert {place: found[place] for place in wanted} == wanted
    assert found.keys() - wanted.keys() <= {_own_agency(EXPECTED[name]["to"]), _own_agency(head["agency"])}


def test_the_sealed_vector_holds_what_the_opened_one_shows() -> None:
    identity = pyrage.x25519.Identity.from_str(KEYS["KH-NGO"]["seal-identity"])
    opened = pyrage.decrypt((FOLDER / "sealed.bundle").read_bytes(), [identity])
    assert opened == (FOLDER / "sealed.opened.yaml").read_bytes()


def test_ids_of_agencies_and_participations_follow_from_their_natural_keys() -> None:
    _head, edits = read_vector("sealed.bundle")
    agencies = {one["set"]["code"]: one["record"] for one in edits if one["kind"] == "agency"}
    assert {code: _agency_id(code) for code in agencies} == agencies
    for one in edits:
        if one["kind"] == "participation":
            key = (one["set"]["operation"].encode(), one["set"]["agency"].encode())
            assert one["record"] == short_digest(b"taskforce natural", b"participation", *key)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('age_band: "21-23"', 'age_band: "24-26"'),
        ("  sender: bsynafqbfbs2kw61", "  sender: w9sb2ws7eag113gz"),
        ('  KH-NGO: "1"', '  INTERPOL: "1"'),
        ("by: J. Okafor\nkind: contact", "by: J. Sok\nkind: contact"),
        ('end: "20"', 'end: "19"'),
    ],
)
def test_one_changed_value_is_refused_by_both(old: str, new: str, tmp_path: Path) -> None:
    text = (FOLDER / "sealed.opened.yaml").read_text("utf-8")
    assert old in text
    forged = text.replace(old, new, 1).encode()
    with pytest.raises(Wrong):
        list(read_bundle(forged, "", trusted_keys()))
    from taskforce.errors import TaskforceError

    with pytest.raises(TaskforceError):
        _import(_receiver(tmp_path, "KH-NGO"), forged)


def test_a_bundle_laid_out_otherwise_still_verifies() -> None:
    documents = list(yaml.load_all((FOLDER / "sealed.opened.yaml").read_text("utf-8"), yaml.SafeLoader))
    again = yaml.dump_all(documents, Dumper=yaml.SafeDumper, default_style="'", allow_unicode=True)
    assert len(list(read_bundle(again.encode(), "", trusted_keys()))) == 21


@pytest.mark.parametrize("name", NAMES)
def test_the_program_imports_the_vector(name: str, tmp_path: Path) -> None:
    agency, wanted = EXPECTED[name]["to"], EXPECTED[name]["fields"]
    session = _receiver(tmp_path, agency)
    told = _import(session, (FOLDER / name).read_bytes())
    _head, edits = read_vector(name)
    assert (told.new, told.verified, told.waiting) == (len(edits), True, {})
    connection = session.store.connection
    for place, fields in wanted.items():
        kind, record, part = place.split()
        bodies = connection.execute(
            "SELECT fields FROM state WHERE record = ? AND kind = ? AND part = ?", (record, kind, part)
        ).fetchone()
        from taskforce.store.history import edit_at
        from taskforce.sync.merge import load_state

        state = load_state(bodies[0])
        own = session.store.me.device
        for field, values in fields.items():
            dots = state[field].heads
            if any(dot[0].startswith(own) for dot in dots):
                assert (kind, field) == ("referral", "status")  # its arrival was acknowledged at once
                continue
            found = [edit_at(connection, dot) for dot in dots]
            assert sorted((one.set[field] for one in found if one), key=str) == values
    assert _import(session, (FOLDER / name).read_bytes()).new == 0


def test_what_this_version_does_not_know_is_passed_on_as_it_came(tmp_path: Path) -> None:
    import io

    from taskforce.actions.sending import export_bundle

    session = _receiver(tmp_path, "KH-CNP")
    _import(session, (FOLDER / "newer.bundle").read_bytes())
    relayed = io.BytesIO()
    export_bundle(session, "KH-NGO", relayed)
    _head, *edits = read_bundle(relayed.getvalue(), KEYS["KH-NGO"]["seal-identity"], trusted_keys())
    _head, vehicle, agency = read_bundle((FOLDER / "newer.bundle").read_bytes(), "", trusted_keys())
    assert agency in edits
    assert "reason" in agency
    assert vehicle not in edits  # no rule says who may have it


def test_the_worked_example_in_the_document_is_what_stands_in_the_vector() -> None:
    text = (ROOT / "docs" / "bundle-format.md").read_text("utf-8")
    shown = yaml.safe_load(re.findall(r"```yaml\n---\n(.*?)```", text, re.DOTALL)[0])
    documents = yaml.safe_load_all((FOLDER / "sealed.opened.yaml").read_text("utf-8"))
    assert shown == next(one for one in documents if one.get("edit") == shown["edit"])
    unsigned = canonical({key: value for key, value in shown.items() if key != "sig"}).decode()
    assert f"\n  {unsigned}\n" in text
    assert f"`{base64(hashlib.sha256(canonical(shown)).digest())}`" in text


def test_a_part_that_is_added_later_proves_whose_record_it_is_too(tmp_path: Path) -> None:
    from taskforce.actions import keeping
    from taskforce.records.registry import get_kind

    session, kind = _stores().fixed_store(tmp_path / "store", "KH-CNP"), get_kind("victim")
    victim = keeping.add(session, kind, {"age_band": "21-23"})
    victim = keeping.edit(session, kind, victim, {"given_names": "Nobody"})
    keeping.edit(session, kind, victim, {"given_names": "Nobody at all"})
    rows = session.store.connection.execute(
        "SELECT body FROM edit WHERE record = ? ORDER BY number", (victim.id,)
    )
    edits = [json.loads(body) for (body,) in rows]
    assert [(one["part"], "born" in one) for one in edits] == [
        ("case", True),
        ("identity", True),
        ("identity", False),
    ]
    fingerprint = session.store.me.fingerprint
    words = (b"taskforce record", fingerprint.encode(), b"victim", edits[1]["born"].encode())
    assert victim.id == short_digest(*words)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("made", "2026-11-23T10:00:0\u0661Z"),
        ("to", {"KH-CNP": "1\u0661"}),
        ("to", {}),
        ("requires", ["more"]),
    ],
)
def test_a_head_that_another_reader_would_refuse_is_refused(key: str, value: object) -> None:
    from taskforce.errors import InputError
    from taskforce.sync.bundle import parse_head

    head = next(iter(yaml.safe_load_all((FOLDER / "directory.bundle").read_text("utf-8"))))
    assert parse_head(head, "good").id == head["id"]
    with pytest.raises(InputError):
        parse_head({**head, key: value}, "bad")


def _own_agency(code: str) -> str:
    return f"agency {_agency_id(code)} directory"


def _agency_id(code: str) -> str:
    return short_digest(b"taskforce natural", b"agency", code.encode())


def _stores() -> ModuleType:
    path = ROOT / "tools" / "fixed_stores.py"
    spec = importlib.util.spec_from_file_location("fixed_stores", path)
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = found
    spec.loader.exec_module(found)
    return found


def _receiver(folder: Path, agency: str) -> Any:
    """A store of ``agency`` that has verified the other two."""
    stores = _stores()
    session = stores.fixed_store(folder / agency, agency)
    for other in KEYS:
        if other != agency:
            stores.verify_card(session, (FOLDER / f"{other}.card.yaml").read_bytes())
    return session


def _import(session: Any, data: bytes) -> Any:
    import io

    from taskforce.actions.receiving import import_bundle

    return import_bundle(session, io.BytesIO(data), "vector")


def test_a_statement_is_signed_as_the_document_says(tmp_path: Path) -> None:
    from taskforce.actions import revoking

    session = _stores().fixed_store(tmp_path / "store", "KH-CNP")
    plan = revoking.plan_revocation(session, session.store.me.device, None)
    body = json.loads(revoking.revoke(session, plan, reason="left in a taxi").text)
    assert set(body) == {"statement", "agency", "agency-key", "about", "made", "good", "reason", "sig"}
    assert all_text(body) and body["good"] == {session.store.me.feed: "1"}
    check_signature(trusted_keys()["KH-CNP"], "statement-revocation", body)
    with pytest.raises(Wrong):
        check_signature(trusted_keys()["KH-CNP"], "statement-roster", body)
