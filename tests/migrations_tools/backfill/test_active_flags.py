"""`adopt` reads `isActive` by the table of tests/tenants/test_active_flag.py, as an import does,
and names each row where it is neither true nor false."""

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from migrations_tools.cli import main
from portal import queries, records
from portal.queries import Tab
from portal.records import AdoptAnswer
from portal.sealing import KeyFileSealer
from portal.stores import Add, Item
from portal.stores.file.store import JsonFileStore
from portal.tenants import ActiveFlag, Gap, Status
from tests.conftest import START
from tests.migrations_tools.backfill.old_application_rows import (
    OldStore,
    OldTable,
    old_row,
    run_backfill,
)
from tests.tenants.test_active_flag import READINGS

ID = "86811_104348"
#: As DynamoDB's store has it, or the file of a table that was copied.
OTHER_TYPES = {
    None: '{"isActive": {"NULL": true}}',
    1.5: '{"isActive": {"N": "1.5"}}',
}


def row(value: Any) -> Item:
    item = old_row(1)
    if isinstance(value, list):
        return {**without_flag(item), "attributesOfOtherTypes": '{"isActive": {"L": []}}'}
    if value in OTHER_TYPES and type(value) is not int:
        return {**without_flag(item), "attributesOfOtherTypes": OTHER_TYPES[value]}
    return without_flag(item) if value is ... else {**item, "isActive": value}


def without_flag(item: Item) -> Item:
    return {name: value for name, value in item.items() if name != "isActive"}


@pytest.mark.parametrize(("value", "flag", "is_active"), READINGS)
def test_each_row_is_read_as_an_import_reads_it_and_named(
    old_store: OldStore, sealer: KeyFileSealer, value: Any, flag: ActiveFlag, is_active: bool | None
) -> None:
    old_store.put(row(value))
    for apply in (False, True):
        report = run_backfill(old_store, sealer, apply=apply)
        found = {key: words[0] for key, words in report.active.items()}
        assert found == ({} if flag in (ActiveFlag.TRUE, ActiveFlag.FALSE) else {ID: flag})
        # An empty text and zero count as nothing there.
        is_incomplete = flag is ActiveFlag.UNREADABLE and bool(value)
        assert report.incomplete == ({ID: [Gap.ATTRIBUTES]} if is_incomplete else {})
    item = old_store.store.get(ID)
    expected = Status.ACTIVE if is_active else Status.SUSPENDED
    assert records.status_of(item) is expected
    tab = Tab.ACTIVE if is_active else Tab.SUSPENDED
    assert [
        each["tenantId"]
        for each in queries.page(old_store.store, queries.ranges_of_tab(tab, START)).rows
    ] == [ID]
    if flag.is_text:
        assert item["isActive"] is is_active
    again = run_backfill(old_store, sealer)
    assert (again.right, again.listed) == (1, 0)


def test_a_number_of_the_table_is_named_with_its_value(
    old_table: OldTable, sealer: KeyFileSealer
) -> None:
    old_table.put(old_row(1), old_row(2))
    old_table.old_application_sets(ID, "isActive", {"N": "1"})
    old_table.old_application_sets("86812_104348", "isActive", {"NULL": True})
    report = run_backfill(old_table, sealer)
    assert report.active == {ID: ["unreadable", "1"], "86812_104348": ["null", "None"]}


@pytest.mark.parametrize("answer", [*AdoptAnswer])
def test_a_row_that_was_answered_stays_as_it_was(
    old_store: OldStore, sealer: KeyFileSealer, answer: AdoptAnswer
) -> None:
    old_store.put({**row("True"), "adoptAnswer": records.answer_text(answer, [Gap.ATTRIBUTES])})
    run_backfill(old_store, sealer)
    assert old_store.store.get(ID)["isActive"] == "True"


def test_the_portals_own_row_is_read_by_its_status(
    old_store: OldStore, sealer: KeyFileSealer
) -> None:
    old_store.put({**row("True"), "status": "suspended", "version": 3})
    report = run_backfill(old_store, sealer)
    assert report.active == {}
    assert old_store.store.get(ID)["isActive"] == "True"


def test_the_command_names_the_rows(tmp_path: Path) -> None:
    store = JsonFileStore(tmp_path / "data")
    values = {1: "True", 2: "false", 3: 1, 4: "yes"}
    store.write([Add(old_row(number, isActive=value)) for number, value in values.items()])
    store.write([Add(without_flag(old_row(5)))])
    store.close()
    environ = {"PORTAL_DATA_DIR": str(tmp_path / "data"), "USE_DYNAMODB": "false"}
    dry_run = CliRunner().invoke(main, ["adopt"], env=environ)
    assert (
        "isActive is the text true, which means active, and would be written as true:"
        " 86811_104348.\n"
        "isActive is the text false, which means suspended, and would be written as false:"
        " 86812_104348.\n"
        "isActive is missing, so they are suspended: 86815_104348.\n"
        "isActive is neither true nor false, so they have no access. Reinstate or suspend them on"
        " their pages: 86813_104348 (1), 86814_104348 (yes).\n"
    ) in dry_run.stderr
    applied = CliRunner().invoke(main, ["adopt", "--apply"], env=environ)
    assert "and was written as true: 86811_104348." in applied.stderr
