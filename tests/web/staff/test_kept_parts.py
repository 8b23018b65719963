"""Parts of a tenant's page are kept, and never show what was: a decision, another language, another
role and the time that passes are seen at once."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from portal import records
from portal.stores.contract import Item, Replace, Store
from portal.tenants import Ids
from tests.conftest import START, Clock
from tests.web.factories import active_tenant, add_tenants, pending_tenant
from tests.web.pages import Staff, facts, form_of, forms, page_words

GERMAN = {"Accept-Language": "de"}


def test_a_change_by_somebody_else_is_seen_at_once(store: Store, anna: Staff, ben: Staff) -> None:
    tenant = active_tenant(3, "Long KG", timedelta(days=200))
    add_tenants(store, tenant)
    for name in ("Kim", "Lee", "Kim"):
        assert ben.decide(tenant.id, "contact", name=name).status_code == 303
        assert facts(anna.page(tenant.id))["Name"] == name
        assert anna.form(tenant.id, "contact")["name"] == name
    assert ben.decide(tenant.id, "suspend", reason="unpaid").status_code == 303
    found = forms(anna.page(tenant.id))
    assert f"/staff/tenants/{tenant.id}/reinstate" in found
    assert f"/staff/tenants/{tenant.id}/suspend" not in found


def test_a_change_by_the_old_application_is_seen_though_the_version_stays(
    store: Store, anna: Staff
) -> None:
    tenant = active_tenant(3, "Long KG", timedelta(days=200))
    add_tenants(store, tenant)
    assert "Long KG" in page_words(anna.page(tenant.id))
    item = dict(store.get(tenant.id))
    store.write([Replace({**item, "contactCompanyName": "Short KG"}, tenant.version)])
    assert "Short KG" in page_words(anna.page(tenant.id))
    assert anna.form(tenant.id, "contact")["company"] == "Short KG"
    # True is no 1, though Python calls them equal.
    store.write([Replace({**item, "contactCompanyName": 1}, tenant.version)])
    whole = page_words(anna.page(tenant.id))
    store.write([Replace({**item, "contactCompanyName": True}, tenant.version)])
    assert page_words(anna.page(tenant.id)) == whole
    assert "some values cannot be read" in whole


def test_each_reader_has_their_language_and_what_their_role_may(
    store: Store, anna: Staff, viewer: Staff
) -> None:
    tenant = active_tenant(3, "Long KG", timedelta(days=200))
    add_tenants(store, replace(tenant, locale="de"))
    address = f"/staff/tenants/{tenant.id}"
    for _ in range(2):
        assert facts(anna.get(address))["Language of the customer"] == "German"
        assert facts(anna.get(address, headers=GERMAN))["Sprache des Kunden"] == "Deutsch"
        assert f"{address}/suspend" in forms(anna.get(address))
        assert f"{address}/suspend" not in forms(viewer.get(address))


def test_time_passes(store: Store, anna: Staff, clock: Clock) -> None:
    tenant, waiting = active_tenant(5, "Over Ltd", timedelta(minutes=3)), pending_tenant(1)
    add_tenants(store, tenant, waiting)
    renewed = f"{START + timedelta(days=365):%Y}"
    before = anna.page(tenant.id)
    assert "Valid through" in page_words(before)
    assert renewed in before.text
    assert "Waiting for 23 hours" in page_words(anna.page(waiting.id))
    clock.advance(minutes=5)
    assert "Ended on" in page_words(anna.page(tenant.id))
    clock.advance(minutes=-5)
    assert "Ended on" not in page_words(anna.page(tenant.id))


def test_two_tenants_that_differ_in_nothing_but_their_ids(store: Store, anna: Staff) -> None:
    one = active_tenant(3, "Long KG", timedelta(days=200))
    other = replace(one, id="93_2", ids=Ids(account_id="93", company_id="2"))
    add_tenants(store, one, other)
    for tenant in (one, other, one):
        assert tenant.ids
        assert facts(anna.page(tenant.id))["Company in FSM"] == tenant.ids.company_id
        assert anna.form(tenant.id, "ids")["company_id"] == tenant.ids.company_id


def test_an_item_that_is_no_json_is_read_as_well() -> None:
    item: Item = {"tenantId": "1_2", "contactCompanyName": "\ud800", "version": 1}
    assert records.known_tenant_of(item) == records.tenant_of(item)
    assert records.known_open_gaps(item) == records.open_gaps(item)


def test_forms_that_nobody_touched_are_those_of_the_request(
    store: Store, anna: Staff, ben: Staff
) -> None:
    waiting = pending_tenant(1)
    add_tenants(store, waiting)
    address = f"/staff/tenants/{waiting.id}"
    activate = f"{address}/activate"
    for _ in range(2):
        assert anna.form(waiting.id, "activate")["csrf_token"] == anna.token()
        assert ben.form(waiting.id, "activate")["csrf_token"] == ben.token() != anna.token()
        back = "?back=status%3Dpending"
        assert {f"{activate}{back}"} == {
            each
            for each in forms(anna.get(f"{address}{back}"))
            if activate in each and "/try" not in each
        }
        assert activate in forms(anna.page(waiting.id))
        for tag, country in {"en-GB": "United Kingdom", "en-IE": "Ireland"}.items():
            page = anna.get(address, headers={"Accept-Language": tag})
            assert f"as one of this country: {country}." in page_words(page)
        assert anna.decide(waiting.id, "note", text="Seen").status_code == 303
    texts = [anna.form(waiting.id, "note")["after"], ben.form(waiting.id, "note")["after"]]
    assert texts[0] == texts[1] != ""


def test_a_form_suggests_the_days_of_today(
    signed_in: Callable[..., Staff], store: Store, clock: Clock
) -> None:
    waiting = pending_tenant(1)
    add_tenants(store, waiting)
    for day in range(3):
        clock.advance(days=min(day, 1))
        form = signed_in("Anna", "approver").form(waiting.id, "activate")
        assert form["valid_from"] == f"{START + timedelta(days=day):%Y-%m-%d}"


def test_each_browser_of_a_person_has_its_own_tokens(
    signed_in: Callable[..., Staff], store: Store
) -> None:
    waiting = pending_tenant(1)
    add_tenants(store, waiting)
    first, second = signed_in("Anna", "approver"), signed_in("Anna", "approver")
    assert first.token() != second.token()
    for _ in range(2):
        for browser in (first, second):
            assert browser.form(waiting.id, "contact")["csrf_token"] == browser.token()
            # A form that was refused holds its tokens as well.
            refused = browser.decide(waiting.id, "reject", reason="")
            assert refused.status_code == 422
            address = f"/staff/tenants/{waiting.id}/reject"
            assert form_of(refused, address)["csrf_token"] == browser.token()
