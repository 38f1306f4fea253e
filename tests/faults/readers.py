"""Everything that reads a file which somebody else may have made, by name; and files made to trouble it.

What a reader answers is data or a TaskforceError. `tools/fuzz.py` and the suite's own random tests call it here.
"""

from __future__ import annotations

import io
import os
import random
import re
import shutil
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pyrage
import yaml
from replicas import export, make_replica, sign_edit, verify

from taskforce import settings
from taskforce.actions import inbox, keeping, peers, plans, receiving
from taskforce.canonical import canonical
from taskforce.errors import TaskforceError
from taskforce.keys import keyfile, rewrapping, slots
from taskforce.keys.sealing import open_bytes, seal_bytes
from taskforce.records.registry import get_kind
from taskforce.store import backup
from taskforce.sync import bundle

ROOT = Path(__file__).resolve().parents[2]
CORPUS = ROOT / "fixtures" / "hostile"
PLANS = ("hotel-check.yaml", "night-coach.yaml", "agreements.yaml", "storm-makers-ii.yaml")
SECRET = b"\7" * 32

HOSTILE: tuple[Any, ...] = (
    *(
        "",
        " ",
        "0",
        "-1",
        "00",
        "1-",
        "1-0",
        "5-3",
        "9" * 400,
        "9223372036854775808",
        "1" * 19,
        "٣",
        "1_0",
        "+1",
    ),
    *("\x00", "\x1b]52;c;Zm9v\x07", "\u202e", "\ud7ff", "\ufeff", "\U0010ffff", "é", "e\u0301", "x" * 5000),
    *(
        "~",
        "null",
        "no",
        ".inf",
        "2026-13-45T99:99:99Z",
        "0000-00-00T00:00:00Z",
        "9999-12-31T23:59:59.999Z/4294967295",
    ),
    *(
        "2026-11-23T10:04:11.120Z/0",
        "2026-11-23",
        "-1d",
        "$.set",
        '"',
        "'",
        "a.1/1",
        "../../etc/passwd",
        "%s%n",
        "{0}",
    ),
    *(
        "INTERPOL",
        "CITY",
        "NGO",
        "operation",
        "victim",
        "identity",
        "agency",
        "erased",
        "recall",
        "status",
        "sent",
    ),
    *([], [[]], {}, {"": ""}, ["x", "x"], {"x": {"y": "z"}}, ["x"] * 300),
)


class Readers:
    """Two stores that have verified each other, and what reads into the first of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.city, self.ngo = (make_replica(folder / code, code, country="KH") for code in ("CITY", "NGO"))
        verify(self.city, self.ngo)
        verify(self.ngo, self.city)
        self._write_something()
        self.bundle = export(self.city, "NGO")
        self.text = open_bytes(self.bundle, [self.ngo.sealed_with])
        receiving.import_bundle(self.ngo.session, io.BytesIO(self.bundle), "first")
        self.later = open_bytes(self._later(), [self.ngo.sealed_with])
        self.slots = self._make_slots()
        self.ngo.keep()
        self._since = 0
        self._made: dict[str, list[bytes]] = {}

    def _write_something(self) -> None:
        session = self.city.session
        keeping.add(session, get_kind("agency"), {"code": "NGO", "country": "KH", "services": ["shelter"]})
        operation = keeping.add(session, get_kind("operation"), {"codename": "TIDE", "lead": "CITY"}).id
        for code, role in (("CITY", "lead"), ("NGO", "partner")):
            keeping.join(session, {"operation": operation, "agency": code, "role": role})
        self.assignment = keeping.add(
            session, get_kind("assignment"), {"title": "Search", "operation": operation}
        ).id
        keeping.add(session, get_kind("site"), {"name": "Pier 9", "operation": operation, "country": "KH"})
        victim = keeping.add(session, get_kind("victim"), {"operation": operation, "age_band": "21-23"}).id
        typed = {
            "victim": victim,
            "purpose": ["services"],
            "parts": ["case", "care"],
            "to": ["NGO"],
            "given_by": "guardian",
        }
        keeping.add(session, get_kind("consent"), typed)
        kind = get_kind("referral")
        referral = keeping.add(session, kind, {"victim": victim, "to": "NGO", "services": ["shelter"]})
        keeping.move(session, kind, referral, "send", {})

    def _later(self) -> bytes:
        """A bundle of changes to what the receiver has."""
        kind = get_kind("assignment")
        record = keeping.require(self.city.session, kind, self.assignment)
        keeping.edit(self.city.session, kind, record, {"title": "Search again", "status_note": "two\nlines"})
        return export(self.city, "NGO")

    def _make_slots(self) -> bytes:
        place = self.folder / "slots"
        place.mkdir()
        (self.folder / "key").write_bytes(keyfile.key_file_line(SECRET))
        slots.create_slots(place, os.urandom(32), [slots.SlotSource("file", SECRET, label="a label")])
        return (place / slots.FILE_NAME).read_bytes()

    # ── readers ──

    def read(self, name: str, data: bytes) -> str:
        """What a reader makes of it: `read`, or the code of the TaskforceError; anything else it raises is a fault."""
        try:
            READERS[name](self, data)
        except TaskforceError as error:
            assert str(error.sentence).strip()
            return error.code
        return "read"

    def read_bundle(self, data: bytes) -> None:
        """A bundle, open or sealed."""
        receiving.import_bundle(self.ngo.session, io.BytesIO(data), "a bundle", dry_run=True)

    def read_signed(self, data: bytes) -> None:
        """A bundle that a verified peer made so and signed: nothing else about it can be trusted."""
        self.read_bundle(self.signed(data))

    def read_sealed(self, data: bytes) -> None:
        """What somebody sealed to this device."""
        self.read_bundle(
            seal_bytes(data, [str(pyrage.x25519.Identity.from_str(self.ngo.sealed_with).to_public())])
        )

    def read_plan(self, data: bytes) -> None:
        """A plan; it is saved."""
        self._since += 1
        if self._since % 50 == 0:
            self.ngo.put_back()
        plans.import_plan(self.ngo.session, io.BytesIO(data), "a plan")

    def read_any(self, data: bytes) -> None:
        """Whatever lies in the folder for bundles."""
        inbox.take_in(self.ngo.session, inbox.recognise(io.BytesIO(data), "a file"), dry_run=True)

    def read_card(self, data: bytes) -> None:
        """A card."""
        peers.read_card(io.BytesIO(data), "a card")

    def read_slots(self, data: bytes) -> None:
        """The file of key slots, and whether a key file opens any."""
        place = self.folder / "slots"
        (place / slots.FILE_NAME).write_bytes(data)
        rewrapping.list_slots(place)
        slots.open_with_key_file(place, self.folder / "key")

    def read_settings(self, data: bytes) -> None:
        """The settings, and every one of them that is looked into."""
        path = self.folder / "settings.yaml"
        path.write_bytes(data)
        os.environ["TASKFORCE_CONFIG"] = str(path)
        for name, value in settings.read_settings().items():
            if name in settings._CHECKS:
                settings._CHECKS[name](value)

    def read_key_file(self, data: bytes) -> None:
        """A key file."""
        path = self.folder / "other-key"
        path.write_bytes(data)
        path.chmod(0o600)
        keyfile.read_key_file(path)

    def read_backup(self, data: bytes) -> None:
        """A backup."""
        place = self.folder / "unpacked"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        backup.unpack(io.BytesIO(data), "a backup", place)

    # ── files to begin with ──

    def seeds(self, name: str) -> list[bytes]:
        """True files of what a reader reads, made once."""
        if name not in self._made:
            self._made[name] = self._seeds(name)
        return self._made[name]

    def _seeds(self, name: str) -> list[bytes]:
        if name in ("bundle", "signed", "sealed"):
            if name == "signed":
                return [self.text, self.later]
            vectors = ROOT / "fixtures" / "bundles" / "format-1"
            return [
                self.text,
                self.later,
                *(vectors.joinpath(each).read_bytes() for each in ("newer.bundle",)),
            ]
        if name == "plan":
            return [(ROOT / "fixtures" / each).read_bytes()[:6000] for each in PLANS]
        if name == "any":
            return [self.bundle, self.text, (ROOT / "fixtures" / PLANS[0]).read_bytes()]
        if name == "card":
            return [peers.own_card(self.city.session).encode()]
        if name == "slots":
            return [self.slots]
        if name == "settings":
            return [b"".join(f"{each}: {value}\n".encode() for each, value in TYPICAL.items())]
        if name == "backup":
            stream = io.BytesIO()
            store = self.city.session.store
            (self.city.folder / slots.FILE_NAME).write_bytes(self.slots)
            (self.folder / "copy").unlink(missing_ok=True)
            backup.write_backup(
                store.connection, self.city.folder, self.folder / "copy", stream, "2026-11-23T10:00:00Z"
            )
            return [stream.getvalue()]
        return [keyfile.key_file_line(SECRET)]

    def signed(self, data: bytes) -> bytes:
        """A bundle's text made a bundle that its sender has signed, edits and all, as far as it can be one at all."""
        if ALIAS.search(data) or data.count(b"[") + data.count(b"{") > 1000:
            return data
        try:
            found = [each for each in yaml.load_all(data, yaml.CBaseLoader) if isinstance(each, dict)]
        except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError):
            return data
        if not found:
            return data
        head, *edits = [each for each in found if "end" not in each] or [{}]
        signed = []
        for each in edits:
            try:
                canonical(each)
                signed.append(sign_edit(self.city, each))
            except (ValueError, TypeError, UnicodeEncodeError):
                signed.append(each)
        try:
            return "".join(bundle.write(head, signed, self.city.session.sign_bundle)).encode()
        except (TaskforceError, ValueError, TypeError, KeyError, AttributeError, UnicodeEncodeError):
            return data  # the writer makes no such thing


TYPICAL = {
    "store": "/a",
    "theme": "dark",
    "lock-after": "10",
    "keymap": "go.log=f5|l",
    "recalls": "ask",
    "reason-for": "care",
}

READERS: dict[str, Callable[[Readers, bytes], None]] = {
    "bundle": Readers.read_bundle,
    "signed": Readers.read_signed,
    "sealed": Readers.read_sealed,
    "plan": Readers.read_plan,
    "any": Readers.read_any,
    "card": Readers.read_card,
    "slots": Readers.read_slots,
    "settings": Readers.read_settings,
    "key-file": Readers.read_key_file,
    "backup": Readers.read_backup,
}
"""Every reader by name."""


ALIAS = re.compile(rb"[&*]\w|^ *\? |^( *- ?){20}|^ {100}", re.MULTILINE)


def mutated(data: bytes, chance: random.Random) -> bytes:
    """A file that is nearly another one: parts of its structure changed, or bytes of it."""
    for _time in range(chance.choice((1, 1, 1, 2, 3, 6))):
        data = chance.choice((_tree, _tree, _tree, _bytes))(data, chance)
    return data


def _bytes(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data) + 1)
    length = chance.choice((0, 1, 1, 2, 8, 64))
    new = chance.choice(
        (
            b"",
            bytes([chance.randrange(256)]),
            data[at : at + length] * 2,
            chance.choice(
                (
                    b"\xff",
                    b"\0",
                    b": ",
                    b"\n- ",
                    b"---\n",
                    b"&a ",
                    b"*a",
                    b"!!x ",
                    b"{",
                    b"[",
                    b'"',
                    b"|\n",
                    b"\xc2\x85",
                )
            ),
            str(chance.choice(HOSTILE)).encode("utf-8", "surrogatepass")[:200],
        )
    )
    return data[:at] + new + data[at + length :]


def _tree(data: bytes, chance: random.Random) -> bytes:
    """Change something in the documents of a YAML file: what a hostile program would write, well formed."""
    if ALIAS.search(data) or data.count(b"[") + data.count(b"{") > 1000:  # plain PyYAML dies of these
        return _bytes(data, chance)
    try:
        found = list(yaml.load_all(data, yaml.CBaseLoader))
    except (yaml.YAMLError, UnicodeDecodeError, ValueError):
        return _bytes(data, chance)
    places: list[tuple[Any, Any]] = []
    inner: list[tuple[Any, Any]] = []
    left: list[tuple[Any, bool]] = [(found, False)]
    while left:
        one, within = left.pop()
        keys = list(one) if isinstance(one, dict) else range(len(one))
        for key in keys:
            places.append((one, key))
            if within:
                inner.append((one, key))
            if isinstance(one[key], dict | list):
                left.append((one[key], within or key == "set"))
    if not places:
        return _bytes(data, chance)
    if inner and chance.random() < 0.5:  # values of edits: what reaches farthest
        places = inner
    one, key = chance.choice(places)
    other, key_of_other = chance.choice(places)
    what = chance.randrange(6)
    if what == 0:
        del one[key]
    elif what == 1:
        one[key] = deepcopy(other[key_of_other])
    elif what == 2 and isinstance(one, dict):
        one[str(chance.choice(HOSTILE))[:60] or "x"] = one.pop(key)
    elif what == 3 and isinstance(one, list):
        one.append(deepcopy(one[key]))
    elif what == 4 and isinstance(one[key], str) and one[key]:
        at = chance.randrange(len(one[key]))
        one[key] = one[key][:at] + chance.choice("0129-/.:TZ xé\u202e") + one[key][at + 1 :]
    else:
        one[key] = deepcopy(chance.choice(HOSTILE))

    class Plain(yaml.CSafeDumper):
        def ignore_aliases(self, _data: Any) -> bool:
            return True

    try:
        return yaml.dump_all(
            found, Dumper=Plain, allow_unicode=True, sort_keys=False, explicit_start=True
        ).encode()
    except (yaml.YAMLError, RecursionError, UnicodeEncodeError):
        return data
