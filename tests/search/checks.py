"""What must be true of the items of search once all marks are worked off."""

from collections import defaultdict

from portal import records
from portal.search.terms import LAYOUT, wanted_of
from portal.stores.contract import Item, Store
from portal.stores.schema import GSI4, KEY
from tests.examples import all_items


def of_search(store: Store) -> dict[str, Item]:
    return {key: item for key, item in all_items(store).items() if key.startswith("search-")}


def marks(store: Store) -> list[records.SearchMark]:
    return [
        records.search_mark_of(item)
        for key, item in of_search(store).items()
        if key.startswith("search-due-")
    ]


def worked_off(store: Store) -> None:
    """No mark is left but for a second look; each tenant has its document and entries, and nothing
    else is there."""
    items = all_items(store)
    assert [mark for mark in marks(store) if mark.doubtful is None] == []
    entries: dict[str, set[str]] = defaultdict(set)
    documents = {}
    for key, item in items.items():
        if key.startswith("search-entry-"):
            entries[records.entry_tenant_id(item)].add(key)
        elif key.startswith("search-doc-"):
            documents[records.document_tenant_id(item)] = records.search_document_of(item)
    tenants = {key for key, item in items.items() if records.is_tenant(item)}
    assert documents.keys() == tenants
    places = {
        records.place_tenant_id(each) for each in items.values() if records.is_list_place(each)
    }
    assert places == tenants
    assert entries.keys() <= tenants
    for tenant_id in tenants:
        wanted = wanted_of(items[tenant_id])
        expected = {str(item[KEY]): item for item in wanted.entries.values()}
        assert {key: items[key] for key in entries[tenant_id]} == expected
        document = documents[tenant_id]
        assert document.entries == wanted.entries.keys()
        assert document.list_keys == wanted.list_keys
        assert (document.claimed_at, document.layout) == (None, LAYOUT)
        place = items[records.list_place_id(tenant_id)]
        tenant = records.tenant_of(items[tenant_id])
        facts = records.list_facts(place, GSI4)
        # Whether somebody else is the same customer may have changed since.
        assert facts.source is records.source_of(items[tenant_id], tenant)
        assert records.list_place_item(tenant, facts, int(place["version"])) == place
