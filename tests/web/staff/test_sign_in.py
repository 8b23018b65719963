"""Signing in with a link, and when a session ends."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from portal import create_app
from portal.auth import disable_person, make_sign_in_link
from portal.settings import Settings
from portal.stores.contract import Store
from portal.web.http.signed_links import safe_next
from tests.conftest import SECRET_KEY, Clock
from tests.strict_client import StrictClient
from tests.web.pages import (
    HTMX,
    Staff,
    everything,
    form_of,
    heading,
    page_words,
    session_cookie,
    sign_in,
    tree,
    without_tokens,
)

#: T22: addresses that a browser, or a careless check, could take for another site.
VECTORS = [
    "//evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "http:evil.example",
    "https:/evil.example",
    "http://evil.example/staff/",
    "///evil.example",
    "/%5cevil.example",
    "/%5Cevil.example",
    "/%2f/evil.example",
    "/%2Fevil.example",
    "/\tevil.example",
    "/\n/evil.example",
    "/%09/evil.example",
    "/%0d%0aSet-Cookie:a=b",
    "/staff//evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "evil.example",
    "/staff/@evil.example",
    "/staff/;evil",
    " /staff/",
    "/staff/\x00",
    "",
]


@pytest.fixture
def link(store: Store, clock: Clock) -> str:
    """The address of Anna's link."""
    someone = {"email": "anna@staff.example.com", "name": "Anna", "role": "approver"}
    return f"/staff/sign-in/{make_sign_in_link(store, now=clock.now(), **someone)}"


def is_signed_in(client: FlaskClient) -> bool:
    answer = client.get("/staff/")
    assert answer.status_code in (200, 303)
    return answer.status_code == 200


# ---- Links


def test_a_link_signs_in_once_after_a_button(client: FlaskClient, link: str) -> None:
    page = client.get(link)
    assert heading(page) == "Sign in as Anna"
    assert "This link signs in Anna, anna@staff.example.com." in page_words(page)
    assert not is_signed_in(client)
    answer = client.post(link, data=form_of(client.get(link), link))
    assert (answer.status_code, answer.location) == (303, "/staff/")
    assert "Anna Approver" in page_words(client.get("/staff/"))


def test_opening_a_link_does_not_use_it_up(
    client: FlaskClient, link: str, new_client: Callable[[], FlaskClient], store: Store
) -> None:
    before = everything(store)
    for method in ("GET", "HEAD", "HEAD", "GET"):
        assert new_client().open(link, method=method).status_code == 200
    assert everything(store) == before
    assert client.post(link, data=form_of(client.get(link), link)).status_code == 303


def test_s12_used_old_cut_and_guessed_links_get_the_same_page(
    client: FlaskClient, link: str, store: Store, clock: Clock, new_client: Callable[..., Any]
) -> None:
    form = form_of(client.get(link), link)
    client.post(link, data=form)
    someone = {"email": "ben@staff.example.com", "name": "Ben", "role": "viewer"}
    old = f"/staff/sign-in/{make_sign_in_link(store, now=clock.now(), **someone)}"
    clock.advance(minutes=15, milliseconds=1)
    stranger = new_client()
    token = form_of(stranger.get("/sign-up"), "/sign-up")["csrf_token"]
    guessed = "/staff/sign-in/" + "A" * 32
    pages = set()
    for url in (link, old, old[:-1], guessed, "/staff/sign-in/x"):
        for answer in (stranger.get(url), stranger.post(url, data={"csrf_token": token})):
            assert answer.status_code == 404
            pages.add(without_tokens(answer.text))
    cut = stranger.get("/staff/sign-in/")
    assert cut.status_code == 404
    pages.add(without_tokens(cut.text))
    assert len(pages) == 1
    assert heading(cut) == "This link was used, has expired or was cut."
    assert "You get a new link on the sign-in page" in page_words(cut)
    assert not is_signed_in(stranger)


def test_the_store_holds_no_usable_link_or_session(
    client: FlaskClient, link: str, store: Store
) -> None:
    token = link.rpartition("/")[2]
    assert token not in repr(everything(store))
    client.post(link, data=form_of(client.get(link), link))
    with client.session_transaction() as session:
        session_token = session["sid"]
    assert session_token not in repr(everything(store))


# ---- T11: signing in starts a new session


def test_t11_signing_in_starts_a_new_session(
    client: FlaskClient, link: str, new_client: Callable[[], FlaskClient]
) -> None:
    form = form_of(client.get(link), link)
    before = session_cookie(client)
    client.post(link, data=form)
    assert session_cookie(client) != before
    old = new_client()
    old.set_cookie("portal", before)
    assert not is_signed_in(old)
    # The form token of the old session is not valid in the new one.
    refused = client.post("/staff/sign-out", data={"csrf_token": form["csrf_token"]})
    assert refused.status_code == 400


# ---- S02, T12: when a session ends


def replayed(person: Staff, new_client: Callable[[], FlaskClient]) -> FlaskClient:
    """A browser with a copy of the person's cookie."""
    thief = new_client()
    thief.set_cookie("portal", session_cookie(person.client))
    return thief


def test_t12_a_copied_cookie_ends_with_its_session(
    anna: Staff, new_client: Callable[[], FlaskClient]
) -> None:
    thief = replayed(anna, new_client)
    assert is_signed_in(thief)
    anna.client.post("/staff/sign-out", data={"csrf_token": anna.token()})
    assert not is_signed_in(anna.client)
    assert not is_signed_in(thief)
    assert thief.get("/staff/", headers=HTMX).status_code == 401


def test_s02_a_disabled_person_is_signed_out_at_once(anna: Staff, store: Store) -> None:
    disable_person(store, email="anna@staff.example.com")
    assert not is_signed_in(anna.client)


@pytest.mark.parametrize("role", ["viewer", "admin"])
def test_t12_a_change_of_role_ends_the_session(
    anna: Staff, store: Store, clock: Clock, role: str
) -> None:
    make_sign_in_link(
        store, email="anna@staff.example.com", name="Anna", role=role, now=clock.now()
    )
    assert not is_signed_in(anna.client)


def test_s02_a_session_ends_after_30_idle_minutes(anna: Staff, clock: Clock) -> None:
    clock.advance(minutes=30)
    assert is_signed_in(anna.client)
    clock.advance(minutes=30, milliseconds=1)
    assert not is_signed_in(anna.client)


def test_s02_a_session_ends_after_12_hours(anna: Staff, clock: Clock) -> None:
    for _ in range(24):
        clock.advance(minutes=30)
        assert is_signed_in(anna.client)
    clock.advance(milliseconds=1)
    assert not is_signed_in(anna.client)


@pytest.mark.parametrize(
    "cookie",
    [
        "x",
        "a" * 3_900,
        "eyJzaWQiOiJ4In0.Zz.forged",
        pytest.param("a" * 5_000, id="5 kB"),
    ],
)
def test_s20_a_foreign_cookie_signs_nobody_in(
    new_client: Callable[..., FlaskClient], cookie: str
) -> None:
    # With cookies of its own, the test client would send those instead.
    client = new_client(use_cookies=False)
    assert client.get("/staff/", headers={"Cookie": f"portal={cookie}"}).status_code == 303


def test_s20_a_tampered_cookie_signs_nobody_in(
    anna: Staff, new_client: Callable[[], FlaskClient]
) -> None:
    value = session_cookie(anna.client)
    for place in (0, 10, len(value) // 2, len(value) - 2):
        client = new_client()
        other = "A" if value[place] != "A" else "B"
        client.set_cookie("portal", value[:place] + other + value[place + 1 :])
        assert not is_signed_in(client)


def test_s20_a_cookie_of_a_dropped_key_signs_nobody_in(
    anna: Staff, settings: Settings, store: Store, clock: Clock
) -> None:
    other = replace(settings, configured_secret_key=SECRET_KEY[::-1])
    app = create_app(other, store=store, clock=clock.now)
    app.test_client_class = StrictClient
    client = app.test_client()
    client.set_cookie("portal", session_cookie(anna.client))
    assert not is_signed_in(client)


# ---- S01, S15, T22: where a redirect leads


@pytest.mark.parametrize(
    "path",
    [
        "/staff/",
        "/staff/tenants?status=active&q=Example",
        "/staff/tenants/86810_104348",
        # T22's other side: every address that a page of ours makes comes back.
        "/staff/tenants?status=pending&q=acme+gmbh",
        "/staff/tenants?q=a%2Fb%5Cc&status=all",
        "/staff/tenants?q=o'hara+%26+co%0A",
        "/staff/tenants?q=M%C3%BCller*(1)!,&status=all",
    ],
)
def test_s01_a_stranger_sees_nothing_and_returns_to_the_page_after_signing_in(
    client: FlaskClient, store: Store, clock: Clock, active: str, path: str
) -> None:
    answer = client.get(path)
    assert answer.status_code == 303
    assert answer.location.startswith("/staff/sign-in?next=")
    assert "Example" not in answer.text.replace("q=Example", "").replace("q%3DExample", "")
    page = client.get(answer.location)
    assert heading(page) == "Sign in"
    done = sign_in(client, store, clock.now(), role="viewer", name="Vera")
    assert done.location == path
    assert client.get(done.location).status_code == 200


def test_s01_htmx_is_redirected_to_the_sign_in_page(client: FlaskClient) -> None:
    answer = client.get("/staff/tenants?q=x+y", headers=HTMX)
    assert (answer.status_code, answer.text) == (401, "")
    assert answer.headers["HX-Redirect"] == "/staff/sign-in?next=/staff/tenants?q%3Dx%2By"


@pytest.mark.parametrize(
    ("headers", "returns_to"),
    [
        (HTMX | {"HX-Current-URL": "http://localhost/staff/tenants/1_2?done=1#a"}, True),
        ({"Referer": "http://localhost/staff/tenants/1_2?done=1"}, True),
        # The base URL of the settings, though the request came by another name.
        ({"Referer": "http://127.0.0.1:8000/staff/tenants/1_2?done=1"}, True),
        ({"Referer": "http://evil.example/staff/tenants/1_2?done=1"}, False),
        (HTMX | {"HX-Current-URL": "http://localhost//evil.example"}, False),
        (HTMX | {"HX-Current-URL": "//evil.example/staff/"}, False),
        ({}, False),
    ],
)
def test_s01_after_a_form_the_page_is_returned_to_from_which_it_was_sent(
    client: FlaskClient, store: Store, clock: Clock, headers: dict[str, str], *, returns_to: bool
) -> None:
    token = form_of(client.get("/sign-up"), "/sign-up")["csrf_token"]
    url = "/staff/tenants/1_2/suspend"
    answer = client.post(url, data={"csrf_token": token}, headers=headers)
    client.get(answer.headers.get("HX-Redirect") or answer.location)
    done = sign_in(client, store, clock.now(), role="viewer", name="Vera")
    assert done.location == ("/staff/tenants/1_2?done=1" if returns_to else "/staff/")


def test_s01_the_sign_in_page_alone_forgets_no_address(
    client: FlaskClient, store: Store, clock: Clock
) -> None:
    client.get("/staff/sign-in?next=/staff/tenants")
    client.get("/staff/sign-in")
    done = sign_in(client, store, clock.now(), role="viewer", name="Vera")
    assert done.location == "/staff/tenants"


def test_s01_an_address_that_is_too_long_is_not_kept(client: FlaskClient) -> None:
    answer = client.get("/staff/tenants?q=" + "a" * 2_000)
    assert answer.location == "/staff/sign-in"


@pytest.mark.parametrize("vector", VECTORS)
def test_s15_t22_next_never_leaves_the_portal(
    client: FlaskClient, store: Store, clock: Clock, vector: str
) -> None:
    assert safe_next(vector, "/staff/") == "/staff/"
    client.get("/staff/sign-in", query_string={"next": vector})
    done = sign_in(client, store, clock.now(), role="viewer", name="Vera", next_path=vector)
    assert done.location == "/staff/"


def test_t22_a_forged_next_field_does_not_leave_the_portal(client: FlaskClient, link: str) -> None:
    form = form_of(client.get(link), link) | {"next": "//evil.example"}
    assert client.post(link, data=form).location == "/staff/"


def test_every_link_of_the_staff_pages_leads_somewhere(anna: Staff, active: str) -> None:
    visited, to_visit = set(), ["/staff/"]
    while to_visit:
        url = to_visit.pop()
        visited.add(url)
        answer = anna.client.get(url, buffered=True)
        if url == "/staff/sign-in":
            # A page of strangers, with links of theirs: for a second tab, when the session is over.
            continue
        if url.startswith("/language/"):
            assert answer.status_code == 303, url
            continue
        assert answer.status_code == 200, url
        if answer.mimetype != "text/html":
            continue
        found = [
            target
            for each in tree(answer).iter()
            if each.tag in ("a", "link", "script")
            and (target := each.get("href") or each.get("src"))
        ]
        to_visit += {each.partition("#")[0] or url for each in found} - visited - set(to_visit)


@pytest.fixture
def limited(settings: Settings, store: Store, clock: Clock) -> FlaskClient:
    limited = replace(settings, sign_ups_per_hour=5)
    app = create_app(limited, store=store, clock=clock.now)
    app.testing = True
    app.test_client_class = StrictClient
    return app.test_client()


def test_s13_the_eleventh_wrong_link_in_an_hour_is_refused_and_a_good_one_never(
    limited: FlaskClient, store: Store, clock: Clock
) -> None:
    guesses = ["/staff/sign-in/" + f"{number:032}" for number in range(12)]
    answers = [limited.get(url) for url in guesses]
    assert [answer.status_code for answer in answers] == [404] * 10 + [429] * 2
    assert heading(answers[-1]) == "Too many requests. Try again in 60 minutes."
    assert answers[-1].headers["Retry-After"] == "3600"
    token = make_sign_in_link(
        store, email="a@staff.example.com", name="Anna", role="viewer", now=clock.now()
    )
    url = f"/staff/sign-in/{token}"
    assert limited.post(url, data=form_of(limited.get(url), url)).status_code == 303
    # The link is used now, so it is a wrong one like others.
    assert limited.get(url).status_code == 429
    other = limited.get(guesses[0], environ_overrides={"REMOTE_ADDR": "192.0.2.9"})
    assert other.status_code == 404
    clock.advance(hours=1)
    assert limited.get(url).status_code == 404
