"""A new referral from anywhere: whom, what for, to whom; the providers that fit are listed while it is typed."""

from __future__ import annotations

from collections.abc import Mapping

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from taskforce.actions import reading
from taskforce.actions.asking import Lack, lack_of
from taskforce.actions.matching import Match
from taskforce.actions.references import label_of
from taskforce.actions.referring import refer
from taskforce.actions.session import Session
from taskforce.i18n import N_, _
from taskforce.records.schema import CARE
from taskforce.store.queries import Record
from taskforce.text import safe, shorten
from taskforce.tui.looks import hidden_line
from taskforce.tui.provider_lines import fitting_or_not, no_provider, provider_line, whole_provider
from taskforce.tui.refer_entry import Entry, filtered, read_entry
from taskforce.tui.refer_lines import ABOUT, HELPS, LABELS, NAMES, sent_text
from taskforce.tui.safety import content_of
from taskforce.tui.screens.base import TypedDialog
from taskforce.tui.widgets.keys_line import KeysLine
from taskforce.tui.widgets.pick_line import PickLine
from taskforce.tui.working import unhurried
from taskforce.views import Line

_TO = "to"
"""The name under which `typed` says which provider was chosen."""


class ReferDialog(TypedDialog[Record]):
    """Victim, age, gender, languages, needs, urgency, provider, note: enter goes on, and on the provider it sends."""

    DEFAULT_CSS = """
    ReferDialog > Vertical {
        width: 104;
        max-width: 100%;
        height: 100%;
        max-height: 34;
        padding: 0 1;
        background: $surface;
        border: round $primary;
    }
    ReferDialog Horizontal { height: 1; }
    ReferDialog .label { width: 11; color: $text-muted; }
    ReferDialog Horizontal:focus-within .label { color: $text; text-style: bold; }
    ReferDialog Input { width: 22; height: 1; border: none; padding: 0 1; background: $surface-lighten-1; }
    ReferDialog Input:focus { border: none; background: $surface-lighten-3; }
    ReferDialog Input:disabled { background: $surface; }
    ReferDialog #refer-note { width: 1fr; }
    ReferDialog .answer { width: 1fr; padding-left: 2; }
    ReferDialog #note-row .answer { display: none; }
    ReferDialog OptionList { height: 1fr; border: none; padding: 0; background: $surface; }
    ReferDialog #help { height: 3; margin-top: 1; color: $text-muted; }
    ReferDialog #command { height: 1; }
    """

    BINDINGS = [
        Binding(
            "ctrl+s", "send", N_("Send"), id="refer.send", tooltip=N_("Send it to the provider marked ›")
        ),
        Binding(
            "escape", "leave", N_("Leave"), id="refer.leave", tooltip=N_("What is typed stays for later")
        ),
        Binding("ctrl+r", "clear", N_("Start over"), id="refer.clear", tooltip=N_("Empty every line")),
        Binding(
            "f2",
            "app.copy_command",
            N_("Copy as command"),
            id="refer.copy",
            tooltip=N_("The command that sends the same, on the clipboard"),
        ),
        Binding(
            "f1",
            "app.help",
            N_("Help"),
            id="refer.help",
            tooltip=N_("What this line is for, and every key of the dialog"),
        ),
    ]

    def __init__(self, typed: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self._begin = dict(typed or {})
        self.draft_key = f"refer/{self._begin.get('victim', 'new')}"
        self.entry = Entry()
        self._shown: list[Match] = []
        self._pinned = ""  # the id of the provider that was chosen, or stood there when the cursor came to it
        self._chosen = False  # whether somebody chose that provider
        self._to = ""  # the code of a provider to choose once the providers are read
        self._warned = ""
        self._told_of = ""  # what keeps it from the provider, as it was said
        self._said: dict[str, Content] = {}
        self._listed: list[Option] = []

    def compose(self) -> ComposeResult:
        """A line each, the providers, what the focused line is for, the command."""
        with Vertical() as frame:
            frame.border_title = Content(_("New referral"))
            for name in NAMES:
                with Horizontal(id=f"{name}-row"):
                    yield Static(content_of(_(LABELS[name])), classes="label", markup=False)
                    yield PickLine(name)
                    yield Static("", id=f"answer-{name}", classes="answer", markup=False)
                if name == "provider":
                    listed = OptionList(markup=False, id="providers")
                    listed.can_focus = False
                    yield listed
            yield Static("", id="help", markup=False)
            yield Static("", id="command", markup=False)
        yield KeysLine()

    async def on_mount(self) -> None:
        """Type at once; what was typed last time and not sent is there again."""
        self.fill(self._begin)
        self.line("provider" if self._begin.get("victim") else "victim").focus()
        await self.bring_back()
        if not self._kept:
            self._kept = self.typed()  # what the dialog began with is nothing that somebody typed

    def line(self, name: str) -> PickLine:
        """One of the lines."""
        return self.query_one(f"#refer-{name}", PickLine)

    # ── what is typed ──

    def typed(self) -> dict[str, str]:
        """What was typed, by line, and the code of the provider that was chosen; nothing for empty lines."""
        found = {name: text for name in NAMES if (text := self.line(name).value)}
        if self._chosen and (match := self._by_id(self._pinned)) is not None:
            found[_TO] = label_of(match.agency)
        return found

    def fill(self, typed: Mapping[str, str]) -> None:
        """Put texts into their lines, as `typed` gave them."""
        for name in NAMES:
            self.line(name).value = typed.get(name, "")
            self.line(name).cursor_position = len(self.line(name).value)
        self._to = typed.get(_TO, "")
        self._pinned = self._warned = ""
        self._chosen = False
        self.reload()

    def action_clear(self) -> None:
        """Empty every line."""
        self.fill({})
        self.line("victim").focus()

    # ── as one types ──

    async def load(self) -> None:
        """Read what the lines mean now and who fits, and show it."""
        entry = await self._read()
        if entry is not None and self.is_attached:
            self._show(entry)

    async def _read(self) -> Entry | None:
        texts = {name: self.line(name).value for name in NAMES}
        focused = self.focused.name or "" if isinstance(self.focused, PickLine) else ""
        return await self.try_reading(lambda session: read_entry(session, texts, focused))

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if event.input.name == "provider" and event.value:
            self._pinned, self._chosen = "", False  # the first that the letters leave
        if event.input.name != "consent":
            self._warned = ""
        self.reload()
        self.keep_soon()

    @on(Input.Submitted)
    async def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        await self.action_send()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Say what the line is for."""
        self._tell_help()
        self.reload()

    @on(PickLine.Choose)
    def _choose(self, event: PickLine.Choose) -> None:
        if event.line.name == "provider":
            self._move(event.by)
        else:
            event.line.take(self.entry.choices, event.by)

    def _show(self, entry: Entry) -> None:
        self.entry = entry
        frame = self.query_one(Vertical)
        title = _("New referral") + (f" · {entry.codename}" if entry.codename else "")
        frame.border_title = content_of(shorten(safe(title), 60))  # a str would be parsed as markup
        if entry.victim is not None and self.focused in [self.line(name) for name in ABOUT]:
            self.line("needs").focus()  # somebody typed on before the victim was found
        for name in ABOUT:
            self.line(name).disabled = entry.victim is not None
        hides_needs = self._sees_needs(entry)
        for name, line in entry.lines.items():
            if name != "provider":
                is_hidden = name == "needs" and hides_needs and not line.codes
                told = hidden_line([CARE]) if is_hidden else line.line
                self._say_in(f"answer-{name}", content_of(told, keep_newlines=False))
        self._say_in("answer-provider", content_of(Line(fitting_or_not(entry.matches), "heading")))
        self._list_providers()
        self._tell_help()

    def _sees_needs(self, entry: Entry) -> bool:
        """Record that the needs of a known victim are shown; True where they are not, for want of a reason."""
        victim, looks = entry.victim, self.desk.looks
        if victim is None or not victim.items("needs"):
            self.sees(())
            return False
        is_hidden = CARE in looks.kept_back(victim)
        self.sees(() if is_hidden else reading.places_of(victim, ["needs"]))
        return is_hidden

    # ── providers ──

    def _list_providers(self) -> None:
        listed = self.query_one(OptionList)
        self._shown = filtered(self.entry.matches, self.line("provider").value)
        if self._to:
            named = [each.agency.id for each in self.entry.matches if label_of(each.agency) == self._to]
            self._pinned, self._to, self._chosen = "".join(named[:1]), "", bool(named)
        ids = [each.agency.id for each in self._shown]
        if self._pinned not in ids:
            self._pinned, self._chosen = "", False
        # Where the cursor is in the line, what is about to be sent must not change under the finger.
        if not self._pinned and ids and self.focused is self.line("provider"):
            self._pinned = ids[0]
        width = max(30, (listed.size.width or 74) - 2)
        at = ids.index(self._pinned) if self._pinned else 0
        options = [
            Option(provider_line(each, width, marked=place == at), id=each.agency.id)
            for place, each in enumerate(self._shown)
        ]
        if not options:
            words = self.line("provider").value
            nothing = (
                _('no provider holds "%(words)s"') % {"words": words} if self.entry.matches else no_provider()
            )
            options = [Option(content_of(Line(nothing, "muted")), disabled=True)]
        if [(one.id, one.prompt) for one in options] != [(one.id, one.prompt) for one in self._listed]:
            self._listed = options
            top = listed.scroll_offset.y
            listed.clear_options()
            listed.add_options(options)
            listed.scroll_to(y=top, animate=False)
            listed.highlighted = at if self._shown else None
        self._tell_command()

    def _move(self, by: int) -> None:
        if not self._shown:
            return
        at = next((n for n, each in enumerate(self._shown) if each.agency.id == self._pinned), 0)
        self._pin(max(0, min(at + by, len(self._shown) - 1)))

    def _pin(self, place: int) -> None:
        self._pinned, self._warned, self._chosen = self._shown[place].agency.id, "", True
        self._list_providers()
        self._tell_help()
        self.keep_soon()

    @on(OptionList.OptionSelected)
    def _clicked(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        # By its id: the list may have been read again since the mouse came down on it.
        place = next((n for n, each in enumerate(self._shown) if each.agency.id == event.option.id), None)
        if place is not None:
            self._pin(place)
        self.line("provider").focus()

    def _by_id(self, agency: str) -> Match | None:
        return next((each for each in self.entry.matches if each.agency.id == agency), None)

    @property
    def provider(self) -> Match | None:
        """The provider it would go to: the chosen one, or the first that is listed."""
        chosen = self._by_id(self._pinned) if self._pinned else None
        return chosen or (self._shown[0] if self._shown else None)

    # ── telling ──

    def _say_in(self, place: str, content: Content) -> None:
        """Show a text in a place of fixed size, if it is another than before: most keys change one of a dozen."""
        if self._said.get(place) != content:
            self._said[place] = content
            self.query_one(f"#{place}", Static).update(content, layout=False)

    def _tell_help(self) -> None:
        name = self.focused.name or "" if isinstance(self.focused, PickLine) else ""
        if name not in HELPS:
            return
        pieces: list[str | Line] = [_(HELPS[name])]
        if name == "provider" and self.provider is not None:
            pieces.append("\n")
            pieces += whole_provider(self.provider)
        elif self.entry.labels:
            pieces.append(Line("  " + " · ".join(self.entry.labels), "command"))
        self._say_in("help", content_of(*pieces))

    def _tell_command(self) -> None:
        width = max(20, self.query_one("#command", Static).size.width or 74)
        self._say_in("command", content_of(Line(shorten(safe(self.as_command()), width), "muted")))

    def as_command(self) -> str:
        """The command that does the same."""
        return self.entry.command(self.provider)

    # ── sending ──

    @unhurried
    async def action_send(self) -> None:
        """Send it; where something will not do, go there. A provider that does not fit wants a second enter."""
        if self.refuses_unseen():
            return
        shown = self.provider
        entry = await self._read()
        if entry is None:
            return
        self._show(entry)
        if entry.faulty:
            self.line(entry.faulty).focus()
            wrong = entry.lines[entry.faulty]
            text = _("%(line)s: type more of it: %(words)s") if wrong.open else "%(line)s: %(words)s"
            self.room.say(text % {"line": _(LABELS[entry.faulty]), "words": wrong.fault}, is_error=True)
            return
        chosen = self.provider
        if chosen is None:
            self.line("provider").focus()
            self.room.say(_("a referral needs a provider to go to"), is_error=True)
            return
        if shown is None or shown.agency.id != chosen.agency.id:
            self._pinned = chosen.agency.id
            self.line("provider").focus()
            self.room.say(
                _("not sent: the providers have changed, and %(agency)s comes first now")
                % {"agency": label_of(chosen.agency)},
                hint=_("once more sends it there"),
                is_error=True,
            )
            return
        if not chosen.fits and self._warned != chosen.agency.id:
            self.line("provider").focus()
            self._pinned = self._warned = chosen.agency.id
            text = _("%(agency)s does not fit: %(reasons)s")
            self.room.say(
                text % {"agency": label_of(chosen.agency), "reasons": ", ".join(chosen.reasons)},
                hint=_("once more sends it all the same"),
            )
            return
        fields, met = {**entry.referral, "to": chosen.agency.id}, dict(entry.met)
        if entry.victim is None and entry.operation:
            met["operation"] = entry.operation  # as shown, also where another one was chosen this very moment
        if await self._tells_of_lack(entry, chosen, met):
            return

        def send(session: Session) -> Record:
            made = refer(session, victim=entry.victim, met=met, referral=fields, agreed=entry.agreed)[1]
            self.used(session)
            return made

        await self.act_and_leave(send, lambda record: sent_text(record, chosen.agency))

    async def _tells_of_lack(self, entry: Entry, chosen: Match, met: Mapping[str, object]) -> bool:
        """Say once what would keep it from the provider, before it is sent; where a consent helps, go to its line."""

        def read(session: Session) -> tuple[Lack | None]:
            return (lack_of(session, chosen.agency, victim=entry.victim, met=met, given_by=entry.agreed),)

        found = await self.try_reading(read)
        if found is None:
            return True
        lack = found[0]
        if lack is None or self._told_of == lack.sentence:
            return False
        self._told_of = lack.sentence
        self._pinned = chosen.agency.id
        hint = _("once more sends it all the same: then it waits here")
        if lack.is_consent:
            self.line("consent").focus()
            hint = _("say in this line who consents; once more sends it without: then it waits here")
        self.room.say(lack.sentence, hint=hint)
        return True
