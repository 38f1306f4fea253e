"""`taskforce init` and `taskforce use`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from typer.core import TyperCommand

from taskforce import moments
from taskforce.actions import using
from taskforce.commands.frame import argument, command, flag, key_file, open_session, option, store_folder
from taskforce.errors import UsageError
from taskforce.i18n import _
from taskforce.output import Fields, Line, Lines, Result
from taskforce.records.registry import get_kind


def make_init() -> TyperCommand:
    """`init --agency CODE --officer NAME`."""
    from taskforce.records.codes import AGENCY_KINDS

    return command(
        "init",
        run_init,
        _(
            "Make a store for your agency on this device. The key file is made if it is not there; without one, a "
            "passphrase is asked for."
        ),
        [
            option("--agency", _("Your agency's code, such as KH-CNP"), metavar="CODE"),
            option("--officer", _("Your name, which every change you make will bear")),
            option("--name", _("Your agency's name")),
            option(
                "--agency-kind", _("Kind of agency") + " (" + ", ".join(AGENCY_KINDS) + ")", metavar="CODE"
            ),
            option("--country", _("Country (two letters)"), metavar="COUNTRY"),
            flag("--join", _("The agency works with this program already: this is one more device of it")),
            option("--label", _("With --join: what people call this device")),
        ],
    )


def run_init(
    agency: str | None,
    officer: str | None,
    name: str | None,
    agency_kind: str | None,
    country: str | None,
    join: bool,
    label: str | None,
) -> Result:
    """Make the store and say what is next."""
    from taskforce.actions.key_slots import read_label  # deferred: loads the cryptographic libraries
    from taskforce.actions.setup import create_store
    from taskforce.keys import slots
    from taskforce.keys.keyfile import make_key_file

    if not agency or not officer:
        missing = "--agency" if not agency else "--officer"
        raise UsageError(
            _("%(option)s is needed") % {"option": missing},
            hint='taskforce init --agency KH-CNP --officer "J. Sok"',
        )
    if join and (name or agency_kind or country):
        raise UsageError(
            _("with --join the agency says itself what it is: leave out --name, --agency-kind and --country")
        )
    if label and not join:
        raise UsageError(_("--label goes with --join"))
    notes: list[str] = []
    path = key_file()

    def write_slots(folder: Path, database_key: bytes) -> None:
        if path:
            made = make_key_file(path)
            if made.note:
                notes.append(made.note)
            source = slots.SlotSource.key_file(made.path)
        else:
            from taskforce.commands.passphrases import given_passphrase, new_passphrase  # deferred: as above

            given = given_passphrase()
            source = slots.SlotSource.passphrase(new_passphrase() if given is None else given)
        dated = replace(source, made=moments.time_text(moments.now()))
        slots.create_slots(folder, database_key, [dated])

    about = {"name": name, "agency_kind": agency_kind, "country": country}
    made = create_store(
        store_folder(),
        agency=agency,
        officer=officer,
        write_slots=write_slots,
        about={key: value for key, value in about.items() if value},
        join=join,
        label=read_label(label or ""),
    )
    words = " ".join(made.words)
    data = {
        "store": str(made.folder),
        "agency": made.agency,
        "officer": made.officer,
        "device": made.device,
        "words": list(made.words),
    }
    pairs = (
        (_("Store"), str(made.folder)),
        (_("Agency"), made.agency),
        (_("Officer"), made.officer),
        (_("Device"), made.device),
        *(() if join else ((_("Key's words"), words),)),
        (
            _("Next"),
            Line(
                "taskforce device request -o request.yaml" if join else "taskforce peer card -o card.yaml",
                "command",
            ),
        ),
    )
    title = _("A new store, which waits to be admitted") if join else _("A new store")
    return Result(data, Fields(title, pairs), tuple(notes))


def make_use() -> TyperCommand:
    """`use OPERATION`."""
    from taskforce.commands.nouns import complete_refs  # deferred: only for completion

    return command(
        "use",
        run_use,
        _(
            "Choose the current operation: what --operation means when it is left out. Without one, say which it is."
        ),
        [
            argument(
                "operation",
                _("Codename or ref"),
                required=False,
                complete=complete_refs(get_kind("operation")),
            )
        ],
    )


def run_use(operation: str | None) -> Result:
    """Choose, or show, the current operation."""
    session = open_session()
    chosen = using.use_operation(session, operation) if operation else using.current_operation(session)
    if chosen is None:
        return Result(None, Lines((_("no operation is chosen"),)))
    return Result(
        {"id": chosen.id, "ref": chosen.ref, "codename": chosen.text("codename")},
        Lines((_("current operation: %(codename)s") % {"codename": chosen.text("codename")},)),
    )
