"""The keys of the screen of proposals, and of their list."""

from __future__ import annotations

from textual.binding import Binding, BindingType

from taskforce.i18n import N_

PROPOSAL_KEYS: list[BindingType] = [
    Binding(
        "A",
        "accept",
        N_("Accept"),
        id="proposals.accept",
        tooltip=N_("What is proposed stands from now on: the marked fields, or all"),
    ),
    Binding(
        "N",
        "reject",
        N_("Reject"),
        id="proposals.reject",
        tooltip=N_("Turn it down; asks why, which goes back to who proposed it"),
    ),
    Binding(
        "K",
        "take_back",
        N_("Take back"),
        id="proposals.take-back",
        tooltip=N_("Propose it no longer: of what your own agency proposed"),
    ),
    Binding(
        "space",
        "mark",
        N_("Mark field"),
        id="proposals.mark",
        tooltip=N_("Accept only the marked fields: marks the one pointed at, or unmarks it"),
    ),
    Binding(
        "left",
        "point(-1)",
        N_("The field before"),
        id="proposals.field-before",
        tooltip=N_("Point at the field before, of those that are proposed"),
        show=False,
    ),
    Binding(
        "right",
        "point(1)",
        N_("The field after"),
        id="proposals.field-after",
        tooltip=N_("Point at the field after, of those that are proposed"),
        show=False,
    ),
    Binding(
        "n", "go_on(1)", N_("Next"), id="proposals.next", tooltip=N_("The next proposal; this one waits on")
    ),
    Binding(
        "p",
        "go_on(-1)",
        N_("Back"),
        id="proposals.previous",
        tooltip=N_("The proposal before this one, which waits on"),
        show=False,
    ),
    Binding(
        "E",
        "settled",
        N_("Decided ones"),
        id="proposals.settled",
        tooltip=N_("Also what was accepted, rejected or taken back, or no longer"),
    ),
]
"""Of the screen of proposals."""

LISTED_KEYS: list[BindingType] = [
    Binding(
        "down,j", "cursor_down", N_("Down"), show=False, id="list.down", tooltip=N_("To the next proposal")
    ),
    Binding("up,k", "cursor_up", N_("Up"), show=False, id="list.up", tooltip=N_("To the proposal before")),
    Binding("g,home", "first", N_("First"), show=False, id="list.first", tooltip=N_("To the first proposal")),
    Binding("G,end", "last", N_("Last"), show=False, id="list.last", tooltip=N_("To the last proposal")),
    Binding(
        "enter",
        "select",
        N_("Open"),
        id="list.open",
        tooltip=N_("The record with its history; what needs a reason is shown to who gives one"),
    ),
]
"""Of the list in it."""
