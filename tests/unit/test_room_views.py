"""The room's lines: no sign or number on another line than what it belongs to; several bundles are bundles."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from taskforce.actions.peers import PeerState
from taskforce.tui import room_views
from taskforce.tui.exchange_lines import missing_bundles, standing_lines, waits_line

NOW = datetime(2023, 10, 17, 7, 32, tzinfo=UTC)


def peer(**more: Any) -> PeerState:
    values: dict[str, Any] = {
        **{
            "agency": "INTERPOL",
            "name": "",
            "fingerprint": "",
            "verified_at": "",
            "verified_by": "",
            "how": "",
        },
        **{"devices": 1, "last_heard": "2023-10-17T07:00:00Z", "last_number": 12, "missing": "2-3,7"},
        **{"waiting": 23, "unsent": 0, "confirmed": 5, "sent_since": "", **more},
    }
    return PeerState(**values)


@pytest.mark.parametrize("width", range(16, 80))
def test_a_sign_stays_with_its_number_at_every_width(width: int) -> None:
    found: Any = SimpleNamespace(peers=[peer(unsent=12_345)])
    (entry,) = room_views.peers(found, NOW, width)
    lines = [" ".join(line.split()) for line in entry.content.plain.split("\n")]
    assert [line for line in lines if line.endswith("↑ 12345")] == [lines[-1]]
    assert any("· bundles 2-3,7 missing" in line for line in lines)


@pytest.mark.parametrize("width", range(16, 80))
def test_places_stay_with_whose_they_are_at_every_width(width: int) -> None:
    class Agency:
        def __init__(self, code: str, free: str) -> None:
            self._values = {"code": code, "places_free": free, "places_as_of": "2023-10-15T07:32:00Z"}

        def text(self, name: str) -> str:
            return self._values[name]

    told = [("KH-CHILD", "7"), ("KH-HOSP", "5"), ("UG-NGO", "15")]
    found: Any = SimpleNamespace(places=[Agency(*each) for each in told])
    lines = room_views.places(found, NOW, width).plain.split("\n")
    for code, free in told:
        assert any(f"{code} {free}" in line for line in lines)
    assert "as of 2 days ago" in lines[-1] and "PLACES FREE" in lines[1]


def test_what_is_missing_and_what_goes_again_are_said_in_words() -> None:
    assert missing_bundles(peer(missing="3")) == "bundle 3 missing"
    assert waits_line(peer()) == "– nothing new · 23 go again · has confirmed 5 of 28"
    assert "23 go again: they are not confirmed yet" in str(standing_lines(peer(), NOW))
    assert waits_line(peer(waiting=0)) == "– nothing to send · has confirmed 5 of 5"
