"""Words, marked for translation and looked up in the reader's language."""

from typing import cast

from flask import Flask, request
from flask_babel import Babel, get_locale, gettext, lazy_gettext

#: The languages that there are catalogues for; the words in the code are English.
LANGUAGES = ("en",)


def init_app(app: Flask) -> None:
    def best() -> str:
        return request.accept_languages.best_match(LANGUAGES) or LANGUAGES[0]

    Babel(app, locale_selector=best)


def _(text: str, **values: object) -> str:
    """`text` in the reader's language, with its `%(name)s` filled in."""
    return str(gettext(text, **values))


def _l(text: str) -> str:
    """As `_`, looked up when it is shown: for words that stand outside of a request."""
    return cast(str, lazy_gettext(text))


def territory(region: str) -> str:
    """A country's name in the reader's language; its two letters if it has none."""
    locale = get_locale()
    return str(locale.territories.get(region, region) if locale else region)


def locale_name() -> str:
    """Like `en` or `de_AT`."""
    return str(get_locale() or LANGUAGES[0])
