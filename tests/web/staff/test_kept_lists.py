"""Rows and lists are kept while they say the same. Nobody is ever shown an old one."""

from collections.abc import Callable
from datetime import timedelta

from flask.testing import FlaskClient
from markupsafe import escape

from portal.auth.people import person_id
from portal.stores.contract import Replace, Store
from tests.conftest import Clock
from tests.web.factories import (
    QUEUE,
    active_tenant,
    add_tenants,
    companies,
    pending_tenant,
    row_text,
    tab_counts,
)
from tests.web.pages import HTMX, Staff, form_of, links, sent_in

ANNA = person_id("anna@staff.example.com")
PENDING = f"{QUEUE}?status=pending"
ALL = f"{QUEUE}?status=all"


def test_a_decision_is_seen_at_once(anna: Staff, viewer: Staff, store: Store) -> None:
    add_tenants(store, *(pending_tenant(number) for number in range(1, 4)))
    assert companies(viewer.get(PENDING)) == ["Company 001", "Company 002", "Company 003"]
    anna.decide(pending_tenant(2).id, "reject", reason="not_a_customer")
    answer = viewer.get(PENDING)
    assert companies(answer) == ["Company 001", "Company 003"]
    assert tab_counts(answer)["Pending"] == "2"
    assert tab_counts(answer)["Rejected"] == "1"


def test_a_change_of_a_row_is_seen_at_once(anna: Staff, viewer: Staff, store: Store) -> None:
    sign_up = pending_tenant(1)
    add_tenants(store, sign_up, pending_tenant(2))
    viewer.get(PENDING)
    anna.decide(sign_up.id, "contact", company="Other Ltd", phone="+353201234567")
    assert companies(viewer.get(PENDING)) == ["Other Ltd", "Company 002"]


def test_a_change_past_the_portal_is_seen_at_once(viewer: Staff, store: Store) -> None:
    """A program may change an item and leave its version as it is."""
    add_tenants(store, pending_tenant(1), pending_tenant(2))
    viewer.get(PENDING)
    item = dict(store.get(pending_tenant(1).id))
    store.write([Replace({**item, "contactFullName": "Kim Poe"}, int(item["version"]))])
    assert "Kim Poe" in row_text(viewer.get(PENDING), "Company 001")


def test_who_looks_after_it_is_said_to_each_reader(
    client: FlaskClient, anna: Staff, ben: Staff
) -> None:
    sent = sent_in(client, company="First GmbH")
    ben.get(PENDING)
    anna.decide(sent.id, "assign", to=ANNA)
    assert "Anna has looked after it" in row_text(ben.get(PENDING), "First GmbH")
    assert "You have looked after it" in row_text(anna.get(PENDING), "First GmbH")
    assert "Anna has looked after it" in row_text(ben.get(PENDING), "First GmbH")


def test_each_reader_has_their_language(anna: Staff, store: Store) -> None:
    add_tenants(store, pending_tenant(1))
    for language in ("en", "de", "en"):
        text = anna.get(PENDING, headers={"Accept-Language": language}).text
        assert ("23 Stunden" in text, "23 hours" in text) == (language == "de", language == "en")


def test_time_that_passes_is_seen_at_once(
    signed_in: Callable[..., Staff], store: Store, clock: Clock
) -> None:
    """The sign-up came one day before the clock began, and a second after that."""
    add_tenants(store, pending_tenant(1))
    for passed, age in [
        (timedelta(0), "23 hours"),
        (timedelta(milliseconds=999), "23 hours"),
        (timedelta(milliseconds=1), "1 day"),
        (timedelta(hours=24, milliseconds=-1), "1 day"),
        (timedelta(milliseconds=1), "2 days"),
    ]:
        clock.advance(seconds=passed.total_seconds())
        viewer = signed_in("Vera", "viewer")
        for _ in range(2):
            assert age in row_text(viewer.get(PENDING), "Company 001")


def test_a_licence_that_expires_and_ends_is_seen_at_once(
    signed_in: Callable[..., Staff], store: Store, clock: Clock
) -> None:
    month = timedelta(days=30)
    add_tenants(store, active_tenant(1, "One AG", month + timedelta(seconds=1)), pending_tenant(2))
    start, moment = clock.now(), timedelta(milliseconds=1)
    for passed, status in [
        (timedelta(seconds=1), "Active"),
        (timedelta(seconds=1) + moment, "Expiring"),
        (month + timedelta(seconds=1), "Expiring"),
        (month + timedelta(seconds=1) + moment, "Expired"),
    ]:
        clock.advance(seconds=(start + passed - clock.now()).total_seconds())
        viewer = signed_in("Vera", "viewer")
        for _ in range(2):
            assert status in row_text(viewer.get(ALL), "One AG")


def test_each_role_has_its_own_list(anna: Staff, viewer: Staff, store: Store) -> None:
    add_tenants(store, pending_tenant(1))
    for _ in range(2):
        assert 'name="row-' in anna.get(PENDING).text
        assert "tenants.csv" in anna.get(PENDING).text
        assert 'name="row-' not in viewer.get(PENDING).text
        assert "tenants.csv" not in viewer.get(PENDING).text


def test_each_reader_has_their_own_tokens(anna: Staff, ben: Staff, store: Store) -> None:
    add_tenants(store, pending_tenant(1))
    for staff in (anna, ben, anna):
        form = form_of(staff.get(PENDING), "/staff/views/save")
        assert form["csrf_token"] == staff.token()
    assert anna.token() != ben.token()


def test_saved_views_are_each_readers_own(anna: Staff, ben: Staff, store: Store) -> None:
    add_tenants(store, pending_tenant(1))
    for staff in (anna, ben):
        form = form_of(staff.get(PENDING), "/staff/views/save")
        staff.client.post("/staff/views/save", data=form | {"name": f"List of {staff.name}"})
    assert "List of Anna" in links(anna.get(PENDING))
    assert "List of Ben" not in links(anna.get(PENDING))


def test_a_path_below_which_the_portal_is_stands_in_all_links(anna: Staff, store: Store) -> None:
    add_tenants(store, pending_tenant(1))
    for root in ("", "/below", ""):
        text = anna.get(PENDING, environ_overrides={"SCRIPT_NAME": root}).text
        assert f'href="{root}/staff/tenants/{pending_tenant(1).id}?back=' in text
        assert f'hx-get="{root}/staff/tenants?status=active"' in text


def test_what_people_typed_is_filled_in_nowhere(viewer: Staff, store: Store) -> None:
    typed = "[[company]] %s %(token)s pending-token"
    add_tenants(store, pending_tenant(1, typed))
    for headers in ({}, HTMX, {}):
        assert str(escape(typed)) in viewer.get(PENDING, headers=headers).text
