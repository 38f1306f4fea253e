"""Checks what `taskforce audit export` wrote, without taskforce: signatures, certificates, ids, hashes and chains.

    python3 verify_audit.py FILE

Needs Python 3.9 or later and PyNaCl. Written from docs/bundle-format.md; how to use it is in docs/audit.md.
Exit code 0: everything that can be checked holds. 1: something does not, or the file cannot be read.
"""

import base64
import hashlib
import json
import re
import sys

from nacl.exceptions import CryptoError
from nacl.signing import VerifyKey

CERTIFICATE = {"agency", "agency-key", "device", "sign-key", "seal-to", "made", "sig"}
PLACE = re.compile(r"(([0-9a-hjkmnp-tv-z]{16})\.[1-9][0-9]{0,5})/([1-9][0-9]{0,14})")
CODE = re.compile("[A-Z0-9][A-Z0-9-]{1,31}")
faults = []


def say(text):
    """Print one line; what the file says cannot draw on the terminal, nor begin a line of its own."""
    code = getattr(sys.stdout, "encoding", None) or "utf-8"  # of a terminal that may know few letters
    line = "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in str(text))
    print(line.encode(code, "backslashreplace").decode(code))


def need(holds, text):
    if not holds:
        faults.append(text)


def canonical(value, *without):
    kept = {key: each for key, each in value.items() if key not in without}
    return json.dumps(kept, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def to_base64(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def from_base64(text):
    data = base64.b64decode(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4), validate=True)
    if to_base64(data) != text:
        raise ValueError("not the one writing of these bytes")
    return data


def number_in(text):
    if not re.fullmatch("0|[1-9][0-9]{0,14}", text):
        raise ValueError("not a number as a feed has it")
    return int(text)


def digest(value, *without):
    return to_base64(hashlib.sha256(canonical(value, *without)).digest())


def short_digest(*parts):
    data = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
    bits = int.from_bytes(hashlib.sha256(data).digest()[:10], "big")
    return "".join("0123456789abcdefghjkmnpqrstvwxyz"[bits >> shift & 31] for shift in range(75, -1, -5))


def words(key):
    data, c, v = hashlib.sha256(key).digest(), "bdfghjklmnprstvz", "aiou"
    numbers = [data[at] << 8 | data[at + 1] for at in range(0, 16, 2)]
    return " ".join(c[n >> 12] + v[n >> 10 & 3] + c[n >> 6 & 15] + v[n >> 4 & 3] + c[n & 15] for n in numbers)


def is_signed(purpose, signed, key):
    message = b"taskforce " + purpose.encode() + b"\0" + canonical(signed, "sig")
    try:
        VerifyKey(from_base64(key)).verify(message, from_base64(signed["sig"]))
    except (CryptoError, ValueError):
        return False
    return True


def check_agencies(export):
    found = {}
    for one in export["agencies"]:
        key, name = from_base64(one["agency-key"]), f"agency {one['agency']}"
        need(one["agency"] not in found and CODE.fullmatch(one["agency"]), f"{name}: twice, or no code")
        derived = (short_digest(b"taskforce agency", key), words(key))
        need((one["fingerprint"], one["words"]) == derived, f"{name}: fingerprint or words of another key")
        found[one["agency"]] = one
        say(f"{name}: {words(key)}")
        say(f"  called: {one['name']}")
        say("  known to the exporter: " + (str(one["known"]) if one.get("known") else "NOT VERIFIED"))
    return found


def check_certificates(export, agencies):
    found = {}
    for one in export["certificates"]:
        name, key = f"certificate of device {one['device']}", from_base64(one["sign-key"])
        need(set(one) == CERTIFICATE and one["device"] not in found, f"{name}: other fields, or twice")
        need(one["device"] == short_digest(b"taskforce device", key), f"{name}: not the id of its key")
        need(one["agency-key"] == agencies[one["agency"]]["agency-key"], f"{name}: by another agency key")
        need(is_signed("certificate", one, one["agency-key"]), f"{name}: the signature does not hold")
        found[one["device"]] = one
    return found


def check_edit(edit, export, agencies, devices):
    name, match = f"edit {edit['edit']}", PLACE.fullmatch(edit["edit"])
    feed, device, number = match[1], match[2], int(match[3])
    signer = devices.get(device)
    need(signer and is_signed("edit", edit, signer["sign-key"]), f"{name}: not signed by its device")
    about = (edit["record"], edit["kind"], edit["part"] in export["parts"])
    record = (export["record"]["id"], export["record"]["kind"], True)
    need(about == record, f"{name}: of another record or part")
    if "born" in edit and signer:
        parts = (agencies[signer["agency"]]["fingerprint"], edit["kind"], edit["born"])
        made = short_digest(b"taskforce record", *(part.encode() for part in parts))
        need(made == edit["record"], f"{name}: says that its agency made the record, and it did not")
    own = [number_in(seen.get(feed, "0")) for seen in edit.get("saw", {}).values()]
    need(max(own, default=0) < number, f"{name}: says that it had seen itself or a later one")
    need(("prev" in edit) == (number > 1), f"{name}: `prev` stands in all edits but the first of a feed")
    return feed, number


def check_edits(export, agencies, devices):
    """Every edit by feed and number, and how many follow one that is here."""
    found, links, before = {}, 0, ("", 0, "")
    for edit in export["edits"]:
        place = check_edit(edit, export, agencies, devices)
        need(place not in found, f"edit {edit['edit']}: stands twice")
        found[place] = edit
        time, _, counter = edit["at"].partition("/")
        order = (time, number_in(counter), digest(edit))
        need(order > before, f"edit {edit['edit']}: not in the order of the clock")
        before = order
    for (feed, number), edit in found.items():
        if (feed, number - 1) in found:
            links += 1
            follows = edit["prev"] == digest(found[feed, number - 1])
            need(follows, f"edit {edit['edit']}: does not follow the one before")
    return found, links


def tell(export, found, devices):
    """What each edit set, and what each field's value is in the end (bundle-format.md, section 7)."""
    codes = {one["agency"] for one in export["agencies"]} | set(export["agency-records"].values())
    names = {short_digest(b"taskforce natural", b"agency", code.encode()): code for code in codes}
    fields = {}

    def value_of(value):
        some = [value] if isinstance(value, str) else value
        return ", ".join(f"{one} ({names[one]})" if one in names else one for one in some) or "(empty)"

    for (feed, number), edit in found.items():
        agency = devices.get(feed[:16], {}).get("agency", "?")
        say(f"{edit['at']}  {edit['by']} of {agency}  [{edit['edit']}, part {edit['part']}]")
        for name, value in edit["set"].items():
            counts = name not in export["proposed"].get(edit["edit"], ())
            say(f"  {name} = {value_of(value)}" + ("" if counts else "  (a proposal, says the exporter)"))
            if counts:
                fields.setdefault((edit["part"], name), []).append((feed, number, edit))
    say("Finally:")
    for (part, name), some in sorted(fields.items()):
        heads = [one for one in some if not any(covers(other, one, name) for other in some)]
        values = list(dict.fromkeys(value_of(edit["set"][name]) for _feed, _number, edit in heads))
        say(f"  {part}.{name} = {' | '.join(values)}" + ("  CONFLICT" if len(values) > 1 else ""))


def covers(other, one, name):
    """Whether an edit of a field had seen another, or comes after it in one feed."""
    seen = number_in(other[2].get("saw", {}).get(name, {}).get(one[0], "0"))
    return other is not one and (seen >= one[1] or (other[0] == one[0] and other[1] > one[1]))


def strict(pairs):
    every = [one for _key, value in pairs for one in (value if isinstance(value, list) else [value])]
    if len(dict(pairs)) != len(pairs) or not all(isinstance(one, (str, list, dict)) for one in every):
        raise ValueError("a key stands twice, or something is no text")
    return dict(pairs)


def main(path):
    with open(path, encoding="utf-8") as stream:
        export = json.load(stream, object_pairs_hook=strict)
    need(export["taskforce-audit"] == "1", "of another version than this script knows")
    say(f"{export['record']['ref']}: {export['record']['kind']} {export['record']['id']}")
    for name in ("made", "by", "agency", "device", "to", "reason", "digest"):
        say(f"{name}: {export[name]}")
    need(export["digest"] == digest(export, "digest", "sig"), "the digest is not that of the file")
    agencies = check_agencies(export)
    devices = check_certificates(export, agencies)
    exporter = devices[export["device"]]
    holds = exporter["agency"] == export["agency"] and is_signed("audit", export, exporter["sign-key"])
    need(holds, "the file is not signed by the device and agency that it names")
    found, links = check_edits(export, agencies, devices)
    tell(export, found, devices)
    say("Not in it, as the exporter says: " + json.dumps(export["left-out"]))
    say(f"{len(found)} edits; {links} of them follow one that is here, and were held against it.")


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, OSError, RecursionError) as error:
        faults.append(f"it cannot be read as an audit export ({type(error).__name__})")
    for text in faults or ["every signature, certificate, id and hash holds"]:
        say(("FAULT: " if faults else "OK: ") + text)
    sys.exit(1 if faults else 0)
