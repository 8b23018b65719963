"""Contact details that are read without the libraries, held to what the libraries make of them."""

from random import Random

import phonenumbers
import pytest
from email_validator import EmailNotValidError, validate_email

from portal.contact_readers import phone_by_library, read_phone
from portal.phone_numbers import Phone
from portal.plain_contacts import is_plain_domain, plain_e164

_LABELS = ("a", "z9", "0", "x-y", "-a", "b-", "a--b", "xn--a", "A", "\u00fc", "c_d", "e" * 63,
           "f" * 64, "", "muster")  # fmt: skip
_ENDS = ("com", "example", "de", "a1", "1a", "x-y", "c", "1", "local", "test", "onion", "arpa",
         "invalid", "localhost", "nolocal", "museum", "DE", "")  # fmt: skip


def all_of(phone: Phone | None) -> tuple[object, ...]:
    assert phone is not None
    return (
        phone.typed, phone.e164, phone.extension, phone.international, phone.region,
        phone.is_assumed, phone.in_use,
    )  # fmt: skip


@pytest.mark.parametrize("country_code", phonenumbers.COUNTRY_CODE_TO_REGION_CODE)
def test_a_plain_number_is_what_the_library_makes_of_it(country_code):
    random = Random(country_code)
    for length in range(1, 18):
        for first in "0123456789":
            digits = first + "".join(random.choices("0123456789", k=length - 1))
            at = random.randrange(length)
            sign = random.choice(("", " ", "-", " (", "/", ".", ") ", " - "))
            text = f"+{country_code}{random.choice(('', ' '))}{digits[:at]}{sign}{digits[at:]}"
            number = plain_e164(text)
            if number is not None:
                # With a country code, the reader's own country does not matter.
                by_library = phone_by_library(text, random.choice(("", "DE", "IT", "US", "RU")))
                assert (by_library.e164, by_library.extension) == (number, ""), text
                if length % 4 == 0:
                    assert all_of(read_phone(text, "DE")) == all_of(by_library), text


@pytest.mark.parametrize(
    "text",
    [
        "+49 30 1234567", "+49 (30) 123-4567", "+1 415.555.2671", "+39 06 12345678",
        "+800 1234 5678",
    ],
)  # fmt: skip
def test_numbers_as_people_write_them_are_plain(text):
    assert plain_e164(text) == "+" + "".join(c for c in text if c.isdigit())


@pytest.mark.parametrize(
    "text",
    [
        "", "+", "+49", "030 1234567", "0049 30 1234567", "+49 30 1234567 ext. 5",
        "+49 (0)30 12345", "+49 30 1234567-", " +49 30 1234567", "+49 30 1234567\n",
        "++49 30 1234567",
        "+999 1234567", "+49 00000000", "+49\u00a030 1234567", "+49 30 \u0661234567",
        "+1 800 FLOWERS", "+49 3,0 1234",
    ],
)  # fmt: skip
def test_everything_else_is_left_to_the_library(text):
    assert plain_e164(text) is None


def test_a_plain_domain_is_what_the_library_makes_of_it():
    random = Random(1)
    found = 0
    for end in _ENDS:
        for _ in range(150):
            domain = ".".join((*random.choices(_LABELS, k=random.randrange(4)), end))
            if is_plain_domain(domain):
                found += 1
                address = f"a@{domain}"
                assert validate_email(address, check_deliverability=False).normalized == address
    assert found > 100


@pytest.mark.parametrize("domain", ["firma.de", "mail.muster-haustechnik.example", "t-online.de"])
def test_usual_domains_are_plain(domain):
    assert is_plain_domain(domain)


@pytest.mark.parametrize(
    "domain",
    [
        "de", "a.test", "a.local", "a.b.localhost", "a.onion", "-a.de", "a-.de", "a..de", ".de",
        "a.1", "a.d1", f"{'a' * 64}.de", ".".join(["a" * 60] * 5), "a.de\n", "ab--c.de",
    ],
)  # fmt: skip
def test_domains_that_the_library_refuses_are_not_plain(domain):
    with pytest.raises(EmailNotValidError):
        validate_email(f"a@{domain}", check_deliverability=False)
    assert not is_plain_domain(domain)


@pytest.mark.parametrize("domain", ["Firma.de", "xn--mnchen-3ya.de", "f\u00fc.de"])
def test_domains_that_the_library_writes_in_another_way_are_not_plain(domain):
    assert not is_plain_domain(domain)
