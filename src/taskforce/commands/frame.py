"""What every command is made of: parameters, the options that all share, and the store that it works in.

Commands are built as typer's own command objects rather than from function signatures, since most of them are made
from the kinds' declarations; a command's function takes its parameters by name and returns a `Result`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from typer.core import TyperArgument, TyperCommand, TyperOption

from taskforce import console
from taskforce.errors import Locked, StoreError, UsageError
from taskforce.i18n import _
from taskforce.output import Result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typer import Context

    from taskforce.actions.session import Session
    from taskforce.actions.unlocking import Opener
    from taskforce.keys.slots import OpenedSlot
    from taskforce.store.store import Store

COMPLETING = "_TASKFORCE_COMPLETE"
"""Environment variable by which a shell asks for the completion of a word."""

Parameter = TyperArgument | TyperOption
Completer = Callable[[Any, Any, str], list[str]]


@dataclass(slots=True)
class Invocation:
    """The options that every command shares, as they were given anywhere on the command line."""

    store: str = ""
    key_file: str = ""
    passphrase_fd: int | None = None
    format: str = "table"
    quiet: bool = False
    settings: dict[str, str] | None = None
    opened: list[Session] = field(default_factory=list)
    looks: list[tuple[Any, ...]] = field(default_factory=list)
    """What is shown of private parts and is to be recorded once it was: session, places, way and reason."""


current: ContextVar[Invocation] = ContextVar("invocation")
"""The invocation that is running."""


def argument(
    name: str, help: str, *, required: bool = True, many: bool = False, complete: Completer | None = None
) -> TyperArgument:
    """A positional parameter."""
    return TyperArgument(
        param_decls=[name],
        type=str,
        required=required,
        nargs=-1 if many else None,
        help=help,
        metavar=name.upper() if required else f"[{name.upper()}]",
        show_default=False,
        autocompletion=complete,
    )


def option(
    flags: str,
    help: str,
    *,
    metavar: str = "TEXT",
    many: bool = False,
    complete: Completer | None = None,
    number: bool = False,
) -> TyperOption:
    """An option with a value; `many` may be repeated and gives a tuple."""
    return TyperOption(
        param_decls=flags.split("/"),
        type=int if number else str,
        default=None,
        multiple=many,
        help=help,
        metavar=metavar,
        autocompletion=complete,
    )


def flag(flags: str, help: str) -> TyperOption:
    """An option without a value."""
    return TyperOption(param_decls=flags.split("/"), is_flag=True, default=False, help=help, type=bool)


def command(
    name: str,
    run: Callable[..., Result],
    help: str,
    parameters: Iterable[Parameter] = (),
    *,
    lists: bool = False,
) -> TyperCommand:
    """A command that calls `run` with its parameters by name. `lists` adds the formats of lists."""
    return TyperCommand(
        name,
        callback=run,
        params=[*parameters, *shared_options(lists=lists)],
        help=help,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )


def shared_options(*, lists: bool = False) -> list[TyperOption]:
    """The options that every command takes."""

    def note(name: str) -> Callable[[Context, Any, Any], None]:
        def keep(_context: Context, _parameter: Any, value: Any) -> None:
            if value:
                setattr(current.get(), name, value)
                if name == "quiet":
                    console.set_quiet(True)

        return keep

    def note_json(_context: Context, _parameter: Any, value: bool) -> None:
        if value:
            current.get().format = "json"

    def note_descriptor(_context: Context, _parameter: Any, value: int | None) -> None:
        if value is not None:
            current.get().passphrase_fd = value

    shared = [
        ("--store", "DIR", _("The store's folder (or TASKFORCE_STORE)"), "store"),
        ("--key-file", "FILE", _("The file that holds the key (or TASKFORCE_KEY_FILE)"), "key_file"),
    ]
    options = [
        TyperOption(
            param_decls=[flag_],
            type=str,
            default=None,
            metavar=metavar,
            help=help,
            expose_value=False,
            callback=note(name),
        )
        for flag_, metavar, help, name in shared
    ]
    options.append(
        TyperOption(
            param_decls=["--passphrase-fd"],
            type=int,
            default=None,
            metavar="N",
            help=_("The number of an open file whose first line is the passphrase"),
            expose_value=False,
            callback=note_descriptor,
        )
    )
    if lists:
        options.append(
            TyperOption(
                param_decls=["--format"],
                type=str,
                default=None,
                metavar="FORMAT",
                help=_("table, json, csv or yaml"),
                expose_value=False,
                callback=note("format"),
                autocompletion=lambda _context, _parameter, typed: [
                    each for each in ("table", "json", "csv", "yaml") if each.startswith(typed)
                ],
            )
        )
    for flags, help, callback in (
        (["--json"], _("Answer in JSON, for scripts"), note_json),
        (["--quiet", "-q"], _("No notes on stderr"), note("quiet")),
    ):
        options.append(
            TyperOption(
                param_decls=flags,
                is_flag=True,
                default=False,
                type=bool,
                help=help,
                expose_value=False,
                callback=callback,
            )
        )
    return options


def store_folder() -> Path:
    """The store's folder: option, environment, settings, else the platform's data folder."""
    chosen = current.get().store or os.environ.get("TASKFORCE_STORE") or setting("store")
    if chosen:
        return Path(os.path.expanduser(chosen))  # unlike pathlib's, it never raises
    from platformdirs import user_data_path  # deferred: only without --store

    try:
        return user_data_path("taskforce", appauthor=False) / "store"
    except RuntimeError:
        raise UsageError(
            _("your user has no home, and HOME is not set: there is no place for a store"),
            hint=_("name the store's folder with --store"),
            code="no-home",
        ) from None


def key_file() -> str:
    """The key file: option, environment, settings, or nothing; nothing where a passphrase comes by a descriptor."""
    if current.get().passphrase_fd is not None:
        if not current.get().key_file:
            return ""
        raise UsageError(
            _("--key-file and --passphrase-fd exclude each other"), hint=_("leave one of them out")
        )
    chosen = current.get().key_file or os.environ.get("TASKFORCE_KEY_FILE") or setting("key-file")
    return os.path.expanduser(chosen)


def opener() -> Opener:
    """How the store that is meant opens."""
    from taskforce.actions.unlocking import Opener  # deferred: help needs no store

    return Opener(store_folder(), key_file(), keyring=current.get().passphrase_fd is None)


def opened_key(one: Opener) -> bytes:
    """The key of the store that is meant: from an agent, else as `opened_slot`."""
    from taskforce.store.store import Store  # deferred: loads SQLCipher

    kept = _kept_key(one)
    if kept is not None and Store.fits(one.folder, kept):
        return kept
    return opened_slot(one, agent_helps=True).key


def opened_slot(one: Opener, *, agent_helps: bool = False) -> OpenedSlot:
    """The key slot that opens the store that is meant; asks for the passphrase on a terminal if nothing else gives it.

    An agent is not asked: who changes what opens the store shows what opens it. `agent_helps` says that it was before.
    """
    if not one.asks:
        return one.open_slot()
    if one.has_keyring:
        try:
            return one.open_with_keyring()
        except Locked as error:  # there is a passphrase, too
            console.note(error.sentence)
    from taskforce.commands.passphrases import passphrase, wait  # deferred: a key file needs none of it

    return one.open_slot(passphrase(agent_helps=agent_helps), wait=wait)


def open_session(*, may_ask: bool = True, waiting: bool = False) -> Session:
    """Open the store that is meant; Locked if it has to be asked for and must not be.

    Refused for one that waits until its agency admits it, but where `waiting` says that it will do.
    """
    from taskforce.actions.session import Session  # deferred: help needs no store
    from taskforce.store.store import Store  # deferred: loads SQLCipher

    one = opener()
    store = _open_with_agent(one)
    if store is None:
        if not (may_ask or one.key_file):
            raise Locked(_("this store is locked"))
        store = Store.open(one.folder, opened_slot(one, agent_helps=True).key, briefly=True)
    session = Session(store)
    current.get().opened.append(session)
    if not waiting and session.is_waiting:
        from taskforce.actions.session import waits  # deferred: hardly any store waits

        raise waits()
    return session


def _open_with_agent(one: Opener) -> Store | None:
    """The store, opened with the key that an agent has; None without one, or if it is another store's."""
    from taskforce.store.store import Store  # deferred: as above

    kept = _kept_key(one)
    if kept is None:
        return None
    try:
        return Store.open(one.folder, kept, briefly=True)
    except StoreError:
        if Store.fits(one.folder, kept):  # it is something else that is wrong
            raise
        return None


def _kept_key(one: Opener) -> bytes | None:
    return one.kept_key() if current.get().passphrase_fd is None else None


def require_joined(one: Opener, key: bytes) -> None:
    """Refused if the store waits until its agency admits it: for what opens it by itself."""
    from taskforce.actions.session import Session, waits  # deferred: help needs no store
    from taskforce.store.store import Store  # deferred: loads SQLCipher

    store = Store.open(one.folder, key)
    try:
        if Session(store).is_waiting:
            raise waits()
    finally:
        store.close()


def open_session_for_bundles() -> Session:
    """The same, for what takes in bundles: the settings say whether recalls are obeyed as they come."""
    from taskforce.settings import asks_before_recalls  # deferred: few commands need it

    asks = asks_before_recalls(setting("recalls"))
    session = open_session()
    session.asks_before_recalls = asks
    return session


def close_sessions() -> None:
    """Close the stores that this invocation opened, so that each is whole in its one file again.

    What they have to say by themselves is said first: that a store goes on in a new feed.
    """
    for session in current.get().opened:
        for notice in session.store.notices:
            console.warn(notice)
        session.store.close()


def completing_session() -> Session | None:
    """The store for completion: only if it opens without asking anybody, or any program."""
    from taskforce.errors import TaskforceError

    try:
        return open_session(may_ask=False)
    except TaskforceError:
        return None


def typed_fields(names: Sequence[str], given: dict[str, Any]) -> dict[str, str | list[str]]:
    """The fields that were given on the command line: a repeated option's values each may hold several, with commas."""
    typed: dict[str, str | list[str]] = {}
    for name in names:
        value = given.get(name)
        if value is None or value == ():
            continue
        typed[name] = (
            value if isinstance(value, str) else [item for each in value for item in each.split(",")]
        )
    return typed


def setting(name: str) -> str:
    """One setting, or nothing; the file is read once in an invocation."""
    invocation = current.get()
    if invocation.settings is None:
        from taskforce.settings import (
            read_settings,
        )  # deferred: only for what neither option nor environment says

        invocation.settings = read_settings()
    return invocation.settings.get(name, "")
