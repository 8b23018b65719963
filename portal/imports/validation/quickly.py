"""The same answers as `portal.contacts` gives, sooner: a million rows have few domains, and
most dates are written as the old application wrote them."""

import re
from datetime import datetime
from functools import lru_cache
from unicodedata import is_normalized

from portal import contacts
from portal.contacts import EMAIL_LENGTH, ProblemError
from portal.timestamps import to_instant, to_text

#: Local parts that mean themselves: no capitals, which a few well-known names would lose, and
#: nothing that the library would change or refuse.
_PLAIN = re.compile(r"[a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*", re.ASCII)
_LOCAL_LENGTH = 64
#: With a time and an offset: what else ISO 8601 knows does not name an instant.
_INSTANT = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?:Z|[+-]\d\d(?::?\d\d)?)", re.ASCII
)
_AS_WRITTEN = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)
_INSTANT_LENGTH = 40
#: They print, and yet a text of them alone is empty.
_INVISIBLE = frozenset(" \u115f\u1160\u3164\uffa0\u2800")


def read_email_fast(text: str) -> str:
    """As `contacts.read_email`. `ProblemError`."""
    address = text.strip()
    local, at, domain = address.rpartition("@")
    if at and len(address) <= EMAIL_LENGTH and len(local) <= _LOCAL_LENGTH:
        plain = _PLAIN.fullmatch(local) and _domain(domain)
        if plain and len(local) + 1 + len(plain) <= EMAIL_LENGTH:
            return f"{local}@{plain}"
    return contacts.read_email(text)


@lru_cache(4096)
def _domain(domain: str) -> str:
    """The domain, normalised; empty if it is not as plain as it has to be here."""
    if not domain.isascii() or domain.startswith("["):
        return ""
    try:
        return contacts.read_email(f"a@{domain}").removeprefix("a@")
    except ProblemError:
        return ""


@lru_cache(4096)
def read_phone_fast(text: str) -> tuple[str, str]:
    """The number as E.164, and its extension; both empty if nothing was typed. `ProblemError`."""
    phone = contacts.read_phone(text)
    return (phone.e164, phone.extension) if phone else ("", "")


def is_plain_line(text: str, most: int) -> bool:
    """Whether `contacts.read_line` would take it, and leave it as it is. Some are not seen."""
    # What prints holds neither controls nor characters that change the direction of text, and
    # no space but the usual one.
    return (
        0 < len(text) <= most
        and text.isprintable()
        and text[0] not in _INVISIBLE
        and text[-1] != " "
        and (text.isascii() or is_normalized("NFC", text))
    )


def read_instant(text: str) -> tuple[datetime | None, str]:
    """The instant that the text names, and its own text; `None` if it names none."""
    if _AS_WRITTEN.fullmatch(text):
        try:
            return datetime.fromisoformat(text), text
        except ValueError:
            return None, ""
    is_one = len(text) <= _INSTANT_LENGTH and _INSTANT.fullmatch(text)
    instant = to_instant(text) if is_one else None
    return instant, to_text(instant) if instant else ""
