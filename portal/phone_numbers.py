"""Phone numbers, and how people write them: extensions, letters for digits, `00` for `+`."""

import re
import unicodedata
from functools import cached_property, lru_cache
from typing import Self

import phonenumbers
from babel.core import get_global

#: Labels of an extension, in the languages of the portal and in those of its neighbours. The
#: library knows a few of them, and reads the letters of all others as digits.
_EXTENSION = re.compile(
    r"(?P<number>.*[\w)])[\s,;(/-]*"
    r"(?<![^\W\d_])(?:extensi[oó]n|extension|extn|ext|x|int|apparat|app|durchwahl|durchw|dw|klappe|kl"
    r"|nebenstelle|nst|poste|anexo|доб)[\s.:=-]*(?P<extension>\d{1,20})[\s)#]*",
    re.IGNORECASE,
)
#: A label in front of the number, and the scheme of a link.
_LABEL_IN_FRONT = re.compile(r"[\s(]*(?:tel|telefon|telephone|phone)\b[\s.:]*", re.IGNORECASE)
_DOUBLE_ZERO = re.compile(r"([\s(]*)00")
#: A prefix in digits, then letters to the end.
_VANITY = re.compile(r"[\s(]*\+?\d[\d\s().-]*(?P<word>[a-z][a-z\s.-]*)", re.IGNORECASE)
#: Kinds of numbers that companies have as words.
_VANITY_TYPES = frozenset(
    {
        phonenumbers.PhoneNumberType.TOLL_FREE,
        phonenumbers.PhoneNumberType.PREMIUM_RATE,
        phonenumbers.PhoneNumberType.SHARED_COST,
        phonenumbers.PhoneNumberType.UAN,
    }
)
_NORTH_AMERICA = 1
#: Languages of many countries: no country is implied, whichever has most of its speakers.
_LANGUAGES_OF_MANY_COUNTRIES = frozenset({"ar", "en", "es", "fr", "pt"})


class Phone:
    """A phone number.

    Attributes:
        typed: The text as it was typed, without invisible characters around it.
        e164: The number in E.164.
        extension: Digits, or empty.
        international: The number to show.
        region: Two letters, "001" for a number of no country, or empty.
        is_assumed: Whether the country was assumed, since no country code was typed.
        in_use: False if the country has no such number by the library's list, which may be out of
            date.
    """

    def __init__(self, typed: str, e164: str, extension: str = "") -> None:
        """A number that was typed with its country code."""
        self.typed = typed
        self.e164 = e164
        self.extension = extension

    @classmethod
    def of_number(cls, number: phonenumbers.PhoneNumber, typed: str) -> Self:
        """As the library has read it."""
        e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        phone = cls(typed, str(e164), str(number.extension or ""))
        phone._number = number
        return phone

    @cached_property
    def _number(self) -> phonenumbers.PhoneNumber:
        # Most numbers are only stored.
        return phonenumbers.parse(self.e164, keep_raw_input=True)

    @property
    def international(self) -> str:
        return str(
            phonenumbers.format_number(self._number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
        )

    @property
    def region(self) -> str:
        return str(
            phonenumbers.region_code_for_number(self._number)
            or phonenumbers.region_code_for_country_code(self._number.country_code or 0)
        )

    @property
    def is_assumed(self) -> bool:
        default = phonenumbers.CountryCodeSource.FROM_DEFAULT_COUNTRY
        return bool(self._number.country_code_source == default)

    @property
    def in_use(self) -> bool:
        return bool(phonenumbers.is_valid_number(self._number))


def plain_notation(typed: str) -> tuple[str, str]:
    """The number as the library reads it, and its extension, which may be empty.

    Digits of any script are ASCII ones, `00` is `+`, and a label in front is left out.
    """
    text = "".join(
        c if (digit := unicodedata.decimal(c, None)) is None else str(digit)
        for c in unicodedata.normalize("NFKC", typed)
    )
    text = _LABEL_IN_FRONT.sub("", text, count=1) if _LABEL_IN_FRONT.match(text) else text
    text = _DOUBLE_ZERO.sub(r"\1+", text, count=1) if _DOUBLE_ZERO.match(text) else text
    match = _EXTENSION.fullmatch(text)
    return (match["number"], match["extension"]) if match else (text, "")


def has_letters(number: str) -> bool:
    return any(c.isalpha() for c in number)


def is_vanity(text: str, number: phonenumbers.PhoneNumber) -> bool:
    """Whether `text`, which the library read as `number`, is a whole number with letters for
    digits, like `+1 800 FLOWERS`. A remark behind a number is none: `0800 1234567 App`."""
    match = _VANITY.fullmatch(text)
    if not match or not phonenumbers.is_valid_number(number):
        return False
    letters = sum(c.isalpha() for c in match["word"])
    before = len(str(number.national_number)) - letters
    if number.country_code == _NORTH_AMERICA:
        # Area code, or area code and exchange: all numbers there have ten digits.
        return bool(letters >= 4 and (before <= 4 or before == 6))
    return bool(before <= 4 and phonenumbers.number_type(number) in _VANITY_TYPES)


def lacks_country(number: str, region: str) -> bool:
    """Whether a number that does not fit the region it was read in seems to be another country's:
    it is one with `+` in front, or begins with a 0 that the region does not write."""
    digits = number.strip()
    if digits.startswith("+"):
        return False
    try:
        with_plus = phonenumbers.parse(f"+{digits.lstrip('(')}")
    except phonenumbers.NumberParseException:
        pass
    else:
        if phonenumbers.is_valid_number(with_plus):
            return True
    return digits.lstrip("(").startswith("0") and (
        phonenumbers.ndd_prefix_for_region(region, True) != "0"
    )


@lru_cache(256)
def country_of_language(tag: str) -> str:
    """The country that a language tag names (`de-AT`) or implies (`de`: Germany, by CLDR's likely
    subtags); empty if that is not one country with phone numbers."""
    language, *subtags = tag.replace("_", "-").split("-")
    language = language.lower()
    script = ""
    for subtag in subtags:
        if len(subtag) == 1:
            break  # An extension: the rest is about calendars and the like.
        if len(subtag) == 4 and subtag.isalpha():
            script = subtag.title()
        elif len(subtag) == 2 and subtag.isalpha():
            country = subtag.upper()
            return country if country in phonenumbers.SUPPORTED_REGIONS else ""
        elif len(subtag) == 3 and subtag.isdigit():
            return ""  # A part of the world, like Latin America.
    if language in _LANGUAGES_OF_MANY_COUNTRIES:
        return ""
    likely = get_global("likely_subtags")
    found = (script and likely.get(f"{language}_{script}")) or likely.get(language) or ""
    country = found.rpartition("_")[2]
    return country if country in phonenumbers.SUPPORTED_REGIONS else ""
