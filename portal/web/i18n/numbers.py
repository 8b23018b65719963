"""Numbers as the reader's language writes them. Babel is slow, so results are cached."""

from functools import lru_cache

from babel.numbers import format_decimal

from portal.web.i18n.translation import locale_name


def format_number(number: int) -> str:
    """`10,000` in English, `10.000` in German."""
    return _format(number, locale_name())


@lru_cache(4096)
def _format(number: int, locale: str) -> str:
    return str(format_decimal(number, locale=locale))
