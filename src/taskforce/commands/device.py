"""`taskforce device request|admit|join|list|revoke`: several devices of an agency, and one that is lost."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from typer.core import TyperCommand

from taskforce import console, moments
from taskforce.commands.device_identity import HELP, make_export_identity
from taskforce.commands.frame import argument, command, completing_session, flag, open_session, option
from taskforce.errors import Refused, UsageError
from taskforce.i18n import N_, _, ngettext
from taskforce.output import Column, Fields, Line, Lines, Raw, Result, Table
from taskforce.reports import statement_views

TYPE_CHECKING = False
if TYPE_CHECKING:
    from taskforce.actions.devices import DeviceState
    from taskforce.actions.session import Session

GROUP = ("device", N_("Devices of an agency: admit one, revoke one that is lost"))


def make_request() -> TyperCommand:
    """`device request`."""
    return command(
        "request",
        run_request,
        _(
            "On a new device, after init --join: ask to belong to the agency. Carry the file to the device that has "
            "the agency's key, and read its words aloud on another channel. There is nothing secret in it."
        ),
        [
            option("--output/-o", _("File; standard output if left out"), metavar="FILE"),
            option("--label", _("What people call this device, such as Dara's laptop")),
            flag("--force", _("Replace an existing file")),
        ],
    )


def run_request(output: str | None, label: str | None, force: bool) -> Result:
    """Write the request."""
    from taskforce.actions import joining  # deferred: loads the cryptographic libraries
    from taskforce.actions.key_slots import read_label
    from taskforce.files import new_file

    session = open_session(waiting=True)
    text = joining.request_text(session, label=read_label(label or ""))
    words = " ".join(joining.request_words(session))
    data = {"device": session.store.me.device, "words": words.split()}
    if output is None or output == "-":
        return Result({**data, "request": text}, Raw(text))
    with new_file(Path(output), replace=force) as stream:
        stream.write(text.encode())
    pairs = (
        (_("Request"), output),
        (_("Device"), session.store.me.device),
        (_("Words"), words),
        (_("Next"), _("read the words aloud to whoever admits it; they run")),
        ("", Line(f"taskforce device admit {output} -o answer.age", "command")),
    )
    return Result({**data, "file": output}, Fields(session.store.me.agency, pairs))


def make_admit() -> TyperCommand:
    """`device admit REQUEST -o FILE`."""
    return command(
        "admit",
        run_admit,
        _(
            "On the device that has the agency's key: certify another device, once the words of its request were "
            "compared by voice. The answer is sealed to it and brings it the peers that are verified here."
        ),
        [
            argument("request", _("The request, or -")),
            option("--output/-o", _("The answer's file, or - for standard output"), metavar="FILE"),
            flag("--yes/-y", _("The words were compared already")),
            flag("--force", _("Replace an existing file")),
        ],
    )


def run_admit(request: str, output: str | None, yes: bool, force: bool) -> Result:
    """Show the words, ask, certify, write the answer."""
    from taskforce.actions import joining  # deferred: loads the cryptographic libraries
    from taskforce.actions.peers import own_words
    from taskforce.files import new_file

    if output is None:
        raise UsageError(_("%(option)s is needed") % {"option": "--output"})
    session = open_session()
    joining.agency_secret(session)  # before anything is asked
    found = _read(session, request, joining.read_request)
    words = " ".join(found.words)
    who = f"{found.officer}, {found.label}" if found.label else found.officer
    console.note(_("request of %(who)s for %(agency)s") % {"who": who, "agency": found.agency})
    console.note(_("its words: %(words)s") % {"words": words})
    question = _("Did %(officer)s read these words to you?") % {"officer": found.officer}
    if not console.confirm(question, yes=yes):
        return Result({"admitted": False}, Lines((_("nothing was changed"),)), exit_code=4)
    answer = joining.admit_device(session, found)
    data = {
        "admitted": True,
        "device": found.keys.id,
        "officer": found.officer,
        "label": found.label or None,
        "words": list(found.words),
        "agency_words": list(own_words(session)),
    }
    if output == "-":
        text = _armored(answer)
        return Result({**data, "answer": text}, Raw(text))
    with new_file(Path(output), replace=force) as stream:
        stream.write(answer)
    pairs = (
        (_("Admitted"), found.keys.id),
        (_("Answer"), output),
        (_("Your words"), " ".join(own_words(session))),
        (_("Next"), _("carry the answer to the new device, and read your words aloud; there they run")),
        ("", Line(f"taskforce device join {output}", "command")),
        (_("Then"), Line(f"taskforce export --to {found.agency} -o FOLDER", "command")),
    )
    return Result({**data, "file": output}, Fields(who, pairs))


def make_join() -> TyperCommand:
    """`device join ANSWER`."""
    return command(
        "join",
        run_join,
        _(
            "On the new device: take the answer in, once the words of the agency's key were compared by voice."
        ),
        [argument("answer", _("The answer, or -")), flag("--yes/-y", _("The words were compared already"))],
    )


def run_join(answer: str, yes: bool) -> Result:
    """Show the agency's words, ask, join."""
    from taskforce.actions import joining  # deferred: loads the cryptographic libraries

    session = open_session(waiting=True)
    found = _read(session, answer, joining.read_admission)
    agency = found.device.agency
    console.note(_("admission by %(agency)s, %(name)s") % {"agency": agency, "name": found.name})
    console.note(_("the agency's words: %(words)s") % {"words": " ".join(found.words)})
    question = _("Did someone you know at %(agency)s read these words to you?") % {"agency": agency}
    if not console.confirm(question, yes=yes):
        return Result({"agency": agency, "joined": False}, Lines((_("nothing was changed"),)), exit_code=4)
    joined = joining.join(session, found)
    data = {
        "agency": joined.agency,
        "joined": True,
        "device": joined.device,
        "words": list(joined.words),
        "peers": list(joined.peers),
    }
    lines: list[Line | str] = [
        Line(_("this device is one of %(agency)s now") % {"agency": joined.agency}, "ok")
    ]
    if joined.peers:
        count = ngettext("%(count)d peer", "%(count)d peers", len(joined.peers)) % {
            "count": len(joined.peers)
        }
        lines.append(_("verified by the agency before: %(peers)s") % {"peers": count})
    lines.append(_("what the agency has comes with its next bundle for its own devices"))
    return Result(data, Lines(tuple(lines)))


def make_list() -> TyperCommand:
    """`device list`."""
    return command(
        "list",
        run_list,
        _(
            "Every device that is known here: whose it is, since when, when it was last heard, which are revoked."
        ),
        lists=True,
    )


def run_list() -> Result:
    """List the devices."""
    from taskforce.actions import devices  # deferred: reading needs only the store

    session = open_session()
    found = devices.list_devices(session)
    columns = (
        Column(_("Device"), "device"),
        Column(_("Agency"), "agency"),
        Column(_("Label"), "label", wrap=True),
        Column(_("Since"), "since", priority=3),
        Column(_("Heard"), "last_heard"),
        Column(_("Last edit"), "last_number", priority=2),
        Column(_("State"), "revoked_at", wrap=True),
    )
    rows = tuple(
        (
            one.device,
            one.agency,
            one.label,
            moments.show_time(one.since) if "T" in one.since else one.since,
            "" if one.this else (moments.ago(one.last_heard, session.now) if one.last_heard else _("never")),
            f"{one.feed.partition('.')[2]}/{one.last_number}" if one.last_number else "",
            state_words(one),
        )
        for one in found
    )
    return Result(
        [_data(one) for one in found], Table(columns, rows, _("no device is known")), plural="devices"
    )


def state_words(one: DeviceState) -> str:
    """What there is to say of a device: that it is this one, or that it was revoked."""
    if one.revoked_at:
        said = _("revoked %(when)s") % {"when": moments.show_time(one.revoked_at)}
        return f"{said}: {one.reason}" if one.reason else said
    return _("this one") if one.this else ""


def make_revoke() -> TyperCommand:
    """`device revoke DEVICE --last-good N`."""
    return command(
        "revoke",
        run_revoke,
        _(
            "On the device that has the agency's key: a device is lost. What it wrote after its last good edit is "
            "refused everywhere as the next bundles bring the word, and nothing is sealed to it any more. It cannot be "
            "taken back: who finds the device again makes a new store on it."
        ),
        [
            argument(
                "device",
                _("Its id or the beginning of it, or its label; see device list"),
                complete=_complete_devices,
            ),
            option(
                "--last-good",
                _(
                    "The number of its last good edit, in the feed that it was last heard to write in; as FEED/N in "
                    "another one; all that is held here, if left out"
                ),
                metavar="N",
                many=True,
            ),
            option("--reason", _("What happened; everybody who has edits of it can read that")),
            flag("--yes/-y", _("Do not ask")),
        ],
    )


def run_revoke(device: str, last_good: tuple[str, ...], reason: str | None, yes: bool) -> Result:
    """Show what would be refused, ask, say it."""
    from taskforce.actions import joining, revoking  # deferred: loads the cryptographic libraries

    session = open_session()
    joining.agency_secret(session)  # before anything is asked
    said = revoking.read_reason(reason or "")
    plan = revoking.plan_revocation(session, device, *revoking.read_last_good(last_good))
    for line in statement_views.foretold(plan):
        console.note(line)
    if not console.confirm(_("Revoke this device, for ever?"), yes=yes):
        raise Refused(_("nothing was revoked"), code="not-confirmed")
    revoking.revoke(session, plan, reason=said)
    data = {
        "device": plan.device,
        "feed": plan.feed,
        "last_good": plan.last_good,
        "good": plan.good,
        "reason": said or None,
        "refused": plan.refused,
    }
    lines: list[Line | str] = [Line(_("%(device)s is revoked") % {"device": plan.device}, "ok")]
    lines.append(_("your peers hear of it with your next bundles: make one for each of them now"))
    lines.append(_("if the agency's key was on it, whoever has it can still certify devices"))
    return Result(data, Lines(tuple(lines)))


def _complete_devices(_context: Any, _parameter: Any, typed: str) -> list[str]:
    """The agency's own devices that are not revoked yet, by their ids: labels need not be one word of a shell."""
    session = completing_session()
    if session is None:
        return []
    from taskforce.actions.devices import list_devices  # deferred: completion only

    found = [one.device for one in list_devices(session) if one.own and not one.revoked_at]
    return [one for one in found if one.startswith(typed)]


VERBS = {
    "list": (N_("Which are known, when heard, which are revoked"), make_list),
    "request": (N_("On a new device: ask to belong to the agency"), make_request),
    "admit": (N_("With the agency's key: certify another device"), make_admit),
    "join": (N_("On the new device: take the answer in"), make_join),
    "revoke": (N_("A device is lost: refuse what it writes from now on"), make_revoke),
    "export-identity": (HELP, make_export_identity),
}


def _read(session: Session, file: str, reader: Any) -> Any:
    from taskforce.files import existing_file  # deferred: few commands read a file

    if file == "-":
        return reader(session, sys.stdin.buffer, _("standard input"))
    with existing_file(Path(file)) as stream:
        return reader(session, stream, Path(file).name)


def _armored(data: bytes) -> str:
    from taskforce.keys.sealing import armored  # deferred: as above

    return armored(data)


def _data(one: DeviceState) -> dict[str, Any]:
    return {
        "device": one.device,
        "agency": one.agency,
        "label": one.label or None,
        "since": one.since,
        "last_heard": one.last_heard or None,
        "seal_to": one.seal_to,
        "feed": one.feed,
        "last_number": one.last_number or None,
        "this": one.this,
        "own": one.own,
        "revoked_at": one.revoked_at or None,
        "reason": one.reason or None,
        "last_good": one.last_good,
        "waiting": one.waiting,
    }
