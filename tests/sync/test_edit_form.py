"""The form of an edit: one canonical text, nothing of a newer version lost, and what is malformed named."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskforce.keys.identity import new_device
from taskforce.keys.signatures import sign, verify
from taskforce.sync.clock import Stamp
from taskforce.sync.edit import (
    EditError,
    canonical,
    compose,
    hash_of,
    in_reading_order,
    known_edit,
    parse_edit,
)
from taskforce.sync.strict_yaml import BUNDLE_LIMITS, read_documents
from taskforce.sync.yaml_text import document

FEED = "q7m2x0d4k9t1c5ze.1"
OTHER = "zz81m0aa4k2t7c1e.1"
DEVICE = new_device()


def body(**changes: Any) -> dict[str, Any]:
    """A well-formed edit, as far as form goes; None takes a key away."""
    made: dict[str, Any] = {
        "edit": f"{FEED}/18",
        "prev": "A" * 43,
        "at": "2026-11-23T10:04:11.120Z/0",
        "by": "J. Okafor",
        "kind": "assignment",
        "record": "7kq2m4x8v0n3c5d1",
        "part": "operational",
        "set": {"status": "done", "depends_on": ["a", "b"]},
        "saw": {"status": {FEED: "9", OTHER: "4"}},
        "sig": "B" * 86,
    }
    made.update(changes)
    return {key: value for key, value in made.items() if value is not None}


def test_what_it_says() -> None:
    edit = parse_edit(body())
    assert (edit.feed, edit.number, edit.device) == (FEED, 18, FEED.partition(".")[0])
    assert edit.stamp == Stamp("2026-11-23T10:04:11.120", 0)
    assert edit.saw == {"status": {FEED: 9, OTHER: 4}}
    assert edit.set == {"status": "done", "depends_on": ["a", "b"]}
    assert parse_edit(body(edit=f"{FEED}/1", prev=None, saw=None)).saw == {}


def test_canonical_text_is_rfc_8785() -> None:
    assert canonical({"b": 'é\u2028\n"\\\x1f', "a": ["1"], "c": {}}) == (
        '{"a":["1"],"b":"é\u2028\\n\\"\\\\\\u001f","c":{}}'
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        *(
            ({key: None}, f"{key} is missing")
            for key in ("edit", "at", "by", "kind", "record", "part", "set", "sig")
        ),
        *(
            ({key: ["x"]}, f"{key} is one string")
            for key in ("edit", "at", "by", "kind", "record", "part", "sig")
        ),
        ({"edit": "q7m2x0d4k9t1c5ze/18"}, "DEVICE.EPOCH"),
        ({"edit": f"{FEED}/0"}, "DEVICE.EPOCH"),
        ({"edit": f"{FEED}/018"}, "DEVICE.EPOCH"),
        ({"edit": f"{FEED}/1٣"}, "DEVICE.EPOCH"),
        ({"edit": f"{FEED}/18\n"}, "DEVICE.EPOCH"),
        ({"edit": f"{FEED}/{10**15}"}, "DEVICE.EPOCH"),
        ({"edit": "Q7M2X0D4K9T1C5ZE.1/18"}, "DEVICE.EPOCH"),
        ({"edit": "q7m2x0d4k9t1c5ze.0/18"}, "DEVICE.EPOCH"),
        ({"prev": None}, "prev"),
        ({"prev": "A" * 42}, "prev"),
        ({"edit": f"{FEED}/1"}, "prev"),
        ({"at": "yesterday"}, "at is"),
        ({"kind": "Assignment"}, "kind"),
        ({"kind": "a" * 65}, "kind"),
        ({"kind": ""}, "kind"),
        ({"record": "7kq2m4x8v0n3c5d"}, "record"),
        ({"record": "7kq2m4x8v0n3c5di"}, "record"),
        ({"record": "7KQ2M4X8V0N3C5D1"}, "record"),
        ({"part": "operational "}, "part"),
        ({"born": "short"}, "born"),
        ({"born": ["x"]}, "born"),
        ({"sig": "B" * 85}, "sig"),
        ({"sig": "B" * 85 + "="}, "sig"),
        ({"set": {}}, "set is"),
        ({"set": "status"}, "set is"),
        ({"set": {"Status": "x"}}, "not a field's name"),
        ({"set": {"st\u0430tus": "x"}}, "not a field's name"),  # a Cyrillic letter
        ({"set": {"status": {"x": "y"}}}, "set.status"),
        ({"set": {"status": [["x"]]}}, "set.status"),
        ({"saw": ["status"]}, "saw is"),
        ({"saw": {"status": "1"}}, "saw.status"),
        ({"saw": {"status": {FEED: "0"}}}, "saw.status"),
        ({"saw": {"status": {FEED: ["1"]}}}, "saw.status"),
        ({"saw": {"status": {FEED: "1٣"}}}, "saw.status"),
        ({"saw": {"status": {"somebody": "1"}}}, "saw.status"),
        ({"saw": {"status": {FEED: "18"}}}, "itself"),
        ({"saw": {"status": {FEED: "19"}}}, "itself"),
        ({"Urgency": "x"}, "not a name"),
        ({"": "x"}, "not a name"),
    ],
)
def test_malformed_is_refused_by_name(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(EditError) as caught:
        parse_edit(body(**changes))
    assert said in str(caught.value)


@pytest.mark.parametrize("thing", [None, "edit", [], ["edit"], {}])
def test_what_is_no_mapping_is_no_edit(thing: object) -> None:
    with pytest.raises(EditError):
        parse_edit(thing)


TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn", "Co")), max_size=30)
NAMES = st.from_regex(r"[a-z][a-z0-9_-]{0,20}", fullmatch=True)
KEPT = st.recursive(
    TEXT, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=2), max_leaves=5
)


def read_back(text: str) -> dict[str, Any]:
    """What the strict reader makes of a document."""
    import io

    [found] = read_documents(io.BytesIO(text.encode()), "bundle", BUNDLE_LIMITS)
    return found.data


@given(
    st.dictionaries(NAMES, st.one_of(TEXT, st.lists(TEXT, max_size=3)), min_size=1, max_size=3),
    st.dictionaries(NAMES.filter(lambda name: name not in body() and name != "born"), KEPT, max_size=3),
    TEXT,
)
def test_signed_written_read_and_verified_with_all_that_a_newer_version_added(
    values: dict[str, Any], newer: dict[str, Any], by: str
) -> None:
    made: dict[str, Any] = compose(
        feed=FEED,
        number=18,
        prev="A" * 43,
        stamp=Stamp("2026-11-23T10:04:11.120", 3),
        by=by,
        kind="assignment",
        record="7kq2m4x8v0n3c5d1",
        part="operational",
        values=values,
        saw={},
    )
    made.update(newer)
    made["sig"] = sign(DEVICE.sign_seed, "edit", canonical(made).encode())
    ordered = in_reading_order(made)
    assert (next(iter(ordered)), list(ordered)[-1]) == ("edit", "sig")
    found = parse_edit(read_back(document(ordered, flow_depth=2)))
    assert found.body == made
    assert verify(DEVICE.sign_key, "edit", found.signed, found.sig)
    assert known_edit(found.text) == found
    assert (found.hash, len(found.hash)) == (hash_of(found.text), 43)


@given(st.data())
def test_any_change_of_meaning_breaks_the_signature_and_the_hash(data: st.DataObject) -> None:
    made = {key: value for key, value in body(urgency={"of": "newer"}).items() if key != "sig"}
    good = {**made, "sig": sign(DEVICE.sign_seed, "edit", canonical(made).encode())}
    changed = json.loads(json.dumps(good))
    name = data.draw(st.sampled_from([key for key in good if key != "sig"]))
    if name == "set":
        changed["set"]["status"] = data.draw(TEXT.filter(lambda text: text != "done"))
    elif name == "saw":
        changed["saw"]["status"][OTHER] = "5"
    elif name == "urgency":
        changed["urgency"]["of"] = "older"
    elif name == "edit":
        changed["edit"] = f"{FEED}/19"
    elif name == "prev":
        changed["prev"] = "C" * 43
    elif name == "at":
        changed["at"] = "2026-11-23T10:04:11.120Z/1"
    elif name == "record":
        changed["record"] = "0" * 16
    else:
        changed[name] = good[name] + "x"
    one, other = parse_edit(good), parse_edit(changed)
    assert verify(DEVICE.sign_key, "edit", one.signed, one.sig)
    assert not verify(DEVICE.sign_key, "edit", other.signed, other.sig)
    assert one.hash != other.hash


def test_no_second_writing_of_a_signature_verifies() -> None:
    """86 characters of base64 have four bits to spare: set, they would make another hash of the same edit."""
    made = {key: value for key, value in body().items() if key != "sig"}
    sig = sign(DEVICE.sign_seed, "edit", canonical(made).encode())
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    for other in alphabet:
        edit = parse_edit({**made, "sig": sig[:-1] + other})
        assert verify(DEVICE.sign_key, "edit", edit.signed, edit.sig) == (other == sig[-1])


_NAMES = st.from_regex(r"[a-z][a-z0-9_-]{0,8}", fullmatch=True)


@given(
    number=st.integers(1, 10**14),
    counter=st.integers(0, 999_999_999),
    values=st.dictionaries(_NAMES, st.text() | st.lists(st.text()), min_size=1),
    saw=st.dictionaries(_NAMES, st.dictionaries(st.just(OTHER), st.integers(1, 10**14).map(str))),
    more=st.dictionaries(_NAMES.map("x-".__add__), st.text() | st.lists(st.dictionaries(_NAMES, st.text()))),
)
def test_what_is_kept_is_read_again_as_it_was(
    number: int, counter: int, values: Any, saw: Any, more: Any
) -> None:
    prev = None if number == 1 else "A" * 43
    stamp = f"2026-11-23T10:04:11.120Z/{counter}"
    edit = parse_edit(body(edit=f"{FEED}/{number}", prev=prev, at=stamp, set=values, saw=saw, **more))
    assert known_edit(edit.text) == edit
