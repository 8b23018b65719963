"""Several counts at once are those of `count`, on every store."""

from portal.stores import StoreWrapper, count_each
from portal.stores.contract import Add
from portal.stores.schema import GSI2
from tests.stores.items import in_queue

RANGES = [
    ("STATUS#pending", None),
    ("STATUS#pending", ("2", "3")),
    ("STATUS#pending", ("3", "2")),
    ("STATUS#active", None),
    ("nowhere", None),
    ("half of a pair \ud83d", ("\ud83d", "~")),
]


def test_each_range_is_counted_up_to_the_cap(store):
    store.write([Add(in_queue(f"p{number}", str(number))) for number in range(1, 6)])
    store.write([Add(in_queue("a", "1", "STATUS#active"))])
    assert list(count_each(store, GSI2, RANGES, cap=10)) == [5, 2, 0, 1, 0, 0]
    assert list(count_each(store, GSI2, RANGES, cap=3)) == [3, 2, 0, 1, 0, 0]
    for partition, between in RANGES:
        alone = store.count(GSI2, partition, between=between, cap=3)
        assert list(count_each(store, GSI2, [(partition, between)], cap=3)) == [alone]


def test_a_wrapper_that_counts_in_its_own_way_is_asked(store):
    class NoneAtAll(StoreWrapper):
        def count(self, *_args, **_kwargs):
            return 0

    store.write([Add(in_queue("a", "1"))])
    assert count_each(StoreWrapper(store), GSI2, RANGES[:1], cap=9)[0] == 1
    assert count_each(StoreWrapper(NoneAtAll(store)), GSI2, RANGES[:1], cap=9) == [0]
