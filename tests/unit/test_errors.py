"""Every error owns its sentence, its hint and its documented exit code."""

from __future__ import annotations

import re

import pytest

from taskforce import errors
from taskforce.errors import (
    EXIT_CODES,
    Ambiguous,
    Failure,
    InputError,
    NotFound,
    Problem,
    TaskforceError,
    closest,
    did_you_mean,
)


def subclasses(kind: type[TaskforceError]) -> set[type[TaskforceError]]:
    return {kind}.union(*(subclasses(child) for child in kind.__subclasses__()))


def test_exit_codes_are_those_documented() -> None:
    documented = dict(re.findall(r"^(\d+) +([A-Z]\w+)", errors.__doc__ or "", re.MULTILINE))
    assert {int(code): name for code, name in documented.items()} == {
        code: kind.__name__ for code, kind in EXIT_CODES.items()
    }
    assert {code: kind.__name__ for code, kind in EXIT_CODES.items()} == {
        1: "Failure",
        2: "UsageError",
        3: "NotFound",
        4: "Refused",
        5: "InputError",
        6: "Locked",
        7: "StoreError",
        8: "TrustError",
    }
    assert (errors.INTERRUPTED, errors.BROKEN_PIPE) == (130, 141)


def test_every_error_has_a_documented_exit_code_and_a_code_of_its_own() -> None:
    kinds = [kind for kind in subclasses(TaskforceError) if kind.__module__ == "taskforce.errors"]
    assert {kind.exit_code for kind in kinds} == set(EXIT_CODES)
    codes = [kind.default_code for kind in kinds if kind is not TaskforceError]
    assert len(codes) == len(set(codes))
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", code) for code in codes)


def test_an_error_says_what_and_what_to_do() -> None:
    error = NotFound("nothing has the ref A-7KQ2", hint="run: taskforce assignment list", code="no-such-ref")
    assert str(error) == error.sentence == "nothing has the ref A-7KQ2"
    assert error.exit_code == 3
    assert error.listed() == (
        Problem("no-such-ref", "nothing has the ref A-7KQ2", "run: taskforce assignment list"),
    )
    assert NotFound("x").code == "not-found"


def test_an_error_lists_all_its_problems() -> None:
    problems = [Problem("unknown-agency", f"line {line}: not known") for line in (3, 7)]
    error = InputError("plan.yaml: 2 problems, nothing was changed", problems=problems)
    assert error.listed() == tuple(problems)


def test_an_ambiguous_ref_lists_its_candidates() -> None:
    error = Ambiguous("A-7K may be either of two", candidates=["A-7KQ2", "A-7KW9"])
    assert error.exit_code == NotFound.exit_code
    assert error.hint == "one of these: A-7KQ2, A-7KW9"


def test_a_failure_tells_the_type_and_never_the_text() -> None:
    failure = Failure.of(KeyError("CANARY-Sokha"))
    assert "KeyError" in failure.sentence
    assert "CANARY" not in failure.sentence + (failure.hint or "")
    assert failure.exit_code == 1


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("KH-NPA", "KH-CNP"),
        ("kh-cnp", "KH-CNP"),
        ("Sheltr", "shelter"),
        ("zzz", None),
        ("", None),
        ("x" * 100_000, None),
    ],
)
def test_what_was_probably_meant(typed: str, meant: str | None) -> None:
    assert closest(typed, ["KH-CNP", "TH-RTP", "shelter", "x" * 90]) == meant


def test_did_you_mean_is_a_hint_only_when_something_is_near() -> None:
    assert did_you_mean("KH-NPA", ["KH-CNP"]) == 'did you mean "KH-CNP"?'
    assert did_you_mean("zzz", ["KH-CNP"]) is None
