"""Sealed files are age files: C2SP's vectors, opened in the way that bundles are (fixtures/age)."""

from __future__ import annotations

import hashlib
import io
import re
import shutil
import subprocess
import zlib
from pathlib import Path
from typing import NamedTuple

import pytest

from taskforce.errors import InputError, TaskforceError, TrustError
from taskforce.keys.sealing import open_bytes, open_stream, seal_bytes

FOLDER = Path(__file__).parents[2] / "fixtures" / "age"
NAMES = sorted(path.name for path in FOLDER.iterdir() if path.suffix != ".md")


class Vector(NamedTuple):
    """What is to come of a file, and the file."""

    expect: str
    payload: str
    identities: list[str]
    about: dict[str, str]
    file: bytes


def vector(name: str) -> Vector:
    head, _, file = (FOLDER / name).read_bytes().partition(b"\n\n")
    lines = re.findall(r"^([a-z ]+): (.*)$", head.decode(), re.MULTILINE)
    about = dict(lines)
    # Post-quantum identities and passphrases are none of a device's: it is as if nothing were known that opens those.
    identities = [
        value for key, value in lines if key == "identity" and re.match(r"(?i)age-secret-key-1", value)
    ]
    if about.get("compressed") == "zlib":
        file = zlib.decompress(file)
    return Vector(about["expect"], about.get("payload", ""), identities, about, file)


def opened(one: Vector) -> tuple[bytes, TaskforceError | None]:
    """What the reader gives out, in small pieces, and how it ends."""
    given = bytearray()
    with open_stream(io.BytesIO(one.file), one.identities) as stream:
        try:
            while piece := stream.read(1000):
                given += piece
        except TaskforceError as error:
            return bytes(given), error
    return bytes(given), None


STRICTER = {
    "armor_whitespace_begin": "a bundle begins with its first byte: what stands before it is no bundle's",
    "armor_whitespace_outside": "as above",
}
"""What the format lets a reader take and this one does not."""

LAXER = {
    "stanza_missing_body": "the age library reads the stanzas of age before 1.0, whose last line may be missing",
    "stanza_missing_final_line": "as above; the header is authenticated all the same",
}
"""What the format forbids and the library below this reader takes."""


def test_all_of_them_are_there() -> None:
    assert len(NAMES) == 143
    kinds = [vector(name).expect for name in NAMES]
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {
        "success": 26,
        "no match": 13,
        "header failure": 62,
        "HMAC failure": 1,
        "armor failure": 22,
        "payload failure": 19,
    }


@pytest.mark.parametrize("name", NAMES)
def test_each_vector_opens_or_is_refused_as_it_must(name: str) -> None:
    one = vector(name)
    given, error = opened(one)
    ours = bool(one.identities) and "passphrase" not in one.about
    if name in LAXER or (one.expect == "success" and ours and name not in STRICTER):
        assert error is None
        assert name in LAXER or hashlib.sha256(given).hexdigest() == one.payload
        return
    assert isinstance(error, InputError | TrustError), error
    assert error.hint
    if ours and one.expect == "no match":
        assert error.code == "not-addressed"
    assert given == b"" or hashlib.sha256(given).hexdigest() == one.payload, (
        "what was given out was authentic"
    )
    with pytest.raises(type(error)):
        open_bytes(one.file, one.identities)


@pytest.mark.skipif(shutil.which("age") is None, reason="the age program is not installed")
def test_the_age_program_opens_what_is_sealed_here_and_the_other_way_round(tmp_path: Path) -> None:
    made = subprocess.run(["age-keygen"], capture_output=True, text=True, check=True).stdout
    (tmp_path / "identity").write_text(made)
    identity = made.splitlines()[-1]
    recipient = re.search("age1[a-z0-9]+", made)[0]  # type: ignore[index]
    text = b"a bundle\n" * 20_000
    (tmp_path / "sealed").write_bytes(seal_bytes(text, [recipient]))
    ran = subprocess.run(
        ["age", "-d", "-i", str(tmp_path / "identity"), str(tmp_path / "sealed")], capture_output=True
    )
    assert ran.stdout == text
    for armor in ((), ("--armor",)):
        sealed = subprocess.run(
            ["age", *armor, "-r", recipient], input=text, capture_output=True, check=True
        ).stdout
        assert open_bytes(sealed, [identity]) == text
