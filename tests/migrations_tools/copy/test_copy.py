"""A copy is the same items: nothing lost, nothing twice, nothing overwritten."""

import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from migrations_tools.cli import main
from migrations_tools.copy.copying import Copy, CopyReport
from migrations_tools.pace import ProgressLine, RateLimiter
from portal import onboarding
from portal.sealing.sealers import KeyFileSealer
from portal.settings import SETTINGS
from portal.stores.contract import Add, BusyError, Change, Item, Replace, Store, UnavailableError
from portal.stores.dynamodb.store import DynamoDbStore
from portal.stores.file.store import JsonFileStore
from portal.tenants import Reason
from tests.conftest import SECRET_KEY
from tests.dynamodb_engine import CREDENTIALS, REGION, Engine
from tests.examples import ANN, IDS, Behind, Failing, activate, all_items, sign_up


@pytest.fixture
def file(tmp_path: Path) -> Iterator[JsonFileStore]:
    store = JsonFileStore(tmp_path / "data")
    yield store
    store.close()


@pytest.fixture
def other(tmp_path: Path) -> Iterator[JsonFileStore]:
    store = JsonFileStore(tmp_path / "other")
    yield store
    store.close()


@pytest.fixture
def table(engine: Engine) -> Iterator[DynamoDbStore]:
    store = DynamoDbStore(engine.new_table())
    yield store
    store.close()


def fill(store: Store, folder: Path) -> dict[str, Item]:
    """A portal with a bit of everything: claims, events, notes, a forward, an old row."""
    sealer = KeyFileSealer(folder / "sealing-keys.json")
    activate(store, sealer, sign_up(store, 1, claims=IDS), secret="s3cr3t")
    sign_up(store, 2, claims=IDS)
    rejected = sign_up(store, 3)
    onboarding.reject(
        store,
        rejected.id,
        expected_version=1,
        audit=ANN,
        reason=Reason.OTHER,
        message="Süße Grüße 😀\n",
    )
    onboarding.add_note(store, rejected.id, audit=ANN, text="A note.")
    sign_up(store, 4, set_aside=True)
    old: Item = {"tenantId": "1_2", "isActive": True, "clientSecret": "plain", "empty": "", "n": -7}
    store.write([Add(old)])
    return all_items(store)


def copied(source: Store, target: Store, **how: Any) -> CopyReport:
    return Copy(source, target, **{"together": False, **how}).run()


# ---- What it does


def test_there_and_back_every_item_is_the_same(
    file: JsonFileStore, table: DynamoDbStore, other: JsonFileStore, tmp_path: Path
) -> None:
    items = fill(file, tmp_path)
    there = copied(file, table, workers=4)
    assert there == CopyReport(read=len(items), copied=len(items), verified=len(items))
    assert all_items(table) == items
    back = copied(table, other, together=True)
    assert back == there
    assert all_items(other) == items


def test_what_other_programs_left_in_a_table_comes_back_as_it_was(
    engine: Engine, table: DynamoDbStore, file: JsonFileStore
) -> None:
    odd = {
        "tenantId": {"S": "1_2"},
        "limits": {"M": {"users": {"N": "1.5"}, "raw": {"B": b"\x00\xff"}}},
        "tags": {"SS": ["b", "a"]}, "none": {"NULL": True}, "isActive": {"BOOL": True},
    }  # fmt: skip
    name = table._place.table
    engine.client.put_item(TableName=name, Item=odd)
    copied(table, file, together=True)
    again = DynamoDbStore(engine.new_table())
    report = copied(file, again)
    assert report.is_whole
    key = {"tenantId": {"S": "1_2"}}
    back = engine.client.get_item(TableName=again._place.table, Key=key)["Item"]
    assert {**back, "tags": sorted(back["tags"]["SS"])} == {**odd, "tags": ["a", "b"]}
    again.close()


def test_a_second_copy_adds_nothing(
    file: JsonFileStore, table: DynamoDbStore, tmp_path: Path
) -> None:
    items = fill(file, tmp_path)
    copied(file, table)
    again = copied(file, table)
    assert again == CopyReport(read=len(items), there_already=len(items), verified=len(items))
    assert all_items(table) == items


@pytest.mark.parametrize("together", [False, True])
def test_a_different_item_is_left_alone_and_named_and_the_rest_is_copied(
    file: JsonFileStore, other: JsonFileStore, tmp_path: Path, together: bool
) -> None:
    items = fill(file, tmp_path)
    mine: Item = {"tenantId": "1_2", "isActive": False}
    extra: Item = {"tenantId": "9_9", "version": 1}
    other.write([Add(mine), Add(extra)])
    report = copied(file, other, together=together)
    assert report.refused == report.different == ["1_2"]
    assert (report.missing, report.only_in_target, report.is_whole) == ([], 1, False)
    assert report.copied == report.verified == len(items) - 1
    assert all_items(other) == items | {"1_2": mine, "9_9": extra}


@pytest.mark.parametrize("together", [False, True])
def test_an_item_that_is_too_large_for_the_table_is_named_and_the_rest_is_copied(
    file: JsonFileStore, table: DynamoDbStore, together: bool
) -> None:
    large: Item = {"tenantId": "1_2", "version": 1, "text": "x" * 450_000}
    file.write([Add({"tenantId": "0_1", "version": 1}), Add(large)])
    file.write([Add({"tenantId": "3_4", "version": 1})])
    report = copied(file, table, together=together)
    assert (report.copied, report.verified, report.is_whole) == (2, 2, False)
    assert report.too_large == report.missing == ["1_2"]


def test_many_items_are_copied_in_pages_and_writes(
    file: JsonFileStore, other: JsonFileStore
) -> None:
    for start in range(0, 2500, 100):
        file.write([Add({"tenantId": f"{n}_1", "version": 1}) for n in range(start, start + 100)])
    report = copied(file, other, together=True)
    assert report == CopyReport(read=2500, copied=2500, verified=2500)
    assert all_items(other) == all_items(file)


# ---- Others, troubles, the end


class Late(Behind):
    """A target in which something happens behind the first write."""

    def __init__(self, store: Store, then: Any) -> None:
        super().__init__(store)
        self.then = then

    def write(self, changes: Sequence[Change]) -> None:
        super().write(changes)
        then, self.then = self.then, lambda: None
        then()


def test_what_changes_in_the_source_meanwhile_is_noticed(
    file: JsonFileStore, other: JsonFileStore
) -> None:
    file.write([Add({"tenantId": f"{n}_1", "version": 1}) for n in range(3)])

    def change() -> None:
        file.write([Replace({"tenantId": "0_1", "version": 2}, 1), Add({"tenantId": "9_1"})])

    report = copied(file, Late(other, change))
    assert (report.different, report.missing, report.is_whole) == (["0_1"], ["9_1"], False)
    assert report.verified == 2


class Lossy(Behind):
    """A target that forgets one item, and turns another."""

    def write(self, changes: Sequence[Change]) -> None:
        for change in changes:
            assert isinstance(change, Add)
            if change.item["tenantId"] == "0_1":
                continue
            item = {**change.item, **({"x": 1} if change.item["tenantId"] == "1_1" else {})}
            super().write([Add(item)])


def test_the_second_reading_notices_what_the_target_lost_or_turned(
    file: JsonFileStore, other: JsonFileStore
) -> None:
    file.write([Add({"tenantId": f"{n}_1", "version": 1}) for n in range(3)])
    report = copied(file, Lossy(other))
    assert (report.missing, report.different, report.verified) == (["0_1"], ["1_1"], 1)


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize("too_late", [False, True])
@pytest.mark.parametrize("side", ["source", "target"])
def test_stopped_at_any_call_and_run_again_all_is_there_once(
    file: JsonFileStore, tmp_path: Path, together: bool, too_late: bool, side: str
) -> None:
    items = fill(file, tmp_path)
    stop = 0
    while True:
        target = JsonFileStore(tmp_path / f"target-{stop}")
        failing = Failing(file if side == "source" else target, stop, too_late=too_late)
        source_then, target_then = (failing, target) if side == "source" else (file, failing)
        try:
            copied(source_then, target_then, together=together)
        except UnavailableError:
            stopped = True
        else:
            stopped = False
        report = copied(file, target, together=together)
        assert report.is_whole
        assert report.copied + report.there_already == report.verified == len(items)
        assert all_items(target) == items
        target.close()
        if not stopped:
            break
        stop += 1
    assert stop >= 2


def test_stopped_at_any_write_to_a_table_and_run_again(
    file: JsonFileStore, engine: Engine, tmp_path: Path
) -> None:
    items = fill(file, tmp_path)
    for stop in range(0, len(items), 2):
        table = DynamoDbStore(engine.new_table())
        with pytest.raises(UnavailableError):
            copied(file, Failing(table, stop, too_late=stop % 4 == 0))
        report = copied(file, table)
        assert report.verified == len(items) == len(all_items(table))
        assert all_items(table) == items
        table.close()


class Busy(Behind):
    def __init__(self, store: Store, times: int) -> None:
        super().__init__(store)
        self.times = times

    def before(self, call: str) -> None:
        if call == "write" and self.times:
            self.times -= 1
            raise BusyError(reason="Throttled.")


def test_a_busy_target_is_tried_again_and_not_for_ever(
    file: JsonFileStore, other: JsonFileStore
) -> None:
    file.write([Add({"tenantId": "1_1"})])
    waited: list[float] = []
    pace = RateLimiter(pause=waited.append)
    with pytest.raises(BusyError):
        copied(file, Busy(other, 100), pace=pace)
    assert sum(waited) == pytest.approx(12.7)
    assert copied(file, Busy(other, 3), pace=pace).is_whole


def test_it_goes_no_faster_than_it_is_told(file: JsonFileStore, other: JsonFileStore) -> None:
    file.write([Add({"tenantId": f"{n}_1"}) for n in range(10)])
    waited: list[float] = []
    copied(file, other, pace=RateLimiter(100, clock=lambda: 0.0, pause=waited.append))
    # Ten written, and both stores read again.
    assert max(waited) == pytest.approx(0.2)


# ---- The pace and the progress


def test_what_was_not_used_is_not_saved_up() -> None:
    now = [0.0]
    waited: list[float] = []
    pace = RateLimiter(10, clock=lambda: now[0], pause=waited.append)
    pace.take(5)
    now[0] = 100.0
    pace.take(5)
    pace.take(1)
    assert waited == [pytest.approx(0.5)]
    RateLimiter(0, pause=waited.append).take(10**9)
    assert len(waited) == 1


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_is_one_line_on_a_terminal_and_nothing_elsewhere() -> None:
    terminal, elsewhere, now = Terminal(), io.StringIO(), [1.0]
    for stream in (terminal, elsewhere):
        progress = ProgressLine(stream, clock=lambda: now[0])
        progress.at("1,000 rows")
        progress.at("1,001 rows")
        now[0] += 1
        progress.at("9 rows")
        progress.end()
    assert terminal.getvalue() == "\r1,000 rows\r9 rows    \r      \r"
    assert elsewhere.getvalue() == ""


# ---- The command


def run(folder: Path, *arguments: str, **environ: str) -> Result:
    nothing = {setting.name: "" for setting in SETTINGS}
    own = {"PORTAL_DATA_DIR": str(folder), "PORTAL_SECRET_KEY": SECRET_KEY, **CREDENTIALS}
    return CliRunner().invoke(main, ["copy", *arguments], env={**nothing, **own, **environ})


@pytest.fixture
def where(table: DynamoDbStore) -> dict[str, str]:
    return {
        "TENANT_TABLE_NAME": table._place.table,
        "AWS_REGION": REGION,
        "AWS_ENDPOINT_URL_DYNAMODB": str(table._place.endpoint),
    }


def test_the_command_copies_there_and_back(
    file: JsonFileStore, table: DynamoDbStore, where: dict[str, str], tmp_path: Path
) -> None:
    items = fill(file, tmp_path)
    there = run(tmp_path / "data", "--from", "json", "--to", "dynamodb", **where)
    assert there.exit_code == 0, there.output
    assert f"Read again in both, and the same: {len(items)}." in there.stdout
    assert "All items are there." in there.stdout
    back = run(tmp_path / "new", "--from", "dynamodb", "--to", "json", "--json", **where)
    assert json.loads(back.stdout)["verified"] == len(items)
    new = JsonFileStore(tmp_path / "new")
    assert all_items(new) == items
    new.close()


def test_the_command_names_what_is_in_the_way(
    file: JsonFileStore, table: DynamoDbStore, where: dict[str, str], tmp_path: Path
) -> None:
    file.write([Add({"tenantId": "1_2", "version": 1})])
    table.write([Add({"tenantId": "1_2", "version": 2})])
    result = run(tmp_path / "data", "--from", "json", "--to", "dynamodb", **where)
    assert result.exit_code == 1
    assert "Another item is there under the same id, and was left alone: 1_2." in result.stderr
    assert "Is a portal still writing? Stop it" in result.stderr
    assert table.get("1_2")["version"] == 2


def test_two_stores_must_be_named(tmp_path: Path) -> None:
    assert run(tmp_path, "--from", "json", "--to", "json").exit_code == 2
    assert run(tmp_path, "--from", "json").exit_code == 2
