"""Every sentence and label that people read passes here, so that it can be put into their language.

``_`` and ``ngettext`` have the meaning of the standard library's :mod:`gettext`; ``N_`` marks a text that
is translated later, where it is shown. English is the language of the source. :mod:`gettext` itself is
imported only when a compiled catalogue for the wanted language exists: an English start-up never pays for it.

Codes on the wire, in the store and in JSON stay language-neutral and never pass here.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without importing typing at every start
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

DOMAIN = "taskforce"
FOLDER = os.path.join(os.path.dirname(__file__), "locale")
SOURCE_LANGUAGE = "en"
# The order in which GNU gettext looks, with our own variable first.
VARIABLES = ("TASKFORCE_LANGUAGE", "LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")


def N_(message: str) -> str:
    """Mark ``message`` for the catalogue and return it unchanged; it is translated where it is shown."""
    return message


def _source(message: str) -> str:
    return message


def _source_plural(singular: str, plural: str, count: int) -> str:
    return singular if count == 1 else plural


_translate: Callable[[str], str] = _source
_translate_plural: Callable[[str, str, int], str] = _source_plural


def _(message: str) -> str:
    """Return ``message`` in the reader's language, or as it is. The translator is looked up at each call."""
    return _translate(message) if message else ""  # gettext keeps the catalogue's head under ""


def ngettext(singular: str, plural: str, count: int) -> str:
    """Return the form of a sentence that fits ``count`` things in the reader's language."""
    return _translate_plural(singular, plural, count)


def install(language: str | None = None) -> str:
    """Choose the language from now on and return it (``en`` when no catalogue fits).

    ``language`` is a locale name such as ``km`` or ``pt_BR.UTF-8``; None asks the environment:
    ``TASKFORCE_LANGUAGE``, then ``LANGUAGE`` (a colon-separated list), ``LC_ALL``, ``LC_MESSAGES``, ``LANG``.
    A catalogue that is missing or cannot be read leaves English: a broken translation stops no one's work.
    """
    global _translate, _translate_plural
    for name in _wanted(language):
        if name == SOURCE_LANGUAGE:
            break
        path = os.path.join(FOLDER, name, "LC_MESSAGES", DOMAIN + ".mo")
        if not os.path.isfile(path):
            continue
        import gettext  # deferred: only readers of another language than English need these
        import struct

        try:
            with open(path, "rb") as file:
                catalogue = gettext.GNUTranslations(file)
        except (OSError, ValueError, LookupError, struct.error):  # unreadable, odd charset, truncated
            continue
        _translate, _translate_plural = catalogue.gettext, catalogue.ngettext
        return name
    _translate, _translate_plural = _source, _source_plural
    return SOURCE_LANGUAGE


class use_translator:
    """Send every sentence through ``function``, not a catalogue, at once; ``with`` puts the former back.

    For tests: a pseudo-translator that brackets what it gets shows on a screen what was never wrapped.
    """

    def __init__(self, function: Callable[[str], str]) -> None:
        global _translate, _translate_plural
        self._before = (_translate, _translate_plural)

        def one_or_many(singular: str, plural: str, count: int) -> str:
            return function(_source_plural(singular, plural, count))

        _translate, _translate_plural = function, one_or_many

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        global _translate, _translate_plural
        _translate, _translate_plural = self._before


def _wanted(language: str | None) -> list[str]:
    """Return the catalogue names to try, best first; ``en`` ends the search."""
    value = language or next((os.environ[name] for name in VARIABLES if os.environ.get(name)), "")
    names: list[str] = []
    for entry in value.split(":"):
        name = entry.partition(".")[0].partition("@")[0].replace("-", "_")
        plain = name.isascii() and name.replace("_", "").isalnum()  # keeps "../elsewhere" out of the path
        while plain and name not in ("", "C", "POSIX"):
            if name not in names:
                names.append(name)
            name = name.rpartition("_")[0]
    return names
