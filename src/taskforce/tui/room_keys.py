"""The longer lists of keys: of the whole room, and of what has most of them."""

from __future__ import annotations

from textual.binding import Binding, BindingType

from taskforce.i18n import N_

ROOM_KEYS: list[BindingType] = [
    Binding("1", "go('room')", N_("Room"), id="go.room", tooltip=N_("The whole at a glance"), show=False),
    Binding(
        "2,a",
        "go('assignments')",
        N_("Assignments"),
        id="go.assignments",
        tooltip=N_("Who does what by when: table, lanes, days"),
        key_display="a",
    ),
    Binding(
        "3,r",
        "go('referrals')",
        N_("Referrals"),
        id="go.referrals",
        tooltip=N_("Where victims are sent, and how long the answer may take"),
        key_display="r",
    ),
    Binding(
        "4,l",
        "go('log')",
        N_("Log"),
        id="go.log",
        tooltip=N_("All that was written down, the newest at the bottom"),
        key_display="l",
    ),
    Binding(
        "5",
        "go('agencies')",
        N_("Agencies"),
        id="go.agencies",
        tooltip=N_("Who takes part, who is on duty, where places are free"),
        show=False,
    ),
    Binding(
        "6,x",
        "go('exchange')",
        N_("Exchange"),
        id="go.exchange",
        tooltip=N_("Bundles to and from partners, and what waits for whom"),
        key_display="x",
    ),
    Binding(
        "7,c",
        "go('conflicts')",
        N_("Conflicts"),
        id="go.conflicts",
        tooltip=N_("Fields with two values, to be decided one at a time"),
        key_display="c",
    ),
    Binding(
        "8,P",
        "go('proposals')",
        N_("Proposals"),
        id="go.proposals",
        tooltip=N_("What others would change of what is yours to decide, and you of theirs"),
        key_display="P",
        show=False,
    ),
    Binding(
        "escape",
        "to_room",
        N_("Room"),
        id="go.back",
        key_display="esc",
        tooltip=N_("Back to the whole at a glance, wherever escape has nothing else to do"),
    ),
    Binding("v", "refer", N_("Refer"), id="refer", tooltip=N_("Victim, needs, provider, send")),
    Binding(
        "slash",
        "search",
        N_("Search"),
        id="search",
        key_display="/",
        tooltip=N_("Every record"),
        show=False,
    ),
    Binding(
        "o", "operation", N_("Operation"), id="operation", tooltip=N_("Choose the operation"), show=False
    ),
    Binding("z", "undo", N_("Undo"), id="undo", tooltip=N_("Take back the last thing done here")),
    Binding(
        "Z,ctrl+y", "redo", N_("Redo"), id="redo", tooltip=N_("Do again what was taken back"), show=False
    ),
    Binding(
        "y",
        "copy_command",
        N_("Copy as command"),
        id="copy",
        tooltip=N_("The command that shows or does this, on the clipboard"),
        show=False,
    ),
    Binding(
        "ctrl+l",
        "lock",
        N_("Lock"),
        id="lock",
        tooltip=N_("Close the store and hide everything"),
        show=False,
        priority=True,  # wherever the keys go, and whatever they began is still under way
    ),
    Binding(
        "ctrl+p",
        "command_palette",
        N_("More"),
        id="palette",
        tooltip=N_("All that can be done here, found by its words"),
        key_display="^p",
        show=False,
    ),
    Binding(
        "ctrl+o,apostrophe",
        "jump",
        N_("Jump"),
        id="jump",
        key_display="^o",
        tooltip=N_("A letter at everything that can be gone to"),
        show=False,
    ),
    Binding(
        "question_mark,f1",
        "help",
        N_("Help"),
        id="help",
        tooltip=N_("What has the keys now, and every key that works here"),
        key_display="?",
    ),
    Binding(
        "ctrl+q",
        "quit",
        N_("Quit"),
        id="quit",
        tooltip=N_("Leave the room; what is half typed is kept"),
        show=False,
        priority=True,
    ),
]
"""Of the whole room, in the order in which they stand at the foot of a screen."""

PREVIEW_KEYS: list[BindingType] = [
    Binding(
        "escape,q",
        "leave",
        N_("Leave"),
        id="preview.leave",
        tooltip=N_("Nothing is written or taken in; stops what is under way"),
        key_display="esc",
    ),
    Binding(
        "y",
        "app.copy_command",
        N_("Copy as command"),
        id="preview.copy",
        tooltip=N_("The command that writes or takes in the same, on the clipboard"),
    ),
    Binding(
        "down,j", "scroll(1)", N_("Down"), id="preview.down", tooltip=N_("One line further down"), show=False
    ),
    Binding("up,k", "scroll(-1)", N_("Up"), id="preview.up", tooltip=N_("One line further up"), show=False),
    Binding(
        "pagedown,space",
        "scroll(10)",
        N_("Page down"),
        id="preview.page-down",
        tooltip=N_("Ten lines further down"),
        show=False,
    ),
    Binding(
        "pageup",
        "scroll(-10)",
        N_("Page up"),
        id="preview.page-up",
        tooltip=N_("Ten lines further up"),
        show=False,
    ),
]
"""Of what is shown before a bundle leaves or a file is taken in."""

TABLE_KEYS: list[BindingType] = [
    Binding("down,j", "move(1)", N_("Down"), show=False, id="table.down", tooltip=N_("To the next record")),
    Binding("up,k", "move(-1)", N_("Up"), show=False, id="table.up", tooltip=N_("To the record before")),
    Binding(
        "pagedown,ctrl+d",
        "page(1)",
        N_("Page down"),
        show=False,
        id="table.page-down",
        tooltip=N_("One screenful further down the table"),
    ),
    Binding(
        "pageup,ctrl+u",
        "page(-1)",
        N_("Page up"),
        show=False,
        id="table.page-up",
        tooltip=N_("One screenful further up the table"),
    ),
    Binding(
        "g,home",
        "end(0)",
        N_("First row"),
        show=False,
        id="table.first",
        tooltip=N_("To the first record of the table"),
    ),
    Binding(
        "G,end",
        "end(-1)",
        N_("Last row"),
        show=False,
        id="table.last",
        tooltip=N_("To the last record of the table"),
    ),
    Binding(
        "space", "mark", N_("Mark"), show=True, id="table.mark", tooltip=N_("Mark rows to move together")
    ),
    Binding(
        "ctrl+a",
        "mark_all",
        N_("Mark all"),
        show=False,
        id="table.mark-all",
        tooltip=N_("Mark every row that the filter leaves, or none"),
    ),
    Binding("enter", "open", N_("Open"), show=True, id="table.open", tooltip=N_("All fields of this record")),
]
"""Of the tables of records."""

_TAKE = (
    (N_("Take first"), N_("The first value stands from now on")),
    (N_("Take second"), N_("The second value stands from now on")),
    (N_("Take third"), N_("The third value stands from now on")),
    (N_("Take fourth"), N_("The fourth value stands from now on")),
    (N_("Take fifth"), N_("The fifth value stands from now on")),
    (N_("Take sixth"), N_("The sixth value stands from now on")),
    (N_("Take seventh"), N_("The seventh value stands from now on")),
    (N_("Take eighth"), N_("The eighth value stands from now on")),
    (N_("Take ninth"), N_("The ninth value stands from now on")),
)
"""What the keys 1 to 9 do, each for one value; in few words and in more."""

CONFLICT_KEYS: list[BindingType] = [
    *(
        Binding(
            str(number),
            f"take({number})",
            text,
            id=f"conflicts.take-{number}",
            tooltip=more,
        )
        for number, (text, more) in enumerate(_TAKE, start=1)
    ),
    Binding("n", "go_on(1)", N_("Next"), id="conflicts.next", tooltip=N_("Leave this one for now")),
    Binding("b", "both", N_("Both as text"), id="conflicts.both", tooltip=N_("One text of all the values")),
    Binding("e", "edit", N_("Edit"), id="conflicts.edit", tooltip=N_("Write another value")),
    Binding(
        "w",
        "take_whole",
        N_("Take its move"),
        id="conflicts.take-whole",
        tooltip=N_("The side pointed at stands from now on, with all that the same move set"),
    ),
    Binding(
        "p",
        "go_on(-1)",
        N_("Back"),
        id="conflicts.previous",
        tooltip=N_("The conflict before this one, which stays undecided"),
    ),
    Binding(
        "left,up",
        "point(-1)",
        N_("The side before"),
        id="conflicts.side-before",
        tooltip=N_("Point at the value before: enter takes it, y copies its command"),
        show=False,
    ),
    Binding(
        "right,down",
        "point(1)",
        N_("The side after"),
        id="conflicts.side-after",
        tooltip=N_("Point at the value after: enter takes it, y copies its command"),
        show=False,
    ),
    Binding(
        "enter",
        "take_pointed",
        N_("Take the side pointed at"),
        id="conflicts.take",
        tooltip=N_("The value with the thick frame stands from now on"),
        show=False,
    ),
    Binding(
        "ctrl+s",
        "save",
        N_("This value stands"),
        id="conflicts.save",
        tooltip=N_("What you have written stands, in place of all the values"),
    ),
    Binding(
        "escape",
        "leave",
        N_("Leave unchanged"),
        id="conflicts.leave",
        tooltip=N_("Both values stay; what you typed is dropped"),
    ),
]
"""Of the screen of conflicts."""

ERASE_KEY = Binding(
    "X",
    "erase",
    N_("Erase…"),
    id="erase.begin",
    tooltip=N_("For ever, here and at everybody who has it; asks first"),
    show=False,
)
"""Offered only on what is this agency's to erase."""

RECORDS_KEYS: list[BindingType] = [
    Binding("f", "filter", N_("Filter"), id="records.filter", tooltip=N_("Show only what holds the words")),
    Binding(
        "n",
        "add",
        N_("New"),
        id="records.new",
        tooltip=N_("An empty form; what was typed last time is there again"),
    ),
    Binding("e", "edit", N_("Edit"), id="records.edit", tooltip=N_("Change fields of the record")),
    Binding("m", "move", N_("Move"), id="records.move", tooltip=N_("The next step of the marked records")),
    Binding("h", "history", N_("History"), id="records.history", tooltip=N_("Who changed what, and when")),
    Binding(
        "D",
        "archive",
        N_("Archive"),
        id="records.archive",
        tooltip=N_("Take it out of sight, now; z brings it back"),
        show=False,
    ),
    ERASE_KEY,
    Binding(
        "E",
        "everywhere",
        N_("All operations"),
        id="records.everywhere",
        tooltip=N_("Those of this operation only, or of all"),
        show=False,
    ),
    Binding(
        "escape",
        "clear",
        N_("Clear filter and marks"),
        id="records.clear",
        tooltip=N_("Show everything again, and mark nothing"),
        key_display="esc",
    ),
]
"""Of every screen of one kind of records."""
