"""Signed texts that leave the portal and come back cannot be forged, nor lead to another site."""

import string
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.auth import new_link_secret
from portal.queries import PageCursor
from portal.web.http.signed_links import (
    FORM_LIFE,
    InvalidLinkError,
    SignedLinks,
    read_status_token,
    safe_next,
    same_hash,
    status_hash,
)
from tests.conftest import START

MS = timedelta(milliseconds=1)


@pytest.fixture
def links():
    return SignedLinks(["the-key"])


# ---- The form's token


def test_a_form_token_holds_the_reference_of_the_tenant(links):
    token = links.read_form_token(links.new_form_token(START), START)
    assert len(token.reference) == 26
    assert set(token.reference) <= set(string.ascii_lowercase + string.digits)
    assert len(token.status_secret) == 32
    assert token.shown_at == START
    assert read_status_token(token.status_token) == (
        token.reference,
        status_hash(token.status_secret),
    )


def test_every_form_has_its_own(links):
    tokens = {links.new_form_token(START) for _ in range(100)}
    references = {links.read_form_token(token, START).reference for token in tokens}
    assert len(tokens) == len(references) == 100


@pytest.mark.parametrize(
    ("age", "good"),
    [(timedelta(0), True), (FORM_LIFE, True), (FORM_LIFE + MS, False), (-MS, False)],
)
def test_a_form_may_be_sent_for_a_day(links, age, good):
    text = links.new_form_token(START)
    if good:
        assert links.read_form_token(text, START + age).shown_at == START
    else:
        with pytest.raises(InvalidLinkError):
            links.read_form_token(text, START + age)


def test_a_day_is_a_day():
    assert timedelta(hours=24) == FORM_LIFE


def forged(text: str) -> list[str]:
    """Changes that somebody without the key can make to a signed text."""
    body, _, signature = text.rpartition(".")
    other = "B" if text[0] != "B" else "C"
    return [
        "", ".", "x", "\x00", "ü", "." * 50, body, f"{body}.", f".{signature}", text[:-1],
        other + text[1:], f"{text}x", text.upper(), text[::-1], f"{body}.{signature[::-1]}",
        "bnVsbA.x", f" {text}", f"{text}\n", "A" * 100_000,
    ]  # fmt: skip


@pytest.mark.parametrize("number", range(19))
def test_a_form_token_that_was_forged_or_cut_is_refused(links, number):
    with pytest.raises(InvalidLinkError):
        links.read_form_token(forged(links.new_form_token(START))[number], START)


def test_a_token_of_another_key_or_for_another_purpose_is_refused(links):
    for text in (
        SignedLinks(["other"]).new_form_token(START),
        links.cursor(PageCursor(0, ("a", "b")), "all"),
    ):
        with pytest.raises(InvalidLinkError):
            links.read_form_token(text, START)
    assert links.read_cursor(links.new_form_token(START), "all") is None


def test_a_new_key_signs_and_the_old_one_is_accepted_until_it_is_removed():
    old, both, new = SignedLinks(["old"]), SignedLinks(["new", "old"]), SignedLinks(["new"])
    assert both.read_form_token(old.new_form_token(START), START)
    assert new.read_form_token(both.new_form_token(START), START)
    assert both.read_cursor(old.cursor(PageCursor(1, None), "all"), "all") == PageCursor(1, None)
    with pytest.raises(InvalidLinkError):
        new.read_form_token(old.new_form_token(START), START)


# ---- Ends of links


def ends_well(text: str) -> bool:
    """Mail programs cut a link that ends otherwise, or take less for it."""
    return text[-1].isascii() and text[-1].isalnum()


def test_no_token_in_a_link_ends_in_a_sign_that_mail_programs_cut(links):
    for number in range(300):
        for position in (None, (f"2026-11-23#{number}", f"pending-{number}")):
            cursor = PageCursor(number, position)
            text = links.cursor(cursor, "all")
            assert ends_well(text)
            assert links.read_cursor(text, "all") == cursor
        form = links.read_form_token(links.new_form_token(START), START)
        assert form.status_token.isalnum()
        assert new_link_secret().isalnum()


def test_a_status_link_of_before_that_ends_so_still_works():
    earlier = "r" * 26 + "s" * 30 + "-_"
    assert read_status_token(earlier) == ("r" * 26, status_hash("s" * 30 + "-_"))


# ---- The status link


@pytest.mark.parametrize(
    "token",
    [
        "", "a", "a" * 57, "a" * 59, "A" * 58, "a" * 26 + "ü" * 32, "../" * 19 + "a",
        "a" * 58 + "\n", "\x00" * 58, "a" * 25 + "_" + "a" * 32, "٣" * 58, "a" * 26 + " " * 32,
    ],
)  # fmt: skip
def test_a_status_link_of_another_shape_is_refused(token):
    with pytest.raises(InvalidLinkError):
        read_status_token(token)


def test_of_a_status_link_only_a_hash_is_stored():
    token = "r" * 26 + "s" * 32
    reference, hashed = read_status_token(token)
    assert reference == "r" * 26
    assert hashed == "8fd6a6a78f5857d7ba1cfe9033bffeec86da2ba6a4bd60a6f833209d9d3e390d"
    assert same_hash(hashed, status_hash("s" * 32))
    assert not same_hash(hashed, status_hash("s" * 31 + "t"))


# ---- The fingerprint of a client secret


def test_a_fingerprint_tells_secrets_apart_and_depends_on_the_key(links):
    mark = links.secret_fingerprint("s3cr3t")
    assert mark == links.secret_fingerprint("s3cr3t")
    assert mark != links.secret_fingerprint("s3cr3u")
    assert mark != SignedLinks(["another-key"]).secret_fingerprint("s3cr3t")


# ---- Cursors

places = st.builds(PageCursor, st.integers(0, 9), st.none() | st.tuples(st.text(), st.text()))


@given(places)
def test_a_cursor_is_read_back(cursor):
    links = SignedLinks(["the-key"])
    text = links.cursor(cursor, "all")
    assert links.read_cursor(text, "all") == cursor
    assert set(text) <= set(string.ascii_letters + string.digits + "-_.")


@pytest.mark.parametrize("number", range(19))
def test_a_forged_cursor_opens_page_one(links, number):
    assert (
        links.read_cursor(forged(links.cursor(PageCursor(1, ("sort", "id")), "all"))[number], "all")
        is None
    )


def test_a_cursor_of_a_key_that_is_gone_opens_page_one(links):
    assert (
        SignedLinks(["other"]).read_cursor(
            links.cursor(PageCursor(1, ("sort", "id")), "all"), "all"
        )
        is None
    )


# ---- Where to go next


@pytest.mark.parametrize(
    "target",
    [
        "/", "/staff/", "/staff/tenants/86810_104348", "/staff/?tab=all&q=meyer",
        "/staff/?q=%C3%BC", "/a~b.c_d-e", "/staff/?next=/x",
    ],
)  # fmt: skip
def test_a_path_of_ours_is_followed(target):
    assert safe_next(target, "/staff/") == target


ASTRAY = [
    "", "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example",
    "\\/evil.example", "http:evil.example", "http://evil.example", "https:/evil.example",
    "https:///evil.example", "HTTPS://EVIL.EXAMPLE", "javascript:alert(1)", "data:text/html,x",
    "%5cevil.example", "/%5cevil.example", "/%5Cevil.example", "/%2fevil.example",
    "/%2Fevil.example", "/%09/evil.example", "/%0a/evil.example", "/%0d%0aLocation:x", "/%00",
    "/\t/evil.example", "/\n/evil.example", "\t//evil.example", " //evil.example", " /staff/",
    "/staff/\n", "/staff/\r\nLocation: x", "/\x00", "evil.example", "staff/", "./staff", "../x",
    "@evil.example", "/@evil.example", "/staff//evil.example", "/a/..//evil.example",
    "?next=//evil.example", "#", "/staff/#x", "/ü", "／／evil.example", "/／evil.example",
    "/;evil", "/<script>", '/"onmouseover=x', "/'x", "/\u202e", "\u00a0/staff/", "/x y",
]  # fmt: skip


@pytest.mark.parametrize("target", ASTRAY)
def test_a_target_that_a_browser_could_take_for_another_host_is_not_followed(target):
    assert safe_next(target, "/staff/") == "/staff/"


@given(st.text("/\\:%@.?#&=ae05cCfF29dD \t\n;", max_size=12))
def test_nothing_that_is_followed_names_a_host(target):
    followed = safe_next(f"/{target}", "")
    assert not followed.startswith(("//", "/\\"))
    assert not set(followed) & set("\\ \t\r\n@#:;")
    assert followed.count("//") == 0


def test_a_cursor_opens_no_other_list():
    links = SignedLinks(["a key of this test alone"])
    text = links.cursor(PageCursor(1, ("sort", "id")), "pending ")
    assert links.read_cursor(text, "active ") is None
