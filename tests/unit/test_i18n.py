"""Sentences follow the reader's language; English costs nothing; a broken catalogue stops nobody."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from taskforce import i18n
from taskforce.i18n import N_, _, install, ngettext, use_translator

HEAD = "Content-Type: text/plain; charset=UTF-8\nPlural-Forms: nplurals=2; plural=n > 1;\n"


def compiled(messages: dict[str, str]) -> bytes:
    """Return a GNU .mo file of ``messages``, as msgfmt writes it."""
    entries = sorted((key.encode(), value.encode()) for key, value in {"": HEAD, **messages}.items())
    count = len(entries)
    texts = b""
    tables: list[list[bytes]] = [[], []]
    for column in (0, 1):
        for entry in entries:
            tables[column].append(struct.pack("<II", len(entry[column]), 28 + 16 * count + len(texts)))
            texts += entry[column] + b"\0"
    head = struct.pack("<7I", 0x950412DE, 0, count, 28, 28 + 8 * count, 0, 28 + 16 * count)
    return head + b"".join(tables[0]) + b"".join(tables[1]) + texts


@pytest.fixture(autouse=True)
def catalogues(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for variable in i18n.VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(i18n, "FOLDER", str(tmp_path))
    for name, word in (("fr", "dossier"), ("pt", "registo"), ("pt_BR", "registro")):
        folder = tmp_path / name / "LC_MESSAGES"
        folder.mkdir(parents=True)
        messages = {"record": word, "%(n)d day\0%(n)d days": "%(n)d jour\0%(n)d jours"}
        (folder / "taskforce.mo").write_bytes(compiled(messages))
    yield tmp_path
    install("en")


def test_english_is_the_language_of_the_source() -> None:
    assert install() == "en"
    assert _("record") == N_("record") == "record"
    assert [ngettext("%(n)d day", "%(n)d days", n) % {"n": n} for n in (0, 1, 2)] == [
        "0 days",
        "1 day",
        "2 days",
    ]


def test_a_catalogue_gives_the_sentence_and_its_plural_forms() -> None:
    assert install("fr") == "fr"
    assert _("record") == "dossier"
    assert _("not in the catalogue") == "not in the catalogue"
    assert _("") == ""
    assert [ngettext("%(n)d day", "%(n)d days", n) % {"n": n} for n in (0, 1, 2)] == [
        "0 jour",
        "1 jour",
        "2 jours",
    ]


@pytest.mark.parametrize(
    ("variables", "language"),
    [
        ({"LANG": "fr_FR.UTF-8"}, "fr"),
        ({"LANG": "pt_BR.UTF-8@latin"}, "pt_BR"),
        ({"LANG": "pt_PT"}, "pt"),
        ({"LANG": "fr", "LC_MESSAGES": "pt"}, "pt"),
        ({"LC_MESSAGES": "pt", "LC_ALL": "fr"}, "fr"),
        ({"LC_ALL": "fr", "LANGUAGE": "km:pt:fr"}, "pt"),
        ({"LANGUAGE": "pt", "TASKFORCE_LANGUAGE": "fr"}, "fr"),
        ({"LANGUAGE": "en:fr"}, "en"),
        ({"LC_ALL": "C", "LANG": "fr"}, "en"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "km_KH.UTF-8"}, "en"),
        ({"TASKFORCE_LANGUAGE": "../fr"}, "en"),
        ({"TASKFORCE_LANGUAGE": "/etc"}, "en"),
    ],
)
def test_the_environment_names_the_language(
    variables: dict[str, str], language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert install() == language


def test_an_option_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKFORCE_LANGUAGE", "fr")
    assert install("pt-BR") == "pt_BR"


def test_a_catalogue_cut_anywhere_leaves_english_or_what_it_still_has(catalogues: Path) -> None:
    path = catalogues / "fr" / "LC_MESSAGES" / "taskforce.mo"
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        install("fr")
        assert _("record") in {"record", "dossier"}


def test_the_translator_is_looked_up_at_the_call() -> None:
    def speak() -> str:
        return _("record") + " " + ngettext("day", "days", 2)

    assert speak() == "record days"
    with use_translator(lambda message: f"⟦{message}⟧"):
        assert speak() == "⟦record⟧ ⟦days⟧"
    assert speak() == "record days"


@pytest.mark.parametrize(
    ("language", "imported"), [("en_US.UTF-8", False), ("km_KH.UTF-8", False), ("fr_FR.UTF-8", True)]
)
def test_only_a_catalogue_costs_the_import_of_gettext(
    catalogues: Path, language: str, imported: bool
) -> None:
    program = (
        "import sys; from taskforce import i18n; i18n.FOLDER = sys.argv[1]; i18n.install();"
        "print('gettext' in sys.modules)"
    )
    environment = {"LANG": language, "PYTHONPATH": os.pathsep.join(sys.path), "PATH": os.environ["PATH"]}
    done = subprocess.run(
        [sys.executable, "-c", program, str(catalogues)],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == str(imported)
