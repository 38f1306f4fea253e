"""What can go wrong, each with the sentence a field officer reads, a hint what to do, and its exit code.

====  ==============  =====================================================================================
exit  class           when
====  ==============  =====================================================================================
0                     done
1     Failure         unexpected: a fault of the program; says the exception's type, never its text
2     UsageError      an option or argument is wrong or missing
3     NotFound        nothing has this ref, code or name; or several have (Ambiguous lists them)
4     Refused         a rule forbids it: lifecycle, handling, legal basis, an undo that is not possible
5     InputError      a plan, bundle or other file is not what it should be
6     Locked          there is no store here, or the key does not open it
7     StoreError      the store cannot be read or written: disk full, damaged, newer schema, read-only
8     TrustError      a signature is broken, the signer is unknown, or the bundle is not addressed to us
130                   stopped with Ctrl-C
141                   the reader of our output went away (broken pipe)
====  ==============  =====================================================================================

A layer raises; only ``__main__`` turns what was raised into words on stderr and an exit code.
"""

from __future__ import annotations

from dataclasses import dataclass

from taskforce.i18n import _

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without importing typing at every start
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

INTERRUPTED = 130  # 128 + SIGINT, as shells have it
BROKEN_PIPE = 141  # 128 + SIGPIPE

MOST_PROBLEMS = 50  # how many problems of one file are listed at once


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: a language-neutral ``code``, a ``sentence`` and what to do about it."""

    code: str
    sentence: str
    hint: str | None = None


class TaskforceError(Exception):
    """Base of all errors that people are told about.

    ``sentence`` says what was found and what is allowed, already in the reader's language; ``hint`` what to
    do; ``code`` (a slug such as ``unknown-agency``; default: the class's ``default_code``) is what scripts
    compare; ``problems`` lists everything that is wrong where one answer names many (a plan: up to
    ``MOST_PROBLEMS``).
    """

    exit_code: int = 1
    default_code: str = "failure"

    def __init__(
        self,
        sentence: str,
        *,
        hint: str | None = None,
        code: str | None = None,
        problems: Sequence[Problem] = (),
    ) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.hint = hint
        self.code = code or self.default_code
        self.problems = tuple(problems)

    def listed(self) -> tuple[Problem, ...]:
        """Return every problem one by one; an error that lists none is itself the one problem."""
        return self.problems or (Problem(self.code, self.sentence, self.hint),)


class Failure(TaskforceError):
    """Unexpected: a fault of the program, not of the person."""

    exit_code = 1
    default_code = "failure"

    @classmethod
    def of(cls, error: BaseException) -> Failure:
        """Return the failure to report for ``error``: its type only, since its text may quote a record."""
        sentence = _("something went wrong inside taskforce (%(type)s)") % {"type": type(error).__name__}
        return cls(
            sentence,
            hint=_("nothing was half-written; run `taskforce doctor`, and report the word in brackets"),
        )


class UsageError(TaskforceError):
    """An option or argument is wrong or missing."""

    exit_code = 2
    default_code = "usage"


class NotFound(TaskforceError):
    """Nothing has this ref, code or name."""

    exit_code = 3
    default_code = "not-found"


class Ambiguous(NotFound):
    """Several things have this ref, code or name; ``candidates`` names them as the person may type them."""

    default_code = "ambiguous"

    def __init__(
        self,
        sentence: str,
        *,
        candidates: Sequence[str],
        hint: str | None = None,
        code: str | None = None,
        problems: Sequence[Problem] = (),
    ) -> None:
        self.candidates = tuple(candidates)
        if hint is None:
            hint = _("one of these: %(candidates)s") % {"candidates": ", ".join(self.candidates)}
        super().__init__(sentence, hint=hint, code=code, problems=problems)


class Refused(TaskforceError):
    """A rule forbids it: lifecycle, handling, legal basis, an undo that is not possible."""

    exit_code = 4
    default_code = "refused"


class InputError(TaskforceError):
    """A plan, bundle or other file is not what it should be."""

    exit_code = 5
    default_code = "bad-input"


class Locked(TaskforceError):
    """There is no store here, or the key does not open it."""

    exit_code = 6
    default_code = "locked"


class StoreError(TaskforceError):
    """The store cannot be read or written."""

    exit_code = 7
    default_code = "store"


class TrustError(TaskforceError):
    """A signature is broken, the signer is unknown, or the bundle is not addressed to us."""

    exit_code = 8
    default_code = "trust"


EXIT_CODES: dict[int, type[TaskforceError]] = {
    kind.exit_code: kind
    for kind in (Failure, UsageError, NotFound, Refused, InputError, Locked, StoreError, TrustError)
}


def closest(word: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate that ``word`` was probably meant to be, or None: for "did you mean"."""
    if not word or len(word) > 80:  # nobody mistypes eighty characters, and comparing is quadratic
        return None
    import difflib  # deferred: needed only once something was mistyped

    by_folded = {candidate.casefold(): candidate for candidate in candidates}
    found = difflib.get_close_matches(word.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[found[0]] if found else None


def did_you_mean(word: str, candidates: Iterable[str]) -> str | None:
    """Return the hint 'did you mean "…"?' for a mistyped ``word``, or None when nothing is near."""
    found = closest(word, candidates)
    return None if found is None else _('did you mean "%(word)s"?') % {"word": found}
