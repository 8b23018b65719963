"""Every promise of `portal.stores.contract` to threads and processes that use it together."""

import threading
from collections.abc import Callable

from portal.stores.contract import (
    Add,
    ItemExistsError,
    Replace,
    StoreError,
    Value,
    VersionConflictError,
)
from portal.stores.schema import GSI2
from tests.processes import CLEAN
from tests.stores.items import in_queue, tenant


def at_once(count: int, work: Callable[[int], object]) -> list[object]:
    """The results of `count` threads that start at the same moment."""
    start = threading.Barrier(count)
    answers: list[object] = [None] * count

    def run(number: int) -> None:
        start.wait()
        try:
            answers[number] = work(number)
        except StoreError as error:
            answers[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_of_many_threads_adding_one_id_one_wins_and_the_others_see_its_item(store):
    for round_ in range(10):

        def add(number: int, tenant_id: str = f"a{round_}") -> None:
            store.write([Add(tenant(tenant_id, by=number))])

        answers = at_once(16, add)
        assert answers.count(None) == 1
        winner = answers.index(None)
        assert store.get(f"a{round_}")["by"] == winner
        losers = [answer for answer in answers if answer is not None]
        assert {type(loser) for loser in losers} == {ItemExistsError}
        assert all(
            isinstance(loser, ItemExistsError) and loser.item["by"] == winner for loser in losers
        )


def test_of_many_threads_replacing_one_version_one_wins(store):
    store.write([Add(tenant("a", version=0))])
    for version in range(10):

        def replace(number: int, expected: int = version) -> None:
            store.write([Replace(tenant("a", version=expected + 1, by=number), expected)])

        answers = at_once(16, replace)
        assert answers.count(None) == 1
        assert store.get("a")["by"] == answers.index(None)
        assert sum(isinstance(answer, VersionConflictError) for answer in answers) == 15


def test_a_reader_never_sees_half_of_a_write(store, open_again):
    store.write([Add(in_queue("a", "0", at="0")), Add(in_queue("b", "0", at="0"))])
    other = open_again()

    def work(number: int) -> object:
        if number == 0:
            for n in range(1, 200):
                store.write([
                    Replace(in_queue("a", f"{n}", version=n + 1, at=f"{n}"), n),
                    Replace(in_queue("b", f"{n}", version=n + 1, at=f"{n}"), n),
                ])  # fmt: skip
            return None
        reader = store if number == 1 else other
        halves = 0
        for _ in range(200):
            rows = reader.query(GSI2, "STATUS#pending").items
            halves += len(rows) != 2 or rows[0]["version"] != rows[1]["version"]
        return halves

    assert at_once(3, work) == [None, 0, 0]
    other.close()


def _add_many(open_again, start, results, who):
    mine = open_again()
    start.wait()
    won = 0
    for n in range(60):
        others: Value | None = None
        try:
            mine.write([Add(tenant(f"t{n}", by=who))])
        except ItemExistsError as error:
            others = error.item["by"]
        else:
            won += 1
        assert others != who
        assert mine.get(f"t{n}")["by"] == (who if others is None else others)
    results.put((who, won))
    mine.close()


def test_of_many_processes_adding_one_id_one_wins(store, open_again):
    start, results = CLEAN.Barrier(4), CLEAN.Queue()
    processes = [
        CLEAN.Process(target=_add_many, args=(open_again, start, results, who)) for who in range(4)
    ]
    for process in processes:
        process.start()
    won = dict(results.get(timeout=60) for _ in processes)
    for process in processes:
        process.join()
        assert process.exitcode == 0
    by = [item["by"] for item in store.scan().items]
    assert sum(won.values()) == len(by) == 60
    assert all(by.count(who) == won[who] for who in range(4))
