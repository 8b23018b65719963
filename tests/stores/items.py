"""Items for tests of stores, and what a store shows of them."""

from portal.stores.contract import (
    Item,
    ItemNotFoundError,
    Page,
    Store,
    Value,
)
from portal.stores.schema import GSI2


def tenant(tenant_id: str, *, version: int | None = 1, **more: Value) -> dict[str, Value]:
    item: dict[str, Value] = {"tenantId": tenant_id, "accountName": f"Name of {tenant_id}", **more}
    return item if version is None else {**item, "version": version}


def in_queue(
    tenant_id: str,
    sort: str,
    partition: str = "STATUS#pending",
    *,
    version: int | None = 1,
    **more: Value,
) -> dict[str, Value]:
    return tenant(tenant_id, version=version, gsi2pk=partition, gsi2sk=sort, **more)


def id_of(item: Item) -> str:
    tenant_id = item["tenantId"]
    assert isinstance(tenant_id, str)
    return tenant_id


def version_of(item: Item) -> int:
    version = item["version"]
    assert isinstance(version, int)
    return version


def ids(page: Page) -> list[str]:
    return [id_of(item) for item in page.items]


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
