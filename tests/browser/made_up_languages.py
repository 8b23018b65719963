"""Two languages that nobody speaks, made from the English words: one whose words are 30 % longer,
and one that is written from right to left.

They show what a page does to words that nobody has written yet. The product has neither; they stand
under the names of real ones, whose dates they take.
"""

import math
import re
import shutil
from pathlib import Path

from babel.messages import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from tests.serving import ROOT

#: Finnish for the long one, Hebrew for the one from right to left.
LONG, RIGHT_TO_LEFT = "fi", "he"

#: What is filled in, and tags: they stay as they are.
_KEPT = re.compile(r"(%\(\w+\)[sd]|%%|%[sd]|<[^>]*>|&\w+;)")
_WORD = re.compile(r"[A-Za-z]+")
_ACCENTS = str.maketrans("aeiouyAEIOUY", "äéïöüýÄÉÏÖÜÝ")
_HEBREW = str.maketrans("abcdefghijklmnopqrstuvwxyz", "אבכדהפגחיזקלמנוצרסשתטםעץךן")


def _longer(word: str) -> str:
    """Each word by itself, as in languages that join words: that is harder for a layout than more
    words."""
    more = math.ceil(0.3 * len(word))
    middle = len(word) // 2
    return f"{word[:middle]}{(word[middle:] * 2)[:more]}{word[middle:]}".translate(_ACCENTS)


def _mirrored(word: str) -> str:
    return word.lower().translate(_HEBREW)


def _said(text: str, locale: str) -> str:
    change = _longer if locale == LONG else _mirrored
    parts = _KEPT.split(text)
    return "".join(
        part if number % 2 else _WORD.sub(lambda found: change(found[0]), part)
        for number, part in enumerate(parts)
    )


def catalogue(locale: str) -> Catalog:
    """All words of the portal in this language."""
    with (ROOT / "portal/translations/de/LC_MESSAGES/messages.po").open("rb") as file:
        english = read_po(file)
    made = Catalog(locale=locale)
    for message in english:
        if isinstance(message.id, str):
            if message.id:
                made.add(message.id, _said(message.id, locale))
        else:
            plural = _said(message.id[1], locale)
            forms = (_said(message.id[0], locale), *[plural] * (made.num_plurals - 1))
            made.add(message.id, forms[: made.num_plurals])
    return made


def copy_with_languages(folder: Path) -> Path:
    """A copy of the package that has both languages."""
    root = folder / "copy"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "portal", root / "portal", ignore=ignored)
    for name in ("templates", "static"):
        (root / name).symlink_to(ROOT / name)
    for locale in (LONG, RIGHT_TO_LEFT):
        messages = root / "portal/translations" / locale / "LC_MESSAGES"
        messages.mkdir(parents=True, exist_ok=True)
        with (messages / "messages.mo").open("wb") as file:
            write_mo(file, catalogue(locale))
    return root
