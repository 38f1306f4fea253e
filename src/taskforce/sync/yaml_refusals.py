"""What the strict YAML reader refuses, and the sentences it says so with.

Each check gets the event that the parser reports (PyYAML's, of either parser) and raises InputError at its
place. Values are never quoted: what stands in a file is a record's text, and errors end up in terminals and
logs.
"""

from __future__ import annotations

import re

from taskforce.i18n import N_, _
from taskforce.sync.yaml_source import shown

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without importing typing at every start
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from taskforce.errors import InputError
    from taskforce.sync.yaml_source import Mark, Source


# What some files hold on purpose and none may: sentence, hint, code.
_DIRECTIVE = (
    N_("a directive (such as %YAML) is not allowed"),
    N_("leave out the lines that begin with %, they are not needed"),
    "yaml-directive",
)
_TAG = (
    N_("a tag (!name) is not allowed"),
    N_("leave it out, every value is text; put text that begins with ! in double quotes"),
    "yaml-tag",
)
_ANCHOR = (
    N_("an anchor (&name) is not allowed"),
    N_("write the value out; put text that begins with & in double quotes"),
    "yaml-anchor",
)
_ALIAS = (
    N_("an alias (*name) is not allowed"),
    N_("write the value out; put text that begins with * in double quotes"),
    "yaml-alias",
)

# What is wrong by mistake: a pattern in the words of both parsers (libyaml's and PyYAML's own), what to say for it,
# and the hint. The first match wins.
_QUOTE_IT = N_('put text that has ": " or " #" in it, or begins with a special character, in double quotes')
_INDENT_IT = N_("begin the keys of one mapping at the same column; indent with spaces, not tabs")
_CLOSE_IT = N_("close what was opened; if the file was copied, it may be cut off: copy it again")
_FORM_ERRORS = (
    ("mapping values", N_("a colon begins a value where none may begin"), _QUOTE_IT),
    ("expected ':'", N_('a line that is neither "name: value" nor the rest of a value'), _QUOTE_IT),
    ("cannot start any token", N_("a tab, or a character that no unquoted value begins with"), _QUOTE_IT),
    ("unexpected end of stream", N_("a quoted text is not closed before the file ends"), _CLOSE_IT),
    ("unexpected document", N_("a quoted text is not closed before the document ends"), _CLOSE_IT),
    ("expected ',' or", N_("a list or mapping in brackets is not closed, or lacks a comma"), _CLOSE_IT),
    ("escape|hex", N_("a backslash sequence that stands for no character"), N_("write \\\\ for a backslash")),
    ("tab|indentation", N_("the indentation does not fit, or is made of tabs"), _INDENT_IT),
    ("entries are not", N_("a list item (- ) begins where none may begin"), _INDENT_IT),
    ("expected key|block end|'-' ind", N_("what stands here does not fit what comes before it"), _INDENT_IT),
    ("node content", N_("a value is missing here"), N_('write "" for an empty value')),
    (
        "document start",
        N_("text after the end of the document"),
        N_("begin a new document with a line of ---"),
    ),
)


def check_properties(source: Source, event: Any) -> None:
    mark = event.start_mark
    if event.anchor is not None:
        _refuse(source, mark, _ANCHOR)
    if event.tag is not None or (source.bangs and source.is_bang(mark)):
        _refuse(source, mark, _TAG)


def check_key(source: Source, event: Any, mapping: dict[str, Any]) -> None:
    mark, key = event.start_mark, event.value
    if key == "<<" and not event.style:
        hint = _("write the fields out where they are needed")
        source.refuse(mark, _("a merge key (<<) is not allowed"), hint=hint, code="yaml-merge")
    if not key:
        hint = _("write a name before the colon")
        source.refuse(mark, _("a key is empty"), hint=hint, code="yaml-key")
    if key in mapping:
        problem = _('the key "%(key)s" stands here a second time') % {"key": shown(key)}
        hint = _("keep one of the two; each key may stand once in a mapping")
        source.refuse(mark, problem, hint=hint, code="yaml-duplicate")


def check_start(source: Source, event: Any, count: int, most: int) -> None:
    mark = event.start_mark
    if event.version is not None or event.tags:
        _refuse(source, mark, _DIRECTIVE)
    if count > most:
        if most == 1:
            problem = _("a second document begins here, one is allowed")
        else:
            problem = _("the file has more than %(most)d documents") % {"most": most}
        source.refuse(mark, problem, hint=_("split the file at its lines of ---"), code="yaml-documents")


def check_root(source: Source, root: Any, start: Mark) -> None:
    if type(root) is not dict:
        problem = _('the document is not a mapping of "name: value" lines')
        if root == "":
            problem = _("the document is empty")
        source.refuse(start, problem, hint=_('begin with a line such as "name: value"'), code="yaml-root")


def check_end(source: Source, event: Any, count: int) -> None:
    if not count:
        hint = _("check that it is the right file and that it was copied whole")
        source.refuse(event.end_mark, _("the file is empty"), hint=hint, code="yaml-empty")


def refuse_complex_key(source: Source, event: Any) -> NoReturn:
    hint = _("a key is one word or text; put it in double quotes if it begins with [ or {")
    source.refuse(
        event.start_mark, _("a list or mapping stands where a key must be"), hint=hint, code="yaml-key"
    )


def refuse_alias(source: Source, event: Any) -> NoReturn:
    _refuse(source, event.start_mark, _ALIAS)


def refuse_long(source: Source, event: Any, most: int) -> NoReturn:
    problem = _("a value is longer than the %(most)d characters allowed") % {"most": most}
    hint = _("shorten it, or keep it as a file of its own")
    source.refuse(event.start_mark, problem, hint=hint, code="yaml-size")


def refuse_deep(source: Source, mark: Any, most: int) -> NoReturn:
    problem = _("lists and mappings are nested deeper than the %(most)d levels allowed") % {"most": most}
    source.refuse(mark, problem, hint=_("nothing that is kept needs more levels"), code="yaml-depth")


def refuse_many(source: Source, event: Any, most: int) -> NoReturn:
    problem = _("the document has more than the %(most)d values allowed") % {"most": most}
    source.refuse(event.start_mark, problem, hint=_("split it into several files"), code="yaml-size")


def form_error(source: Source, error: Any, most_depth: int) -> InputError:
    """Return what PyYAML found wrong with the file's form, in words for people who don't know its grammar."""
    problem = error.problem or ""
    mark = error.problem_mark or error.context_mark
    if "nesting depth" in problem:  # libyaml of PyYAML 6.0.4 gives up at a thousand before we see the ninth
        refuse_deep(source, mark, most_depth)
    for pattern, special in (
        ("directive", _DIRECTIVE),
        ("anchor", _ANCHOR),
        ("alias", _ALIAS),
        (r"tag\b", _TAG),
    ):
        if re.search(pattern, f"{problem} {error.context or ''}"):
            sentence, hint, code = special
            return source.refusal(error.context_mark or mark, _(sentence), hint=_(hint), code=code)
    for pattern, sentence, hint in _FORM_ERRORS:
        if re.search(pattern, problem):
            return source.refusal(mark, _(sentence), hint=_(hint), code="yaml-form")
    sentence = _("this is not YAML (%(problem)s)") % {"problem": shown(problem)}
    hint = _("check the quotes, colons and indentation here")
    return source.refusal(mark, sentence, hint=hint, code="yaml-form")


def _refuse(source: Source, mark: Mark, special: tuple[str, str, str]) -> NoReturn:
    sentence, hint, code = special
    source.refuse(mark, _(sentence), hint=_(hint), code=code)
