"""Texts that are marked for translation, and looked up in the reader's language."""

from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path

from babel import Locale
from babel.support import NullTranslations, Translations
from flask import Flask, Request
from flask_babel import Babel, gettext
from flask_babel import ngettext as _flask_ngettext

from portal.translations import N_

# `N_` belongs beside `_`, though plain modules need it as well.
__all__ = [
    "CATALOGUES",
    "LANGUAGES",
    "LANGUAGE_COOKIE",
    "N_",
    "_",
    "direction",
    "init_app",
    "language_name",
    "language_names",
    "locale_name",
    "ngettext",
    "set_language",
    "set_locale",
    "territory",
    "translated",
    "translated_once",
]  # fmt: skip

CATALOGUES = Path(__file__).parent.parent.parent / "translations"
#: The texts in the code are English. Each catalogue adds a language.
LANGUAGES = ("en", *sorted(path.parent.name for path in CATALOGUES.glob("*/LC_MESSAGES")))
#: A reader's choice outranks what the browser asks for.
LANGUAGE_COOKIE = "language"
_BY_TAG = {language.lower(): language for language in LANGUAGES}

#: The locale of the current request, one of LANGUAGES. A page looks up hundreds of texts, and a
#: context variable is faster than asking Flask-Babel each time.
_locale: ContextVar[str] = ContextVar("locale", default=LANGUAGES[0])


def init_app(app: Flask) -> None:
    # Flask-Babel must use the same locale, because _translate caches what it answers.
    Babel(app, locale_selector=_locale.get)
    app.jinja_env.globals["_"] = _


def _preferred_language(asked: Request) -> str:
    """The reader's first choice among our languages. Werkzeug's `best_match` would choose `de`
    for `en-GB, de;q=0.9`, because it prefers an exact match."""
    for tag, quality in asked.accept_languages:
        locale = tag.lower().replace("-", "_")
        for language in (locale, locale.partition("_")[0]):
            if quality > 0 and language in _BY_TAG:
                return _BY_TAG[language]
    return LANGUAGES[0]


def _(text: str, /, **values: object) -> str:
    """`text` in the reader's language, with its `%(name)s` filled in."""
    translated = translated_once(_locale.get(), text)
    return translated % values if values else translated


@lru_cache(4096)
def translated_once(locale: str, text: str) -> str:
    """`text` in the language of the request, which is `locale`. All texts are written in our code,
    so the number of them is limited."""
    # gettext is slow.
    del locale
    return str(gettext(text))


def translated(language: str, text: str) -> str:
    """`text` in one of `LANGUAGES`, whatever the reader's is."""
    return _catalogue(language).gettext(text)


@lru_cache
def _catalogue(language: str) -> NullTranslations:
    return Translations.load(CATALOGUES, [language])


def ngettext(one: str, many: str, number: int) -> str:
    """As `_`, in the form that this number needs, with its `%(num)d` filled in."""
    return str(_flask_ngettext(one, many, number))


def territory(region: str) -> str:
    """The name of a country in the reader's language; its two letters if there is no name."""
    return str(_babel_locale(_locale.get()).territories.get(region, region))


def language_name(locale: str) -> str:
    """The name of a language in the reader's language: `German`. A locale without a name stays."""
    return _language_name(locale, _locale.get()) if locale in LANGUAGES else locale


@lru_cache
def _language_name(locale: str, reader: str) -> str:
    """`locale`: one of `LANGUAGES`, and so is `reader`."""
    return Locale.parse(locale).get_display_name(_babel_locale(reader)) or locale


def script_name(code: str) -> str:
    """The name of a script by its code of ISO 15924, in the reader's language: `Cyrl`, Cyrillic."""
    return str(_babel_locale(_locale.get()).scripts.get(code, code))


@lru_cache
def _babel_locale(language: str) -> Locale:
    """`language`: one of `LANGUAGES`. Flask-Babel looks it up for each request, by six calls."""
    return Locale.parse(language)


def set_locale(asked: Request, *, for_program: bool) -> None:
    """Set the locale of the request; to be called first. Programs always get English, because
    they may compare texts."""
    if for_program:
        _locale.set(LANGUAGES[0])
        return
    environ = asked.environ
    chosen = asked.cookies.get(LANGUAGE_COOKIE) if "HTTP_COOKIE" in environ else None
    if chosen not in LANGUAGES:
        chosen = _preferred_language(asked) if "HTTP_ACCEPT_LANGUAGE" in environ else LANGUAGES[0]
    _locale.set(chosen)


def set_language(language: str) -> None:
    """Answer this request in one of `LANGUAGES`."""
    _locale.set(language)


@lru_cache
def language_names() -> tuple[tuple[str, str], ...]:
    """Each language: its locale, and its name in itself."""
    return tuple(
        (language, (Locale.parse(language).get_display_name() or language).capitalize())
        for language in LANGUAGES
    )


def locale_name() -> str:
    """The locale of the request, like `en`."""
    return _locale.get()


def direction() -> str:
    """The writing direction of the reader's language: `ltr` or `rtl`."""
    return _direction(_locale.get())


@lru_cache
def _direction(locale: str) -> str:
    return str(Locale.parse(locale).text_direction)
