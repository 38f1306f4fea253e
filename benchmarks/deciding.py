"""What a sharing decision costs: who may have what of a store with many victims, asked for thirty peers at once.

Counted are decisions, one for each part of a record and each peer, and with them all that comes before: gathering what
is known of consents, referrals, marks and roles, and reading the ranges of what may go. The figure is microseconds, not
a ratio: there is nothing to compare it with, and it is what says how long `taskforce export` thinks.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import process_time

import stores
from measuring import Row

from taskforce.actions import keeping
from taskforce.actions.knowing import gather
from taskforce.actions.reach import reach_of
from taskforce.actions.references import find
from taskforce.actions.session import Session
from taskforce.crockford import natural_id
from taskforce.records.registry import get_kind
from taskforce.store import exchange

PEERS = 30
GOAL = 5.0
"""Microseconds."""


def rows_of(folder: Path, records: int, rounds: int) -> list[Row]:
    """The one row."""
    session = stores.new_store(folder, "INTERPOL")
    codes = _add_peers(session)
    _add_victims(session, records // 3, codes)
    parts = session.store.connection.execute("SELECT count(*) FROM state").fetchone()[0]

    def decide_all() -> None:
        known = gather(session)
        scopes = exchange.scopes(session.store.connection)
        for code in codes:
            found = reach_of(session, code, known, scopes)
            assert 0 < len(found.scopes) < len(found.withheld)

    gc.set_threshold(100_000)  # as the program does
    times = [_worked(decide_all) for _round in range(max(3, rounds // 5))]
    gathering = [_worked(lambda: gather(session)) for _round in range(3)]
    session.store.close()
    decisions = parts * PEERS
    parts_of_it = f"{median(gathering):.1f} s of it to gather what is known"
    detail = f"{median(times):.1f} s for {decisions:,} decisions, {parts_of_it}"
    what = f"a sharing decision, of {records:,} records and {PEERS} peers"
    return [Row(what, median(times) / decisions * 1e6, GOAL, " µs", detail)]


def _worked(call: Callable[[], object]) -> float:
    """Seconds that the processor works for a call: nothing here waits, and what else the machine does is left out."""
    start = process_time()
    call()
    return process_time() - start


def _add_peers(session: Session) -> list[str]:
    """Thirty verified agencies of two countries, ten of them in an operation. They write nothing: keys are made up."""
    codes = [f"AGENCY-{number:02d}" for number in range(PEERS)]
    with session.store.writing():
        for code in codes:
            peer = exchange.Peer(code, code, f"key of {code}", "2023-10-10T08:00:00Z", "J. Okafor", "aloud")
            exchange.put_peer(session.store.connection, peer)
    own = find(session, get_kind("agency"), "INTERPOL")
    keeping.edit(session, own.kind, own, {"country": "KH"})
    for number, code in enumerate(codes):
        about = {"code": code, "country": ("KH", "TH")[number % 2], "services": ["shelter"]}
        keeping.add(session, get_kind("agency"), about)
    keeping.add(session, get_kind("operation"), {"codename": "STORM MAKERS II", "lead": "INTERPOL"})
    for code in codes[:10]:
        keeping.join(session, {"operation": "STORM MAKERS II", "agency": code, "role": "partner"})
    return codes


def _add_victims(session: Session, count: int, codes: list[str]) -> None:
    """Victims of the operation, each consented for and referred to one of the agencies."""
    kinds = victim_kind, consent_kind, referral_kind = [
        get_kind(name) for name in ("victim", "consent", "referral")
    ]
    operation = session.store.connection.execute("SELECT id FROM operation").fetchone()[0]
    for start in range(0, count, 5_000):
        with session.acting("victims") as one:
            for number in range(start, min(count, start + 5_000)):
                made = [keeping.new_id(session, kind) for kind in kinds]
                (victim, nonce), (consent, consent_nonce), (referral, referral_nonce) = made
                to = codes[number % PEERS]
                one.save(
                    victim_kind,
                    victim,
                    {
                        "operation": operation,
                        "age_band": ("9-17", "21-23")[number % 2],
                        "health": "Thirsty",
                        "family_name": f"Name {number}",
                    },
                    nonce=nonce,
                )
                one.save(
                    consent_kind,
                    consent,
                    {
                        "victim": victim,
                        "purpose": ["services"],
                        "parts": ["case", "care"],
                        "to": [to],
                        "given_by": "guardian",
                    },
                    nonce=consent_nonce,
                )
                one.save(
                    referral_kind,
                    referral,
                    {
                        "victim": victim,
                        "sender": natural_id("agency", "INTERPOL"),
                        "to": natural_id("agency", to),
                        "status": "sent",
                        "sent_at": "2023-10-17T08:00:00Z",
                        "services": ["shelter"],
                    },
                    nonce=referral_nonce,
                )
