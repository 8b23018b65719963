"""Throttling and conflicts are retried, for a bounded time."""

import contextvars
from dataclasses import replace

import pytest

from portal.stores import set_deadline
from portal.stores.contract import (
    Add,
    BusyError,
    Replace,
    VersionConflictError,
)
from portal.stores.dynamodb.client import Timeouts
from portal.stores.dynamodb.retry_policy import CONFLICT_TRIES
from portal.stores.dynamodb.store import DynamoDbStore
from portal.stores.waiting.retrying import PUBLIC_ATTEMPTS, STAFF_ATTEMPTS, retry_attempts
from tests.fault_proxy import Refuse, always, cancelled, first
from tests.stores.dynamodb.calls import (
    CALLS,
    CONFLICT,
    THROTTLED,
    WRITES,
    each_call,
    each_write,
    item,
    nothing_in,
    text_of,
)


@each_write
def test_a_write_that_is_throttled_twice_is_written_once(
    write, store, direct, proxy, pauses
) -> None:
    proxy.plan = first(2, THROTTLED)
    write(store)
    assert direct.get("a") == item("a")
    assert len(pauses) == 2
    assert 0 < pauses[0] <= 0.1
    assert pauses[1] <= 0.2


@each_call
def test_endless_throttling_is_busy_after_a_few_attempts(
    operation, store, direct, proxy, pauses
) -> None:
    proxy.plan = always(THROTTLED)
    with pytest.raises(BusyError) as caught:
        CALLS[operation](store)
    assert proxy.operations == [operation] * STAFF_ATTEMPTS
    assert sum(pauses) < 1
    assert "throttles" in caught.value.reason
    assert "CloudWatch" in caught.value.reason
    assert "on-demand" in caught.value.reason
    assert "REQUEST-OF-TEST" in caught.value.reason
    assert "hush" not in text_of(caught.value)
    assert nothing_in(direct)


def test_a_customer_gets_an_answer_after_two_attempts(store, proxy) -> None:
    proxy.plan = always(THROTTLED)

    def as_a_customer() -> None:
        retry_attempts.set(PUBLIC_ATTEMPTS)
        with pytest.raises(BusyError):
            store.get("a")

    contextvars.copy_context().run(as_a_customer)
    assert len(proxy.operations) == 2


def test_an_attempt_that_has_no_time_left_does_not_hide_why_it_was_needed(location, proxy) -> None:
    proxy.plan = always(THROTTLED)
    slow = Timeouts(pause=lambda _: set_deadline(seconds=0))
    store = DynamoDbStore(replace(location, endpoint=proxy.url), waiting=slow)

    def with_a_deadline() -> None:
        with pytest.raises(BusyError, match="throttles"):
            store.get("a")

    contextvars.copy_context().run(with_a_deadline)
    assert proxy.operations == ["GetItem"]
    store.close()


def test_throttling_inside_a_transaction_counts_as_throttling(store, proxy, direct) -> None:
    proxy.plan = always(cancelled("None", "ThrottlingError"))
    with pytest.raises(BusyError, match="throttles"):
        WRITES["together"](store)
    assert len(proxy.operations) == STAFF_ATTEMPTS
    assert nothing_in(direct)


@pytest.mark.parametrize(
    ("write", "conflict"),
    [(WRITES["one"], CONFLICT), (WRITES["together"], cancelled("TransactionConflict", "None")),
     (WRITES["together"], Refuse("TransactionInProgressException"))],
)  # fmt: skip
def test_a_conflict_is_retried(write, conflict, store, direct, proxy) -> None:
    proxy.plan = first(CONFLICT_TRIES - 1, conflict)
    write(store)
    assert direct.get("a") == item("a")
    assert len(proxy.operations) == CONFLICT_TRIES
    # After a transaction that was certainly cancelled, the next attempt has another token.
    assert len(set(proxy.tokens)) == len(proxy.tokens)


def test_an_endless_conflict_is_busy(store, direct, proxy, pauses) -> None:
    proxy.plan = always(cancelled("None", "TransactionConflict"))
    with pytest.raises(BusyError, match="Others keep writing"):
        WRITES["together"](store)
    assert len(proxy.operations) == CONFLICT_TRIES
    assert sum(pauses) < 5
    assert nothing_in(direct)


def test_a_failed_condition_after_a_conflict_may_not_be_the_first(store, direct, proxy) -> None:
    direct.write([Add(item("a", 7)), Add(item("b", 7))])
    proxy.plan = first(1, cancelled("TransactionConflict", "ConditionalCheckFailed"))
    with pytest.raises(VersionConflictError) as caught:
        store.write([Replace(item("a", 2), 1), Add(item("b"))])
    assert caught.value.item_id == "a"
