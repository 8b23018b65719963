"""Reminders can be ended: by the page behind their link, and by the button of a mail program."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal import create_app, onboarding, records
from portal.mail import Kind
from portal.mail.messages.message import OutgoingMail
from portal.outbox import Delivery
from portal.reminder_links import reminder_token
from portal.settings import Settings
from portal.stores.contract import Add, Store
from portal.tenants import AuditInfo, Contact, Tenant
from tests.conftest import SECRET_KEY, Clock
from tests.mail.letters_and_facts import Kept, post_to, read
from tests.strict_client import StrictClient
from tests.web.pages import (
    IDS,
    SignUp,
    Staff,
    everything,
    form_of,
    heading,
    page_words,
)
from tests.web.write_cases import send_mail

NewClient = Callable[[], FlaskClient]
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def store(each_store: Store) -> Store:
    return each_store


@pytest.fixture
def tenant(pending: SignUp, anna: Staff, app: Flask, store: Store, clock: Clock) -> Tenant:
    """An active one, whose end comes near. Its other mails have left."""
    today = clock.now().date()
    first, last = (str(today + timedelta(days=days)) for days in (0, 10))
    answer = anna.decide(pending.id, "activate", **IDS, valid_from=first, valid_to=last)
    assert answer.status_code == 303
    send_mail(app)
    return onboarding.find(store, pending.id)


@pytest.fixture
def remind(
    settings: Settings, store: Store, clock: Clock
) -> Callable[[Tenant], list[OutgoingMail]]:
    """Sends what is due, and a reminder, as a portal does that people reach by https."""
    settings = replace(settings, base_url="https://portal.example.com")

    def send(tenant: Tenant) -> list[OutgoingMail]:
        at, way = clock.advance(minutes=1), Kept()
        entry = records.new_outbox_entry(tenant.id, Kind.EXPIRING.value, "en", at)
        store.write([Add(records.outbox_item(entry))])
        Delivery(store=store, post=post_to(settings, way), clock=clock.now).send_due()
        return way.mails

    return send


def link_of(mail: OutgoingMail) -> str:
    """What a mail program follows, without the host."""
    header = read(mail).message["List-Unsubscribe"]
    found = re.fullmatch(r"<(https://portal\.example\.com/reminders/\S+)>", str(header))
    assert found
    # In the bytes it stands in one piece, however long it is; and people can follow it as well.
    assert f"\r\nList-Unsubscribe: <{found[1]}>\r\n".encode() in mail.content
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in mail.content
    assert found[1] in read(mail).text().splitlines()
    return urlsplit(found[1]).path


def contact_with(email: str) -> Contact:
    return Contact(company="Example GmbH", name="Jane Doe", email=email)


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data"])
def test_the_button_of_a_mail_program_ends_reminders_and_nothing_else(
    *, tenant: Tenant, remind, new_client: NewClient, anna: Staff, app: Flask, kind: str
) -> None:
    (mail,) = remind(tenant)
    # The program has opened nothing before, has no cookie and follows no redirect.
    answer = new_client().post(link_of(mail), data=ONE_CLICK, content_type=kind)
    assert (answer.status_code, heading(answer)) == (200, "You get no more reminders")
    assert remind(tenant) == []
    # Nobody's decision is out of date by it, and it is told as ever.
    assert anna.decide(tenant.id, "suspend", reason="unpaid").status_code == 303
    assert len(send_mail(app)) == 1


def test_a_scanner_that_opens_every_link_ends_nothing(
    tenant: Tenant, remind, new_client: NewClient, store: Store
) -> None:
    (mail,) = remind(tenant)
    link, before = link_of(mail), everything(store)
    for _ in range(2):
        assert new_client().get(link).status_code == 200
        assert new_client().head(link).status_code == 200
    assert everything(store) == before
    assert len(remind(tenant)) == 1


def test_the_page_says_what_happens_and_takes_it_back(
    tenant: Tenant, remind, new_client: NewClient, store: Store
) -> None:
    (mail,) = remind(tenant)
    link, client = link_of(mail), new_client()
    page = client.get(link)
    assert heading(page) == "End the reminders"
    assert "Press the button if j•••@example.com is not to get mail" in page_words(page)
    assert page.headers["X-Robots-Tag"] == "noindex"
    form = form_of(page, link)
    assert form == ONE_CLICK
    for _ in range(2):
        assert heading(client.post(link, data=form)) == "You get no more reminders"
    assert heading(client.get(link)) == "You get no more reminders"
    form = form_of(client.get(link), link)
    assert form == {"again": "1"}
    for _ in range(2):
        assert heading(client.post(link, data=form)) == "End the reminders"
    assert len(remind(tenant)) == 1
    german = client.get(link, headers={"Accept-Language": "de"})
    assert heading(german) == "Erinnerungen beenden"


def test_staff_see_it_and_the_mail_that_did_not_leave(
    tenant: Tenant, remind, new_client: NewClient, anna: Staff
) -> None:
    (mail,) = remind(tenant)
    new_client().post(link_of(mail), data=ONE_CLICK)
    remind(tenant)
    words = page_words(anna.get(f"/staff/tenants/{tenant.id}"))
    assert "No more reminders by mail, please. The customer, 23 Nov 2026" in words
    assert "Not sent, since the customer wants no reminders." in words


def test_another_contact_is_reminded_again_and_the_old_link_ends_nothing(
    tenant: Tenant, remind, new_client: NewClient, store: Store, clock: Clock
) -> None:
    (mail,) = remind(tenant)
    link = link_of(mail)
    new_client().post(link, data=ONE_CLICK)
    audit = AuditInfo(by="Anna", at=clock.now())
    changed = onboarding.edit_contact(
        store,
        tenant.id,
        expected_version=tenant.version,
        audit=audit,
        contact=contact_with("new@example.org"),
    )
    assert new_client().post(link, data=ONE_CLICK).status_code == 404
    (mail,) = remind(changed)
    assert mail.recipient == "new@example.org"
    assert link_of(mail) != link


def test_wrong_links_get_one_page(
    tenant: Tenant, new_client: NewClient, app: Flask, store: Store
) -> None:
    email = tenant.contact.email
    good = reminder_token(SECRET_KEY, tenant.id, email)
    before = everything(store)
    pages = set()
    for token in (
        "x",
        good[:-1],
        reminder_token("another key" * 4, tenant.id, email),
        reminder_token(SECRET_KEY, tenant.id, "other@example.com"),
        reminder_token(SECRET_KEY, "1_2", email),
    ):
        for answer in (
            new_client().get(f"/reminders/{token}"),
            new_client().post(f"/reminders/{token}", data=ONE_CLICK),
        ):
            assert answer.status_code == 404
            pages.add(heading(answer))
    assert len(pages) == 1
    assert everything(store) == before


@pytest.mark.parametrize(("fallbacks", "status"), [((SECRET_KEY,), 200), ((), 404)])
def test_a_link_of_an_earlier_key_works_as_long_as_the_key_is_kept(
    *, tenant: Tenant, settings: Settings, store: Store, clock: Clock, fallbacks, status: int
) -> None:
    token = reminder_token(SECRET_KEY, tenant.id, tenant.contact.email)
    changed = replace(settings, configured_secret_key="n" * 40, secret_key_fallbacks=fallbacks)
    app = create_app(changed, store=store, clock=clock.now)
    app.test_client_class = StrictClient
    assert app.test_client().get(f"/reminders/{token}").status_code == status


def test_it_is_erased_with_the_notes(
    pending: SignUp, app: Flask, store: Store, clock: Clock, anna: Staff
) -> None:
    tenant = onboarding.find(store, pending.id)
    onboarding.end_reminders(store, tenant, AuditInfo(by="customer", at=clock.now()))
    assert onboarding.are_reminders_ended(store, tenant)
    anna.decide(pending.id, "reject", reason="other")
    onboarding.erase(
        store, tenant.id, expected_version=2, audit=AuditInfo(by="retention", at=clock.now())
    )
    assert "no_reminders" not in str(everything(store))
