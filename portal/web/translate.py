"""Words, marked for translation and looked up in the reader's language."""

from contextvars import ContextVar
from functools import lru_cache

from flask import Flask, request
from flask_babel import Babel, get_locale, gettext

#: The languages that there are catalogues for; the words in the code are English.
LANGUAGES = ("en",)


#: The reader's locale, like `en` or `de_AT`. Words are looked up hundreds of times a page.
_locale: ContextVar[str] = ContextVar("locale", default=LANGUAGES[0])


def init_app(app: Flask) -> None:
    def best() -> str:
        return request.accept_languages.best_match(LANGUAGES) or LANGUAGES[0]

    Babel(app, locale_selector=best)
    app.jinja_env.globals["_"] = _


def _(text: str, **values: object) -> str:
    """`text` in the reader's language, with its `%(name)s` filled in."""
    word = _word(_locale.get(), text)
    return word % values if values else word


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


def remember_locale() -> None:
    """To be called once as a request begins, before anything is put into words."""
    asked = "HTTP_ACCEPT_LANGUAGE" in request.environ
    _locale.set(str(get_locale() or LANGUAGES[0]) if asked else LANGUAGES[0])


def locale_name() -> str:
    """The reader's locale, like `en` or `de_AT`."""
    return _locale.get()
