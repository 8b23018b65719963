"""The catalogues hold every text of the pages, complete and translated."""

import ast
import gettext
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from string import punctuation

import pytest
from babel.messages import Catalog
from babel.messages.pofile import read_po

from portal.web.i18n.translation import CATALOGUES, LANGUAGES

ROOT = Path(__file__).parents[3]
OTHERS = LANGUAGES[1:]
#: What a text is looked up by.
LOOK_UPS = {"_", "N_", "Message", "gettext", "ngettext"}
#: English words that are none in German, and that hardly a sentence does without.
ENGLISH = re.compile(
    r"\b(the|you|your|we|and|then|that|this|these|of|to|is|are|it|has|have)\b", re.IGNORECASE
)
#: A sentence that begins without a space behind the one before.
GLUED = re.compile(r"[^\W\d_]{2}[.!?:;,][A-ZÄÖÜ][^\W\d_]")
TYPOGRAPHIC = punctuation.replace("%", "").replace("(", "").replace(")", "") + "…"


def catalogue(language: str) -> Catalog:
    with (CATALOGUES / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale=language)


@pytest.fixture(scope="module")
def in_the_code(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """As `make words` finds them."""
    path = tmp_path_factory.mktemp("words") / "words.pot"
    pybabel = [sys.executable, "-m", "babel.messages.frontend", "--quiet", "extract"]
    options = [
        "--mapping-file",
        "pyproject.toml",
        "--keywords",
        "N_",
        "--keywords",
        "Message",
        "--output-file",
        str(path),
    ]
    subprocess.run([*pybabel, *options, "."], cwd=ROOT, check=True)
    with path.open("rb") as file:
        return {_key(message.id) for message in read_po(file) if message.id}


def _key(id_: object) -> str:
    return id_[0] if isinstance(id_, tuple) else str(id_)


def _forms(text: str | Sequence[str | None] | None) -> list[str]:
    """The singular and the plural; a text without a plural has one form."""
    if text is None or isinstance(text, str):
        return [text or ""]
    return [each or "" for each in text]


def test_there_is_german():
    assert "de" in OTHERS


@pytest.mark.parametrize(
    ("english", "german"),
    [
        ("country code", "Ländervorwahl"),
        ("robot", "Roboter"),
        ("Ask for access", "fordern"),
    ],
)
def test_one_thing_has_one_word_in_german(english, german):
    texts = {_key(message.id): _forms(message.string)[0] for message in catalogue("de")}
    about_it = {id_: text for id_, text in texts.items() if english in id_}
    assert len(about_it) > 1
    for id_, text in about_it.items():
        assert german.lower() in text.lower(), id_


@pytest.mark.parametrize("language", OTHERS)
def test_every_word_of_the_pages_is_there_and_no_other(language, in_the_code):
    found = {_key(message.id) for message in catalogue(language) if message.id}
    assert found == in_the_code, "`make words` brings the catalogues up to date."


@pytest.mark.parametrize("language", OTHERS)
def test_every_word_is_translated_and_says_the_same(language):
    wrong = []
    for message in catalogue(language):
        if not message.id:
            continue
        ids, strings = _forms(message.id), _forms(message.string)
        whole = all(strings) and not message.fuzzy and not list(message.check())
        if not whole or not all(map(_ends_alike, ids, strings)):
            wrong.append(message.id)
    assert wrong == []


def _ends_alike(text: str, translated: str) -> bool:
    """Whether both end with the same mark and begin alike: they are put together with others."""
    fingerprints = [each.strip()[-1:] for each in (text, translated)]
    ends = [mark if mark in TYPOGRAPHIC else "" for mark in fingerprints]
    return ends[0] == ends[1] and text.startswith(" ") == translated.startswith(" ")


def test_german_holds_no_english_and_no_sentence_is_glued_to_another() -> None:
    wrong = {
        text
        for message in catalogue("de")
        if message.id
        for text in _forms(message.string)
        if ENGLISH.search(text) or GLUED.search(text)
    }
    assert wrong == set()


def test_no_text_is_looked_up_inside_an_f_string() -> None:
    """`make words` does not look there, so such a text would stay in English."""
    inside = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path in sorted((ROOT / "portal").rglob("*.py"))
        for text in ast.walk(ast.parse(path.read_text()))
        if isinstance(text, ast.JoinedStr)
        for call in ast.walk(text)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name | ast.Attribute)
        and (call.func.id if isinstance(call.func, ast.Name) else call.func.attr) in LOOK_UPS
    ]
    assert inside == []


@pytest.mark.parametrize("language", OTHERS)
def test_what_the_portal_reads_is_what_people_translated(language):
    with (CATALOGUES / language / "LC_MESSAGES" / "messages.mo").open("rb") as file:
        read = gettext.GNUTranslations(file)
    for message in catalogue(language):
        if message.id and message.pluralizable:
            singular, plural = _forms(message.id)
            translated = [read.ngettext(singular, plural, n) for n in (1, 2)]
            assert translated == _forms(message.string)
        elif message.id:
            assert read.gettext(str(message.id)) == message.string, "Run `make words`."
