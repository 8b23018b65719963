"""`formatVersion`: a portal refuses a store that a newer one wrote, and changes nothing in it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from portal.settings import Settings
from portal.stores import (
    FORMAT_ID,
    FORMAT_VERSION,
    Add,
    Item,
    NewerFormatError,
    Replace,
    Store,
    find_item,
    mark_format,
    open_store,
    remaining_seconds,
)
from portal.stores.dynamodb import DynamoDbStore
from portal.stores.file import JsonFileStore, repair_file, verify_file
from portal.timestamps import utc_now
from tests.cli.portal_command import run
from tests.dynamodb_engine import Engine
from tests.sealing_key import with_sealing_key

NEWER: Item = {"tenantId": FORMAT_ID, "formatVersion": FORMAT_VERSION + 1, "needs": "7.1"}


def test_the_version_is_written_once(store: Store) -> None:
    assert find_item(store, FORMAT_ID) is None
    mark_format(store)
    mark_format(store)
    assert store.get(FORMAT_ID) == {"tenantId": FORMAT_ID, "formatVersion": 1, "needs": "1.0"}


def test_a_file_store_with_newer_items_is_refused_whoever_opens_it(tmp_path: Path) -> None:
    store = JsonFileStore(tmp_path)
    store.write([Add(NEWER)])
    store.close()
    before = _files(tmp_path)
    store = JsonFileStore(tmp_path)
    with pytest.raises(NewerFormatError) as caught:
        store.get("claim-1")
    assert caught.value.reason.endswith("A newer portal wrote it. Nothing was changed.")
    assert "needs portal ≥ 7.1" in caught.value.remedy
    calls: list[Callable[[], object]] = [
        store.check,
        lambda: store.write([Add({"tenantId": "x"})]),
    ]
    for call in calls:
        with pytest.raises(NewerFormatError):
            call()
    store.close()
    # What repairs a damaged file would leave out what it does not know.
    with pytest.raises(NewerFormatError):
        verify_file(tmp_path)
    with pytest.raises(NewerFormatError):
        repair_file(tmp_path, utc_now())
    assert _files(tmp_path) == before


def _files(folder: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in folder.iterdir()}


@pytest.mark.parametrize("version", [2, 10, "2.1"])
def test_only_a_version_that_is_known_is_read(tmp_path: Path, version: str | int) -> None:
    store = JsonFileStore(tmp_path)
    store.write([Add({**NEWER, "formatVersion": version})])
    store.close()
    with pytest.raises(NewerFormatError):
        JsonFileStore(tmp_path).check()


def test_a_table_with_newer_items_is_refused_by_the_first_call(engine: Engine) -> None:
    location = engine.new_table()
    newer = DynamoDbStore(location)
    newer.write([Add(NEWER)])
    opened = open_store(
        Settings.from_environment({
            "USE_DYNAMODB": "true",
            "TENANT_TABLE_NAME": location.table,
            "AWS_REGION": location.region or "",
            "AWS_ENDPOINT_URL_DYNAMODB": location.endpoint or "",
        })
    )  # fmt: skip
    calls: list[Callable[[], object]] = [
        lambda: opened.get("claim-1"),
        lambda: opened.write([Add({"tenantId": "x"})]),
        lambda: opened.write([Add({"tenantId": "x"}), Add({"tenantId": "y"})]),
        opened.scan,
        opened.check,
    ]
    for call in calls:
        with pytest.raises(NewerFormatError) as caught:
            call()
        assert caught.value.reason.startswith("DynamoDB table")
    assert find_item(newer, "x") is None
    newer.write([Replace({**NEWER, "formatVersion": 1}, None)])
    opened.write([Add({"tenantId": "x"})])
    opened.close()
    newer.close()


@pytest.mark.parametrize(
    "arguments", [("serve", "--port", "1"), ("staff-list",), ("doctor",), ("outbox", "send")]
)
def test_a_table_with_newer_items_is_refused_by_commands(
    tmp_path: Path, engine: Engine, arguments: tuple[str, ...]
) -> None:
    location = engine.new_table()
    newer = DynamoDbStore(location)
    newer.write([Add(NEWER)])
    newer.close()
    done = run(
        with_sealing_key(tmp_path),
        *arguments,
        USE_DYNAMODB="true",
        TENANT_TABLE_NAME=location.table,
        AWS_REGION=location.region or "",
        AWS_ENDPOINT_URL_DYNAMODB=location.endpoint or "",
    )
    assert done.exit_code == 1
    assert remaining_seconds(99) == 99
    assert "has format 2, which this portal cannot read" in done.stdout + done.stderr
    assert "needs portal ≥ 7.1" in done.stdout + done.stderr
