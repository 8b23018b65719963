"""Old rows get index keys and sealed secrets, whoever else writes them, and only once."""

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from click.testing import CliRunner, Result
from moto import mock_aws

from migrations_tools.adopting import Adoption, Memory, Report, Rows, StoredRows, UnchangeableError
from migrations_tools.cli import main
from migrations_tools.definition import PORTAL_ACTIONS
from migrations_tools.pace import Pace
from migrations_tools.table_rows import TableRows
from portal import listings, onboarding, records
from portal.listings import Tab
from portal.sealing import KeyFileSealer, Secret
from portal.settings import SETTINGS
from portal.stores.attributes import to_attributes
from portal.stores.contract import (
    Add,
    BusyError,
    Item,
    Page,
    Remove,
    Replace,
    Segment,
    Store,
    UnavailableError,
)
from portal.stores.dynamodb import DynamoDbStore
from portal.stores.json_file import JsonFileStore
from portal.tenants import Reason
from tests.conftest import SECRET_KEY, START
from tests.engine import CREDENTIALS, REGION, Engine
from tests.examples import ANN, IDS, activate, all_items, sign_up
from tests.opening import opened, padded

PLAIN = "the old application's secret"


def old_row(number: int, **other: Any) -> Item:
    """As the old application writes a tenant."""
    account, company = str(86810 + number), "104348"
    return {
        "tenantId": f"{account}_{company}",
        "accountId": account,
        "accountName": "Meyer Group",
        "companyId": company,
        "companyName": "Meyer Field Service",
        "cluster": "eu",
        "contactCompanyName": f"Meyer {number}",
        "contactFullName": "Kim Meyer",
        "contactEmailAddress": f"kim{number}@meyer.example",
        "clientId": "client-1",
        "clientSecret": PLAIN,
        "validFrom": "2026-01-01T00:00:00.000Z",
        "validTo": "2027-01-01T00:00:00.000Z",
        "isActive": True,
        "createdAt": f"2025-12-01T00:00:{number:02}.000Z",
        "updatedAt": f"2025-12-01T00:00:{number:02}.000Z",
        "gsi1pk": f"ACCOUNT#{account}",
        "gsi1sk": f"TENANT#{account}_{company}",
        **other,
    }


@pytest.fixture
def sealer(tmp_path: Path) -> KeyFileSealer:
    return KeyFileSealer(tmp_path / "keys" / "sealing-keys.json")


class Side:
    """A kind of store, with the rows of it, and what the old application does there."""

    def __init__(self, store: Store, rows: Callable[[Store], Rows]) -> None:
        self.store = store
        self.rows = rows

    def put(self, *items: Item) -> None:
        self.store.write([Add(item) for item in items])


class Table(Side):
    def __init__(self, engine: Engine) -> None:
        self.place = engine.new_table()
        self.client = engine.client
        table = self.place.table
        super().__init__(DynamoDbStore(self.place), lambda store: TableRows(store, table))

    def old_application_sets(self, tenant_id: str, name: str, value: Any) -> None:
        """Its way of changing a row: it knows no versions."""
        self.client.update_item(
            TableName=self.place.table,
            Key={"tenantId": {"S": tenant_id}},
            UpdateExpression="SET #n = :v",
            ExpressionAttributeNames={"#n": name},
            ExpressionAttributeValues={":v": value},
        )


@pytest.fixture
def table(engine: Engine) -> Iterator[Table]:
    side = Table(engine)
    yield side
    side.store.close()


@pytest.fixture(params=["json", "table"])
def side(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Side]:
    if request.param == "table":
        yield request.getfixturevalue("table")
        return
    store = JsonFileStore(tmp_path / "data")
    yield Side(store, StoredRows)
    store.close()


def adopt(side: Side, sealer: Any, *, apply: bool = True, **how: Any) -> Report:
    rows = how.pop("rows", None) or side.rows(side.store)
    return Adoption(rows, sealer, apply=apply, **how).run()


# ---- What it does


def test_old_rows_are_listed_found_and_sealed_and_keep_all_that_they_had(
    side: Side, sealer: KeyFileSealer
) -> None:
    old = [old_row(number) for number in range(5)]
    old[4] = {**old[4], "isActive": False, "notOurs": "kept", "retries": 7}
    side.put(*old)
    assert listings.page(side.store, listings.stretches_of(Tab.ALL, START)).rows == []
    report = adopt(side, sealer)
    assert report == Report(rows=5, tenants=5, right=0, listed=5, sealed=5)
    active = listings.page(side.store, listings.stretches_of(Tab.ACTIVE, START)).rows
    assert [row["tenantId"] for row in active] == [row["tenantId"] for row in old[:4]]
    suspended = listings.page(side.store, listings.stretches_of(Tab.SUSPENDED, START)).rows
    assert [row["tenantId"] for row in suspended] == [old[4]["tenantId"]]
    for sought in ("meyer 3", "kim3@meyer.example", "86813"):
        (found,) = listings.search(side.store, sought, Tab.ALL, START).rows
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
    assert adopt(side, sealer) == Report(rows=3, tenants=3, right=3)
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
        side.store, rejected.id, seen=1, act=ANN, reason=Reason.DUPLICATE, message="Sorry."
    )
    onboarding.add_note(side.store, rejected.id, act=ANN, text="A note.")
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


def test_with_kms_each_secret_is_sealed_for_its_own_tenant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    store = JsonFileStore(tmp_path / "data")
    store.write([Add(old_row(number)) for number in range(3)])
    with mock_aws():
        kms = boto3.client("kms", region_name=REGION)
        key = kms.create_key()["KeyMetadata"]["KeyId"]
        result = run(tmp_path / "data", "--apply", PORTAL_KMS_KEY_ID=key, AWS_REGION=REGION)
        assert "Secrets sealed: 3." in result.stdout
        for tenant_id, item in all_items(store).items():
            sealed = str(item["clientSecret"]).removeprefix("v1.kms.")
            answer = kms.decrypt(
                CiphertextBlob=padded(sealed),
                EncryptionContext={"tenantId": tenant_id, "purpose": "clientSecret"},
            )
            assert answer["Plaintext"].decode() == PLAIN
    assert not (tmp_path / "data" / "sealing-keys.json").exists()
    store.close()


def test_all_segments_together_are_the_whole_table(side: Side, sealer: KeyFileSealer) -> None:
    side.put(*(old_row(number) for number in range(30)))
    assert adopt(side, sealer, segments=7) == Report(rows=30, tenants=30, listed=30, sealed=30)


# ---- Others write at the same time


class Interrupting:
    """Rows in front of others: something happens just before a change."""

    def __init__(self, rows: Rows, *others: Callable[[], object]) -> None:
        self.inner = rows
        self.others = list(others)

    def page(self, segment: Segment, after: str | None) -> Page:
        return self.inner.page(segment, after)

    def change(self, before: Item, changes: Any) -> None:
        if self.others:
            self.others.pop(0)()
        self.inner.change(before, changes)


def test_a_decision_of_the_portal_in_between_is_kept(side: Side, sealer: KeyFileSealer) -> None:
    side.put(old_row(1))

    def suspend() -> None:
        onboarding.suspend(side.store, "86811_104348", seen=None, act=ANN, reason=Reason.UNPAID)

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


def test_what_changes_beside_it_is_not_even_read_again(table: Table, sealer: KeyFileSealer) -> None:
    table.put(old_row(1))

    def write() -> None:
        table.old_application_sets("86811_104348", "contactPhone", {"S": "+4930901820"})

    report = adopt(table, sealer, rows=Interrupting(table.rows(table.store), write))
    assert report.changed_meanwhile == 0
    assert table.store.get("86811_104348")["contactPhone"] == "+4930901820"


def test_a_row_that_goes_meanwhile_is_let_go(side: Side, sealer: KeyFileSealer) -> None:
    side.put(old_row(1), old_row(2))
    gone = lambda: side.store.write([Remove("86811_104348", None)])  # noqa: E731
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


def test_lists_maps_and_nulls_of_the_old_application_stay(
    table: Table, sealer: KeyFileSealer
) -> None:
    odd = {
        "tags": {"SS": ["a", "b"]},
        "limits": {"M": {"users": {"N": "1.5"}}},
        "gone": {"NULL": True},
    }
    table.client.put_item(TableName=table.place.table, Item={**to_attributes(old_row(1)), **odd})
    adopt(table, sealer)
    now = table.client.get_item(
        TableName=table.place.table, Key={"tenantId": {"S": "86811_104348"}}
    )["Item"]
    assert {name: now[name] for name in odd} == odd
    assert now["gsi2pk"] == {"S": "STATUS#active"}


def test_only_what_changes_is_written_and_only_if_nothing_else_did(
    table: Table, sealer: KeyFileSealer
) -> None:
    table.put(old_row(1))
    asked: list[tuple[str, Any]] = []
    inner = table.store.connection.call

    class Noting:
        def call(self, operation: str, kind: str, parameters: Any, **how: Any) -> Any:
            asked.append((operation, parameters))
            return inner(operation, kind, parameters, **how)

    noting = TableRows(table.store, table.place.table)
    noting._connection = Noting()  # type: ignore[assignment]
    adopt(table, sealer, rows=noting)
    ((operation, parameters),) = asked
    assert operation == "UpdateItem"
    assert "attribute_not_exists" in parameters["ConditionExpression"]
    names = parameters["ExpressionAttributeNames"]
    words = parameters["UpdateExpression"].replace(",", "").split()
    touched = {names[word] for word in words if word in names}
    assert touched == {"gsi2pk", "gsi2sk", "gsi3pk", "gsi3sk", "gsi4pk", "gsi4sk", "clientSecret"}


# ---- Killed and run again


class Killed(Exception):  # noqa: N818 - nothing went wrong, it is over
    """The program ends here."""


class Mortal:
    """Rows of a program that is killed at its `last` call: before it is done, or after."""

    def __init__(self, rows: Rows, last: int, *, late: bool) -> None:
        self.inner = rows
        self.left = last
        self.late = late
        self._lock = threading.Lock()

    def _step(self, call: Callable[[], Any]) -> Any:
        with self._lock:
            self.left -= 1
            left = self.left
        if left < -1 or (left == -1 and not self.late):
            raise Killed
        answer = call()
        if left == -1:
            raise Killed
        return answer

    def page(self, segment: Segment, after: str | None) -> Page:
        return self._step(lambda: self.inner.page(segment, after))

    def change(self, before: Item, changes: Any) -> None:
        self._step(lambda: self.inner.change(before, changes))


class SmallPages:
    """Rows in pages of two, so that a run has several."""

    def __init__(self, store: Store, rows: Rows) -> None:
        self.store = store
        self.inner = rows

    def page(self, segment: Segment, after: str | None) -> Page:
        return self.store.scan(segment, after=after, limit=2)

    def change(self, before: Item, changes: Any) -> None:
        self.inner.change(before, changes)


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("segments", [1, 3])
@pytest.mark.parametrize("remembered", [False, True])
def test_killed_at_any_call_and_run_again_every_row_is_right_once(
    tmp_path: Path, sealer: KeyFileSealer, late: bool, segments: int, remembered: bool
) -> None:
    last = 0
    while True:
        store = JsonFileStore(tmp_path / f"data-{last}")
        store.write([Add(old_row(number)) for number in range(7)])
        path = tmp_path / "progress.json" if remembered else None
        rows = SmallPages(store, StoredRows(store))
        seals: list[str] = []

        class Noting:
            def seal(self, secret: Secret, tenant_id: str) -> str:
                assert secret.reveal() == PLAIN
                seals.append(tenant_id)  # noqa: B023 - used before the next turn
                return sealer.seal(secret, tenant_id)

        def run(rows: Rows) -> Report:
            memory = Memory(path, "here", segments)  # noqa: B023
            return Adoption(rows, Noting(), apply=True, segments=segments, memory=memory).run()

        try:
            run(Mortal(rows, last, late=late))
        except Killed:
            killed = True
        else:
            killed = False
        report = run(rows)
        items = all_items(store)
        store.close()
        assert len(items) == 7
        for item in items.values():
            assert {name: item[name] for name in records.index_keys_of(item)} == (
                records.index_keys_of(item)
            )
            assert str(item["clientSecret"]).startswith("v1.loc.")
        # Nothing is sealed twice but what was sealed and not written before the end.
        assert len(seals) <= 7 + segments
        assert report.failed == []
        assert path is None or not path.exists()
        if not killed:
            assert report == Report(rows=7, tenants=7, right=7)
            break
        last += 1
    assert last >= 11


def test_killed_at_any_call_on_a_table(engine: Engine, sealer: KeyFileSealer) -> None:
    for last in range(10):
        table = Table(engine)
        table.put(*(old_row(number) for number in range(7)))
        with pytest.raises(Killed):
            adopt(table, sealer, rows=Mortal(table.rows(table.store), last % 8, late=last % 2 == 0))
        adopt(table, sealer)
        assert adopt(table, sealer) == Report(rows=7, tenants=7, right=7)
        table.store.close()


def test_a_run_goes_on_behind_the_pages_that_are_done(
    tmp_path: Path, sealer: KeyFileSealer
) -> None:
    store = JsonFileStore(tmp_path / "data")
    store.write([Add(old_row(number)) for number in range(8)])
    rows = SmallPages(store, StoredRows(store))
    path = tmp_path / "progress.json"
    with pytest.raises(Killed):
        Adoption(
            Mortal(rows, 7, late=False), sealer, apply=True, memory=Memory(path, "here", 1)
        ).run()
    assert Memory(path, "here", 1).goes_on
    # Two pages were done. Another place, or other parts, begin anew.
    assert Adoption(rows, sealer, apply=False, memory=Memory(path, "here", 1)).run().rows == 4
    with pytest.raises(Killed):
        Adoption(
            Mortal(rows, 1, late=False), sealer, apply=True, memory=Memory(path, "here", 1)
        ).run()
    assert not Memory(path, "there", 1).goes_on
    assert not Memory(path, "here", 2).goes_on
    store.close()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"of": 1}', "7", "\0"])
def test_a_damaged_memory_only_costs_time(tmp_path: Path, text: str) -> None:
    path = tmp_path / "progress.json"
    path.write_text(text)
    assert not Memory(path, "here", 1).goes_on


def test_when_it_cannot_be_sealed_it_stops_and_what_is_done_stays_done(
    side: Side, sealer: KeyFileSealer
) -> None:
    class Away:
        def seal(self, _secret: Secret, _tenant_id: str) -> str:
            raise UnavailableError(reason="KMS is away.", mend="Wait.")

    side.put(old_row(1))
    with pytest.raises(UnavailableError):
        adopt(side, Away())
    assert side.store.get("86811_104348") == old_row(1)


def test_a_row_that_has_no_room_for_keys_is_named_and_the_others_are_done(
    table: Table, tmp_path: Path
) -> None:
    table.put(old_row(1, notOurs="x" * (400 * 1024 - 700)), old_row(2))
    result = run(
        tmp_path / "data", "--apply", USE_DYNAMODB="true", TENANT_TABLE_NAME=table.place.table,
        AWS_REGION=REGION, AWS_ENDPOINT_URL_DYNAMODB=str(table.place.endpoint),
    )  # fmt: skip
    assert result.exit_code == 1
    assert "Given index keys: 1. Secrets sealed: 1." in result.stdout
    assert "Shorten what they hold: 86811_104348." in result.stderr


def test_what_dynamodb_calls_invalid_is_about_this_row_alone(table: Table) -> None:
    class Invalid:
        def call(self, *_how: Any, **_more: Any) -> Any:
            answer = {"Error": {"Code": "ValidationException", "Message": "key too long"}}
            raise ClientError(answer, "UpdateItem")

    rows = TableRows(table.store, table.place.table)
    rows._connection = Invalid()  # type: ignore[assignment]
    with pytest.raises(UnchangeableError):
        rows.change(old_row(1), {"gsi4pk": "EMAIL#"})


def test_a_busy_store_is_waited_for_and_not_for_ever(side: Side, sealer: KeyFileSealer) -> None:
    side.put(old_row(1))

    def busy() -> None:
        raise BusyError(reason="Others write it.")

    waited: list[float] = []
    pace = Pace(pause=waited.append)
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


def test_a_memory_of_yesterday_is_not_gone_by(tmp_path: Path) -> None:
    path = tmp_path / "progress.json"
    Memory(path, "here", 1).keep(0, "1_2", False)
    assert Memory(path, "here", 1).goes_on
    yesterday = time.time() - 25 * 60 * 60
    os.utime(path, (yesterday, yesterday))
    assert not Memory(path, "here", 1).goes_on


class Listening:
    """A connection that notes the operations which go over it."""

    def __init__(self, store: DynamoDbStore) -> None:
        self.inner = store.connection
        self.used: set[str] = set()

    def call(self, operation: str, *how: Any, **more: Any) -> Any:
        self.used.add(f"dynamodb:{operation}")
        return self.inner.call(operation, *how, **more)


def test_the_rights_of_the_portal_are_enough(table: Table, sealer: KeyFileSealer) -> None:
    table.put(old_row(1))
    listening = Listening(table.store)
    table.store.connection = listening
    adopt(table, sealer)
    table.store.connection = listening.inner
    assert listening.used == {"dynamodb:Scan", "dynamodb:UpdateItem"} < set(PORTAL_ACTIONS)


def test_it_goes_no_faster_than_it_is_told(side: Side, sealer: KeyFileSealer) -> None:
    side.put(*(old_row(number) for number in range(10)))
    waited: list[float] = []
    pace = Pace(100, clock=lambda: 0.0, pause=waited.append)
    adopt(side, sealer, pace=pace)
    # Ten rows read, and ten written, at 100 a second: the last one waits for the 19 before.
    assert max(waited) == pytest.approx(0.19)


# ---- The command


def run(folder: Path, *arguments: str, **environ: str) -> Result:
    nothing = {setting.name: "" for setting in SETTINGS}
    own = {"PORTAL_DATA_DIR": str(folder), "PORTAL_SECRET_KEY": SECRET_KEY, **CREDENTIALS}
    return CliRunner().invoke(main, ["adopt", *arguments], env={**nothing, **own, **environ})


def test_the_command_looks_first_and_writes_when_it_is_told(table: Table, tmp_path: Path) -> None:
    table.put(*(old_row(number) for number in range(3)))
    where = {
        "USE_DYNAMODB": "true",
        "TENANT_TABLE_NAME": table.place.table,
        "AWS_REGION": REGION,
        "AWS_ENDPOINT_URL_DYNAMODB": str(table.place.endpoint),
    }
    folder = tmp_path / "data"
    dry = run(folder, **where)
    assert dry.exit_code == 0, dry.output
    assert "To be given index keys: 3. To be sealed: 3." in dry.stdout
    assert "Run it with --apply to write it." in dry.stdout
    assert PLAIN in str(table.store.get("86811_104348"))
    done = run(folder, "--apply", "--json", **where)
    assert json.loads(done.stdout) == {
        "applied": True, "rows": 3, "tenants": 3, "right": 0, "listed": 3, "sealed": 3,
        "changed_meanwhile": 0, "failed": [], "unchangeable": [],
    }  # fmt: skip
    assert "As they should be already: 3." in run(folder, "--apply", **where).stdout
    assert sorted(path.name for path in folder.iterdir()) == ["sealing-keys.json"]
    assert PLAIN not in done.output + dry.output


def test_the_command_works_on_the_file_too(tmp_path: Path) -> None:
    store = JsonFileStore(tmp_path / "data")
    store.write([Add(old_row(1))])
    result = run(tmp_path / "data", "--apply")
    assert "Given index keys: 1. Secrets sealed: 1." in result.stdout
    store.close()


def test_a_table_that_is_not_there_is_a_sentence(engine: Engine, tmp_path: Path) -> None:
    result = run(
        tmp_path / "data", USE_DYNAMODB="true", TENANT_TABLE_NAME="nowhere", AWS_REGION=REGION,
        AWS_ENDPOINT_URL_DYNAMODB=engine.url,
    )  # fmt: skip
    assert result.exit_code == 1
    assert "There is no table nowhere" in result.stderr
    assert "Run it again: it goes on where it stopped." in result.stderr
