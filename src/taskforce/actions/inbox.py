"""What arrives: files told apart by how they begin, glanced at, looked into, taken in; the folder they come into."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, cast

from taskforce.actions.brought import Imported
from taskforce.actions.plans import PlanResult, import_plan
from taskforce.actions.receiving import import_bundle
from taskforce.actions.session import Session
from taskforce.errors import InputError, Refused, TaskforceError
from taskforce.files import Rejoined, existing_file
from taskforce.i18n import _
from taskforce.records.registry import typed_kinds
from taskforce.store import exchange
from taskforce.text import safe

MOST = 200
"""Files of a folder that are listed, the latest first."""

_PEEK = 4096

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Arrived:
    """A file that can be taken in: a `bundle` or a `plan`, its name for people, and its whole content to read."""

    what: str
    name: str
    stream: BinaryIO


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What a file brought, or would bring: one of the two."""

    name: str
    bundle: Imported | None = None
    plan: PlanResult | None = None

    @property
    def is_new(self) -> bool:
        """Whether it brings anything that is not here already."""
        if self.bundle is not None:
            return bool(self.bundle.new or self.bundle.waiting or self.bundle.statements)
        return self.plan is not None and bool(self.plan.changes)


def recognise(stream: IO[bytes], name: str) -> Arrived:
    """Tell a bundle from a plan. InputError for what is neither and for a card, which is entered another way."""
    start = stream.read(_PEEK)
    what = _what_begins_with(start)
    if what == "database":
        raise InputError(_("%(name)s is a database, neither a plan nor a bundle") % {"name": name})
    if what == "card":
        raise InputError(
            _("%(name)s is a card") % {"name": name},
            hint=_("add it with: taskforce peer add %(name)s") % {"name": name},
        )
    if what == "device-request":
        raise InputError(
            _("%(name)s is the request of a device of your agency") % {"name": name},
            hint=_("admit it with: taskforce device admit %(name)s -o FILE") % {"name": name},
        )
    whole = cast(BinaryIO, Rejoined(start, stream))
    return Arrived("bundle" if what in ("sealed", "bundle") else "plan", name, whole)


def take_in(
    session: Session, arrived: Arrived, *, dry_run: bool = False, progress: Progress = lambda _steps: None
) -> TakenIn:
    """Take it in, or with `dry_run` only say what would change; raises as `import_bundle` and `import_plan`."""
    stream, name = arrived.stream, arrived.name
    if arrived.what == "bundle":
        found = import_bundle(session, stream, name, dry_run=dry_run, progress=progress)
        return TakenIn(name, bundle=found)
    return TakenIn(name, plan=import_plan(session, stream, name, dry_run=dry_run, progress=progress))


def _what_begins_with(start: bytes) -> str:
    from taskforce.keys.sealing import looks_sealed  # deferred: loads the reader of sealed files

    if start.startswith(b"SQLite format 3"):
        return "database"
    if looks_sealed(start):
        return "sealed"
    for key in ("bundle", "card", "plan", "device-request"):
        if _begins_with(start, f"taskforce-{key}"):
            return key
    return "plan" if any(_begins_with(start, f"{kind.plural}:") for kind in typed_kinds()) else ""


def _begins_with(start: bytes, key: str) -> bool:
    """Whether the first entry of a YAML file is `key`."""
    for line in start.decode("utf-8", "replace").splitlines():
        text = line.strip().lstrip("\ufeff")
        if text and not text.startswith(("#", "---", "%")):
            return text.strip("\"'").startswith(key)
    return False


# ── the folder ──


@dataclass(frozen=True, slots=True)
class Mark:
    """By what a changed file is known: its number on the disk, its size, and when it was written (ns)."""

    inode: int
    size: int
    written: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of the inbox."""

    path: Path
    mark: Mark


def list_inbox(name: str) -> tuple[list[Entry], int]:
    """The latest files of a folder, latest first, and how many there are; hidden ones are left out, and what is no
    plain file. InputError if the folder cannot be read. `name` may begin with `~`.
    """
    folder = os.path.expanduser(name)  # unlike pathlib's, it never raises
    found: list[Entry] = []
    try:
        with os.scandir(folder) as entries:
            for each in entries:
                try:
                    if not each.name.startswith(".") and each.is_file():
                        found.append(Entry(Path(each.path), _mark_of(each.stat())))
                except OSError:  # gone again, or a link to what is gone
                    continue
    except OSError as error:
        raise InputError(
            _("the inbox %(folder)s cannot be read: %(reason)s")
            % {"folder": folder, "reason": os.strerror(error.errno or 0)},
            hint=_("choose another with: taskforce config set inbox FOLDER"),
        ) from None
    found.sort(key=lambda one: (-one.mark.written, one.path.name))
    return found[:MOST], len(found)


def _mark_of(stat: os.stat_result) -> Mark:
    return Mark(stat.st_ino, stat.st_size, stat.st_mtime_ns)


@dataclass(frozen=True, slots=True)
class Glance:
    """What a file says it is; nothing of it is proven before it is looked into.

    `what` is bundle, plan, card, database, others (sealed for others), broken (`fault` says how), or empty where the
    begin does not tell. A bundle names itself, its sender, the number it bears for us, and when it was made.
    """

    what: str
    agency: str = ""
    number: int = 0
    made: str = ""
    bundle: str = ""
    device: str = ""
    fault: str = ""


def glance_at(session: Session, path: Path) -> Glance:
    """Read how a file begins; of a bundle its head. Takes milliseconds, however long the file is."""
    from taskforce.keys.sealing import open_stream  # deferred: as above
    from taskforce.sync.bundle import Reader  # deferred: only where bundles are read
    from taskforce.sync.strict_yaml import BUNDLE_LIMITS, read_documents

    name = safe(path.name)
    try:
        with existing_file(path) as stream:
            start = stream.read(_PEEK)
            what = _what_begins_with(start)
            if what not in ("sealed", "bundle"):
                return Glance(what)
            source = cast(BinaryIO, Rejoined(start, stream))
            opened = open_stream(source, [session.store.meta("seal_identity")]) if what == "sealed" else None
            try:
                head = Reader(read_documents(opened or source, name, BUNDLE_LIMITS), name).head
            finally:
                if opened is not None:
                    opened.close()
    except TaskforceError as error:
        return Glance("others" if error.code == "not-addressed" else "broken", fault=error.sentence)
    own = session.store.me.agency
    if own not in head.to:
        return Glance("others")
    return Glance("bundle", head.agency, head.to[own], head.made, head.id, head.device)


def bundles_taken_in(session: Session) -> dict[tuple[str, str], str]:
    """When each bundle was first taken in, by its id and the device that made it."""
    return {(one.name, one.device): one.at for one in exchange.bundles(session.store.connection, "in")}


def look_into(
    session: Session, path: Path, *, progress: Progress = lambda _steps: None
) -> tuple[TakenIn, Mark]:
    """What a file would change, and by what it is known again; nothing is kept."""
    with existing_file(path) as stream:
        mark = _mark_of(os.fstat(stream.fileno()))
        arrived = recognise(stream, safe(path.name))
        return take_in(session, arrived, dry_run=True, progress=progress), mark


def take_in_file(
    session: Session, path: Path, shown: Mark, *, progress: Progress = lambda _steps: None
) -> TakenIn:
    """Take in a file that somebody was `shown` what it would change; Refused if it is not the same any more."""
    with existing_file(path) as stream:
        if _mark_of(os.fstat(stream.fileno())) != shown:
            raise Refused(
                _("%(name)s has changed since it was looked into") % {"name": safe(path.name)},
                hint=_("nothing was taken in; look into it again"),
                code="changed",
            )
        return take_in(session, recognise(stream, safe(path.name)), progress=progress)
