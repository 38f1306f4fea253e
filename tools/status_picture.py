"""The picture of the status screen: the real screen of a real store, with known keys and a clock that stands still.

The second day of Operation Storm Makers II at the Cambodian police, as the plan in ``fixtures/`` has it; what happened
until then is made up here.
"""

from __future__ import annotations

import io
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fixed_stores import ROOT, fixed_store, introduce, set_clock, without_chance

from taskforce.actions import keeping
from taskforce.actions.attention import status
from taskforce.actions.plans import import_plan
from taskforce.actions.receiving import import_bundle
from taskforce.actions.references import find
from taskforce.actions.sending import export_bundle
from taskforce.actions.session import Session
from taskforce.actions.using import use_operation
from taskforce.commands.status import lines_of
from taskforce.records.registry import get_kind
from taskforce.store import queries
from taskforce.store.queries import Condition, Record
from taskforce.views import STYLES, Line

PLAN = ROOT / "fixtures" / "storm-makers-ii.yaml"
WIDTH = 112
NOW = "2023-10-17T14:32:00+07:00"
ZONE = "<+07>-7"


def status_svg() -> str:
    """Return the picture as SVG."""
    os.environ["COLUMNS"] = str(WIDTH)
    with second_day() as (police, _key):
        lines = lines_of(status(police))
    return _drawn(lines)


@contextmanager
def second_day() -> Iterator[tuple[Session, bytes]]:
    """Make the store of the Cambodian police as it is on the second day; the key that opens it (32 bytes)."""
    with three_teams() as ((_coordinator, police, _shelter), keys):
        yield police, keys["KH-CNP"]


@contextmanager
def three_teams() -> Iterator[tuple[tuple[Session, Session, Session], dict[str, bytes]]]:
    """Make the stores of coordinator, police and shelter as they are then, and their keys by agency."""
    os.environ["TZ"] = ZONE
    time.tzset()
    with tempfile.TemporaryDirectory() as folder, without_chance("status"):
        set_clock("2023-10-14T09:00:00+07:00")
        keys: dict[str, bytes] = {}
        coordinator, police, shelter = (
            fixed_store(Path(folder, code), code, keys) for code in ("INTERPOL", "KH-CNP", "KH-NGO")
        )
        _until_now(coordinator, police, shelter)
        yield (coordinator, police, shelter), keys


def _until_now(coordinator: Session, police: Session, shelter: Session) -> None:
    introduce(coordinator, police, shelter)
    for one in (police, shelter):
        swap(one, coordinator)
    with PLAN.open("rb") as stream:
        import_plan(coordinator, stream, PLAN.name)
    for one in (police, shelter):
        swap(coordinator, one)
    use_operation(police, "STORM MAKERS II")
    set_clock("2023-10-17T08:00:00+07:00")
    kind = get_kind("operation")
    for move in ("brief", "launch"):
        operation = find(coordinator, kind, "STORM MAKERS II")
        keeping.move(coordinator, kind, operation, move, {})
    kept = _finish_what_was_due(coordinator)
    swap(coordinator, police)
    swap(police, shelter)
    swap(shelter, police)
    _refer(police, "21-23", "2023-10-17T10:50:00+07:00")
    _refer(police, "30-38", "2023-10-17T12:20:00+07:00")
    swap(police, shelter)
    _set_due(coordinator, kept, "2023-10-18T06:00:00+07:00")
    _lose(coordinator, police)
    _set_due(police, kept, "2023-10-17T18:00:00+07:00")
    swap(coordinator, police)
    set_clock(NOW)


def _finish_what_was_due(session: Session) -> Record:
    """Mark as done all that is due before now but the last two, and return one that is due later."""
    kind = get_kind("assignment")
    conditions = [Condition("due", "<", "2023-10-17T07:32:00Z")]
    due = queries.list_records(session.store.connection, kind, conditions, sort=[("due", False)])
    with session.acting("bring up to date") as one:
        for record in due[:-2]:
            one.save(kind, record.id, {"status": "done", "done_at": "2023-10-17T01:00:00Z"})
    later = [Condition("due", ">=", "2023-10-17T09:00:00Z")]
    return queries.list_records(session.store.connection, kind, later, sort=[("due", False)], limit=1)[0]


def _refer(police: Session, age_band: str, moment: str) -> None:
    set_clock(moment)
    victim = keeping.add(police, get_kind("victim"), {"age_band": age_band})
    consent_to_services(police, victim.id)
    typed = {"victim": victim.id, "to": "KH-NGO", "services": ["shelter", "medical"], "urgency": "3h"}
    referral = keeping.add(police, get_kind("referral"), typed)
    keeping.move(police, get_kind("referral"), referral, "send", {})


def consent_to_services(session: Session, victim: str) -> None:
    """A guardian consents, for whoever the victim is: to services by any provider, with all parts."""
    typed = {
        "victim": victim,
        "purpose": ["services"],
        "parts": ["case", "care", "identity"],
        "to": ["any-provider"],
        "given_by": "guardian",
        "until": "2024-01-15",
    }
    keeping.add(session, get_kind("consent"), typed)


def _set_due(session: Session, record: Record, due: str) -> None:
    found = queries.get_record(session.store.connection, record.kind, record.id)
    assert found is not None
    keeping.edit(session, record.kind, found, {"due": due})


def swap(one: Session, other: Session) -> None:
    """Hand a bundle from one team to another."""
    stream = io.BytesIO()
    export_bundle(one, other.store.me.agency, stream)
    import_bundle(other, io.BytesIO(stream.getvalue()), "bundle")


def _lose(one: Session, other: Session) -> None:
    export_bundle(one, other.store.me.agency, io.BytesIO())


def _drawn(lines: tuple[Line | str, ...]) -> str:
    import re

    from rich._export_format import CONSOLE_SVG_FORMAT
    from rich.console import Console
    from rich.terminal_theme import MONOKAI
    from rich.text import Text

    console = Console(
        file=io.StringIO(),
        width=WIDTH,
        record=True,
        force_terminal=True,
        color_system="standard",
        highlight=False,
    )
    console.print(Text("$ taskforce status", style="bold green"))
    for line in lines:
        text, style = (line.text, line.style) if isinstance(line, Line) else (line, "")
        console.print(Text(text, style=STYLES[style]), soft_wrap=True)
    # Rich would have whoever looks at the picture fetch its font from the network.
    template = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    return console.export_svg(
        title="taskforce status", theme=MONOKAI, code_format=template, unique_id="taskforce-status"
    )
