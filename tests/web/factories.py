"""Tenants as the store holds them, and what a list of the staff pages shows of them."""

from dataclasses import replace
from datetime import timedelta

from werkzeug.test import TestResponse

from portal.records import item_of
from portal.stores.contract import Add, Store
from portal.tenants import Contact, Ids, Status, Tenant, Validity
from tests.conftest import START
from tests.web.pages import by_id, first, tree, words

QUEUE = "/staff/tenants"


def companies(answer: TestResponse) -> list[str]:
    """The companies of the rows, from top to bottom."""
    return [words(first(row, ".//a")) for row in tree(answer).findall(".//tbody/tr")]


def row_text(answer: TestResponse, company: str) -> str:
    """Everything that the row of this company says."""
    (found,) = [
        words(each)
        for each in tree(answer).findall(".//tbody/tr")
        if words(first(each, ".//a")) == company
    ]
    return found


def tab_counts(answer: TestResponse) -> dict[str, str]:
    """Tab -> count."""
    return {
        words(each).rpartition(" ")[0]: words(each).rpartition(" ")[2]
        for each in by_id(answer, "tabs").iter("a")
    }


def add_tenants(store: Store, *tenants: Tenant) -> None:
    """100 in each write, the most that a store takes."""
    for start in range(0, len(tenants), 100):
        store.write([Add(item_of(tenant)) for tenant in tenants[start : start + 100]])


def pending_tenant(number: int, company: str = "", *, status: Status = Status.PENDING) -> Tenant:
    """A sign-up. A higher number came later."""
    at = START - timedelta(days=1) + timedelta(seconds=number)
    name = company or f"Company {number:03}"
    return Tenant(
        id=f"pending-{number:026}",
        status=status,
        version=1,
        contact=Contact(company=name, name="Jane Doe", email=f"c{number}@example.com"),
        created_at=at,
        updated_at=at,
    )


def active_tenant(
    number: int, company: str, ends_in: timedelta, *, status: Status = Status.ACTIVE
) -> Tenant:
    """An active tenant whose validity ends this long after the start of the tests' clock."""
    return replace(
        pending_tenant(number, company, status=status),
        id=f"9{number}_1",
        ids=Ids(account_id=f"9{number}", company_id="1"),
        validity=Validity(valid_from=START - timedelta(days=90), valid_to=START + ends_in),
    )
