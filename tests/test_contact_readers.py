"""Contact details as people type them: accepted, corrected, or refused with a named problem."""

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.contact_fields import EMAIL_LENGTH
from portal.contact_readers import (
    Problem,
    ProblemError,
    likelier_email,
    read_email,
    read_line,
    read_phone,
    read_text,
)


def company(text: str) -> str:
    return read_line(text, most=200)


def problem_of(reader, text: str, *more: str) -> Problem | None:
    try:
        reader(text, *more)
    except ProblemError as error:
        return error.problem
    return None


def seconds(reader, text: str) -> float:
    """The shortest processor time of three readings, accepted or refused."""
    durations = []
    for _ in range(3):
        start = time.process_time()
        problem_of(reader, text)
        durations.append(time.process_time() - start)
    return min(durations)


# ---- A line: company and name


@pytest.mark.parametrize(
    "text",
    [
        "", " ", " \t ", "\u200b", "\u3164", "\u200b \u3164", "\ufeff", "\u2060", "\u00ad",
        "\u2800", "\u115f\u1160\uffa0", "\u00a0\u3000", "\u202e", "\u200d", "\n", "\u2028",
    ],
)  # fmt: skip
def test_a_company_without_visible_characters_is_missing(text):
    assert problem_of(company, text) is Problem.MISSING
    assert read_line(text, most=200, required=False) == ""


@pytest.mark.parametrize(
    "text",
    [
        "Ac\x00me", "Ac\x1bme", "Ac\x7fme", "Ac\ud800me", "\x00", "\x00 ", "\ud800",
        "Ac\U000e0041me", "Acme\x00", "\x00Acme",
    ],
)  # fmt: skip
def test_characters_that_cannot_be_used_are_refused(text):
    assert problem_of(company, text) is Problem.CHARACTERS
    assert problem_of(lambda t: read_line(t, most=200, required=False), text) is Problem.CHARACTERS


@pytest.mark.parametrize(
    ("char", "problem"),
    [(c, Problem.LINE_BREAK) for c in ("\r", "\n", "\r\n", "\x0b", "\x85", "\u2028", "\u2029")]
    + [(c, Problem.DIRECTION) for c in "\u202b\u202d\u202e\u2066\u2067\u2068\u2069"]
    + [("\t", Problem.TAB)],
)
def test_what_is_refused_is_named(char, problem):
    assert problem_of(company, f"Ac{char}me") is problem
    assert problem_of(read_email, f"a{char}b@ex.org") is problem


@pytest.mark.parametrize("char", "\u00ad\u200b\u200e\u200f\u202a\u202c\u2060\ufeff")
def test_invisible_characters_that_mean_nothing_are_dropped(char):
    assert company(f"{char} {char}Ac{char}me {char}") == "Acme"
    assert read_text(f"Ac{char}me\n{char}Lifts{char}", most=99) == "Acme\nLifts"
    assert read_email(f"{char}a{char}@e{char}x.org {char}") == "a@ex.org"
    assert problem_of(company, char * 3) is Problem.MISSING
    assert problem_of(read_email, char * 3) is Problem.MISSING


@pytest.mark.parametrize("pair", ["\u202a\u202c", "\u202b\u202c", "\u2066\u2069", "\u2068\u2069"])
def test_marks_around_copied_text_are_dropped(pair):
    assert company(f" {pair[0]}Acme{pair[1]} ") == "Acme"
    assert read_email(f"{pair[0]} a@ex.org{pair[1]}") == "a@ex.org"


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        '<div hx-post="/x/activate" hx-trigger=load>',
        "=cmd|'/c calc'!A1",
        "=?utf-8?q?a=0d=0aBcc:_x@y?=",
        "{{7*7}}", "${7*7}", "%s%n", "'; DROP TABLE tenants; --", "../../etc/passwd", "null", "0",
        "Müller & Söhne", "株式会社", "Ремонт", "شركة", "Łódź", "🛗 Lifts", "#1 Elevators", "a_b",
        "👩‍🔧 Repairs", "e\u0301clair", "㈱ \ufb01re Ⅷ ＡＢ",
    ],
)  # fmt: skip
def test_text_that_looks_like_code_is_kept(text):
    assert company(text) == unicodedata.normalize("NFC", text)


def test_a_decomposed_name_is_composed():
    assert company("Mu\u0308ller") == "M\u00fcller"


def test_spaces_around_a_name_are_not_part_of_it():
    assert company("  Meyer  Lifts \u00a0") == "Meyer  Lifts"


@pytest.mark.parametrize(
    "text",
    [
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",  # Persian
        "\u0915\u094d\u200d\u0937",  # Devanagari
        "\u0dc1\u0dca\u200d\u0dbb\u0dd3",  # Sinhala
        "\U0001f469\u200d\U0001f527",  # one picture made of two
    ],
)
def test_joiners_are_accepted_where_a_script_needs_them(text):
    assert company(text) == text


@pytest.mark.parametrize(
    "text", ["Ac\u200cme", "Ac\u200dme", "\u200cAcme", "A \u200dme", "1\u200d2"]
)
def test_joiners_are_refused_where_no_script_needs_them(text):
    assert problem_of(company, text) is Problem.CHARACTERS


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("x" * 200, None),
        ("x" * 201, Problem.TOO_LONG),
        ("  " + "x" * 200 + "  ", None),
        ("u\u0308" * 200, None),
        ("u\u0308" * 201, Problem.TOO_LONG),
        ("x" * 801, Problem.TOO_LONG),
        (" " * 801, Problem.TOO_LONG),
        ("🛗" * 200, None),
    ],
)
def test_the_length_of_a_name_is_measured_after_normalising(text, problem):
    assert problem_of(company, text) is problem


@pytest.mark.parametrize("unit", ["x", " ", "\u200b", "\x00", "u\u0308", "\ufdfa", "\u0345"])
def test_a_megabyte_is_refused_in_less_than_50_milliseconds(unit):
    text = unit * (1_000_000 // len(unit.encode()))
    assert problem_of(company, text) is Problem.TOO_LONG
    assert seconds(company, text) < 0.05


@given(st.text(max_size=120))
def test_a_line_that_was_read_is_read_unchanged_and_can_be_stored(text):
    try:
        line = company(text)
    except ProblemError:
        return
    assert company(line) == line == unicodedata.normalize("NFC", line)
    assert line == line.strip() != ""
    assert not {unicodedata.category(c) for c in line} & {"Cc", "Cs", "Zl", "Zp"}
    assert len(line.splitlines()) == 1
    line.encode()


# ---- A text: a message


def message(text: str) -> str:
    return read_text(text, most=2000)


def test_a_message_keeps_its_lines_with_any_line_ends():
    assert message("one\r\ntwo\rthree\n\nfour\n") == "one\ntwo\nthree\n\nfour"


def test_a_message_may_be_empty():
    assert message(" \r\n ") == ""
    assert problem_of(lambda t: read_text(t, most=9, required=True), " \n") is Problem.MISSING


@pytest.mark.parametrize("text", ["a\x00b", "a\u202eb", "a\u2028b", "a\x1bb", "a\ud800"])
def test_a_message_with_other_control_characters_is_refused(text):
    assert problem_of(message, text) is Problem.CHARACTERS


def test_a_message_of_more_than_2000_characters_is_too_long():
    assert message("x" * 2000) == "x" * 2000
    assert problem_of(message, "x" * 2001) is Problem.TOO_LONG


# ---- An e-mail address


@pytest.mark.parametrize(
    ("typed", "normal_form"),
    [
        ("kim@meyer.example.com", "kim@meyer.example.com"),
        (" a@EX.org ", "a@ex.org"),
        ("A.B@Ex.Org", "A.B@ex.org"),
        ("o'hara@ex.org", "o'hara@ex.org"),
        ("kim+lifts@ex.org", "kim+lifts@ex.org"),
        ("=cmd|calc@ex.org", "=cmd|calc@ex.org"),
        ("=?utf-8?q?a?=@ex.org", "=?utf-8?q?a?=@ex.org"),
        ("p\u0430ypal@ex.org", "p\u0430ypal@ex.org"),
        ("ü@ex.org", "ü@ex.org"),
        ("u\u0308@ex.org", "\u00fc@ex.org"),
        ("a@１.org", "a@1.org"),
        ("a@ex。org", "a@ex.org"),
        ("a@xn--mnchen-3ya.de", "a@münchen.de"),
        ("a" * 65 + "@ex.org", "a" * 65 + "@ex.org"),
    ],
)
def test_an_address_is_kept_in_its_normal_form(typed, normal_form):
    assert read_email(typed) == normal_form
    assert read_email(normal_form) == normal_form


@pytest.mark.parametrize(
    "text",
    [
        "a@b", "a@localhost", "Name <a@ex.org>", "a@ex.org,b@ex.org", "a@ex.org;b@ex.org",
        "a", "@ex.org", "a@", "a@@ex.org",
        "a b@ex.org", "a@ex .org", "a@ex..org", "a@.org", "a.@ex.org", "a..b@ex.org",
        '"a b"@ex.org', "a@[127.0.0.1]", "a@[IPv6:::1]", "a@127.0.0.1", "a@ex.test",
        "a@ex.invalid", "a@ex.org\x00",
        "a\x00@ex.org", "mailto:a@ex.org?bcc=b@ex.org", "a@ex_.org", "\ud800@ex.org",
    ],
)  # fmt: skip
def test_anything_but_one_plain_address_is_refused(text):
    assert problem_of(read_email, text) is Problem.EMAIL


@pytest.mark.parametrize("text", ["", "  ", "\n", "\u3000"])
def test_an_empty_address_is_missing(text):
    assert problem_of(read_email, text) is Problem.MISSING


def test_an_address_of_more_than_254_characters_is_too_long():
    assert problem_of(read_email, "a" * (EMAIL_LENGTH + 1 - 7) + "@ex.org") is Problem.TOO_LONG
    assert problem_of(read_email, "a@" + "b" * 400 + ".org") is Problem.TOO_LONG


@pytest.mark.parametrize("text", ["a" * 1_000_000, "a@" * 500_000, " " * 1_000_000, "@." * 127])
def test_a_long_address_is_refused_in_less_than_50_milliseconds(text):
    assert problem_of(read_email, text) is not None
    assert seconds(read_email, text) < 0.05


@pytest.mark.parametrize(
    ("typed", "suggestion"),
    [
        ("kim@gmial.com", "kim@gmail.com"),
        ("kim@gmail.con", "kim@gmail.com"),
        ("kim@OUTLOK.com", "kim@outlook.com"),
        ("kim@gmail.com", ""),
        ("kim@GMAIL.com", ""),
        ("kim@meyer.example.com", ""),
        ("kim@gmx.de", ""),
        ("gmial.com", ""),
        ("", ""),
    ],
)
def test_a_known_domain_is_suggested_for_a_mistyped_one(typed, suggestion):
    assert likelier_email(typed) == suggestion


# ---- A phone number


@pytest.mark.parametrize(
    ("typed", "region", "e164", "extension", "international"),
    [
        ("+49 30 901820", "", "+4930901820", "", "+49 30 901820"),
        ("+49 (0)30 / 90-18-20", "", "+4930901820", "", "+49 30 901820"),
        ("030 901820", "DE", "+4930901820", "", "+49 30 901820"),
        ("0049 30 901820", "DE", "+4930901820", "", "+49 30 901820"),
        ("0049 30 901820", "", "+4930901820", "", "+49 30 901820"),
        ("(0049) 30 901820", "US", "+4930901820", "", "+49 30 901820"),
        ("٠٠٤٩ ٣٠ ٩٠١٨٢٠", "US", "+4930901820", "", "+49 30 901820"),
        ("tel:+49-30-901820", "", "+4930901820", "", "+49 30 901820"),
        ("Tel.: +49 30 901820", "", "+4930901820", "", "+49 30 901820"),
        ("+1 800 FLOWERS", "", "+18003569377", "", "+1 800-356-9377"),
        ("1-800-FLOWERS", "US", "+18003569377", "", "+1 800-356-9377"),
        ("+1 800 flowers ext. 12", "", "+18003569377", "12", "+1 800-356-9377 ext. 12"),
        ("+1 800 GOT-JUNK", "", "+18004685865", "", "+1 800-468-5865"),
        ("+1 212 555 HOME", "", "+12125554663", "", "+1 212-555-4663"),
        ("0800 FLOWERS", "DE", "+498003569377", "", "+49 800 3569377"),
        ("+٤٩ ٣٠ ٩٠١٨٢٠", "", "+4930901820", "", "+49 30 901820"),
        ("＋４９ ３０ ９０１８２０", "", "+4930901820", "", "+49 30 901820"),
        ("+49 30 901820 ext. 12", "", "+4930901820", "12", "+49 30 901820 ext. 12"),
        ("+44 20 7946 0958", "DE", "+442079460958", "", "+44 20 7946 0958"),
    ],
)
def test_a_number_is_read_as_e164_and_extension(typed, region, e164, extension, international):
    phone = read_phone(typed, region)
    assert phone is not None
    assert (phone.e164, phone.extension, phone.international) == (e164, extension, international)
    again = read_phone(phone.e164)
    assert again is not None
    assert again.e164 == e164


@pytest.mark.parametrize(
    "label",
    [
        "Apparat 12", "App. 12", "app 12", "Durchwahl 12", "(Durchwahl: 12)", "DW 12", "-DW12",
        "Klappe 12", "Kl. 12", "Nebenstelle 12", "Nst. 12", "poste 12", ", Poste 12", "ext. 12",
        "ext 12", "extension 12", "extn. 12", "x12", "x 12", "int. 12", "extensión 12",
        "anexo 12", "доб. 12", ";ext=12", "#12", "~12", ",,12", "ＤＷ １２",
    ],
)  # fmt: skip
def test_an_extension_is_known_by_its_label(label):
    phone = read_phone(f"+49 30 901820 {label}")
    assert phone is not None
    assert (phone.e164, phone.extension) == ("+4930901820", "12")


@pytest.mark.parametrize(("typed", "in_use"), [("+44 7700 900123", False), ("+4930901820", True)])
def test_a_possible_number_that_is_not_in_use_is_accepted_and_marked(typed, in_use):
    phone = read_phone(typed)
    assert phone is not None
    assert phone.in_use is in_use


@pytest.mark.parametrize(
    ("typed", "region"),
    [("+49 30 901820", "DE"), ("+44 7700 900123", "GB"), ("+800 1234 5678", "001")],
)
def test_a_number_knows_its_country(typed, region):
    phone = read_phone(typed)
    assert phone is not None
    assert phone.region == region


def test_invisible_marks_around_a_copied_number_are_removed():
    phone = read_phone("\u202a+49 30 901820\u202c ")
    assert phone is not None
    assert (phone.typed, phone.e164) == ("+49 30 901820", "+4930901820")
    assert read_phone("\u202a\u202c") is None


@pytest.mark.parametrize("text", ["", "  ", "\u3000"])
def test_an_empty_number_is_none(text):
    assert read_phone(text) is None


@pytest.mark.parametrize(
    ("typed", "region", "problem"),
    [
        ("abc", "", Problem.PHONE),
        ("+999 1", "", Problem.PHONE),
        ("110", "", Problem.PHONE),
        ("110", "DE", Problem.PHONE),
        ("112", "DE", Problem.PHONE),
        ("911", "US", Problem.PHONE),
        ("030 901820", "", Problem.PHONE),
        ("+49 30 901820<script>", "", Problem.PHONE_REMARK),
        ("030 123456 (mobil)", "DE", Problem.PHONE_REMARK),
        ("030 123456 privat", "DE", Problem.PHONE_REMARK),
        ("+49 170 1234567 ab 18h", "", Problem.PHONE_REMARK),
        ("+49 170 1234567 мобильный", "", Problem.PHONE_REMARK),
        ("+49 30 901820 oder +49 30 901821", "", Problem.PHONE_REMARK),
        ("Mobil +49 170 1234567", "", Problem.PHONE_REMARK),
        ("+49 30 901820 DW", "", Problem.PHONE_REMARK),
        ("+49 30 901820 Apt. 12", "", Problem.PHONE_REMARK),
        ("+49 30 901820 xy 12", "", Problem.PHONE_REMARK),
        ("+1 212 555 0123 home", "", Problem.PHONE_REMARK),
        ("+1 212 555 01 cell", "", Problem.PHONE_REMARK),
        ("+1 800 FLOWERS home", "", Problem.PHONE_REMARK),
        ("0800 1234567 App", "DE", Problem.PHONE_REMARK),
        ("0800 mobil 1234567", "DE", Problem.PHONE_REMARK),
        ("+49 30 FLOWERS", "", Problem.PHONE_REMARK),
        ("030 901820", "US", Problem.PHONE_NO_COUNTRY),
        ("4930901820", "US", Problem.PHONE_NO_COUNTRY),
        ("<script>alert(1)</script>", "", Problem.PHONE),
        ("+49\x0030901820\x00x", "", Problem.PHONE),
        ("\x00+49 30 901820", "", Problem.PHONE),
        ("\x1b]0;x\x07+49 30 901820", "", Problem.PHONE),
        ("+49 30\u2028901820", "", Problem.PHONE),
        ("1" * 61, "DE", Problem.PHONE),
        ("1" * 251, "", Problem.PHONE),
        ("+49 3", "", Problem.PHONE_TOO_SHORT),
        ("+1 555", "", Problem.PHONE_TOO_SHORT),
        ("+49 30 9018201234567890", "", Problem.PHONE_TOO_LONG),
        ("+1 2125550123 4", "", Problem.PHONE_TOO_LONG),
    ],
)
def test_an_impossible_number_is_refused_with_the_problem(typed, region, problem):
    assert problem_of(read_phone, typed, region) is problem


@pytest.mark.parametrize("text", ["1" * 251, "+" * 1_000_000, "+1" * 30, "+1 " + "x1" * 28])
def test_a_long_number_is_refused_in_less_than_5_milliseconds(text):
    read_phone("+49 30 901820")  # loads the metadata of the country
    problem_of(read_phone, text)
    assert seconds(read_phone, text) < 0.005


NUMBERLIKE = st.text("+0123456789 ()/-.,;:=#*xextXA٣＋４\u200b\x00", max_size=70)
ADDRESSLIKE = st.text("abcÄü@@..-_'+=?<>()[]\" 。１\u0308\u200d\x00", max_size=40)


@given(NUMBERLIKE | st.text(max_size=70), st.sampled_from(["", "DE", "US", "XX"]))
def test_any_text_is_a_number_or_a_named_problem(text, region):
    try:
        phone = read_phone(text, region)
    except ProblemError:
        return
    if phone is not None:
        assert phone.e164.isascii()
        assert phone.e164[1:].isdigit()


@given(ADDRESSLIKE | st.text(max_size=300))
def test_any_text_is_an_address_or_a_named_problem(text):
    try:
        address = read_email(text)
    except ProblemError:
        return
    assert "@" in address
    address.encode()
