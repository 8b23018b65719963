"""What staff see of a tenant whose licence ended long ago, and whose contact was erased."""

import csv
from dataclasses import replace
from datetime import timedelta

import pytest

from portal import onboarding
from portal.onboarding import erase_ended_before
from portal.stores.contract import Store
from portal.tenants import AuditInfo
from tests.conftest import START, Clock
from tests.web.factories import active_tenant, add_tenants
from tests.web.pages import Staff, page_words, tree

ID = "95_1"


@pytest.fixture
def erased(store: Store, clock: Clock) -> str:
    tenant = replace(active_tenant(5, "Over Ltd", timedelta(days=-80)), pending_id="")
    contact = replace(tenant.contact, phone="+4930901820")
    add_tenants(store, replace(tenant, contact=contact))
    limit = clock.now() - timedelta(days=60)
    assert erase_ended_before(store, limit, AuditInfo(by="retention", at=START)) == 1
    return ID


def test_its_page_says_so_and_what_to_do(erased: str, anna: Staff) -> None:
    words = page_words(anna.page(erased))
    assert "Over Ltd" in words
    assert "erased on 23 Nov 2026" in words
    assert "enter a contact first" in words
    assert "Personal details erased" in words
    assert "The licence had ended more than 60 days before." in words
    assert "Incomplete" not in words
    assert "Jane Doe" not in words


def test_the_form_that_has_to_be_sent_first_stands_open(erased: str, anna: Staff) -> None:
    page = tree(anna.page(erased))

    def actions(path: str) -> list[str]:
        return [str(form.get("action")).partition("?")[0] for form in page.findall(path)]

    assert actions(".//div[@class='first']/form") == [f"/staff/tenants/{erased}/contact"]
    # All others are there as well.
    others = {f"/staff/tenants/{erased}/{name}" for name in ("renew", "validity")}
    assert others <= set(actions(".//details/form"))


def test_lists_searches_and_files_say_so(erased: str, anna: Staff) -> None:
    for path in ("/staff/tenants?status=expired", "/staff/tenants?status=all&q=Over"):
        words = page_words(anna.get(path))
        assert "Over Ltd" in words
        assert "(erased)" in words
    assert "Over Ltd" not in page_words(anna.get("/staff/tenants?status=all&q=Jane"))
    file = anna.get("/staff/tenants.csv?status=expired").get_data(as_text=True)
    first, row = list(csv.reader(file.removeprefix("\ufeff").splitlines()))
    found = dict(zip(first, row, strict=True))
    assert (found["tenantId"], found["personalDataErased"], found["email"]) == (erased, "yes", "")


@pytest.mark.parametrize(
    ("verb", "typed"),
    [("validity", {"valid_from": "2026-01-01", "valid_to": "2028-01-01"}), ("renew", {})],
)
def test_access_is_refused_until_there_is_a_contact(
    erased: str, anna: Staff, store: Store, verb: str, typed: dict[str, str]
) -> None:
    before = store.get(erased)
    answer = anna.decide(erased, verb, **typed)
    assert answer.status_code == 409
    assert "Enter a contact first, then try again." in page_words(answer)
    assert store.get(erased) == before


def test_with_a_contact_it_is_a_tenant_as_any_other(
    erased: str, anna: Staff, store: Store, clock: Clock
) -> None:
    del clock
    answer = anna.decide(
        erased, "contact", company="Over Ltd", contact="Lou", email="lou@example.com", phone=""
    )
    assert answer.status_code == 303, answer.text
    assert not onboarding.find(store, erased).erased
    words = page_words(anna.page(erased))
    assert "lou@example.com" in words
    assert "erased on" not in words
