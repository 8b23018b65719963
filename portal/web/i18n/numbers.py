"""Numbers in the reader's way of writing. Babel is slow, so what repeats is kept."""

from functools import lru_cache

from babel.numbers import format_decimal

from portal.web.i18n.translation import locale_name


def format_number(number: int) -> str:
    """`10,000`, or `10.000` where people write it so."""
    return _written(number, locale_name())


@lru_cache(4096)
def _written(number: int, locale: str) -> str:
    return str(format_decimal(number, locale=locale))
