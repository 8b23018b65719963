"""The words of mails in the language of the sign-up. Nobody's browser is there to be asked."""

from datetime import datetime
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from babel.support import NullTranslations, Translations

from portal.day_texts import day_in_zone, day_text

_CATALOGUES = Path(__file__).parents[2] / "translations"
_ENGLISH = "en"


class Words:
    """Looks up texts in one language. Views name it `_`, so that the catalogues find the texts."""

    def __init__(self, locale: str) -> None:
        self.locale, self._catalogue = _loaded(locale)

    def __call__(self, text: str, /, **values: object) -> str:
        translated = str(self._catalogue.gettext(text))
        return translated % values if values else translated

    def day(self, instant: datetime, zone: ZoneInfo) -> str:
        """`31 December 2026` as the date is in `zone`."""
        return day_text(instant, zone, self.locale)

    def day_in_zone(self, instant: datetime, zone: ZoneInfo) -> str:
        """`31 December 2026 (Europe/Berlin)`."""
        return day_in_zone(instant, zone, self.locale)


@lru_cache(32)
def _loaded(locale: str) -> tuple[str, NullTranslations]:
    """The language and its catalogue; English for a language that there is none for."""
    if locale.isidentifier() and (_CATALOGUES / locale / "LC_MESSAGES").is_dir():
        return locale, Translations.load(_CATALOGUES, [locale])
    return _ENGLISH, NullTranslations()
