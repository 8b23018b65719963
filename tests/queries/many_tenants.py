"""Many tenants in a store, and the ids that a query returns."""

from collections.abc import Iterable
from datetime import timedelta

from portal import queries, records
from portal.queries import Tab
from portal.stores.contract import Add, Store
from portal.stores.schema import KEY
from portal.tenants import Contact, Decision, Ids, Status, Tenant, Validity, Verb
from tests.conftest import START

MS = timedelta(milliseconds=1)
DAY = timedelta(days=1)


def tenant(number: int, status: Status = Status.PENDING, **fields) -> Tenant:
    """A tenant with its own company, account and address, created `number` minutes later."""
    is_final = status in (Status.ACTIVE, Status.SUSPENDED)
    ids = Ids(account_id=f"{number:05d}", company_id="7")
    created_at = START - 90 * DAY + timedelta(minutes=number)
    values = {
        "id": ids.tenant_id if is_final else f"pending-{number:026d}",
        "status": status,
        "version": 1,
        "contact": Contact(
            company=f"Company {number:05d}", name="Kim", email=f"kim{number}@ex.example"
        ),
        "ids": ids if is_final else None,
        "validity": Validity(valid_from=START - DAY, valid_to=START + 365 * DAY),
        "created_at": created_at,
        "updated_at": created_at,
        "decision": Decision(verb=Verb.SUBMIT, by="x", at=created_at + DAY),
        **fields,
    }
    return Tenant(**values)


def active_until(number: int, end, **fields) -> Tenant:
    validity = Validity(valid_from=START - 400 * DAY, valid_to=end, open_ended=end is None)
    return tenant(number, Status.ACTIVE, validity=validity, **fields)


def fill(store: Store, tenants: Iterable[Tenant]) -> list[Tenant]:
    stored = list(tenants)
    for at in range(0, len(stored), 100):
        store.write([Add(records.item_of(one)) for one in stored[at : at + 100]])
    return stored


def ids_of(rows) -> list[str]:
    return [str(row[KEY]) for row in rows]


def ids_in_tab(store: Store, tab: Tab, now=START) -> list[str]:
    return ids_of(queries.page(store, queries.ranges_of_tab(tab, now), limit=1000).rows)


def ids_by_page(store: Store, tab: Tab, limit: int) -> list[list[str]]:
    id_pages, after = [], None
    while True:
        page = queries.page(store, queries.ranges_of_tab(tab, START), after=after, limit=limit)
        id_pages.append(ids_of(page.rows))
        after = page.after
        if after is None:
            return id_pages
