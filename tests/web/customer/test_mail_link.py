"""The link in a mail opens the status page, though the store has only a hash of another one."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal import create_app, onboarding
from portal.settings import Settings
from portal.status_links import mailed_secret
from portal.stores.contract import Replace, Store
from portal.tenants import AuditInfo
from portal.web.http.signed_links import status_hash
from tests.conftest import SECRET_KEY, Clock
from tests.mail.letters_and_facts import read
from tests.strict_client import StrictClient
from tests.web.pages import IDS, TYPED, SignUp, Staff, form_of, heading, page_words, sent_in
from tests.web.write_cases import send_mail

OTHER_KEY = "another-key-that-only-tests-sign-with"


def link_in_mail(app: Flask) -> str:
    """The path of the link in the mail that is sent now."""
    (mail,) = send_mail(app)
    (url,) = re.findall(r"^http\S+/status/\S+$", read(mail).text(), re.MULTILINE)
    assert url.startswith("http://127.0.0.1:8000/status/")
    # Mail programs cut a link that ends otherwise.
    assert url[-1].isalnum()
    return str(url.removeprefix("http://127.0.0.1:8000"))


def test_the_link_in_a_mail_opens_the_status_page(
    app: Flask, new_client: Callable[[], FlaskClient], pending: SignUp
) -> None:
    link = link_in_mail(app)
    assert link != pending.url
    page = new_client().get(link)
    assert page.status_code == 200
    assert heading(page) == "Your request is waiting for approval"
    assert TYPED["email"] not in page_words(page)
    # The customer's own link works as before.
    assert new_client().get(pending.url).status_code == 200
    # Whoever opens it may do what the page offers.
    withdraw = form_of(new_client().get(f"{link}/withdraw"), f"{link}/withdraw")
    assert {"version"} <= withdraw.keys()


def test_a_link_scanner_that_opens_it_changes_nothing(
    app: Flask, new_client: Callable[[], FlaskClient], pending: SignUp, store: Store
) -> None:
    link = link_in_mail(app)
    before = store.get(pending.id)
    scanner = new_client()
    for path in (link, f"{link}/change", f"{link}/withdraw"):
        assert scanner.get(path).status_code == 200
        assert scanner.head(path).status_code == 200
    assert store.get(pending.id) == before


def test_every_mail_of_a_tenant_has_the_same_link_and_it_leads_on(
    app: Flask, client: FlaskClient, pending: SignUp, anna: Staff, clock: Clock
) -> None:
    first = link_in_mail(app)
    anna.decide(pending.id, "activate", **IDS)
    clock.advance(minutes=1)
    assert link_in_mail(app) == first
    assert heading(client.get(first)) == "Your access is ready"


def test_t16_the_store_holds_nothing_that_the_link_can_be_made_of(
    app: Flask, pending: SignUp, store: Store
) -> None:
    link = link_in_mail(app)
    secret = link[-32:]
    item = store.get(pending.id)
    for text in (secret, status_hash(secret)):
        assert text not in str(item)
    # With the store alone, and another key, one gets another secret.
    reference, stored = pending.token[:26], str(item["statusLink"])
    assert mailed_secret(SECRET_KEY, reference, stored) == secret
    assert mailed_secret(OTHER_KEY, reference, stored) != secret


@pytest.mark.parametrize("spoil", ["secret", "reference", "of another", "hash of the own secret"])
def test_t16_any_other_link_is_not_found(
    app: Flask, client: FlaskClient, pending: SignUp, store: Store, spoil: str
) -> None:
    link = link_in_mail(app)
    reference, secret = link[-58:-32], link[-32:]
    other = sent_in(client, email="other@example.com")
    forged = {
        "secret": reference + secret[:-1] + ("a" if secret[-1] != "a" else "b"),
        "reference": "a" * 26 + secret,
        "of another": other.token[:26] + secret,
        "hash of the own secret": reference + str(store.get(pending.id)["statusLink"])[:32],
    }[spoil]
    assert client.get(f"/status/{forged}").status_code == 404


def test_the_link_ends_with_the_one_that_it_is_bound_to(
    app: Flask, client: FlaskClient, pending: SignUp, store: Store, clock: Clock
) -> None:
    link = link_in_mail(app)
    item = store.get(pending.id)
    store.write([Replace({**item, "statusLink": "f" * 64, "version": 2}, 1, read=item)])
    assert client.get(link).status_code == 404


def test_the_link_of_an_erased_sign_up_is_not_found(
    *, app: Flask, client: FlaskClient, pending: SignUp, anna: Staff, store: Store, clock: Clock
) -> None:
    link = link_in_mail(app)
    anna.decide(pending.id, "reject", reason="other")
    audit = AuditInfo(by="retention", at=clock.now())
    onboarding.erase(store, pending.id, expected_version=2, audit=audit)
    assert client.get(link).status_code == 404


def test_the_link_expires_as_the_other_one_does(
    app: Flask, client: FlaskClient, pending: SignUp, clock: Clock
) -> None:
    link = link_in_mail(app)
    clock.advance(days=730)
    assert client.get(link).status_code == 200
    clock.advance(days=1)
    assert client.get(link).status_code == 404


@pytest.mark.parametrize(("fallbacks", "status"), [((SECRET_KEY,), 200), ((), 404)])
def test_the_link_lives_as_long_as_its_key(
    *,
    app: Flask,
    pending: SignUp,
    settings: Settings,
    store: Store,
    clock: Clock,
    fallbacks: tuple[str, ...],
    status: int,
) -> None:
    link = link_in_mail(app)
    changed = replace(settings, configured_secret_key=OTHER_KEY, secret_key_fallbacks=fallbacks)
    later = create_app(changed, store=store, clock=clock.now)
    later.test_client_class = StrictClient
    assert later.test_client().get(link).status_code == status
    # The customer's own link needs no key.
    assert later.test_client().get(pending.url).status_code == 200


def test_t24_the_host_of_a_link_is_the_portals_own_whatever_a_request_says(
    app: Flask, client: FlaskClient, settings: Settings, store: Store, clock: Clock
) -> None:
    refused = client.get("/sign-up", headers={"Host": "evil.example"})
    assert refused.status_code == 400
    form = form_of(client.get("/sign-up"), "/sign-up") | TYPED
    headers = {"X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"}
    assert client.post("/sign-up", data=form, headers=headers).status_code == 303
    (mail,) = send_mail(app)
    text = read(mail).text() + read(mail).text("html")
    assert "evil" not in text
    assert set(re.findall(r"https?://([^/\s]+)/", text)) == {"127.0.0.1:8000"}


def test_t4_a_known_address_gets_as_much_mail_as_a_new_one(
    *, app: Flask, client: FlaskClient, store: Store, anna: Staff, clock: Clock
) -> None:
    known = sent_in(client)
    anna.decide(known.id, "activate", **IDS)
    assert len(send_mail(app)) == 1
    # The first mail to an address each day has the link that proves it, known or not.
    clock.advance(days=1)
    sent_in(client)
    (again,) = send_mail(app)
    sent_in(client, email="new@example.com")
    (new,) = send_mail(app)
    same = [
        re.sub(r"/confirm/\S+|[a-zA-Z0-9]{58}|[a-z0-9]{26}", "X", read(mail).text())
        for mail in (again, new)
    ]
    assert same[0] == same[1]


def test_f21_a_filled_trap_sends_no_mail_until_staff_let_it_in(
    app: Flask, client: FlaskClient, anna: Staff
) -> None:
    aside = sent_in(client, website="https://robot.example")
    assert send_mail(app) == []
    anna.decide(aside.id, "release")
    assert len(send_mail(app)) == 1
