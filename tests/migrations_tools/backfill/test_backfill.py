"""Old rows get index keys and sealed secrets, whoever else writes them, and only once."""

import json

import pytest

from migrations_tools.backfill.backfill import BackfillReport
from migrations_tools.pace import RateLimiter
from portal import onboarding, queries, records
from portal.queries import Tab
from portal.sealing.sealers import KeyFileSealer, Secret
from portal.stores.contract import BusyError, Remove, Replace, UnavailableError
from portal.stores.dynamodb.serialization import to_attributes
from portal.tenants import Reason
from tests.conftest import START
from tests.examples import ANN, IDS, activate, all_items, sign_up
from tests.migrations_tools.backfill.old_rows import (
    PLAIN,
    Interrupting,
    Side,
    Table,
    adopt,
    old_row,
)
from tests.unseal import opened

# ---- What it does


def test_old_rows_are_listed_found_and_sealed_and_keep_all_that_they_had(
    side: Side, sealer: KeyFileSealer
) -> None:
    old = [old_row(number) for number in range(5)]
    old[4] = {**old[4], "isActive": False, "notOurs": "kept", "retries": 7}
    side.put(*old)
    assert queries.page(side.store, queries.ranges_of_tab(Tab.ALL, START)).rows == []
    report = adopt(side, sealer)
    assert report == BackfillReport(rows=5, tenants=5, right=0, listed=5, sealed=5)
    active = queries.page(side.store, queries.ranges_of_tab(Tab.ACTIVE, START)).rows
    assert [row["tenantId"] for row in active] == [row["tenantId"] for row in old[:4]]
    suspended = queries.page(side.store, queries.ranges_of_tab(Tab.SUSPENDED, START)).rows
    assert [row["tenantId"] for row in suspended] == [old[4]["tenantId"]]
    for sought in ("meyer 3", "kim3@meyer.example", "86813"):
        (found,) = queries.search(side.store, sought, Tab.ALL, START).rows
        assert found["tenantId"] == old[3]["tenantId"]
    for row in old:
        now = dict(side.store.get(str(row["tenantId"])))
        assert str(now.pop("clientSecret")).startswith("v1.loc.")
        added = {name for name in now if name not in row}
        assert added == {"gsi2pk", "gsi2sk", "gsi3pk", "gsi3sk", "gsi4pk", "gsi4sk"}
        assert {name: value for name, value in row.items() if name != "clientSecret"} == {
            name: value for name, value in now.items() if name not in added
        }


def test_done_twice_the_second_time_finds_all_as_it_should_be(
    side: Side, sealer: KeyFileSealer
) -> None:
    side.put(*(old_row(number) for number in range(3)))
    adopt(side, sealer)
    before = all_items(side.store)
    assert adopt(side, sealer) == BackfillReport(rows=3, tenants=3, right=3)
    assert all_items(side.store) == before


def test_a_dry_run_counts_the_same_and_writes_nothing(side: Side, sealer: KeyFileSealer) -> None:
    side.put(*(old_row(number) for number in range(3)))
    before = all_items(side.store)
    dry = adopt(side, sealer, apply=False)
    assert all_items(side.store) == before
    # Not even a key was made.
    assert not sealer._path.exists()
    assert dry == adopt(side, sealer)


def test_what_the_portal_wrote_is_right_as_it_is(side: Side, sealer: KeyFileSealer) -> None:
    pending = sign_up(side.store, claims=IDS)
    activate(side.store, sealer, pending, secret="s3cr3t")
    sign_up(side.store, 2, set_aside=True)
    rejected = sign_up(side.store, 3)
    onboarding.reject(
        side.store,
        rejected.id,
        expected_version=1,
        audit=ANN,
        reason=Reason.DUPLICATE,
        message="Sorry.",
    )
    onboarding.add_note(side.store, rejected.id, audit=ANN, text="A note.")
    before = all_items(side.store)
    report = adopt(side, sealer)
    assert (report.tenants, report.right, report.listed, report.sealed) == (3, 3, 0, 0)
    assert report.rows == len(before)
    assert all_items(side.store) == before


def test_index_keys_that_went_stale_are_put_right(side: Side, sealer: KeyFileSealer) -> None:
    # The old application changed the row after an earlier run, and knows none of our indexes.
    side.put(old_row(1))
    adopt(side, sealer)
    now = side.store.get("86811_104348")
    gone = {"isActive": False, "contactEmailAddress": "lou@meyer.example"}
    side.store.write([Replace({**now, **gone}, None)])
    assert adopt(side, sealer).listed == 1
    after = side.store.get("86811_104348")
    assert after["gsi2pk"] == "STATUS#suspended"
    assert after["gsi4pk"] == "EMAIL#lou@meyer.example"
    without = {name: value for name, value in after.items() if name != "contactEmailAddress"}
    side.store.write([Replace(without, None)])
    adopt(side, sealer)
    assert {"gsi4pk", "gsi4sk"} & set(side.store.get("86811_104348")) == set()


def test_given_index_keys_are_added_where_they_lack_and_never_taken_away(
    side: Side, sealer: KeyFileSealer
) -> None:
    lacking = {name: value for name, value in old_row(1).items() if not name.startswith("gsi1")}
    odd = {**old_row(2), "tenantId": "legacy", "gsi1sk": "TENANT#legacy"}
    side.put(lacking, odd)
    adopt(side, sealer)
    assert side.store.get("86811_104348")["gsi1pk"] == "ACCOUNT#86811"
    assert side.store.get("legacy")["gsi1sk"] == "TENANT#legacy"


def test_other_programs_still_open_what_was_sealed(side: Side, sealer: KeyFileSealer) -> None:
    side.put(old_row(1))
    adopt(side, sealer)
    sealed = str(side.store.get("86811_104348")["clientSecret"])
    assert opened(sealed, json.loads(sealer._path.read_text()), "86811_104348") == PLAIN


def test_all_segments_together_are_the_whole_table(side: Side, sealer: KeyFileSealer) -> None:
    side.put(*(old_row(number) for number in range(30)))
    assert adopt(side, sealer, segments=7) == BackfillReport(
        rows=30, tenants=30, listed=30, sealed=30
    )


def test_it_goes_no_faster_than_it_is_told(side: Side, sealer: KeyFileSealer) -> None:
    side.put(*(old_row(number) for number in range(10)))
    waited: list[float] = []
    pace = RateLimiter(100, clock=lambda: 0.0, pause=waited.append)
    adopt(side, sealer, pace=pace)
    # Ten rows read, and ten written, at 100 a second: the last one waits for the 19 before.
    assert max(waited) == pytest.approx(0.19)


# ---- Others write at the same time


def test_a_decision_of_the_portal_in_between_is_kept(side: Side, sealer: KeyFileSealer) -> None:
    side.put(old_row(1))

    def suspend() -> None:
        onboarding.suspend(
            side.store, "86811_104348", expected_version=None, audit=ANN, reason=Reason.UNPAID
        )

    report = adopt(side, sealer, rows=Interrupting(side.rows(side.store), suspend))
    now = side.store.get("86811_104348")
    assert (now["status"], now["version"], now["gsi2pk"]) == ("suspended", 1, "STATUS#suspended")
    assert str(now["clientSecret"]).startswith("v1.loc.")
    assert (report.changed_meanwhile, report.sealed) == (1, 1)


OLD_WRITES = {
    "isActive": {"BOOL": False},
    "validTo": {"S": "2030-01-01T00:00:00.000Z"},
    "contactCompanyName": {"S": "Another"},
    "contactEmailAddress": {"S": "another@meyer.example"},
    "clientSecret": {"S": "another secret"},
    "updatedAt": {"S": "2026-06-01T00:00:00.000Z"},
    "createdAt": {"L": []},
    "version": {"N": "7"},
}


@pytest.mark.parametrize("name", OLD_WRITES)
def test_a_write_of_the_old_application_in_between_is_kept(
    table: Table, sealer: KeyFileSealer, name: str
) -> None:
    table.put(old_row(1))
    value = OLD_WRITES[name]

    def write() -> None:
        table.old_application_sets("86811_104348", name, value)

    report = adopt(table, sealer, rows=Interrupting(table.rows(table.store), write))
    now = table.store.get("86811_104348")
    wanted = records.index_keys_of(now)
    assert {key: now.get(key) for key in wanted} == wanted
    assert report.changed_meanwhile == 1
    if name == "clientSecret":
        keys = json.loads(sealer._path.read_text())
        assert opened(str(now[name]), keys, "86811_104348") == "another secret"
    else:
        assert to_attributes(now)[name] == value


def test_a_row_that_goes_meanwhile_is_let_go(side: Side, sealer: KeyFileSealer) -> None:
    side.put(old_row(1), old_row(2))

    def gone() -> None:
        side.store.write([Remove("86811_104348", None)])

    rows = Interrupting(side.rows(side.store), gone)
    rows_of_first = adopt(side, sealer, rows=rows, segments=1)
    assert len(all_items(side.store)) == 1
    assert rows_of_first.rows == 2
    assert rows_of_first.failed == []


def test_a_row_that_others_change_all_the_time_is_named_in_the_end(
    table: Table, sealer: KeyFileSealer
) -> None:
    table.put(old_row(1))
    writes = [
        lambda second=second: table.old_application_sets(
            "86811_104348", "updatedAt", {"S": f"2026-06-01T00:00:{second:02}.000Z"}
        )
        for second in range(50)
    ]
    report = adopt(table, sealer, rows=Interrupting(table.rows(table.store), *writes))
    assert report.failed == ["86811_104348"]
    assert table.store.get("86811_104348")["clientSecret"] == PLAIN


def test_when_it_cannot_be_sealed_it_stops_and_what_is_done_stays_done(
    side: Side, sealer: KeyFileSealer
) -> None:
    class Away:
        def seal(self, _secret: Secret, _tenant_id: str) -> str:
            raise UnavailableError(reason="KMS is away.", remedy="Wait.")

    side.put(old_row(1))
    with pytest.raises(UnavailableError):
        adopt(side, Away())
    assert side.store.get("86811_104348") == old_row(1)


def test_a_busy_store_is_waited_for_and_not_for_ever(side: Side, sealer: KeyFileSealer) -> None:
    side.put(old_row(1))

    def busy() -> None:
        raise BusyError(reason="Others write it.")

    waited: list[float] = []
    pace = RateLimiter(pause=waited.append)
    for times in (100, 3):
        rows = Interrupting(side.rows(side.store), *[busy] * times)
        if times == 100:
            with pytest.raises(BusyError):
                adopt(side, sealer, rows=rows, pace=pace)
            assert sum(waited) == pytest.approx(12.7)
            waited.clear()
        else:
            assert adopt(side, sealer, rows=rows, pace=pace).listed == 1
            assert waited == pytest.approx([0.1, 0.2, 0.4])
