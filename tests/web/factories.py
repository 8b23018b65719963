"""Tenants to be listed, and what a list shows of them."""

from datetime import timedelta

from werkzeug.test import TestResponse

from portal.records import item_of
from portal.stores.contract import Add, Store
from portal.tenants import Contact, Ids, Status, Tenant, Validity
from tests.conftest import START
from tests.web.pages import by_id, tree, words

LIST = "/staff/tenants"


def rows(answer: TestResponse) -> list[str]:
    """The companies, from top to bottom."""
    return [words(row.find(".//a")) for row in tree(answer).findall(".//tbody/tr")]


def row(answer: TestResponse, company: str) -> str:
    (found,) = [
        words(each)
        for each in tree(answer).findall(".//tbody/tr")
        if words(each.find(".//a")) == company
    ]
    return found


def tabs(answer: TestResponse) -> dict[str, str]:
    """Tab -> count."""
    return {
        words(each).rpartition(" ")[0]: words(each).rpartition(" ")[2]
        for each in by_id(answer, "tabs").iter("a")
    }


def put(store: Store, *tenants: Tenant) -> None:
    for start in range(0, len(tenants), 100):
        store.write([Add(item_of(tenant)) for tenant in tenants[start : start + 100]])


def waiting(number: int, company: str = "", **more: object) -> Tenant:
    """A sign-up; the higher its number, the later it came."""
    at = START - timedelta(days=1) + timedelta(seconds=number)
    name = company or f"Company {number:03}"
    contact = Contact(company=name, name="Jane Doe", email=f"c{number}@example.com")
    fields: dict[str, object] = {
        "id": f"pending-{number:026}",
        "status": Status.PENDING,
        "version": 1,
        "contact": contact,
        "created_at": at,
        "updated_at": at,
    }
    return Tenant(**fields | more)


def licensed(number: int, company: str, ends_in: timedelta, **more: object) -> Tenant:
    return waiting(
        number,
        company,
        **{
            "id": f"9{number}_1",
            "ids": Ids(account_id=f"9{number}", company_id="1"),
            "status": Status.ACTIVE,
            "validity": Validity(valid_from=START - timedelta(days=90), valid_to=START + ends_in),
        }
        | more,
    )
