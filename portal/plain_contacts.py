"""Contact details that are plainly right: what the libraries make of them, in a twentieth of their
time. An import of many rows spends a third of a plan in the libraries otherwise.

Everything else goes to them. Tests compare both, so an update of a library that changes one of
these answers fails a test.
"""

import re
from functools import lru_cache

import phonenumbers
from email_validator import SPECIAL_USE_DOMAIN_NAMES

#: A number with its country code, in digits and the signs that people put between them: no label,
#: no extension, and nothing at its ends that would have to be cut off.
_PLAIN = re.compile(r"\+[1-9][\d ()./-]*\d", re.ASCII)
_NO_DIGITS = dict.fromkeys(map(ord, "+ ()./-"))
_LONGEST_COUNTRY_CODE = 3
#: Domains that the library accepts and returns unchanged, unless they are for a special use. It
#: looks closer at those with two hyphens, which may be Punycode.
_PLAIN_DOMAIN = re.compile(
    r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?:[a-z0-9][a-z0-9-]{0,61})?[a-z]", re.ASCII
)
_DOMAIN_LENGTH = 253
_SPECIAL_DOMAINS = tuple(f".{name}" for name in SPECIAL_USE_DOMAIN_NAMES)


def is_plain_domain(domain: str) -> bool:
    """Whether the library returns the domain unchanged. Fast, but false for some such domains
    too."""
    return (
        len(domain) <= _DOMAIN_LENGTH
        and "--" not in domain
        and _PLAIN_DOMAIN.fullmatch(domain) is not None
        and not domain.endswith(_SPECIAL_DOMAINS)
    )


class _NumberingPlan:
    """What the library knows of the numbers of one country code.

    lengths: of numbers that are complete.
    national_prefix: begins numbers from which the library may cut something off; `None` if there
        are none.
    """

    __slots__ = ("lengths", "national_prefix")

    def __init__(self, country_code: int) -> None:
        region = phonenumbers.COUNTRY_CODE_TO_REGION_CODE[country_code][0]
        metadata = phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(
            country_code, region
        )
        general = metadata.general_desc if metadata else None
        lengths = frozenset((general and general.possible_length) or ())
        self.lengths = lengths.difference((general and general.possible_length_local_only) or ())
        prefix = metadata.national_prefix_for_parsing if metadata else None
        self.national_prefix = re.compile(prefix) if prefix else None


@lru_cache(1000)
def _plan_of(digits: str) -> tuple[int, _NumberingPlan | None]:
    """The length of the country code with which these digits begin, and its numbering plan; `None`
    if no country has it. No country code is the beginning of another one."""
    for length in range(1, _LONGEST_COUNTRY_CODE + 1):
        if int(digits[:length]) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
            return length, _NumberingPlan(int(digits[:length]))
    return 0, None


def plain_e164(typed: str) -> str | None:
    """The number in E.164, of a text that is plainly one with a country code and without an
    extension; `None` for all others."""
    if not _PLAIN.fullmatch(typed):
        return None
    digits = typed.translate(_NO_DIGITS)
    length, plan = _plan_of(digits[:_LONGEST_COUNTRY_CODE])
    if plan is None:
        return None
    number = digits[length:]
    # Of a number of zeros alone the library keeps the text.
    if len(number) not in plan.lengths or not number.strip("0"):
        return None
    if plan.national_prefix and plan.national_prefix.match(number):
        return None
    return f"+{digits}"
