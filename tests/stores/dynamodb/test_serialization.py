"""Attributes of other types: reading, changing and writing an item preserves them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from portal import onboarding, records
from portal.stores.contract import Add, Replace
from portal.stores.dynamodb.serialization import from_attributes, to_attributes
from portal.stores.dynamodb.store import DynamoDbStore
from portal.stores.file.store import JsonFileStore
from portal.stores.other_types import REST
from portal.tenants import Reason
from portal.timestamps import parse_timestamp
from tests.examples import ANN, NEXT_YEAR

ODD: dict[str, dict[str, Any]] = {
    "list": {"L": [{"S": "a"}, {"N": "1.5"}, {"B": b"\x00\xff"}, {"L": []}]},
    "map": {"M": {"inner": {"NULL": True}, "bytes": {"BS": [b"x", b"y"]}}},
    "nothing": {"NULL": True},
    "texts": {"SS": ["a", "b"]},
    "numbers": {"NS": ["1.5", "2"]},
    "bytes": {"B": b"\x80"},
    "fraction": {"N": "1.5"},
    "long": {"N": "12345678901234567890123456789012345678"},
    "status of another": {"M": {}},
}
#: As the old application wrote it: no version, no status, none of our index keys.
OLD: dict[str, dict[str, Any]] = {
    "tenantId": {"S": "86810_104348"},
    "accountId": {"S": "86810"},
    "companyId": {"S": "104348"},
    "contactCompanyName": {"S": "Meyer"},
    "contactPhone": {"NULL": True},
    "clientSecret": {"S": "old and plain"},
    "validFrom": {"S": "2026-01-01T00:00:00.000Z"},
    "validTo": {"S": "2026-12-31T23:59:59.999Z"},
    "isActive": {"BOOL": True},
    "createdAt": {"S": "2025-12-31T08:00:00.000Z"},
    "logins": {"N": "7"},
    "gsi1pk": {"S": "ACCOUNT#86810"},
    "gsi1sk": {"S": "TENANT#86810_104348"},
    **ODD,
}


def sorted_sets(attributes: dict) -> dict:
    return {
        name: {kind: sorted(value) if kind in {"SS", "NS", "BS"} else value}
        for name, attribute in attributes.items()
        for kind, value in attribute.items()
    }


def test_converting_there_and_back_loses_nothing() -> None:
    assert sorted_sets(to_attributes(from_attributes(OLD))) == sorted_sets(OLD)


def test_known_types_stay_and_the_rest_is_one_text() -> None:
    item = from_attributes(OLD)
    assert (item["isActive"], item["logins"], item["accountId"]) == (True, 7, "86810")
    assert isinstance(item[REST], str)
    assert item.keys() == (OLD.keys() - ODD.keys() - {"contactPhone"}) | {REST}


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"a": 1}', '{"a": {"S": "b"}}', "null"])
def test_an_ordinary_text_in_rest_stays_a_text(text: str) -> None:
    assert to_attributes({REST: text}) == {REST: {"S": text}}


@pytest.fixture
def table(engine):
    location = engine.new_table()
    engine.client.put_item(TableName=location.table, Item=OLD)

    def stored() -> dict[str, Any]:
        key = {"tenantId": {"S": "86810_104348"}}
        item: dict[str, Any] = engine.client.get_item(TableName=location.table, Key=key)["Item"]
        return item

    store = DynamoDbStore(location)
    yield store, stored
    store.close()


def test_changing_an_old_row_keeps_attributes_of_other_types(table) -> None:
    store, stored = table
    tenant = onboarding.find(store, "86810_104348")
    assert tenant.version is None
    assert tenant.is_active
    assert tenant.validity.valid_to == parse_timestamp("2026-12-31T23:59:59.999Z")
    onboarding.set_validity(store, tenant.id, expected_version=None, audit=ANN, validity=NEXT_YEAR)
    after = stored()
    assert sorted_sets({name: after[name] for name in ODD}) == sorted_sets(ODD)
    assert after["logins"] == {"N": "7"}
    assert after["validTo"] == {"S": "2028-11-22T23:59:59.999Z"}
    assert after["version"] == {"N": "1"}
    assert REST not in after
    # It has index keys now, so that lists show it.
    assert records.tenant_of(from_attributes(after)).validity == NEXT_YEAR
    assert store.get("86810_104348") == from_attributes(after)


#: Attributes of ours as another program stored them.
ODD_OF_OURS: dict[str, dict[str, Any]] = {
    "version": {"S": "7"},
    "contactPhone": {"N": "4930901820"},
    "contactFullName": {"L": [{"S": "Jo"}]},
    "accountId": {"N": "86810"},
    "companyName": {"N": "1.50"},
    "createdAt": {"N": "1764547200"},
    "clientSecretSetAt": {"S": "yesterday"},
    "setAside": {"S": "no"},
}


@pytest.fixture
def odd_table(engine):
    location = engine.new_table()
    engine.client.put_item(TableName=location.table, Item={**OLD, **ODD_OF_OURS})
    key = {"tenantId": {"S": "86810_104348"}}
    store = DynamoDbStore(location)
    yield store, lambda: engine.client.get_item(TableName=location.table, Key=key)["Item"]
    store.close()


def test_attributes_of_ours_that_cannot_be_used_stay_until_they_are_replaced(odd_table) -> None:
    store, stored = odd_table
    tenant_id = "86810_104348"
    before = stored()
    assert records.unusable_attributes(store.get(tenant_id)) == sorted(ODD_OF_OURS)
    changes: list[Callable[[int | None], object]] = [
        lambda version: onboarding.set_validity(
            store, tenant_id, expected_version=version, audit=ANN, validity=NEXT_YEAR
        ),
        lambda version: onboarding.suspend(
            store, tenant_id, expected_version=version, audit=ANN,
            reason=Reason.CONTRACT_ENDED,
        ),
        lambda version: onboarding.reinstate(
            store, tenant_id, expected_version=version, audit=ANN
        ),
    ]  # fmt: skip
    version: int | None = None
    for change in changes:
        change(version)
        version = (version or 0) + 1
        after = stored()
        assert after["version"] == {"N": str(version)}
        kept = ODD_OF_OURS.keys() - {"version"}
        assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    # What somebody enters takes the place of what could not be used.
    item = store.get(tenant_id)
    tenant = records.tenant_of(item)
    contact = replace(tenant.contact, phone="+4930901820", name="Kim")
    store.write([Replace(records.item_of(replace(tenant, contact=contact), item), version)])
    after = stored()
    assert after["contactPhone"] == {"S": "+4930901820"}
    assert after["contactFullName"] == {"S": "Kim"}
    assert after["accountId"] == before["accountId"]


def test_a_text_replaces_a_null(table) -> None:
    store, stored = table
    item = store.get("86810_104348")
    store.write([Replace({**item, "contactPhone": "+4930901820", "version": 1}, None)])
    assert stored()["contactPhone"] == {"S": "+4930901820"}


def test_an_old_row_survives_the_way_through_the_file_store(table, tmp_path) -> None:
    store, stored = table
    before = stored()
    file = JsonFileStore(tmp_path / "data")
    file.write([Add(store.get("86810_104348"))])
    store.write([Replace({**file.get("86810_104348"), "version": 1}, None)])
    assert sorted_sets(stored()) == sorted_sets({**before, "version": {"N": "1"}})
    file.close()
