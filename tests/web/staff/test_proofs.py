"""The lists of what lacks a proof, and what the overview says of them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal import create_app, queries, records
from portal.mail import MailError, Problem, Retry
from portal.queries import PROOFS_PAGE, ProofList
from portal.records import UnknownId
from portal.settings import Settings
from portal.stores.contract import Add, Replace, Store
from portal.tenants import Status
from portal.usage import watch_usage
from portal.web.http import Services
from tests.conftest import START, Clock
from tests.examples import Counting
from tests.web.factories import active_tenant, add_tenants, companies, row_text
from tests.web.pages import SignUp, Staff, heading, links, page_words
from tests.web.staff.test_lamps import staff_of
from tests.web.write_cases import send_mail

NEVER, MAIL = "/staff/proofs/never-let-in", "/staff/proofs/mail-not-delivered"
AFTER_END, UNKNOWN = "/staff/proofs/asking-after-end", "/staff/proofs/unknown-ids"


Look = Callable[..., TestResponse]


@pytest.fixture
def look(signed_in: Callable[..., Staff]) -> Look:
    """Opens a page as somebody who has just signed in, whatever the time is."""

    def open_page(url: str, **how: Any) -> TestResponse:
        return signed_in("Vera", "viewer").get(url, **how)

    return open_page


@pytest.fixture
def noted(app: Flask, client: FlaskClient) -> Callable[..., None]:
    """`noted("91_1", …)`: their applications ask, and the process writes it down."""

    def ask(*tenant_ids: str) -> None:
        for tenant_id in tenant_ids:
            account_id, _, company_id = tenant_id.partition("_")
            client.get(f"/api/validate?accountId={account_id}&companyId={company_id}")
        services: Services = app.extensions["portal"]
        services.usage.flush()

    return ask


def watched(store: Store, clock: Clock, *numbers: int, ends_in: int = 90) -> None:
    for number in numbers:
        tenant = active_tenant(number, f"Company {number:03}", timedelta(days=ends_in))
        add_tenants(store, tenant)
        watch_usage(store, tenant.id, clock.now())


def overview(look: Look) -> dict[str, str]:
    """What the overview says of missing proofs, and its address."""
    found = links(look("/staff/"))
    return {text: url for text, url in found.items() if url.startswith("/staff/proofs/")}


def test_nothing_is_said_while_nothing_is_missing(viewer: Staff) -> None:
    assert overview(viewer.get) == {}
    for url in (NEVER, MAIL, AFTER_END, UNKNOWN):
        assert "None." in page_words(viewer.get(url))


def test_a_tenant_that_was_never_let_in_is_listed_until_it_is(
    store: Store, look: Look, clock: Clock, noted: Callable[..., None]
) -> None:
    watched(store, clock, 1)
    clock.advance(days=1)
    watched(store, clock, 2)
    page = look(NEVER)
    assert heading(page) == "Never let in"
    assert companies(page) == ["Company 001", "Company 002"]
    assert "91 / 1 Since 23 Nov 2026 (1 day)" in row_text(page, "Company 001")
    # Each has a week.
    assert overview(look) == {}
    clock.advance(days=7)
    assert overview(look) == {
        "2 tenants were activated more than a week ago and never let in": NEVER
    }
    noted("91_1")
    assert companies(look(NEVER)) == ["Company 002"]
    assert overview(look) == {"1 tenant was activated more than a week ago and never let in": NEVER}


def test_a_tenant_that_asks_after_its_end_is_listed_for_a_week(
    store: Store, look: Look, clock: Clock, noted: Callable[..., None]
) -> None:
    add_tenants(
        store,
        active_tenant(1, "Over Ltd", timedelta(days=-5)),
        active_tenant(2, "Paused BV", timedelta(days=90), status=Status.SUSPENDED),
        active_tenant(3, "Works KG", timedelta(days=90)),
        active_tenant(4, "Silent SE", timedelta(days=-5)),
    )
    noted("91_1", "92_1", "93_1")
    page = look(AFTER_END)
    assert sorted(companies(page)) == ["Over Ltd", "Paused BV"]
    assert row_text(page, "Over Ltd").endswith("Status Expired")
    assert "Asked last 23 Nov 2026" in row_text(page, "Paused BV")
    assert overview(look) == {"2 tenants still ask after their end": AFTER_END}
    clock.advance(days=5)
    noted("92_1")
    clock.advance(days=3)
    assert companies(look(AFTER_END)) == ["Paused BV"]


def test_a_tenant_that_was_renewed_a_moment_ago_is_left_out(
    store: Store, viewer: Staff, noted: Callable[..., None]
) -> None:
    over = active_tenant(1, "Over Ltd", timedelta(days=-5))
    add_tenants(store, over)
    noted(over.id)
    renewed = active_tenant(1, "Over Ltd", timedelta(days=360))
    store.write([Replace(records.item_of(replace(renewed, version=2)), 1)])
    assert companies(viewer.get(AFTER_END)) == []


def test_mail_that_was_not_delivered_is_listed_with_its_reason(
    app: Flask, pending: SignUp, viewer: Staff
) -> None:
    error = MailError(retry=Retry.NEVER, problem=Problem.ADDRESS_REFUSED, detail="550 5.1.1")
    send_mail(app, error)
    page = viewer.get(MAIL)
    assert companies(page) == ["Example GmbH"]
    assert "The mail server refused this address. (550 5.1.1)" in row_text(page, "Example GmbH")
    assert links(page)["Example GmbH"] == f"/staff/tenants/{pending.id}"
    assert overview(viewer.get) == {"1 mail was not delivered": MAIL}


def test_unknown_ids_are_marked_as_what_anybody_can_type(
    store: Store, viewer: Staff, noted: Callable[..., None]
) -> None:
    noted("86810_1", "86810_1", "77_1")
    page = viewer.get(UNKNOWN)
    text = page_words(page)
    assert "Anybody can ask for any ids. Nobody has checked these" in text
    assert text.index("86810 / 1 Asked, roughly 2") < text.index("77 / 1 Asked, roughly 1")
    assert overview(viewer.get) == {"2 pairs of ids are asked for and have no tenant": UNKNOWN}
    # By now the second has a tenant.
    tenant = replace(active_tenant(1, "New AG", timedelta(days=9)), id="77_1")
    add_tenants(store, tenant)
    assert "77 / 1" not in page_words(viewer.get(UNKNOWN))


def test_long_lists_have_pages(store: Store, viewer: Staff, clock: Clock) -> None:
    watched(store, clock, *range(100, 100 + PROOFS_PAGE + 2))
    page = viewer.get(NEVER)
    assert len(companies(page)) == PROOFS_PAGE
    following = viewer.get(links(page)["Next page"])
    assert companies(following) == ["Company 125", "Company 126"]
    assert "Next page" not in links(following)
    assert links(following)["First page"] == NEVER
    # A cursor of another list is none.
    other = links(page)["Next page"].replace("never-let-in", "asking-after-end")
    assert companies(viewer.get(other)) == []


def test_the_list_of_unknown_ids_has_pages(store: Store, viewer: Staff) -> None:
    day = START.date()
    unknown = [
        UnknownId(tenant_id=f"{n}_1", count=1000 - n, first_day=day, last_day=day)
        for n in range(500)
    ]
    store.write([Add(records.unknown_ids_item(unknown, 1))])
    page = viewer.get(UNKNOWN)
    assert "24 / 1" in page_words(page)
    assert "25 / 1" not in page_words(page)
    assert "99+" in page_words(page)
    assert "25 / 1" in page_words(viewer.get(links(page)["Next page"]))


def test_what_a_list_reads_does_not_grow(store: Store, clock: Clock) -> None:
    def cost() -> list[tuple[int, int, int]]:
        costs = []
        for which in (ProofList.NEVER_LET_IN, ProofList.AFTER_END, ProofList.MAIL):
            counting = Counting(store)
            zone = ZoneInfo("UTC")
            queries.proof_page(counting, which, clock.now(), zone, after=None)
            queries.proof_counts(counting, clock.now(), zone)
            costs.append((counting.cost.gets, counting.cost.queries, counting.cost.counts))
        return costs

    watched(store, clock, *range(100, 140))
    few = cost()
    watched(store, clock, *range(140, 300))
    assert cost() == few
    assert few[0] == (PROOFS_PAGE, 2, 3)


def test_there_is_no_other_list(viewer: Staff) -> None:
    assert viewer.get("/staff/proofs/everything").status_code == 404


def test_a_stranger_is_sent_to_sign_in(client: FlaskClient) -> None:
    for url in (NEVER, MAIL, AFTER_END, UNKNOWN):
        answer: TestResponse = client.get(url)
        assert answer.status_code == 303
        assert answer.headers["Location"].startswith("/staff/sign-in")


def test_the_lists_are_in_german(
    store: Store, look: Look, clock: Clock, noted: Callable[..., None]
) -> None:
    watched(store, clock, 1)
    noted("86810_1")
    german = {"Accept-Language": "de"}
    assert heading(look(NEVER, headers=german)) == "Nie eingelassen"
    assert "Jeder kann nach beliebigen IDs fragen" in page_words(look(UNKNOWN, headers=german))
    clock.advance(days=8)
    text = page_words(look("/staff/", headers=german))
    assert "1 Mandant ist seit über einer Woche aktiv und wurde nie eingelassen" in text


def test_a_list_that_nobody_keeps_says_so(settings: Settings, store: Store, clock: Clock) -> None:
    app = create_app(replace(settings, note_use=False), store=store, clock=clock.now)
    anna = staff_of(app, store, clock)
    assert "PORTAL_NOTE_USE is turned off" in page_words(anna.get(NEVER))
    assert "PORTAL_NOTE_USE" not in page_words(anna.get(MAIL))


def test_on_a_table_the_list_says_what_is_not_seen(
    settings: Settings, store: Store, clock: Clock
) -> None:
    table = replace(settings, store="dynamodb", kms_key_id="alias/portal")
    app = create_app(table, store=store, clock=clock.now)
    anna = staff_of(app, store, clock)
    assert "An application that reads the table by itself" in page_words(anna.get(NEVER))
