"""Events and rows of imports stay in the file. Nobody notices but the memory."""

import random
import tracemalloc
from collections.abc import Mapping
from pathlib import Path

import pytest

from portal.stores.contract import Add, Change, CorruptStoreError, Remove, Replace
from portal.stores.file.verify_repair import repair_file, verify_file
from portal.stores.schema import GSI2
from tests.stores.file.damage import NOW
from tests.stores.file.opening import open_store

Item = dict[str, str | int | bool]


def rows(n: int, version: int = 1, size: int = 20_000) -> Item:
    """A chunk of the rows of an import: large, and in no index."""
    text = random.Random(f"{n} {version}").randbytes(size // 2).hex()
    return {"tenantId": f"import-{n}", "version": version, "rows": text}


def event(n: int, size: int = 900) -> Item:
    return {
        "tenantId": f"event-{n}", "version": 1, "gsi2pk": f"EVENTS#{n % 3}",
        "gsi2sk": f"{n:05}", "text": f"{n} " * (size // 5), "before": "not in the index",
    }  # fmt: skip


def tenant(n: int, version: int = 1) -> Item:
    return {
        "tenantId": f"t{n}", "version": version, "gsi3pk": "COMPANY#a", "gsi3sk": f"a{n}",
        "text": "ä" * 600,
    }  # fmt: skip


def test_rows_of_imports_and_events_take_no_memory(folder):
    store = open_store(folder)
    for n in range(300):
        store.write([Add(rows(n)), *(Add(event(n * 10 + m)) for m in range(10))])
    store.close()
    in_file = (folder / "tenants.jsonl").stat().st_size
    assert in_file > 8_000_000
    for compacted in (False, True):
        if compacted:
            store.compact()
        tracemalloc.start()
        store = open_store(folder)
        assert store.get("import-7") == rows(7)
        used, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        # 3,300 items with their ids, index keys and places.
        assert used < in_file / 5


@pytest.mark.parametrize("compacted", [False, True])
def test_an_event_in_the_file_is_shown_as_one_in_memory(folder, compacted):
    store = open_store(folder)
    store.write([Add(event(n, size=10 if n % 2 else 900)) for n in range(30)])
    if compacted:
        store.compact()
    for each in (store, open_store(folder)):
        shown: list[Mapping[str, object]] = []
        after = None
        while True:
            page = each.query(GSI2, "EVENTS#1", after=after, limit=4)
            shown += page.items
            after = page.after
            if after is None:
                break
        assert [row["tenantId"] for row in shown] == [f"event-{n}" for n in range(1, 30, 3)]
        for n, row in zip(range(1, 30, 3), shown, strict=True):
            whole = event(n, size=10 if n % 2 else 900)
            assert row == {name: value for name, value in whole.items() if name != "before"}
            assert each.get(f"event-{n}") == whole
        assert each.count(GSI2, "EVENTS#1", cap=99) == 10


def test_random_changes_leave_the_same_in_every_process(folder):
    rng = random.Random(5)
    stores = [open_store(folder) for _ in range(2)]
    state: dict[str, Item] = {}
    makers = [
        lambda n, version: {**rows(n, version, rng.choice([100, 10_000])), "version": version},
        lambda n, version: {**event(n, rng.choice([10, 900])), "version": version},
        tenant,
    ]
    for round_ in range(300):
        store = rng.choice(stores)
        changes: list[Change] = []
        after = dict(state)
        for n in rng.sample(range(15), rng.randint(1, 4)):
            new = rng.choice(makers)(n, 1)
            item_id = str(new["tenantId"])
            if item_id not in state:
                changes.append(Add(new))
                after[item_id] = new
            elif rng.random() < 0.3:
                changes.append(Remove(item_id, int(state[item_id]["version"])))
                del after[item_id]
            else:
                version = int(state[item_id]["version"])
                new["version"] = version + 1
                changes.append(Replace(new, version))
                after[item_id] = new
        store.write(changes)
        state = after
        if rng.random() < 0.1:
            rng.choice(stores).compact()
        if round_ % 10 == 0:
            for each in (*stores, open_store(folder)):
                assert {str(item["tenantId"]): item for item in each.scan().items} == state
                for part in range(3):
                    listed = [row["tenantId"] for row in each.query(GSI2, f"EVENTS#{part}").items]
                    assert listed == sorted(
                        (i for i, item in state.items() if item.get("gsi2pk") == f"EVENTS#{part}"),
                        key=lambda i: str(state[i]["gsi2sk"]),
                    )
    assert verify_file(folder).problem is None


def test_an_id_with_quotes_is_found_after_a_compaction_of_another_process(folder):
    store, reader = open_store(folder), open_store(folder)
    names = ['a"b', "c\\d", 'tenantId":"e', "ü\n"]
    items = [{**rows(n), "tenantId": name} for n, name in enumerate(names)]
    store.write([Add(each) for each in items])
    assert [reader.get(name) for name in names] == items
    store.compact()
    assert [reader.get(name) for name in names] == items


def test_a_line_that_changes_on_the_disk_is_found_when_it_is_read(folder):
    store = open_store(folder)
    store.write([Add(rows(1)), Add(tenant(1))])
    store.write([Add(rows(2))])
    path: Path = folder / "tenants.jsonl"
    data = bytearray(path.read_bytes())
    data[len(data) - 500] ^= 1
    with path.open("r+b") as file:
        file.write(data)
    with pytest.raises(CorruptStoreError, match="is damaged: the line at byte"):
        store.get("import-2")
    assert store.get("import-1") == rows(1)


def test_they_are_restored_like_all_others(folder):
    store = open_store(folder)
    store.write([Add(rows(n)) for n in range(3)])
    store.compact()
    store.write([Add(event(1)), Add(tenant(1))])
    path = folder / "tenants.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], lines[1].replace(b'"row"', b'"raw"'), *lines[2:]]))
    restored = repair_file(folder, NOW)
    assert (restored.items, restored.lost) == (5, ())
    for each in (store, open_store(folder)):
        assert [each.get(f"import-{n}") for n in range(3)] == [rows(n) for n in range(3)]
        assert each.get("event-1") == event(1)


def test_half_of_a_surrogate_pair_is_found_nowhere(folder):
    store = open_store(folder)
    store.write([Add(event(n, size=10)) for n in range(6)])
    half = "EVENTS#\ud800"
    assert store.query(GSI2, half).items == []
    assert store.count(GSI2, half, cap=9) == 0
    assert len(store.query(GSI2, "EVENTS#0", between=("", "\udfff")).items) == 2
    assert store.query(GSI2, "EVENTS#0", between=("\ud800", "\udfff")).items == []
    assert store.query(GSI2, "EVENTS#0", after=("\udbff", "x")).items == []
    assert len(store.scan(after="event-\ud800").items) == 0
    assert store.kept_reads(lambda _item: True, absent=False).first(["\ud800"]) is False
