"""The table of commands: name, module and one-line help. A module is loaded only when its command is called."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from importlib import import_module
from typing import Any

from typer.core import TyperCommand, TyperGroup
from typer.exceptions import Abort, TyperException

from taskforce import console
from taskforce.commands.frame import COMPLETING, Invocation, current, flag, shared_options
from taskforce.errors import BROKEN_PIPE, INTERRUPTED, Failure, TaskforceError, UsageError, did_you_mean
from taskforce.i18n import N_, _, install
from taskforce.moments import MomentError
from taskforce.output import Result, draw, draw_error

Loader = Callable[[], Any]

COMMANDS: Mapping[str, tuple[str, str]] = {
    "init": ("setup", N_("Make a store for your agency on this device")),
    "use": ("setup", N_("Choose the current operation of this store")),
    "status": ("status", N_("What needs attention now, worst first")),
    "import": ("exchange", N_("Take in a plan or a bundle")),
    "export": ("exchange", N_("Write a bundle for a peer, or the records as a plan")),
    "bundle": ("bundle", N_("Look into a bundle, or open it, without taking it in")),
    "peer": ("peer", N_("Cards, verified peers, how exchange stands")),
    "device": ("device", N_("Devices of an agency: admit one, revoke one that is lost")),
    "agency-key": ("agency_key", N_("The key that certifies this agency's devices")),
    "quarantine": ("quarantine", N_("Edits that may not enter: see them, decide")),
    "feed": ("feed", N_("Which devices wrote what is held here, and which feeds forked")),
    "conflict": ("conflict", N_("Fields that two people set: see both, decide")),
    "proposal": ("proposal", N_("What others would change of what is yours to decide")),
    "share": ("share", N_("Whether something goes to an agency, and why")),
    "disclosures": ("disclosures", N_("Who was told what about whom, on what basis; who looked here")),
    "erase": ("erase", N_("Erase a record for ever, everywhere; see who has confirmed")),
    "history": ("looking", N_("Every change of a record, or what was done here")),
    "undo": ("looking", N_("Take back the last thing done here")),
    "redo": ("looking", N_("Do again what the last undo took back")),
    "search": ("looking", N_("Find records by words")),
    "audit": ("audit", N_("Prove that nobody rewrote what is held here; a record for a court")),
    "doctor": ("looking", N_("Check the store; build its tables anew")),
    "backup": ("backup", N_("The whole store in one encrypted file; check such a file")),
    "restore": ("backup", N_("Make a store from a backup")),
    "key": ("key", N_("What opens this store: passphrases and key files")),
    "unlock": ("unlock", N_("Open this store once for the commands to come")),
    "lock": ("unlock", N_("Lock it again, at once")),
    "wipe": ("wipe", N_("Destroy the store on this device")),
    "config": ("config", N_("Settings: where, which, change one")),
    "completion": ("config", N_("Shell completion, refs included")),
    "tui": ("tui", N_("The operations room, on the whole terminal")),
    "wall": ("tui", N_("The room without input, for a screen on the wall")),
    "demo": ("demo", N_("Three teams without a network, told step by step")),
}
"""Commands beside the nouns; those come from the kinds' declarations."""


class LazyGroup(TyperGroup):
    """A group whose commands are made when they are called; help lists them from the table alone.

    `left_out` is the verb that is meant where none is given: `backup FILE` is `backup write FILE`.
    """

    def __init__(
        self, name: str, help: str, table: Mapping[str, tuple[str, Loader]], left_out: str = "", **more: Any
    ) -> None:
        super().__init__(
            name=name,
            help=help,
            rich_markup_mode=None,
            context_settings={"help_option_names": ["-h", "--help"]},
            **more,
        )
        self._table = table
        self._left_out = left_out

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the verb in where it was left out."""
        if self._left_out and args and args[0] not in self._table and args[0] not in ctx.help_option_names:
            args = [self._left_out, *args]
        parsed: list[str] = super().parse_args(ctx, args)
        return parsed

    def list_commands(self, ctx: Any) -> list[str]:
        """The names, in the order of the table."""
        return list(self._table)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command called `cmd_name`, made now."""
        entry = self._table.get(cmd_name)
        if entry is None:
            return None
        made = entry[1]()
        made.name = cmd_name
        return made

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """The list of commands in the help text."""
        with formatter.section(_("Commands")):
            formatter.write_dl([(name, help) for name, (help, _load) in self._table.items()])

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that the first argument names; UsageError with the nearest name."""
        if args and not args[0].startswith("-") and args[0] not in self._table:
            raise UsageError(
                _('there is no command "%(name)s"') % {"name": args[0]},
                hint=did_you_mean(args[0], self._table)
                or _("see them with: %(command)s --help") % {"command": ctx.command_path},
            )
        return super().resolve_command(ctx, args)


class RootGroup(LazyGroup):
    """The program itself: without a command it opens the room on a terminal, elsewhere it shows the help."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was named, or what stands in for none."""
        self.callback = partial(_without_command, ctx)
        return super().invoke(ctx)


def _without_command(context: Any, version: bool) -> Result | None:
    """What the program does before a command: nothing, unless there is none."""
    from taskforce.output import Raw  # deferred: as are all that only this needs

    if version:
        from taskforce.version import __version__

        return Result({"version": __version__}, Raw(f"taskforce {__version__}\n"))
    if context.invoked_subcommand:
        return None
    from taskforce.commands.tui import is_on_terminal, run_tui  # deferred: only for the bare name

    if is_on_terminal():
        return run_tui()
    return Result(None, Raw(context.get_help() + "\n"))


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit code; what it has to say is written here."""
    invocation = Invocation(format="json" if "--json" in arguments else "table")
    current.set(invocation)
    install()
    console.set_quiet(False)
    if COMPLETING in os.environ:
        from typer._completion_classes import completion_init  # deferred: only a shell asks for it

        completion_init()
    try:
        result = root().main(args=arguments, prog_name="taskforce", standalone_mode=False)
        if not isinstance(result, Result):
            return int(result or 0)
        _show(result, invocation)
        return result.exit_code
    except (
        SystemExit
    ) as leaving:  # typer leaves so after completing a word, and when a command's reader goes away
        return _leave_quietly() if isinstance(leaving.__context__, OSError) else int(leaving.code or 0)
    except BrokenPipeError:
        return _leave_quietly()
    except KeyboardInterrupt:
        return INTERRUPTED
    except Abort:
        return INTERRUPTED
    except Exception as error:
        return _tell(error, invocation)


def _show(result: Result, invocation: Invocation) -> None:
    """Write the answer; then record who looked, where it showed what is recorded: also if its reader went away."""
    told = tuple(notice for session in invocation.opened for notice in session.store.notices)
    if told and invocation.format == "json":  # people read them on stderr, when the store is closed
        result = replace(result, notes=(*result.notes, *told))
    try:
        draw(result, format=invocation.format)
        sys.stdout.flush()
    except (OSError, KeyboardInterrupt):
        _record_looks(invocation)
        raise
    _record_looks(invocation)


def _record_looks(invocation: Invocation) -> None:
    if invocation.looks:
        from taskforce.commands.showing import (
            record_looks,
        )  # deferred: most commands show nothing of the kind

        record_looks(invocation.looks)


def root() -> RootGroup:
    """The program's top-level group."""
    from taskforce.records.registry import all_kinds  # deferred: completion scripts need no kinds

    table: dict[str, tuple[str, Loader]] = {}
    for name in ("init", "use", "status"):
        table[name] = _entry(name)
    for kind in all_kinds():
        table[kind.name] = (_(kind.help), _noun_loader(kind.name))
    for name in COMMANDS:
        if name not in table:
            table[name] = _entry(name)
    return RootGroup(
        "taskforce",
        _(
            "Joint operations against human trafficking: agencies, assignments and victim referrals, kept encrypted on "
            "this device and agreed between offline teams by bundles."
        ),
        table,
        params=[flag("--version/-V", _("The program's version")), *shared_options()],
        invoke_without_command=True,
        epilog=_(
            "Exit codes: 0 done · 1 failure · 2 usage · 3 not found · 4 refused · 5 bad input · 6 locked · 7 store · "
            "8 trust"
        ),
    )


def group_of(module: Any) -> LazyGroup:
    """The group that a commands module declares: `GROUP` (name and help) and `VERBS` (help and maker by name).

    `LEFT_OUT` may name the verb that is meant where none is given.
    """
    name, help = module.GROUP
    verbs = {verb: (_(line), make) for verb, (line, make) in module.VERBS.items()}
    return LazyGroup(name, _(help), verbs, getattr(module, "LEFT_OUT", ""))


def _entry(name: str) -> tuple[str, Loader]:
    module_name, help = COMMANDS[name]

    def load() -> TyperCommand | TyperGroup:
        module = import_module(f"taskforce.commands.{module_name}")
        made = getattr(module, "make_" + name.replace("-", "_"), None)
        return made() if made is not None else group_of(import_module(f"taskforce.commands.{module_name}"))

    return _(help), load


def _noun_loader(kind_name: str) -> Loader:
    def load() -> LazyGroup:
        from taskforce.commands.nouns import verbs_of  # deferred: only for a noun's own commands
        from taskforce.records.registry import get_kind

        kind = get_kind(kind_name)
        return LazyGroup(kind.name, _(kind.help), verbs_of(kind))

    return load


def _tell(error: Exception, invocation: Invocation) -> int:
    """Say what went wrong on stderr, and with --json on stdout too; its exit code. No traceback, no locals."""
    if isinstance(error, TyperException):
        known: TaskforceError = UsageError(_as_sentence(error), hint=_usage_hint(error))
    elif isinstance(error, MomentError):
        known = UsageError(error.sentence, hint=error.hint)
    elif isinstance(error, TaskforceError):
        known = error
    else:
        known = _of_the_store(error) or Failure.of(error)
    try:
        draw_error(known, format="json" if invocation.format == "json" else "table")
        sys.stdout.flush()
    except BrokenPipeError:
        return _leave_quietly()
    return known.exit_code


def _of_the_store(error: Exception) -> TaskforceError | None:
    """What an error of the database engine means, wherever a read met it; None for all others."""
    if not type(error).__module__.startswith("sqlcipher3"):
        return None
    from taskforce.store.connection import (
        in_our_words,
    )  # deferred: most commands that fail do so before a store

    return in_our_words(error)


def _as_sentence(error: TyperException) -> str:
    text = error.format_message().rstrip(".")
    return text[:1].lower() + text[1:]


def _usage_hint(error: TyperException) -> str | None:
    context = getattr(error, "ctx", None)
    return None if context is None else _("see: %(command)s --help") % {"command": context.command_path}


def _leave_quietly() -> int:
    """The reader of our output went away: say nothing, and let nothing be flushed to it at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return BROKEN_PIPE
