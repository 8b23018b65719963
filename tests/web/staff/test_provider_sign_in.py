"""Signing in at a provider of OpenID Connect: a real one, which each test sets as it needs it."""

import logging
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal import create_app
from portal.auth import SECURITY_EVENTS, SecurityAct, disable_person, security_event_of
from portal.auth.people import person_of_item
from portal.logs import JsonLines
from portal.oidc.provider import OpenIdProvider
from portal.oidc_setting import OidcSetting
from portal.settings import Settings
from portal.stores import GSI2
from portal.stores.contract import Store
from portal.timestamps import utc_now
from tests.conftest import Clock
from tests.oidc_provider import (
    CLIENT_ID,
    CLIENT_SECRET,
    NoProviderError,
    Provider,
    free_port,
    running,
)
from tests.strict_client import StrictClient
from tests.web.pages import everything, form_of, heading, links, page_words, session_cookie

ANNA = {
    "email": "anna@staff.example.com", "email_verified": True, "name": "Anna Provided",
    "groups": ["everybody", "portal-approvers"],
}  # fmt: skip
BEGIN, BACK = "/staff/oidc/sign-in", "/staff/oidc/callback"
SITE = "http://127.0.0.1:8000"
FAILED = "The sign-in did not work."
NO_ACCESS = "You may not use this portal."


@pytest.fixture(scope="module")
def shared_provider() -> Iterator[Provider]:
    try:
        with running(SITE + BACK, f"{SITE}/staff/sign-in") as provider:
            yield provider
    except NoProviderError as error:
        pytest.skip(str(error))


@pytest.fixture
def provider(shared_provider: Provider) -> Provider:
    shared_provider.set(account=ANNA, fault=None)
    return shared_provider


@pytest.fixture
def clock() -> Clock:
    """The provider's own clock is that of the machine."""
    return Clock(utc_now())


def setting_of(issuer: str) -> OidcSetting:
    return OidcSetting(
        issuer=issuer,
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        scopes="openid email profile",
        role_claim="groups",
        roles={
            "admin": frozenset({"portal-admins"}),
            "approver": frozenset({"portal-approvers"}),
            "viewer": frozenset({"portal-viewers", "everybody-may-look"}),
        },
    )


def app_with(settings: Settings, store: Store, clock: Clock, issuer: str) -> Flask:
    setting = setting_of(issuer)
    app = create_app(replace(settings, oidc=setting), store=store, clock=clock.now)
    app.testing = True
    app.test_client_class = StrictClient
    # Its clock is the one that tests move.
    app.extensions["portal"] = replace(
        app.extensions["portal"],
        provider=OpenIdProvider(
            setting, base_url=settings.base_url, seconds=lambda: clock.now().timestamp()
        ),
    )
    return app


@pytest.fixture
def app(settings: Settings, store: Store, clock: Clock, provider: Provider) -> Flask:
    return app_with(settings, store, clock, provider.issuer)


def begun(client: FlaskClient, query: str = "") -> str:
    """The address at the provider to which the portal sends the browser."""
    answer = client.get(BEGIN + query)
    assert answer.status_code == 303, answer.text
    return answer.location


def opened(client: FlaskClient, address: str, **options: object) -> TestResponse:
    """The browser comes back."""
    path = address.removeprefix(SITE)
    assert path.startswith(BACK)
    return client.get(path, **options)  # as the client takes them


def signed_in(client: FlaskClient, provider: Provider, **person: object) -> TestResponse:
    return opened(client, provider.sign_in(begun(client), **person))  # type: ignore[arg-type]


def is_signed_in(client: FlaskClient) -> bool:
    return client.get("/staff/").status_code == 200


def with_argument(address: str, **changed: str) -> str:
    """The address with other arguments."""
    for name, value in changed.items():
        address, count = re.subn(rf"(?<=[?&]{name}=)[^&]*", value, address)
        assert count == 1, name
    return address


def assert_failed(answer: TestResponse, *, status: int = 400) -> None:
    """The page of every failure, and nothing on it that came from outside."""
    assert (answer.status_code, heading(answer)) == (status, FAILED)
    words = page_words(answer)
    assert "You are not signed in, and nothing was changed. Try again in a moment." in words
    assert "If it happens again, ask whoever runs this portal." in words
    assert links(answer)["Try again"] == BEGIN
    for argument in parse_qs(urlsplit(answer.request.url).query).values():
        assert argument[0] not in answer.text


# ---- It works


def test_a_person_signs_in_with_the_role_that_the_provider_gives(
    client: FlaskClient, provider: Provider, store: Store
) -> None:
    page = client.get("/staff/sign-in")
    assert "Sign in with the account that your organization has given you." in page_words(page)
    assert links(page)["Sign in"] == BEGIN
    url = begun(client)
    asked = {name: value for name, (value,) in parse_qs(urlsplit(url).query).items()}
    assert asked["code_challenge_method"] == "S256"
    assert asked["response_mode"] == "query"
    assert asked["scope"] == "openid email profile"
    before = session_cookie(client)
    answer = opened(client, provider.sign_in(url))
    assert (answer.status_code, answer.location) == (303, "/staff/")
    assert session_cookie(client) != before
    assert "Anna Provided Approver" in page_words(client.get("/staff/"))
    events = [security_event_of(item) for item in store.query(GSI2, SECURITY_EVENTS).items]
    assert [event.act for event in events] == [SecurityAct.SIGNED_IN]


@pytest.mark.parametrize(
    ("groups", "role"),
    [
        (["portal-viewers", "portal-admins"], "Administrator"),
        ("everybody-may-look", "Viewer"),
    ],
)
def test_the_highest_role_counts_and_a_claim_may_be_one_text(
    client: FlaskClient, provider: Provider, groups: object, role: str
) -> None:
    provider.set(account=ANNA | {"groups": groups})
    signed_in(client, provider)
    assert f"Anna Provided {role}" in page_words(client.get("/staff/"))


def test_the_page_that_was_asked_for_opens(client: FlaskClient, provider: Provider) -> None:
    sent = client.get("/staff/tenants?status=active")
    client.get(sent.location)
    assert signed_in(client, provider).location == "/staff/tenants?status=active"


def test_t22_next_never_leaves_the_portal(client: FlaskClient, provider: Provider) -> None:
    url = begun(client, "?next=//evil.example")
    assert opened(client, provider.sign_in(url)).location == "/staff/"


@pytest.mark.parametrize("alg", ["PS256", "ES256", "EdDSA", "RS256"])
def test_id_tokens_may_be_signed_by_these_algorithms(
    client: FlaskClient, provider: Provider, alg: str
) -> None:
    provider.set(alg=alg)
    assert signed_in(client, provider).status_code == 303


def test_the_same_address_at_another_subject_is_another_person(
    client: FlaskClient, provider: Provider, store: Store, new_client: Callable[[], FlaskClient]
) -> None:
    signed_in(client, provider, login="anna-1")
    other = new_client()
    signed_in(other, provider, login="anna-2")
    people = [
        person_of_item(item) for key, item in everything(store).items() if key.startswith("staff-")
    ]
    assert [person.email for person in people] == [ANNA["email"]] * 2


def test_a_new_address_and_name_change_the_person_and_end_no_session(
    client: FlaskClient, provider: Provider, new_client: Callable[[], FlaskClient], store: Store
) -> None:
    signed_in(client, provider)
    provider.set(account=ANNA | {"email": "anna.new@staff.example.com", "name": "Anna New"})
    signed_in(new_client(), provider)
    assert "Anna New" in page_words(client.get("/staff/"))
    assert len([key for key in everything(store) if key.startswith("staff-")]) == 1


def test_the_store_holds_neither_tokens_nor_codes(
    client: FlaskClient, provider: Provider, store: Store
) -> None:
    back = provider.sign_in(begun(client))
    opened(client, back)
    held = repr(everything(store))
    (code,) = parse_qs(urlsplit(back).query)["code"]
    assert code not in held
    # A JWT begins so: the ID token is there, encrypted.
    assert "eyJhbGciOi" not in held
    assert "idToken" in held


# ---- It fails, with one page for all


def test_a_nonce_of_another_sign_in_is_refused(client: FlaskClient, provider: Provider) -> None:
    url = with_argument(begun(client), nonce="of-somebody-else")
    assert_failed(opened(client, provider.sign_in(url)))
    assert not is_signed_in(client)


def test_a_state_of_another_browser_is_refused(
    client: FlaskClient, provider: Provider, new_client: Callable[[], FlaskClient]
) -> None:
    back = provider.sign_in(begun(new_client()))
    assert_failed(opened(client, back))
    begun(client)
    assert_failed(opened(client, with_argument(back, state="guessed")))
    assert not is_signed_in(client)


def test_a_code_works_once(
    client: FlaskClient, provider: Provider, new_client: Callable[[], FlaskClient]
) -> None:
    back = provider.sign_in(begun(client))
    assert opened(client, back).status_code == 303
    # The same address again, as Back or a copied history opens it.
    assert_failed(opened(client, back))
    # The same code in a sign-in of one's own: the provider itself refuses it.
    other = new_client()
    (state,) = parse_qs(urlsplit(begun(other)).query)["state"]
    assert_failed(opened(other, with_argument(back, state=state)))
    assert not is_signed_in(other)


def test_an_expired_id_token_is_refused(
    client: FlaskClient, provider: Provider, clock: Clock
) -> None:
    clock.advance(hours=1, minutes=4)
    assert_failed(signed_in(client, provider))


def test_a_sign_in_that_began_long_ago_is_refused(
    client: FlaskClient, provider: Provider, clock: Clock
) -> None:
    back = provider.sign_in(begun(client))
    clock.advance(minutes=30, seconds=1)
    assert_failed(opened(client, back))


@pytest.mark.parametrize(("minutes", "works"), [(2, True), (-2, True), (65, False), (-5, False)])
def test_the_clocks_may_be_two_minutes_apart(
    client: FlaskClient, provider: Provider, clock: Clock, minutes: int, *, works: bool
) -> None:
    clock.advance(minutes=minutes)
    answer = signed_in(client, provider)
    assert answer.status_code == 303 if works else 400
    assert is_signed_in(client) is works


def test_a_declined_consent_signs_nobody_in(client: FlaskClient, provider: Provider) -> None:
    back = provider.sign_in(begun(client), login="declines", declines=True)
    assert "error=access_denied" in back
    assert_failed(opened(client, back))
    assert not is_signed_in(client)


@pytest.mark.parametrize("account", [
    {"email_verified": False}, {"email_verified": None}, {"email": ""}, {"email": "anna"},
])  # fmt: skip
def test_an_account_without_a_proved_address_is_refused(
    client: FlaskClient, provider: Provider, account: dict[str, object], store: Store
) -> None:
    back = provider.sign_in(begun(client))
    provider.set(account=ANNA | account)
    assert_failed(opened(client, back))
    assert everything(store) == {}


@pytest.mark.parametrize("change", [
    {"iss": "http%3A%2F%2Fevil.example"}, {"iss": ""}, {"code": ""}, {"code": "a" * 5_000},
])  # fmt: skip
def test_an_answer_of_another_provider_or_none_at_all_is_refused(
    client: FlaskClient, provider: Provider, change: dict[str, str]
) -> None:
    back = with_argument(provider.sign_in(begun(client)), **change)
    answer = client.get(back.removeprefix(SITE))
    assert (answer.status_code, heading(answer)) == (400, FAILED)


def test_this_provider_names_itself_and_nobody_may_leave_that_out(
    client: FlaskClient, provider: Provider
) -> None:
    back, _, _ = provider.sign_in(begun(client)).partition("&iss=")
    assert_failed(opened(client, back))


@pytest.mark.parametrize("query", ["", "?code=a&code=b&state=c", "?error=%0d%0aX", "?state=%00"])
def test_a_made_up_answer_is_refused(client: FlaskClient, query: str) -> None:
    begun(client)
    answer = client.get(BACK + query)
    assert (answer.status_code, heading(answer)) == (400, FAILED)


def test_metadata_of_another_issuer_are_refused(
    settings: Settings, store: Store, clock: Clock, provider: Provider
) -> None:
    client = app_with(settings, store, clock, f"{provider.issuer}/").test_client()
    answer = client.get(BEGIN)
    assert (answer.status_code, heading(answer)) == (400, FAILED)


def test_only_the_newest_unfinished_sign_ins_are_kept(
    client: FlaskClient, provider: Provider
) -> None:
    client.get("/staff/sign-in", query_string={"next": "/staff/tenants?q=" + "a" * 1_900})
    urls = [begun(client) for _ in range(25)]
    assert len(session_cookie(client)) < 3_900
    assert_failed(opened(client, provider.sign_in(urls[21])))
    assert opened(client, provider.sign_in(urls[22])).status_code == 303


# ---- Keys


@pytest.mark.parametrize("kid", ["first", "second"], ids=["same key id", "other key id"])
def test_keys_may_change_and_are_asked_for_again_at_most_once_a_minute(
    client: FlaskClient, provider: Provider, clock: Clock, kid: str
) -> None:
    provider.set(kid="first")
    signed_in(client, provider)
    provider.set(kid=kid)
    assert signed_in(client, provider).status_code == 303
    provider.set(kid="third")
    clock.advance(seconds=58)
    assert_failed(signed_in(client, provider))
    assert_failed(signed_in(client, provider))
    assert provider.set().count("GET /jwks") == 0
    clock.advance(seconds=2)
    assert signed_in(client, provider).status_code == 303
    assert provider.set().count("GET /jwks") == 1


# ---- The provider does not answer, or not as it should


def test_a_provider_that_is_down_at_the_start_does_no_harm(
    settings: Settings, store: Store, clock: Clock
) -> None:
    port = free_port()
    client = app_with(settings, store, clock, f"http://127.0.0.1:{port}").test_client()
    assert client.get("/staff/sign-in").status_code == 200
    answer = client.get(BEGIN)
    assert_failed(answer, status=503)
    assert answer.headers["Retry-After"] == "30"
    with running(SITE + BACK, f"{SITE}/staff/sign-in", port) as provider:
        provider.set(account=ANNA)
        # Nobody waits for it again within seconds.
        assert_failed(client.get(BEGIN), status=503)
        clock.advance(seconds=5)
        back = provider.sign_in(begun(client))
    # And in the middle: it is gone when the browser comes back.
    assert_failed(opened(client, back), status=503)
    assert not is_signed_in(client)


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/jwks", "/token", "/me"])
@pytest.mark.parametrize("kind", ["drop", "hang", "drip", "huge", "packed", "html", "redirect"])
def test_a_strange_answer_fails_within_the_time_of_the_request(
    *,
    settings: Settings,
    store: Store,
    clock: Clock,
    provider: Provider,
    path: str,
    kind: str,
) -> None:
    app = app_with(settings, store, clock, provider.issuer)
    client = app.test_client()
    back = provider.sign_in(begun(client))
    if path.startswith("/.well-known"):
        # So that they are not known.
        services = app.extensions["portal"]
        fresh = OpenIdProvider(setting_of(provider.issuer), base_url=SITE)
        app.extensions["portal"] = replace(services, provider=fresh)
    provider.set(fault={"path": path, "kind": kind})
    began = time.monotonic()
    answer = opened(client, back, environ_overrides={"portal.arrived": began - 7.5})
    assert time.monotonic() - began < 1.5
    assert answer.status_code in (400, 503)
    assert_failed(answer, status=answer.status_code)
    assert everything(store) == {}
    provider.set(fault=None)


def test_a_token_response_without_an_id_token_signs_nobody_in(
    client: FlaskClient, provider: Provider
) -> None:
    back = provider.sign_in(begun(client))
    provider.set(fault={"path": "/token", "kind": "no_id_token"})
    assert_failed(opened(client, back))


def test_userinfo_about_somebody_else_signs_nobody_in(
    client: FlaskClient, provider: Provider, store: Store
) -> None:
    back = provider.sign_in(begun(client))
    provider.set(fault={"path": "/me", "kind": "other_person"})
    assert_failed(opened(client, back))
    assert everything(store) == {}


def test_known_metadata_are_used_while_the_provider_gives_none(
    client: FlaskClient, provider: Provider, clock: Clock
) -> None:
    begun(client)
    provider.set(fault={"path": "/.well-known/openid-configuration", "kind": "drop"})
    clock.advance(minutes=61)
    assert begun(client)


# ---- Roles that are taken away, and people who were disabled


def test_a_role_that_was_taken_away_ends_every_session_and_comes_back(
    client: FlaskClient, provider: Provider, store: Store, new_client: Callable[[], FlaskClient]
) -> None:
    signed_in(client, provider)
    provider.set(account=ANNA | {"groups": ["everybody"]})
    again = new_client()
    answer = signed_in(again, provider)
    assert (answer.status_code, heading(answer)) == (403, NO_ACCESS)
    words = page_words(answer)
    assert "Your organization knows you, but your account has no role in this portal." in words
    assert not is_signed_in(again)
    assert not is_signed_in(client)
    events = [security_event_of(item) for item in store.query(GSI2, SECURITY_EVENTS).items]
    assert SecurityAct.ACCESS_ENDED in [event.act for event in events]
    provider.set(account=ANNA)
    assert signed_in(again, provider).status_code == 303
    assert not is_signed_in(client)


def test_a_role_that_is_taken_away_ends_an_open_session_within_a_minute(
    client: FlaskClient, provider: Provider, store: Store, clock: Clock
) -> None:
    signed_in(client, provider)
    provider.set(account=ANNA | {"groups": []})
    clock.advance(seconds=59)
    assert is_signed_in(client)
    assert "GET /me" not in provider.set()
    clock.advance(seconds=1)
    # Also a request that the page makes by itself.
    automatic = {"Portal-Automatic": "true"}
    assert client.get("/staff/session", headers=automatic).status_code == 303
    assert not is_signed_in(client)
    events = [security_event_of(item) for item in store.query(GSI2, SECURITY_EVENTS).items]
    (ended,) = [event for event in events if event.act is SecurityAct.ACCESS_ENDED]
    assert ended.source.by == "OpenID Connect"


def test_another_role_ends_an_open_session_within_a_minute(
    client: FlaskClient, provider: Provider, clock: Clock
) -> None:
    signed_in(client, provider)
    provider.set(account=ANNA | {"groups": ["portal-admins"]})
    clock.advance(minutes=1)
    assert not is_signed_in(client)
    signed_in(client, provider)
    assert "Anna Provided Administrator" in page_words(client.get("/staff/"))


def test_the_provider_is_asked_once_a_minute_as_long_as_its_token_lives(
    client: FlaskClient, provider: Provider, clock: Clock
) -> None:
    signed_in(client, provider)
    provider.set()
    for _ in range(12):
        clock.advance(seconds=20)
        assert is_signed_in(client)
    assert provider.set().count("GET /me") == 4
    for _ in range(4):
        clock.advance(minutes=14)
        assert is_signed_in(client)
    provider.set()
    clock.advance(minutes=1)
    assert is_signed_in(client)
    assert provider.set() == []


@pytest.mark.parametrize("kind", ["drop", "hang", "html", "huge"])
def test_a_session_goes_on_while_the_provider_does_not_answer(
    client: FlaskClient, provider: Provider, clock: Clock, kind: str
) -> None:
    signed_in(client, provider)
    provider.set(fault={"path": "/me", "kind": kind})
    clock.advance(minutes=1)
    began = time.monotonic()
    answer = client.get("/staff/", environ_overrides={"portal.arrived": began - 7.0})
    assert answer.status_code == 200
    # Nobody waits for it again within a minute.
    assert time.monotonic() - began < 2
    assert is_signed_in(client)


@pytest.mark.parametrize("kind", ["unauthorized", "other_person"])
def test_a_session_ends_when_the_provider_does_not_know_it_any_more(
    client: FlaskClient, provider: Provider, clock: Clock, kind: str
) -> None:
    signed_in(client, provider)
    provider.set(fault={"path": "/me", "kind": kind})
    clock.advance(minutes=1)
    assert not is_signed_in(client)


def test_another_role_ends_the_earlier_sessions(
    client: FlaskClient, provider: Provider, store: Store, new_client: Callable[[], FlaskClient]
) -> None:
    signed_in(client, provider)
    provider.set(account=ANNA | {"groups": ["portal-viewers"]})
    other = new_client()
    signed_in(other, provider)
    assert not is_signed_in(client)
    assert is_signed_in(other)
    (event,) = [
        each
        for item in store.query(GSI2, SECURITY_EVENTS).items
        if (each := security_event_of(item)).act is SecurityAct.ROLE_CHANGED
    ]
    assert (event.source.by, event.earlier_role, event.role) == (
        "OpenID Connect", "approver", "viewer",
    )  # fmt: skip


def test_whom_the_provider_never_gave_a_role_leaves_nothing_behind(
    client: FlaskClient, provider: Provider, store: Store
) -> None:
    provider.set(account=ANNA | {"groups": []})
    assert heading(signed_in(client, provider)) == NO_ACCESS
    assert everything(store) == {}


def test_whom_an_operator_disabled_the_provider_does_not_let_in_again(
    client: FlaskClient, provider: Provider, store: Store
) -> None:
    signed_in(client, provider)
    disable_person(store, email=str(ANNA["email"]))
    assert not is_signed_in(client)
    answer = signed_in(client, provider)
    assert (answer.status_code, heading(answer)) == (403, NO_ACCESS)


# ---- Signing out


def test_signing_out_here_signs_out_at_the_provider(
    client: FlaskClient, provider: Provider
) -> None:
    with requests.Session() as browser:
        opened(client, provider.walk(browser, begun(client)))
        # The provider knows this browser by now, and asks nothing.
        assert provider.walk(browser, begun(client), login="nobody").startswith(SITE + BACK)
        form = form_of(client.get("/staff/"), "/staff/sign-out")
        page = client.post("/staff/sign-out", data=form)
        assert heading(page) == "You are signed out of this portal"
        url = links(page)["Sign out at the organization"]
        assert f'content="0; url={url.replace("&", "&amp;")}"' in page.text
        asked = parse_qs(urlsplit(url).query)
        assert asked.keys() == {"client_id", "id_token_hint", "post_logout_redirect_uri"}
        assert not is_signed_in(client)
        assert provider.walk(browser, url) == f"{SITE}/staff/sign-in"
        provider.set(account=ANNA | {"name": "Ben Provided"})
        opened(client, provider.walk(browser, begun(client), login="ben"))
    assert "Ben Provided" in page_words(client.get("/staff/"))


def test_signing_out_works_while_the_provider_is_down(
    settings: Settings, store: Store, clock: Clock, provider: Provider
) -> None:
    app = app_with(settings, store, clock, provider.issuer)
    client = app.test_client()
    signed_in(client, provider)
    form = form_of(client.get("/staff/"), "/staff/sign-out")
    gone = OpenIdProvider(setting_of(f"http://127.0.0.1:{free_port()}"), base_url=SITE)
    app.extensions["portal"] = replace(app.extensions["portal"], provider=gone)
    answer = client.post("/staff/sign-out", data=form)
    assert (answer.status_code, answer.location) == (303, "/staff/sign-in")
    assert not is_signed_in(client)


# ---- What is written down


def test_the_log_holds_no_code_no_token_no_state_and_no_address(
    client: FlaskClient, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    # The level of the portal. The browser of this test logs below it.
    caplog.set_level(logging.INFO)
    first, second = begun(client), begun(client)
    back = provider.sign_in(first)
    opened(client, back)
    assert_failed(opened(client, back))
    provider.set(account=ANNA | {"email_verified": False})
    other = provider.sign_in(with_argument(second, nonce="wrong"))
    assert_failed(opened(client, other))
    lines = [JsonLines().format(record) for record in caplog.records]
    assert [line for line in lines if '"problem": "state"' in line]
    secrets = [
        value
        for url in (first, second, back, other)
        for values in parse_qs(urlsplit(url).query).values()
        for value in values
    ]
    public = {"code", CLIENT_ID, "query", "S256", provider.issuer, SITE + BACK,
              "openid email profile"}  # fmt: skip
    text = "\n".join(lines)
    for secret in {*secrets, CLIENT_SECRET, "anna@", "Anna Provided", "eyJhbGciOi"} - public:
        assert secret not in text


def test_without_a_provider_there_are_no_such_pages(
    settings: Settings, store: Store, clock: Clock
) -> None:
    app = create_app(settings, store=store, clock=clock.now)
    app.test_client_class = StrictClient
    client = app.test_client()
    assert [client.get(path).status_code for path in (BEGIN, BACK)] == [404, 404]
