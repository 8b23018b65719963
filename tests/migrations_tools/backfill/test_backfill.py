"""Old rows get index keys and sealed secrets once, also while others write them."""

import json

import pytest

from migrations_tools.backfill.backfill import BackfillReport
from migrations_tools.rate_limiter import RateLimiter
from portal import onboarding, queries, records
from portal.queries import Tab
from portal.sealing import KeyFileSealer, Secret
from portal.search import find
from portal.stores import BusyError, Remove, Replace, UnavailableError, Value
from portal.stores.dynamodb import to_attributes
from portal.tenants import Reason
from tests.conftest import START
from tests.examples import ANN, IDS, activate, all_items, sign_up
from tests.migrations_tools.backfill.old_application_rows import (
    PLAINTEXT_SECRET,
    InterruptedRows,
    OldStore,
    OldTable,
    old_row,
    run_backfill,
)
from tests.unseal import opened

# ---- What it writes


def test_old_rows_are_listed_found_and_sealed_and_keep_their_values(
    old_store: OldStore, sealer: KeyFileSealer
) -> None:
    rows = [old_row(number) for number in range(5)]
    rows[4] = {**rows[4], "isActive": False, "notOurs": "kept", "retries": 7}
    old_store.put(*rows)
    assert queries.page(old_store.store, queries.ranges_of_tab(Tab.ALL, START)).rows == []
    report = run_backfill(old_store, sealer)
    assert report == BackfillReport(rows=5, tenants=5, right=0, listed=5, sealed=5)
    active = queries.page(old_store.store, queries.ranges_of_tab(Tab.ACTIVE, START)).rows
    assert [row["tenantId"] for row in active] == [row["tenantId"] for row in rows[:4]]
    suspended = queries.page(old_store.store, queries.ranges_of_tab(Tab.SUSPENDED, START)).rows
    assert [row["tenantId"] for row in suspended] == [rows[4]["tenantId"]]
    for text in ("meyer 3", "kim3@meyer.example", "86813"):
        (match,) = find(old_store.store, text, Tab.ALL, START).rows
        assert match["tenantId"] == rows[3]["tenantId"]
    for row in rows:
        changed = dict(old_store.store.get(str(row["tenantId"])))
        assert str(changed.pop("clientSecret")).startswith("v1.loc.")
        added = {name for name in changed if name not in row}
        assert added == {"gsi2pk", "gsi2sk", "gsi3pk", "gsi3sk", "gsi4pk", "gsi4sk"}
        assert {name: value for name, value in row.items() if name != "clientSecret"} == {
            name: value for name, value in changed.items() if name not in added
        }


def test_a_second_run_finds_all_rows_complete(old_store: OldStore, sealer: KeyFileSealer) -> None:
    old_store.put(*(old_row(number) for number in range(3)))
    run_backfill(old_store, sealer)
    before = all_items(old_store.store)
    assert run_backfill(old_store, sealer) == BackfillReport(rows=3, tenants=3, right=3)
    assert all_items(old_store.store) == before


def test_a_dry_run_counts_the_same_and_writes_nothing(
    old_store: OldStore, sealer: KeyFileSealer
) -> None:
    old_store.put(*(old_row(number) for number in range(3)))
    before = all_items(old_store.store)
    dry_run = run_backfill(old_store, sealer, apply=False)
    assert all_items(old_store.store) == before
    # Not even a key was created.
    assert not sealer._path.exists()
    assert dry_run == run_backfill(old_store, sealer)


def test_rows_of_the_portal_are_complete(old_store: OldStore, sealer: KeyFileSealer) -> None:
    pending = sign_up(old_store.store, claims=IDS)
    activate(old_store.store, sealer, pending, secret="s3cr3t")
    sign_up(old_store.store, 2, set_aside=True)
    rejected = sign_up(old_store.store, 3)
    onboarding.reject(
        old_store.store,
        rejected.id,
        expected_version=1,
        audit=ANN,
        reason=Reason.DUPLICATE,
        message="Sorry.",
    )
    onboarding.add_note(old_store.store, rejected.id, audit=ANN, text="A note.")
    before = all_items(old_store.store)
    report = run_backfill(old_store, sealer)
    assert (report.tenants, report.right, report.listed, report.sealed) == (3, 3, 0, 0)
    assert report.rows == len(before)
    assert all_items(old_store.store) == before


def test_stale_index_keys_are_corrected(old_store: OldStore, sealer: KeyFileSealer) -> None:
    # The old application changes a row after an earlier run. It knows none of our indexes.
    old_store.put(old_row(1))
    run_backfill(old_store, sealer)
    row = old_store.store.get("86811_104348")
    change: dict[str, Value] = {"isActive": False, "contactEmailAddress": "lou@meyer.example"}
    old_store.store.write([Replace({**row, **change}, None)])
    assert run_backfill(old_store, sealer).listed == 1
    row = old_store.store.get("86811_104348")
    assert row["gsi2pk"] == "STATUS#suspended"
    assert row["gsi4pk"] == "EMAIL#lou@meyer.example"
    without_email = {name: value for name, value in row.items() if name != "contactEmailAddress"}
    old_store.store.write([Replace(without_email, None)])
    run_backfill(old_store, sealer)
    assert {"gsi4pk", "gsi4sk"} & set(old_store.store.get("86811_104348")) == set()


def test_index_keys_of_the_downstream_application_are_added_but_never_removed(
    old_store: OldStore, sealer: KeyFileSealer
) -> None:
    without_keys = {
        name: value for name, value in old_row(1).items() if not name.startswith("gsi1")
    }
    unusual_id = {**old_row(2), "tenantId": "legacy", "gsi1sk": "TENANT#legacy"}
    old_store.put(without_keys, unusual_id)
    run_backfill(old_store, sealer)
    assert old_store.store.get("86811_104348")["gsi1pk"] == "ACCOUNT#86811"
    assert old_store.store.get("legacy")["gsi1sk"] == "TENANT#legacy"


def test_other_programs_can_open_the_sealed_secrets(
    old_store: OldStore, sealer: KeyFileSealer
) -> None:
    old_store.put(old_row(1))
    run_backfill(old_store, sealer)
    sealed = str(old_store.store.get("86811_104348")["clientSecret"])
    assert opened(sealed, json.loads(sealer._path.read_text()), "86811_104348") == PLAINTEXT_SECRET


def test_all_segments_together_are_the_whole_table(
    old_store: OldStore, sealer: KeyFileSealer
) -> None:
    old_store.put(*(old_row(number) for number in range(30)))
    assert run_backfill(old_store, sealer, segments=7) == BackfillReport(
        rows=30, tenants=30, listed=30, sealed=30
    )


def test_it_goes_no_faster_than_its_rate(old_store: OldStore, sealer: KeyFileSealer) -> None:
    old_store.put(*(old_row(number) for number in range(10)))
    waited: list[float] = []
    rate_limiter = RateLimiter(100, clock=lambda: 0.0, pause=waited.append)
    run_backfill(old_store, sealer, rate_limiter=rate_limiter)
    # Ten rows are read and ten written, at 100 a second: the last waits for the 19 before it.
    assert max(waited) == pytest.approx(0.19)


# ---- Others write at the same time


def test_a_decision_of_the_portal_at_the_same_time_is_kept(
    old_store: OldStore, sealer: KeyFileSealer
) -> None:
    old_store.put(old_row(1))

    def suspend() -> None:
        onboarding.suspend(
            old_store.store, "86811_104348", expected_version=None, audit=ANN, reason=Reason.UNPAID
        )

    report = run_backfill(old_store, sealer, rows=InterruptedRows(old_store.rows, suspend))
    row = old_store.store.get("86811_104348")
    assert (row["status"], row["version"], row["gsi2pk"]) == ("suspended", 1, "STATUS#suspended")
    assert str(row["clientSecret"]).startswith("v1.loc.")
    assert (report.changed_meanwhile, report.sealed) == (1, 1)


WRITES_OF_OLD_APPLICATION = {
    "isActive": {"BOOL": False},
    "validTo": {"S": "2030-01-01T00:00:00.000Z"},
    "contactCompanyName": {"S": "Another"},
    "contactEmailAddress": {"S": "another@meyer.example"},
    "clientSecret": {"S": "another secret"},
    "updatedAt": {"S": "2026-06-01T00:00:00.000Z"},
    "createdAt": {"L": []},
    "version": {"N": "7"},
}


@pytest.mark.parametrize("name", WRITES_OF_OLD_APPLICATION)
def test_a_write_of_the_old_application_at_the_same_time_is_kept(
    old_table: OldTable, sealer: KeyFileSealer, name: str
) -> None:
    old_table.put(old_row(1))
    value = WRITES_OF_OLD_APPLICATION[name]

    def write() -> None:
        old_table.old_application_sets("86811_104348", name, value)

    report = run_backfill(old_table, sealer, rows=InterruptedRows(old_table.rows, write))
    row = old_table.store.get("86811_104348")
    expected = records.index_keys_of(row)
    assert {key: row.get(key) for key in expected} == expected
    assert report.changed_meanwhile == 1
    if name == "clientSecret":
        keys = json.loads(sealer._path.read_text())
        assert opened(str(row[name]), keys, "86811_104348") == "another secret"
    else:
        assert to_attributes(row)[name] == value


def test_a_row_that_is_removed_at_the_same_time_is_no_error(
    old_store: OldStore, sealer: KeyFileSealer
) -> None:
    old_store.put(old_row(1), old_row(2))

    def remove() -> None:
        old_store.store.write([Remove("86811_104348", None)])

    rows = InterruptedRows(old_store.rows, remove)
    report = run_backfill(old_store, sealer, rows=rows, segments=1)
    assert len(all_items(old_store.store)) == 1
    assert report.rows == 2
    assert report.failed == []


def test_a_row_that_others_keep_changing_is_named_at_the_end(
    old_table: OldTable, sealer: KeyFileSealer
) -> None:
    old_table.put(old_row(1))
    writes = [
        lambda second=second: old_table.old_application_sets(
            "86811_104348", "updatedAt", {"S": f"2026-06-01T00:00:{second:02}.000Z"}
        )
        for second in range(50)
    ]
    report = run_backfill(old_table, sealer, rows=InterruptedRows(old_table.rows, *writes))
    assert report.failed == ["86811_104348"]
    assert old_table.store.get("86811_104348")["clientSecret"] == PLAINTEXT_SECRET


def test_it_stops_when_it_cannot_seal_and_keeps_what_is_done(
    old_store: OldStore, sealer: KeyFileSealer
) -> None:
    class UnavailableSealer:
        def seal(self, _secret: Secret, _tenant_id: str) -> str:
            raise UnavailableError(reason="KMS is away.", remedy="Wait.")

    old_store.put(old_row(1))
    with pytest.raises(UnavailableError):
        run_backfill(old_store, UnavailableSealer())
    assert old_store.store.get("86811_104348") == old_row(1)


def test_it_waits_for_a_busy_store_but_not_for_ever(
    old_store: OldStore, sealer: KeyFileSealer
) -> None:
    old_store.put(old_row(1))

    def busy() -> None:
        raise BusyError(reason="Others write it.")

    waited: list[float] = []
    rate_limiter = RateLimiter(pause=waited.append)
    for times in (100, 3):
        rows = InterruptedRows(old_store.rows, *[busy] * times)
        if times == 100:
            with pytest.raises(BusyError):
                run_backfill(old_store, sealer, rows=rows, rate_limiter=rate_limiter)
            assert sum(waited) == pytest.approx(12.7)
            waited.clear()
        else:
            assert run_backfill(old_store, sealer, rows=rows, rate_limiter=rate_limiter).listed == 1
            assert waited == pytest.approx([0.1, 0.2, 0.4])
