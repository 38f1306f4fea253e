"""What is sealed opens for its recipients only, whole or with an error, and in flat memory."""

from __future__ import annotations

import base64
import errno
import gc
import io
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pyrage
import pytest
from program import PEAK

from taskforce.errors import InputError, TaskforceError, TrustError
from taskforce.keys import identity, sealing

# Fixed keys: test names are made of them, and every worker of a parallel run must find the same names.
ME = identity.DeviceSecret(
    bytes(32), "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX"
)
OTHER = identity.DeviceSecret(
    bytes(32), "AGE-SECRET-KEY-1RYVMPYF4LVHA6V74F32PW6E097S0055C6T7GGET0J85UZY0Z9XESPPZ79N"
)
CHUNK = 1 << 16
LARGE = os.urandom(3 * CHUNK + 1000)
SEALED = sealing.seal_bytes(LARGE, [OTHER.seal_recipient, ME.seal_recipient])
HEADER = SEALED.index(b"\n--- ") + 1  # where its last line begins; the age library pads headers at random
PAYLOAD = SEALED.index(b"\n", HEADER) + 1 + 16  # where the first chunk begins, after a nonce


def read(sealed: bytes, device: identity.DeviceSecret = ME) -> bytes:
    with sealing.open_stream(io.BytesIO(sealed), [device.seal_identity]) as reader:
        return reader.read()


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "opening"]


@pytest.fixture(autouse=True)
def no_thread_stays() -> object:
    yield
    deadline = time.monotonic() + 5
    while threads() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not threads()


# Round trips and interoperation


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 5 * CHUNK, 1_000_003])
def test_what_was_sealed_opens(size: int) -> None:
    data = os.urandom(size)
    sealed = sealing.seal_bytes(data, [ME.seal_recipient])
    assert read(sealed) == data
    assert sealing.open_bytes(sealed, [ME.seal_identity]) == data
    assert sealing.looks_sealed(sealed[:34])


def test_every_recipient_can_open_it() -> None:
    assert read(SEALED, ME) == read(SEALED, OTHER) == LARGE


def test_any_of_several_identities_opens_it() -> None:
    sealed = sealing.seal_bytes(b"x", [ME.seal_recipient])
    assert sealing.open_bytes(sealed, [OTHER.seal_identity, ME.seal_identity]) == b"x"


@pytest.mark.parametrize("armored", [False, True])
@pytest.mark.parametrize("size", [0, 10, 48, 300_000])
def test_files_of_other_age_programs_open(armored: bool, size: int) -> None:
    data = os.urandom(size)
    to = pyrage.x25519.Recipient.from_str(ME.seal_recipient)
    sealed = pyrage.encrypt(data, [to], armored=armored)
    assert sealing.looks_sealed(sealed[:34])
    assert read(sealed) == data
    assert sealing.open_bytes(sealed, [ME.seal_identity]) == data
    if armored:
        assert read(sealed.replace(b"\n", b"\r\n")) == data
        assert read(sealed.rstrip(b"\n")) == data


def test_other_age_programs_open_ours() -> None:
    assert pyrage.decrypt(SEALED, [pyrage.x25519.Identity.from_str(ME.seal_identity)]) == LARGE


def test_lines_can_be_read_one_by_one() -> None:
    lines = [b"%d\n" % number for number in range(100_000)]
    sealed = sealing.seal_bytes(b"".join(lines), [ME.seal_recipient])
    with sealing.open_stream(io.BytesIO(sealed), [ME.seal_identity]) as reader:
        assert list(reader) == lines


def test_a_source_that_gives_little_at_a_time() -> None:
    class Dripping(io.RawIOBase):
        left = SEALED

        def read(self, size: int = -1) -> bytes:
            piece, self.left = self.left[: min(size, 777)], self.left[min(size, 777) :]
            return piece

    with sealing.open_stream(Dripping(), [ME.seal_identity]) as reader:  # type: ignore[arg-type]
        assert reader.read() == LARGE


def test_a_target_that_takes_little_at_a_time() -> None:
    class Narrow(io.RawIOBase):
        taken = b""

        def write(self, data: memoryview) -> int:  # type: ignore[override]
            self.taken += bytes(data[:5000])
            return min(len(data), 5000)

    narrow = Narrow()
    sealing.seal_stream(io.BytesIO(LARGE), narrow, [ME.seal_recipient])  # type: ignore[arg-type]
    assert read(narrow.taken) == LARGE


def test_what_does_not_look_sealed() -> None:
    for beginning in (
        b"",
        b"taskforce-bundle: 1\n",
        b"SQLite format 3\0",
        b"-----BEGIN PGP MESSAGE-----",
        b"age",
    ):
        assert not sealing.looks_sealed(beginning)


# Recipients


def test_nobody_is_not_everybody() -> None:
    target = io.BytesIO()
    with pytest.raises(TrustError, match="nobody"):
        sealing.seal_stream(io.BytesIO(b"secret"), target, [])
    assert target.getvalue() == b""


def low_order_recipient() -> str:
    """The age recipient of the point 0: whatever is sealed to it, everybody can open (Bech32, BIP 173)."""
    values = [ord(c) >> 5 for c in "age"] + [0] + [ord(c) & 31 for c in "age"] + [0] * 58
    checksum = 1
    for value in values:
        top, checksum = checksum >> 25, (checksum & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            checksum ^= generator if top >> bit & 1 else 0
    letters = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
    return "age1" + "q" * 52 + "".join(letters[(checksum ^ 1) >> 5 * (5 - at) & 31] for at in range(6))


@pytest.mark.parametrize(
    "bad",
    ["", "age1", ME.seal_recipient.upper(), ME.seal_recipient[:-1] + ("q" if ME.seal_recipient[-1] != "q" else "p"),
     ME.seal_recipient + "\n", " " + ME.seal_recipient, ME.seal_identity, "age1" + "q" * 58, "ssh-ed25519 AAAA",
     "age1yubikey1" + "q" * 50, "\ud800", None, b"age1", low_order_recipient()],
)  # fmt: skip
def test_what_is_no_recipient_is_refused_before_anything_is_written(bad: str) -> None:
    target = io.BytesIO()
    with pytest.raises(TrustError) as caught:
        sealing.seal_stream(io.BytesIO(b"secret"), target, [ME.seal_recipient, bad])
    assert caught.value.code == "bad-recipient"
    assert target.getvalue() == b""
    with pytest.raises(TrustError):
        sealing.check_recipient(bad)


def test_the_low_order_recipient_is_one_the_age_library_takes() -> None:
    """Else the test above would pass for the wrong reason."""
    assert str(pyrage.x25519.Recipient.from_str(low_order_recipient())) == low_order_recipient()


def test_the_same_recipient_twice_is_named_once() -> None:
    sealed = sealing.seal_bytes(b"x", [ME.seal_recipient] * 2)
    assert sealed.split(b"\n--- ")[0].count(b"-> X25519") == 1


def test_a_single_text_is_not_a_list_of_letters() -> None:
    with pytest.raises(TrustError):
        sealing.seal_bytes(b"x", ME.seal_recipient)


def test_as_many_recipients_as_we_seal_to_can_open_it() -> None:
    to = [str(pyrage.x25519.Identity.generate().to_public()) for _ in range(sealing.MOST_RECIPIENTS - 1)]
    assert read(sealing.seal_bytes(b"x", [*to, ME.seal_recipient])) == b"x"
    with pytest.raises(TrustError, match="at most"):
        sealing.seal_bytes(b"x", [*to, ME.seal_recipient, OTHER.seal_recipient])


# Not for us, damaged, forged


def test_what_is_not_for_us_says_so() -> None:
    with pytest.raises(TrustError, match="not addressed to this device"):
        read(SEALED, identity.new_device())
    by_passphrase = sealing.MAGIC + b"-> scrypt " + b"A" * 22 + b" 30\n" + b"A" * 43 + b"\n--- " + b"A" * 43
    with pytest.raises(TrustError, match="not addressed to this device"):
        read(by_passphrase + b"\n" + bytes(50))  # nor is its cost of 2**30 paid
    with pytest.raises(TrustError, match="not addressed to this device"):
        sealing.open_bytes(SEALED, [])


def positions() -> list[int]:
    """Places in SEALED: all over its header, and near every border of what follows."""
    borders = [HEADER, PAYLOAD - 16, *(PAYLOAD + number * (CHUNK + 16) for number in range(4)), len(SEALED)]
    near = {border + step for border in borders for step in (-17, -16, -1, 0, 1, 15, 16)}
    return sorted(at for at in near | {1, 10, *range(0, HEADER, 29)} if 0 <= at < len(SEALED))


def test_a_file_cut_off_anywhere_raises() -> None:
    assert len(positions()) > 50
    for at in positions():
        with pytest.raises(InputError):
            read(SEALED[:at])
        with pytest.raises(InputError):
            sealing.open_bytes(SEALED[:at], [ME.seal_identity])


def test_a_flipped_bit_anywhere_raises() -> None:
    for at in positions():
        flipped = bytearray(SEALED)
        flipped[at] ^= 1
        with pytest.raises((InputError, TrustError)):
            read(bytes(flipped))


@pytest.mark.parametrize("more", [b"\0", b"\n", sealing.MAGIC, bytes(CHUNK + 16)], ids=len)
def test_something_appended_raises(more: bytes) -> None:
    with pytest.raises(InputError):
        read(SEALED + more)


def test_chunks_cannot_be_swapped() -> None:
    one, two, rest = PAYLOAD, PAYLOAD + CHUNK + 16, PAYLOAD + 2 * (CHUNK + 16)
    with pytest.raises(InputError):
        read(SEALED[:one] + SEALED[two:rest] + SEALED[one:two] + SEALED[rest:])


def test_only_what_was_authenticated_is_given_out_and_then_the_error_every_time() -> None:
    data = os.urandom(1_000_000)
    sealed = sealing.seal_bytes(data, [ME.seal_recipient])
    reader = sealing.open_stream(io.BytesIO(sealed[:-1]), [ME.seal_identity])
    got = b""
    with pytest.raises(InputError):
        while True:
            piece = reader.read1(10_000)
            assert piece, "a cut file must never just end"
            got += piece
    assert data.startswith(got)
    for _ in range(3):
        with pytest.raises(InputError):
            reader.read(1)
    reader.close()


def test_armored_files_are_checked_as_well() -> None:
    armored = pyrage.encrypt(LARGE, [pyrage.x25519.Recipient.from_str(ME.seal_recipient)], armored=True)
    for bad in (
        armored[:-40],
        armored[: len(armored) // 2],
        armored[:36],
        armored[:34],
        armored + b"more",
        armored.replace(b"-----BEGIN AGE ENCRYPTED FILE-----\n", b"-----BEGIN AGE ENCRYPTED FILE-----x\n"),
        armored[:100] + b"*" + armored[101:],
        armored[:100_000] + b"*" + armored[100_001:],
    ):
        with pytest.raises(InputError):
            read(bad)


@pytest.mark.parametrize(
    "junk",
    [b"", b"\n", b"age-encryption.org/v2\n", b"age-encryption.org/v1\r\n", b"SQLite format 3\0" + bytes(5000),
     sealing.MAGIC, sealing.MAGIC + b"--- \n", sealing.MAGIC + b"\n--- " + b"A" * 43 + b"\n" + bytes(100),
     sealing.MAGIC + bytes(200_000), sealing.ARMOR_BEGIN, sealing.ARMOR_BEGIN + b"\n" + sealing.ARMOR_END + b"\n",
     sealing.MAGIC + b"-> X25519 \xff\n" + b"\n--- "],
)  # fmt: skip
def test_what_is_no_age_file_raises(junk: bytes) -> None:
    with pytest.raises(InputError):
        read(junk)


def armor(data: bytes) -> bytes:
    lines = [base64.b64encode(data[at : at + 48]) for at in range(0, len(data), 48)]
    return b"\n".join([sealing.ARMOR_BEGIN, *lines, sealing.ARMOR_END, b""])


def hostile_headers() -> dict[str, bytes]:
    end = b"--- " + b"A" * 43 + b"\n" + bytes(1000)
    binary = {
        "many entries": sealing.MAGIC + b"-> g\n\n" * 30_000 + end,
        "many entries, no end": sealing.MAGIC + b"-> g\n\n" * 9_000,
        "long entry": sealing.MAGIC + b"-> X25519 a\n" + (b"A" * 64 + b"\n") * 30_000 + b"\n" + end,
        "long body within bounds": sealing.MAGIC + b"-> X25519 a\n" + (b"A" * 64 + b"\n") * 900 + b"\n" + end,
        "many arguments": sealing.MAGIC + b"-> " + b"a " * 29_000 + b"a\n\n" + end,
        "many bodies": sealing.MAGIC + (b"-> g\n" + (b"A" * 64 + b"\n") + b"\n") * 540 + end,
        "no end": sealing.MAGIC + b"-> " + b"x" * 5_000_000,
    }
    armored = {"armored " + name: armor(data) for name, data in binary.items()}
    return binary | armored


@pytest.mark.parametrize("name", hostile_headers())
def test_a_hostile_header_costs_no_time(name: str) -> None:
    """The age library alone needs 13 s for 65 KB of "many entries"."""
    before = time.process_time()
    with pytest.raises((InputError, TrustError)):
        read(hostile_headers()[name])
    assert time.process_time() - before < 2


def test_an_endless_armored_line_is_not_gathered() -> None:
    armored = pyrage.encrypt(LARGE, [pyrage.x25519.Recipient.from_str(ME.seal_recipient)], armored=True)

    class Endless(io.RawIOBase):
        given = 0

        def __init__(self) -> None:
            self.head = io.BytesIO(armored[: 65 * 3000 + len(sealing.ARMOR_BEGIN) + 1])

        def read(self, size: int = -1) -> bytes:
            if piece := self.head.read(size):
                return piece
            self.given += size
            assert self.given < 1_000_000
            return b"A" * size

    with pytest.raises(InputError), sealing.open_stream(Endless(), [ME.seal_identity]) as reader:  # type: ignore[arg-type]
        reader.read()


# Sources and targets that fail; readers that stop


class Failing(io.RawIOBase):
    """Gives or takes `good` bytes, then the disk fails."""

    def __init__(self, good: int, data: bytes = b"", error: int = errno.EIO) -> None:
        self.good, self.data, self.error = good, io.BytesIO(data), error

    def _use(self, size: int) -> None:
        self.good -= size
        if self.good < 0:
            raise OSError(self.error, os.strerror(self.error))

    def read(self, size: int = -1) -> bytes:
        self._use(size)
        return self.data.read(size)

    def write(self, data: memoryview) -> int:  # type: ignore[override]
        self._use(len(data))
        return len(data)


@pytest.mark.parametrize("good", [0, 50_000, 100_000, 150_000])
def test_a_source_that_fails_is_neither_an_end_nor_a_damaged_file(good: int) -> None:
    source = Failing(good, SEALED)
    with pytest.raises(OSError) as caught, sealing.open_stream(source, [ME.seal_identity]) as reader:  # type: ignore[arg-type]
        reader.read()
    assert caught.value.errno == errno.EIO
    with pytest.raises(OSError) as caught:
        sealing.seal_stream(Failing(good, LARGE), io.BytesIO(), [ME.seal_recipient])  # type: ignore[arg-type]
    assert caught.value.errno == errno.EIO


@pytest.mark.parametrize("missing", [1, 900, 20_000, 180_000])
def test_a_full_disk_is_noticed_to_the_last_byte(missing: int) -> None:
    """The age library drops the error of its last write."""
    entry = len("-> X25519 \n\n") + 2 * 43
    least = len(sealing.MAGIC) + entry + len("--- \n") + 43 + 16 + len(LARGE) + 4 * 16  # without padding
    target = Failing(least - missing, error=errno.ENOSPC)
    with pytest.raises(OSError) as caught:
        sealing.seal_stream(io.BytesIO(LARGE), target, [ME.seal_recipient])  # type: ignore[arg-type]
    assert caught.value.errno == errno.ENOSPC


def test_a_full_disk_is_noticed_for_a_file_of_one_write() -> None:
    with pytest.raises(OSError) as caught:
        sealing.seal_stream(io.BytesIO(b"x"), Failing(10, error=errno.ENOSPC), [ME.seal_recipient])  # type: ignore[arg-type]
    assert caught.value.errno == errno.ENOSPC


@pytest.mark.parametrize("amount", [0, 1, 300_000])
def test_closing_early_ends_the_thread(amount: int) -> None:
    sealed = sealing.seal_bytes(bytes(3_000_000), [ME.seal_recipient])
    reader = sealing.open_stream(io.BytesIO(sealed), [ME.seal_identity])
    assert len(reader.read(amount)) == amount
    before = time.monotonic()
    reader.close()
    assert time.monotonic() - before < 0.9
    assert not threads()
    with pytest.raises(ValueError):
        reader.read(1)


def test_a_forgotten_reader_ends_the_thread() -> None:
    sealed = sealing.seal_bytes(bytes(3_000_000), [ME.seal_recipient])
    reader = sealing.open_stream(io.BytesIO(sealed), [ME.seal_identity])
    reader.read(1)
    del reader
    gc.collect()
    assert not threads()


def run(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, timeout=60, check=False
    )


def test_python_ends_quietly_with_a_reader_left_open() -> None:
    script = """
import io, sys
from taskforce.keys import identity, sealing
me = identity.new_device()
sealed = sealing.seal_bytes(bytes(3_000_000), [me.seal_recipient])
reader = sealing.open_stream(io.BytesIO(sealed), [me.seal_identity])
reader.read(10)
"""
    done = run(script)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_50_mb_open_in_flat_memory_and_leave_no_file(tmp_path: Path) -> None:
    script = """
import os, sys
from taskforce.keys import identity, sealing
os.chdir(sys.argv[1])
me = identity.new_device()

class Zeros:
    left = 50_000_000
    def read(self, size=-1):
        piece = bytes(min(size, self.left))
        self.left -= len(piece)
        return piece

with open("small", "wb") as target:
    sealing.seal_stream(open("/dev/null", "rb"), target, [me.seal_recipient])
with open("small", "rb") as source, sealing.open_stream(source, [me.seal_identity]) as reader:
    reader.read()
before = peak()
with open("sealed", "wb") as target:
    sealing.seal_stream(Zeros(), target, [me.seal_recipient])
count = 0
with open("sealed", "rb") as source, sealing.open_stream(source, [me.seal_identity]) as reader:
    while piece := reader.read(1 << 16):
        count += len(piece)
print(count, peak() - before, sorted(os.listdir()))
"""
    if sys.platform != "linux":
        pytest.skip("memory is counted otherwise elsewhere")
    done = run(PEAK + script, str(tmp_path))
    assert done.returncode == 0, done.stderr
    count, more, files = done.stdout.split(" ", 2)
    assert int(count) == 50_000_000
    assert int(more) < 15
    assert files.strip() == "['sealed', 'small']"


def test_errors_are_sentences_with_an_exit_code() -> None:
    with pytest.raises(TaskforceError) as caught:
        read(SEALED[:-1])
    assert (caught.value.exit_code, caught.value.code) == (5, "damaged")
    assert caught.value.__cause__ is None
