"""Suspending and reinstating: access stops at once, and the validity keeps running."""

from collections.abc import Callable

from flask.testing import FlaskClient

from portal.stores.contract import Store
from tests.conftest import Clock
from tests.web.pages import SignUp, Staff, outcome, page_words, tenants_in, undo_of


def answer_of(client: FlaskClient) -> dict[str, object]:
    url = "/api/validate?accountId=86810&companyId=104348"
    answer: dict[str, object] = client.get(url).get_json()
    return answer


def test_access_stops_at_once_and_comes_back_with_the_same_validity(
    client: FlaskClient, active: str, anna: Staff, store: Store
) -> None:
    assert answer_of(client)["isValid"] is True
    before = tenants_in(store)[active]
    anna.decide(active, "suspend", reason="contract_ended")
    suspended = tenants_in(store)[active]
    assert (suspended["status"], suspended["isActive"]) == ("suspended", False)
    assert suspended["validTo"] == before["validTo"]
    assert answer_of(client)["reason"] == "SUSPENDED"
    anna.decide(active, "reinstate")
    after = tenants_in(store)[active]
    assert (after["status"], after["isActive"]) == ("active", True)
    assert after["validTo"] == before["validTo"]
    assert "reason" not in after
    assert answer_of(client)["isValid"] is True


def test_undo_reinstates(active: str, anna: Staff, store: Store) -> None:
    page = anna.get(anna.decide(active, "suspend", reason="unpaid").location)
    undone = anna.send(active, "undo", undo_of(page, f"/staff/tenants/{active}/undo"))
    assert outcome(anna.get(undone.location)) == "Undone: Suspended. Example GmbH is as before."
    assert tenants_in(store)[active]["status"] == "active"


def test_s10_a_pending_tenant_cannot_be_suspended(
    pending: SignUp, anna: Staff, store: Store
) -> None:
    before = tenants_in(store)
    form = anna.form(pending.id, "reject") | {"reason": "unpaid"}
    for htmx in (False, True):
        answer = anna.send(pending.id, "suspend", form, htmx=htmx)
        assert answer.status_code == 409
        assert outcome(answer) == "Only an active tenant can be suspended."
    assert tenants_in(store) == before


def test_the_page_says_before_reinstating_that_the_validity_has_ended(
    active: str, anna: Staff, clock: Clock, signed_in: Callable[..., Staff]
) -> None:
    anna.decide(active, "suspend", reason="unpaid")
    assert "The validity has ended" not in page_words(anna.page(active))
    clock.advance(days=370)
    cleo = signed_in("Cleo", "approver")
    page = page_words(cleo.page(active))
    assert (
        "The validity has ended. To give access again, reinstate the tenant and set a new validity."
    ) in page
    done = cleo.get(cleo.decide(active, "reinstate").location)
    assert "Ended on 22 Nov 2027." in page_words(done)


def test_the_customers_page_says_that_access_is_off_and_not_why(
    client: FlaskClient, pending: SignUp, active: str, anna: Staff
) -> None:
    anna.decide(active, "suspend", reason="unpaid")
    page = page_words(client.get(pending.url))
    assert "Your access is suspended" in page
    assert "paid" not in page.lower()
