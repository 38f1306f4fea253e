"""What a signature covers is cut out of the canonical text; it is exactly the canonical JSON of all but ``sig``."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from taskforce.canonical import canonical
from taskforce.sync.edit import parse_edit

SIGNATURE = "A" * 86
NAMES = st.from_regex(r"[a-z][a-z0-9_-]{0,6}", fullmatch=True)
# Texts that look like the end of an edit, to be taken for it.
TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.sampled_from(
        [SIGNATURE, f',"sig":"{SIGNATURE}', f'","sig":"{SIGNATURE}"}}', f'\\","sig":"{SIGNATURE}']
    ),
)
EDIT = {
    "edit": "q7m2x0d4k9t1c5ze.1/1",
    "at": "2026-11-23T10:04:11.120Z/0",
    "by": "J. Okafor",
    "kind": "assignment",
    "record": "7kq2m4x8v0n3c5d1",
    "part": "operational",
    "sig": SIGNATURE,
}


@given(
    by=TEXTS,
    fields=st.dictionaries(NAMES, TEXTS, min_size=1),
    newer=st.dictionaries(
        st.sampled_from(["aa", "sif", "sigh", "zz"]), TEXTS | st.dictionaries(NAMES, TEXTS)
    ),
)
@example(by="", fields={"sig": SIGNATURE}, newer={})
@example(by="", fields={"a": "b"}, newer={"zz": {"a": "b", "sig": SIGNATURE}})
@example(by="", fields={"a": "b"}, newer={"zz": f'b","sig":"{SIGNATURE}'})
def test_the_signed_bytes_are_the_canonical_edit_without_its_signature(
    by: str, fields: dict[str, Any], newer: dict[str, Any]
) -> None:
    body = {**EDIT, "by": by, "set": fields, **newer}
    edit = parse_edit(body)
    unsigned = {name: value for name, value in body.items() if name != "sig"}
    assert edit.signed == canonical(unsigned).encode()
    assert edit.signed == json.dumps(
        unsigned, ensure_ascii=False, separators=(",", ":"), sort_keys=True
    ).encode("utf-8")
