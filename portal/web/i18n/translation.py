"""Words, marked for translation and looked up in the reader's language."""

from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path

from babel import Locale
from flask import Flask, request
from flask_babel import Babel, get_locale, gettext

from portal.translations import N_

# `N_` belongs beside `_`, though plain modules need it as well.
__all__ = [
    "CATALOGUES", "LANGUAGES", "N_", "_", "direction", "init_app", "locale_name",
    "remember_locale", "territory",
]  # fmt: skip

CATALOGUES = Path(__file__).parent.parent.parent / "translations"
#: The words in the code are English; another language is there as soon as its catalogue is.
LANGUAGES = ("en", *sorted(path.parent.name for path in CATALOGUES.glob("*/LC_MESSAGES")))
_BY_TAG = {language.lower(): language for language in LANGUAGES}

#: The reader's locale, one of these. Words are looked up hundreds of times a page.
_locale: ContextVar[str] = ContextVar("locale", default=LANGUAGES[0])


def init_app(app: Flask) -> None:
    # The one answer for all that asks: a word is kept by it, and must not be another's.
    Babel(app, locale_selector=_locale.get)
    app.jinja_env.globals["_"] = _


def _best() -> str:
    """The first that the reader asks for and that is here. Werkzeug's `best_match` takes `de` for
    a reader of `en-GB, de;q=0.9`, since that one is there to the letter."""
    for tag, quality in request.accept_languages:
        asked = tag.lower().replace("-", "_")
        for language in (asked, asked.partition("_")[0]):
            if quality > 0 and language in _BY_TAG:
                return _BY_TAG[language]
    return LANGUAGES[0]


def _(text: str, /, **values: object) -> str:
    """`text` in the reader's language, with its `%(name)s` filled in."""
    word = _word(_locale.get(), text)
    return word % values if values else word


@lru_cache(4096)
def _word(locale: str, text: str) -> str:
    # Looking a word up costs more than most of what a page does with it. All texts are ours,
    # so there are only so many.
    del locale
    return str(gettext(text))


def territory(region: str) -> str:
    """A country's name in the reader's language; its two letters if it has none."""
    locale = get_locale()
    return str(locale.territories.get(region, region) if locale else region)


def remember_locale(*, for_program: bool) -> None:
    """To be called once as a request begins, before anything is put into words. Programs are
    answered in English: their words are promises."""
    asked = "HTTP_ACCEPT_LANGUAGE" in request.environ and not for_program
    _locale.set(_best() if asked else LANGUAGES[0])


def locale_name() -> str:
    """The reader's locale, like `en`."""
    return _locale.get()


def direction() -> str:
    """Which way the reader's language is written: `ltr` or `rtl`."""
    return _direction(_locale.get())


@lru_cache
def _direction(locale: str) -> str:
    return str(Locale.parse(locale).text_direction)
