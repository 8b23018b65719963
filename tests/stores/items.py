"""Items for tests of stores, and what a store shows of them."""

from portal.stores.contract import (
    ItemNotFoundError,
    Page,
    Store,
)
from portal.stores.schema import GSI2


def tenant(tenant_id: str, *, version: int | None = 1, **more: str | int | bool) -> dict:
    item = {"tenantId": tenant_id, "accountName": f"Name of {tenant_id}", **more}
    return item if version is None else {**item, "version": version}


def in_queue(tenant_id: str, sort: str, partition: str = "STATUS#pending", **more: str) -> dict:
    return tenant(tenant_id, gsi2pk=partition, gsi2sk=sort, **more)


def ids(page: Page) -> list[str]:
    return [item["tenantId"] for item in page.items]


def all_pages(store: Store, partition: str, *, limit: int, **how) -> list[list[str]]:
    pages, after = [], None
    while True:
        page = store.query(GSI2, partition, after=after, limit=limit, **how)
        pages.append(ids(page))
        if page.after is None:
            return pages
        after = page.after


def is_missing(store: Store, tenant_id: str) -> bool:
    try:
        store.get(tenant_id)
    except ItemNotFoundError as error:
        return error.item_id == tenant_id
    return False
