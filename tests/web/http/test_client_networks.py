"""The network of a client, and limits that one process counts for each network."""

import threading
from datetime import timedelta

import pytest

from portal.web.http.client_limits import NetworkRateLimit
from portal.web.http.client_networks import UNKNOWN, network_of
from tests.conftest import START, Clock

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("192.0.2.1:5678", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:0DB8:0001:0002::", "2001:db8:1:2::/64"),
        ("[2001:db8:1:2::9]:5678", "2001:db8:1:2::/64"),
        ("[2001:db8:1:2::9]", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("[::ffff:192.0.2.1]:5678", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", UNKNOWN),
        ("unknown", UNKNOWN),
        ("_hidden", UNKNOWN),
        ("192.0.2.1.5", UNKNOWN),
        ("192.0.2.01", UNKNOWN),
        ("x" * 400_000, UNKNOWN),
        ("[", UNKNOWN),
        (":", UNKNOWN),
    ],
)
def test_t3_the_network_of_an_address(address: str, network: str) -> None:
    assert network_of(address) == network


def test_each_network_has_its_own_count_for_a_window(clock: Clock) -> None:
    limit = NetworkRateLimit(2, MINUTE)
    waits = [limit.seconds_to_wait("a", clock.now()) for _ in range(4)]
    assert waits == [0, 0, 60, 60]
    clock.advance(seconds=59.5)
    assert limit.seconds_to_wait("a", clock.now()) == 1
    assert limit.seconds_to_wait("b", clock.now()) == 0
    clock.advance(seconds=0.5)
    assert [limit.seconds_to_wait("a", clock.now()) for _ in range(3)] == [0, 0, 60]


def test_zero_is_no_limit_and_workers_divide_one() -> None:
    none, shared = NetworkRateLimit(0, MINUTE, workers=4), NetworkRateLimit(10, MINUTE, workers=4)
    assert not any(none.seconds_to_wait("a", START) for _ in range(100))
    assert [bool(shared.seconds_to_wait("a", START)) for _ in range(5)] == [False] * 3 + [True] * 2


def test_a_clock_that_is_set_back_blocks_nobody(clock: Clock) -> None:
    limit = NetworkRateLimit(1, MINUTE)
    limit.seconds_to_wait("a", clock.now())
    clock.advance(days=-1)
    assert limit.seconds_to_wait("a", clock.now()) == 0


def test_a_limit_remembers_ten_thousand_networks_and_forgets_the_oldest() -> None:
    limit = NetworkRateLimit(1, MINUTE)
    for number in range(10_001):
        assert limit.seconds_to_wait(f"{number}", START) == 0
    assert len(limit._counts) == 10_000
    assert limit.seconds_to_wait("1", START) == 60
    assert limit.seconds_to_wait("0", START) == 0


def test_threads_count_exactly() -> None:
    limit = NetworkRateLimit(500, MINUTE)
    allowed: list[bool] = []

    def work() -> None:
        allowed.extend(not limit.seconds_to_wait("a", START) for _ in range(200))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(allowed) == 500
