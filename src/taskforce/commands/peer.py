"""`taskforce peer card|words|add|list`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from typer.core import TyperCommand, TyperOption

from taskforce import console, moments
from taskforce.actions import peers
from taskforce.commands.frame import argument, command, flag, open_session, open_session_for_bundles, option
from taskforce.files import existing_file
from taskforce.i18n import N_, _
from taskforce.output import Column, Fields, Line, Lines, Raw, Result, Table
from taskforce.reports.introduction_views import known_line

GROUP = ("peer", N_("Cards, verified peers, how exchange stands"))


def make_card() -> TyperCommand:
    """`peer card`."""
    return command(
        "card",
        run_card,
        _(
            "Your agency's card, for partners to verify: hand it over, and read its words aloud on another channel."
        ),
        [
            option("--output/-o", _("File; standard output if left out"), metavar="FILE"),
            flag("--force", _("Replace an existing file")),
        ],
    )


def run_card(output: str | None, force: bool) -> Result:
    """Write the card."""
    session = open_session()
    words = " ".join(peers.own_words(session))
    if output is None or output == "-":
        text = peers.own_card(session)
        return Result({"card": text, "words": words.split()}, Raw(text))
    peers.write_card(session, Path(output), replace=force)
    pairs = (
        (_("Card"), output),
        (_("Words"), words),
        (_("Next"), _("read the words aloud to whoever adds it")),
    )
    return Result({"file": output, "words": words.split()}, Fields(session.store.me.agency, pairs))


def make_words() -> TyperCommand:
    """`peer words`."""
    return command(
        "words",
        run_words,
        _(
            "Your agency's words and QR code, for whoever adds your card: read them aloud, or let them scan the code."
        ),
        [_qr_option()],
    )


def run_words(qr: bool) -> Result:
    """Show the own words."""
    session = open_session()
    words, scan = peers.own_words(session), peers.own_scan(session)
    if qr:
        _show_code(scan)
    pairs = ((_("Words"), " ".join(words)), (_("QR code"), scan))
    data = {"agency": session.store.me.agency, "words": list(words), "scan": scan}
    return Result(data, Fields(session.store.me.agency, pairs))


def make_add() -> TyperCommand:
    """`peer add FILE`."""
    return command(
        "add",
        run_add,
        _(
            "Enter a partner's card once its words were compared by voice, or its QR code with the one that they show."
        ),
        [
            argument("file", _("The card, or -")),
            flag("--yes/-y", _("The words were compared already")),
            option(
                "--how",
                _("How they were compared, for the record: voice, in-person, qr, other, or your own words"),
                metavar="TEXT",
                complete=lambda _context, _parameter, typed: [
                    one for one in peers.WAYS if one.startswith(typed)
                ],
            ),
            option("--scanned", _("What the QR code says that they show: it is compared for you")),
            _qr_option(),
        ],
    )


def run_add(file: str, yes: bool, how: str | None, scanned: str | None, qr: bool) -> Result:
    """Show the words, ask, enter the peer."""
    session = open_session_for_bundles()
    if file == "-":
        card = peers.read_card(sys.stdin.buffer, _("standard input"))
    else:
        with existing_file(Path(file)) as stream:
            card = peers.read_card(stream, Path(file).name)
    if scanned is not None:
        peers.require_scan(card, scanned)
    console.note(_("card of %(agency)s, %(name)s") % {"agency": card.agency, "name": card.name})
    if qr and not yes and scanned is None:
        _show_code(peers.card_scan(card))
    console.note(_("its words: %(words)s") % {"words": " ".join(card.words)})
    otherwise = peers.told_otherwise(session, card)
    for one in otherwise:
        told = _(
            "%(by)s introduced %(agency)s with another key (fingerprint %(fingerprint)s). One of the two is false: "
            "enter this card only if somebody you know there read these words to you, and ask %(by)s"
        )
        values = {"by": one.by, "agency": one.agency, "fingerprint": peers.fingerprint_of(one)}
        console.warn(told % values)
    if scanned is None and not _compared(card.agency, yes=yes):
        return Result(
            {"agency": card.agency, "added": False}, Lines((_("nothing was changed"),)), exit_code=4
        )
    added = peers.add_peer(session, card, how=how or _way(yes=yes, scanned=scanned is not None))
    data = {
        "agency": added.agency,
        "name": added.name,
        "fingerprint": added.fingerprint,
        "words": list(added.words),
        "added": True,
        "admitted": added.admitted,
        "introduced_otherwise_by": list(dict.fromkeys(one.by for one in otherwise)),
    }
    lines: list[Line | str] = [Line(_("%(agency)s is a verified peer") % {"agency": added.agency}, "ok")]
    if added.admitted:
        lines.append(_("%(count)d edits that had waited came to life") % {"count": added.admitted})
    return Result(data, Lines(tuple(lines)))


def _compared(agency: str, *, yes: bool) -> bool:
    question = _(
        "Did someone you know at %(agency)s read these words to you, or show you the same QR code?"
    ) % {"agency": agency}
    return console.confirm(question, yes=yes)


def _way(*, yes: bool, scanned: bool) -> str:
    """How the keys were compared, for the record: asked where somebody was asked already."""
    if scanned:
        return "qr"
    if yes:
        return _("confirmed with --yes")
    question = _("How: %(ways)s, or in your own words? [%(usual)s]")
    answer = console.ask(question % {"ways": ", ".join(peers.WAYS), "usual": peers.WAYS[0]}, instead="--how")
    return answer or peers.WAYS[0]


def _qr_option() -> TyperOption:
    return TyperOption(
        param_decls=["--qr/--no-qr"],
        type=bool,
        is_flag=True,
        default=True,
        show_default=False,
        help=_("Show the QR code, on a terminal (default), or only words"),
    )


def _show_code(scan: str) -> None:
    """The code on the terminal, where there is one; what it says stands elsewhere, too."""
    if console.is_terminal(sys.stderr):
        from taskforce.reports.qr_code import qr_lines  # deferred: only where somebody sees it

        console.picture(qr_lines(scan, ascii_only=console.is_plain()))


def make_list() -> TyperCommand:
    """`peer list`."""
    return command(
        "list",
        run_list,
        _(
            "Who is verified, by whom, when and how, or introduced by whom; and how exchange with each stands."
        ),
        lists=True,
    )


def run_list() -> Result:
    """List the peers."""
    session = open_session()
    found = peers.list_peers(session)
    data = [_data(peer) for peer in found]
    columns = (
        Column(_("Agency"), "agency"),
        Column(_("Name"), "name", priority=3),
        Column(_("Heard"), "last_heard"),
        Column(_("Bundle"), "last_number", justify="right"),
        Column(_("Missing"), "missing"),
        Column(_("To send"), "unsent", justify="right"),
        Column(_("Unconfirmed"), "waiting", justify="right"),
        Column(_("Confirmed"), "confirmed", justify="right", priority=2),
        Column(_("Known"), "level", wrap=True, priority=1),
    )
    rows = tuple(
        (
            peer.agency,
            peer.name,
            moments.ago(peer.last_heard, session.now) if peer.last_heard else _("never"),
            str(peer.last_number or ""),
            peer.missing,
            str(peer.unsent or ""),
            str(peer.waiting or ""),
            str(peer.confirmed or ""),
            known_line(peer),
        )
        for peer in found
    )
    return Result(
        data, Table(columns, rows, _("no peers; add a card with: taskforce peer add FILE")), plural="peers"
    )


def _data(peer: peers.PeerState) -> dict[str, Any]:
    return {
        "agency": peer.agency,
        "name": peer.name,
        "level": peer.level,
        "fingerprint": peer.fingerprint or None,
        "verified_at": peer.verified_at or None,
        "verified_by": peer.verified_by or None,
        "how": peer.how or None,
        "introduced_by": [
            {"agency": one.by, "operation": one.operation, "made": one.made} for one in peer.introduced
        ],
        "disputed_by": list(dict.fromkeys(one.by for one in peer.dispute.told)) if peer.dispute else [],
        "devices": peer.devices,
        "last_heard": peer.last_heard or None,
        "last_number": peer.last_number or None,
        "missing": peer.missing or None,
        "waiting": peer.waiting,
        "unsent": peer.unsent,
        "confirmed": peer.confirmed,
    }


VERBS = {
    "card": (N_("Your card, for partners to verify"), make_card),
    "words": (N_("Your words and QR code, to compare"), make_words),
    "add": (N_("Enter a partner's card"), make_add),
    "list": (N_("Who is verified, and how exchange stands"), make_list),
}
