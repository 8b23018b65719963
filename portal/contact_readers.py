"""Reads contact details that people typed: returns a normalised value, or raises a named problem.

The forms of customers and staff, the commands and the import all use these readers. Pages and
reports have a text for each problem. The length is checked before anything is parsed, since
a very long text makes the parsers slow.
"""

import re
import unicodedata
from contextlib import suppress
from difflib import get_close_matches
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from portal.contact_fields import EMAIL_LENGTH, PHONE_LENGTH
from portal.phone_numbers import Phone, has_letters, is_vanity, lacks_country, plain_notation
from portal.plain_contacts import is_plain_domain, plain_e164

#: Maximum length of names outside the contact form: of accounts, companies and clients.
NAME_LENGTH = 200
#: Invisible characters in the categories of letters and symbols.
_FILLERS = frozenset("\u115f\u1160\u3164\uffa0\u2800")
#: Persian and several Indian scripts need these two inside words.
_JOINERS = frozenset("\u200c\u200d")
#: Characters that come along with pasted text and mean nothing in a line: soft hyphen, zero-width
#: space, marks of direction, word joiner, byte order mark.
_MEANINGLESS = "\u00ad\u200b\u200e\u200f\u202a\u202c\u2060\ufeff"
_DROP_MEANINGLESS = dict.fromkeys(map(ord, _MEANINGLESS))
#: Marks that some programs put around what is copied. Inside a text they change its direction.
_MARKS_AROUND = "\u202b\u2066\u2067\u2068\u2069"
_AROUND = _MARKS_AROUND + "".join(filter(str.isspace, map(chr, range(0x3001))))
_LINE_BREAKS = frozenset("\n\r\x0b\x0c\x85\u2028\u2029")
_DIRECTIONS = frozenset(_MARKS_AROUND + "\u202d\u202e")
_CONTROL_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})
#: Printable characters that do not show: a text of these alone is empty.
_INVISIBLE = frozenset({" ", *_FILLERS})
#: Local parts that the library accepts and returns unchanged. Without capitals, since it turns
#: those of a few well-known names into lower case.
_PLAIN_LOCAL = re.compile(r"[a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*", re.ASCII)
_LOCAL_LENGTH = 64
_COMMON_DOMAINS = (
    "gmail.com",
    "googlemail.com",
    "outlook.com",
    "hotmail.com",
    "yahoo.com",
    "icloud.com",
    "gmx.de",
    "gmx.net",
    "web.de",
    "t-online.de",
    "freenet.de",
    "live.com",
)


class Problem(StrEnum):
    """What is wrong with one value."""

    MISSING = "missing"
    TOO_LONG = "too_long"
    CHARACTERS = "characters"
    LINE_BREAK = "line_break"
    TAB = "tab"
    DIRECTION = "direction"
    EMAIL = "email"
    PHONE = "phone"
    PHONE_TOO_SHORT = "phone_too_short"
    PHONE_TOO_LONG = "phone_too_long"
    PHONE_COUNTRY = "phone_country"
    PHONE_NO_COUNTRY = "phone_no_country"
    PHONE_REMARK = "phone_remark"
    ID = "id"
    CLUSTER = "cluster"
    DATE = "date"
    CHOICE = "choice"


class ProblemError(ValueError):
    """A value is refused because of `problem`."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.value)
        self.problem = problem


def read_line(text: str, *, most: int, required: bool = True) -> str:
    """One line of text, in NFC, without spaces around it. `most`: the maximum length.

    Invisible characters that mean nothing are dropped. Control characters, line ends and
    characters that change the direction of text are refused. Two joiners are accepted where a
    script needs them.

    Raises:
        ProblemError: Nothing visible but required, too long, or characters that are refused.
    """
    if is_plain_line(text, most):
        return text
    return _check(text, most=most, required=required, allowed="")


def is_plain_line(text: str, most: int) -> bool:
    """Whether `read_line` returns the text unchanged. Fast, but false for some such texts too."""
    # Printable text has no control characters, no characters that change the direction of text,
    # and no spaces but the ASCII one.
    return (
        0 < len(text) <= most
        and text.isprintable()
        and text[0] not in _INVISIBLE
        and text[-1] != " "
        and (text.isascii() or unicodedata.is_normalized("NFC", text))
    )


def read_text(text: str, *, most: int, required: bool = False) -> str:
    """As `read_line`, but line ends are accepted, and become `\\n`.

    Raises:
        ProblemError: As in `read_line`.
    """
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    return _check(plain, most=most, required=required, allowed="\n")


def _check(text: str, *, most: int, required: bool, allowed: str) -> str:
    if len(text) > 4 * most:
        raise ProblemError(Problem.TOO_LONG)
    line = unicodedata.normalize("NFC", without_meaningless(text))
    if not any(_is_visible(c) for c in line):
        if any(unicodedata.category(c) in {"Cc", "Cs"} for c in line):
            raise ProblemError(Problem.CHARACTERS)
        if required:
            raise ProblemError(Problem.MISSING)
        return ""
    if len(line) > most:
        raise ProblemError(Problem.TOO_LONG)
    if not line.isascii() or not line.isprintable():
        refused = {"Cc", "Cf", "Cs", "Zl", "Zp"}
        for before, c in pairwise(f" {line}"):
            if (
                unicodedata.category(c) in refused
                and c not in allowed
                and not (c in _JOINERS and not before.isascii())
            ):
                # In a text of several lines it would be no help to call U+2028 a line break.
                raise ProblemError(Problem.CHARACTERS if allowed else _problem_of_character(c))
    return line


def without_meaningless(text: str) -> str:
    """The text without spaces around it, and without invisible characters that mean nothing."""
    if text.isascii():
        return text.strip()
    return text.translate(_DROP_MEANINGLESS).strip(_AROUND)


def _problem_of_character(c: str) -> Problem:
    if c in _LINE_BREAKS:
        return Problem.LINE_BREAK
    if c in _DIRECTIONS:
        return Problem.DIRECTION
    return Problem.TAB if c == "\t" else Problem.CHARACTERS


def _is_visible(c: str) -> bool:
    return c not in _FILLERS and unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Zs"}


def read_email(text: str) -> str:
    """The address, normalised, without invisible characters that mean nothing. No DNS query is
    made.

    Raises:
        ProblemError: Empty, longer than 254 characters, or not one plain address.
    """
    address = text.strip()
    if len(address) > 4 * EMAIL_LENGTH:
        raise ProblemError(Problem.TOO_LONG)
    address = without_meaningless(address)
    if not address:
        raise ProblemError(Problem.MISSING)
    if len(address) > EMAIL_LENGTH:
        raise ProblemError(Problem.TOO_LONG)
    if is_plain_email(address):
        return address
    local, at, domain = address.rpartition("@")
    if at and len(local) <= _LOCAL_LENGTH and _PLAIN_LOCAL.fullmatch(local):
        # Imports of a million rows have few domains, so checking each domain once saves time.
        # Other domains go the long way, where the whole address decides.
        with suppress(ProblemError):
            plain = _read_domain(domain)
            if len(local) + 1 + len(plain) <= EMAIL_LENGTH:
                return f"{local}@{plain}"
    return _validated_email(address)


def is_plain_email(text: str) -> bool:
    """Whether `read_email` returns the text unchanged. Fast, but false for some such texts too."""
    local, at, domain = text.rpartition("@")
    return (
        bool(at)
        and len(text) <= EMAIL_LENGTH
        and len(local) <= _LOCAL_LENGTH
        and _PLAIN_LOCAL.fullmatch(local) is not None
        and is_plain_domain(domain)
    )


def _validated_email(address: str) -> str:
    try:
        return validate_email(address, check_deliverability=False).normalized
    except EmailNotValidError as error:
        named = (_problem_of_character(c) for c in address if not c.isprintable())
        problem = next((each for each in named if each is not Problem.CHARACTERS), Problem.EMAIL)
        raise ProblemError(problem) from error


@lru_cache(4096)
def _read_domain(domain: str) -> str:
    """The domain, normalised.

    Raises:
        ProblemError: It is not ASCII, an address literal, or invalid. That is not kept: strangers
            make up as many such domains as they like.
    """
    if not domain.isascii() or domain.startswith("["):
        raise ProblemError(Problem.EMAIL)
    return _validated_email(f"a@{domain}").removeprefix("a@")


def likelier_email(address: str) -> str:
    """The address with a well-known domain in place of a similar one; empty if there is none."""
    local, _, domain = address.rpartition("@")
    close = get_close_matches(domain.casefold(), _COMMON_DOMAINS, n=1, cutoff=0.85)
    if not local or not close or domain.casefold() in _COMMON_DOMAINS:
        return ""
    return f"{local}@{close[0]}"


def read_phone(text: str, region: str = "") -> Phone | None:
    """The number; `None` if nothing was typed. `region` (two letters, or empty) is assumed if no
    country code was typed.

    Raises:
        ProblemError: Too long, or not a possible number.
    """
    if len(text) > 4 * PHONE_LENGTH:
        raise ProblemError(Problem.PHONE)
    # Numbers that were copied from an address book may have invisible characters around them.
    is_plain = text.isascii() and text.isprintable()
    visible = text if is_plain else "".join(c for c in text if unicodedata.category(c) != "Cf")
    typed = visible.strip()
    if not typed:
        return None
    # The parser skips any text around the number, even control characters.
    if len(typed) > PHONE_LENGTH:
        raise ProblemError(Problem.PHONE)
    if not is_plain and any(unicodedata.category(c) in _CONTROL_CATEGORIES for c in typed):
        raise ProblemError(Problem.PHONE)
    e164 = plain_e164(typed)
    if e164:
        return Phone(typed, e164)
    return phone_by_library(typed, region)


def phone_by_library(typed: str, region: str = "") -> Phone:
    """As `read_phone`, for a text without control characters that is neither empty nor too long.
    It asks the library also where a number is plain.

    Raises:
        ProblemError: Not a possible number.
    """
    digits, extension = plain_notation(typed)
    try:
        # The source of the country code is known only if the raw input is kept.
        number = phonenumbers.parse(digits, region or None, keep_raw_input=True)
    except phonenumbers.NumberParseException as error:
        problem = _PARSE_PROBLEMS.get(error.error_type, Problem.PHONE)
        raise ProblemError(_likelier_problem(problem, digits, region)) from error
    # The library skips letters at the end or reads them as on the keys of a telephone, so a valid
    # number is no proof that all of the text was read.
    if has_letters(digits) and not is_vanity(digits, number):
        raise ProblemError(_likelier_problem(Problem.PHONE, digits, region))
    number.extension = extension or number.extension
    possible = phonenumbers.is_possible_number_with_reason(number)
    if possible == phonenumbers.ValidationResult.IS_POSSIBLE:
        phone = Phone.of_number(number, typed)
        if phone.is_assumed and not phone.in_use and lacks_country(digits, region):
            raise ProblemError(Problem.PHONE_NO_COUNTRY)
        return phone
    emergency = not digits.startswith("+") and (number.national_number or 0) < 1000
    problem = Problem.PHONE if emergency else _POSSIBLE_PROBLEMS[possible]
    raise ProblemError(_likelier_problem(problem, digits, region))


def _likelier_problem(problem: Problem, digits: str, region: str) -> Problem:
    """A remark if there are letters besides digits; a missing country code if that is likelier
    than a wrong length."""
    if has_letters(digits):
        enough = sum(c.isdigit() for c in digits) >= 3
        return Problem.PHONE_REMARK if enough else Problem.PHONE
    lengths = {Problem.PHONE_TOO_SHORT, Problem.PHONE_TOO_LONG, Problem.PHONE_COUNTRY}
    if problem in lengths and region and lacks_country(digits, region):
        return Problem.PHONE_NO_COUNTRY
    return problem


def read_international_phone(text: str) -> tuple[str, str]:
    """The number in E.164 and its extension; both empty if the text is empty. For imported files,
    which have no region to assume.

    Raises:
        ProblemError: As in `read_phone`.
    """
    number = plain_phone(text)
    return (number, "") if number else _parsed_phone(text)


def plain_phone(text: str) -> str | None:
    """What `read_international_phone` returns for a plain number without an extension; `None` for
    other texts, also for some such numbers."""
    return plain_e164(text) if len(text) <= PHONE_LENGTH else None


@lru_cache(4096)
def _parsed_phone(text: str) -> tuple[str, str]:
    phone = read_phone(text)
    return (phone.e164, phone.extension) if phone else ("", "")


_PARSE_PROBLEMS = {
    phonenumbers.NumberParseException.TOO_SHORT_NSN: Problem.PHONE_TOO_SHORT,
    phonenumbers.NumberParseException.TOO_SHORT_AFTER_IDD: Problem.PHONE_TOO_SHORT,
    phonenumbers.NumberParseException.TOO_LONG: Problem.PHONE_TOO_LONG,
}
_POSSIBLE_PROBLEMS = {
    phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY: Problem.PHONE_TOO_SHORT,
    phonenumbers.ValidationResult.TOO_SHORT: Problem.PHONE_TOO_SHORT,
    phonenumbers.ValidationResult.TOO_LONG: Problem.PHONE_TOO_LONG,
    phonenumbers.ValidationResult.INVALID_LENGTH: Problem.PHONE_COUNTRY,
    phonenumbers.ValidationResult.INVALID_COUNTRY_CODE: Problem.PHONE,
}
