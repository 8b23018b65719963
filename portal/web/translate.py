"""Words, marked for translation and looked up in the reader's language."""

from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path

from flask import Flask, request
from flask_babel import Babel, get_locale, gettext

from portal.imports.sentences import Sentence

CATALOGUES = Path(__file__).parent.parent / "translations"
#: The words in the code are English; another language is there as soon as its catalogue is.
LANGUAGES = ("en", *sorted(path.name for path in CATALOGUES.iterdir() if path.is_dir()))

#: The reader's locale, like `en` or `de_AT`. Words are looked up hundreds of times a page.
_locale: ContextVar[str] = ContextVar("locale", default=LANGUAGES[0])


def init_app(app: Flask) -> None:
    Babel(app, locale_selector=_best)
    app.jinja_env.globals["_"] = _


def _best() -> str:
    """The first that the reader asks for and that is here. Werkzeug's `best_match` takes `de` for
    a reader of `en-GB, de;q=0.9`, since that one is there to the letter."""
    asked = (tag.partition("-")[0].lower() for tag in request.accept_languages.values())
    return next((tag for tag in asked if tag in LANGUAGES), LANGUAGES[0])


def _(text: str, /, **values: object) -> str:
    """`text` in the reader's language, with its `%(name)s` filled in."""
    word = _word(_locale.get(), text)
    return word % values if values else word


def said(sentence: Sentence) -> str:
    """A sentence about a file or its rows, in the reader's language."""
    values = {
        name: said(value) if isinstance(value, Sentence) else value
        for name, value in sentence.values.items()
    }
    return _(sentence.words, **values)


@lru_cache(4096)
def _word(locale: str, text: str) -> str:
    # Looking a word up costs more than most of what a page does with it. All texts are ours,
    # so there are only so many.
    del locale
    return str(gettext(text))


def N_(text: str) -> str:  # noqa: N802 - the name that catalogue tools look for
    """Marks words that stand outside of a request; `_` looks them up where they are shown."""
    return text


def territory(region: str) -> str:
    """A country's name in the reader's language; its two letters if it has none."""
    locale = get_locale()
    return str(locale.territories.get(region, region) if locale else region)


def remember_locale(*, for_program: bool) -> None:
    """To be called once as a request begins, before anything is put into words. Programs are
    answered in English: their words are promises."""
    asked = "HTTP_ACCEPT_LANGUAGE" in request.environ and not for_program
    _locale.set(str(get_locale() or LANGUAGES[0]) if asked else LANGUAGES[0])


def locale_name() -> str:
    """The reader's locale, like `en` or `de_AT`."""
    return _locale.get()
