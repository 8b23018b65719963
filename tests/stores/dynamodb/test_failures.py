"""Failures of DynamoDB: the right error, the right sentences, a bounded wait, no partial write."""

import contextvars
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from botocore.exceptions import ClientError, SSLError

from portal.stores.contract import (
    Add,
    BusyError,
    Item,
    ItemExistsError,
    ItemNotFoundError,
    Remove,
    Replace,
    StoreError,
    VersionConflictError,
)
from portal.stores.dynamodb.client import CONFLICT_TRIES, DynamoDbError, TableLocation, Timeouts
from portal.stores.dynamodb.errors import classify_error
from portal.stores.dynamodb.store import DynamoDbStore
from portal.stores.retry_limits import PUBLIC_ATTEMPTS, STAFF_ATTEMPTS, retry_attempts
from portal.stores.schema import GSI2, GSI3
from tests.dynamodb_engine import Engine
from tests.fault_proxy import Between, Cut, Hang, Refuse, always, between, cancelled, first

THROTTLED = Refuse("ProvisionedThroughputExceededException", message="too much for hush@a.b")
CONFLICT = Refuse("TransactionConflictException")
NOTHING_SAVED = "Nothing was saved."
NOT_CERTAIN = "It is not certain whether it was saved: look again before repeating it."


def item(tenant_id: str, version: int = 1, **more: str) -> Item:
    return {"tenantId": tenant_id, "version": version, "clientSecret": "hush", **more}


@pytest.fixture
def location(engine: Engine) -> TableLocation:
    return engine.new_table()


@pytest.fixture
def direct(location: TableLocation) -> Iterator[DynamoDbStore]:
    """The same table, without the proxy."""
    store = DynamoDbStore(location)
    yield store
    store.close()


@pytest.fixture
def proxy(engine: Engine) -> Iterator[Between]:
    with between(engine.url) as here:
        yield here


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def store(location: TableLocation, proxy: Between, pauses: list[float]) -> Iterator[DynamoDbStore]:
    """Waits 0.2 seconds for an answer, and notes its pauses in `pauses` instead of sleeping."""
    waiting = Timeouts(read_seconds=0.2, pause=pauses.append)
    store = DynamoDbStore(replace(location, endpoint=proxy.url), waiting=waiting)
    yield store
    store.close()


def nothing_in(store: DynamoDbStore) -> bool:
    return list(store.scan().items) == []


def text_of(error: StoreError) -> str:
    return f"{error!r} {error}"


# ---- Throttling


WRITES = {
    "one": lambda store: store.write([Add(item("a"))]),
    "together": lambda store: store.write([Add(item("a")), Add(item("b"))]),
}
each_write = pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)

READS: dict[str, Callable[[DynamoDbStore], object]] = {
    "GetItem": lambda store: store.get("a"),
    "Query": lambda store: store.query(GSI2, "STATUS#pending"),
    "Scan": lambda store: store.scan(),
}
CALLS: dict[str, Callable[[DynamoDbStore], object]] = {
    **READS,
    "PutItem": lambda store: store.write([Add(item("a"))]),
    "DeleteItem": lambda store: store.write([Remove("a", 1)]),
    "TransactWriteItems": lambda store: store.write([Add(item("a")), Add(item("b"))]),
}
each_call = pytest.mark.parametrize("operation", CALLS)


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


def test_throttling_inside_a_transaction_counts_as_throttling(store, proxy, direct) -> None:
    proxy.plan = always(cancelled("None", "ThrottlingError"))
    with pytest.raises(BusyError, match="throttles"):
        WRITES["together"](store)
    assert len(proxy.operations) == STAFF_ATTEMPTS
    assert nothing_in(direct)


# ---- Conflicts


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


# ---- Lost answers


CHANGES = {
    "add": ([], [Add(item("a"))]),
    "replace": ([Add(item("a"))], [Replace(item("a", 2, x="y"), 1)]),
    "remove": ([Add(item("a"))], [Remove("a", 1)]),
    "together": ([Add(item("a"))], [Replace(item("a", 2), 1), Add(item("b"))]),
}
each_change = pytest.mark.parametrize("change", CHANGES)


@each_change
@pytest.mark.parametrize("lost", [Cut(done=True), Hang(done=True)], ids=["cut", "late"])
def test_a_write_with_a_lost_answer_is_recognised_as_done(
    change, lost, store, direct, proxy
) -> None:
    before, changes = CHANGES[change]
    if before:
        direct.write(before)
    proxy.plan = first(1, lost, "PutItem", "DeleteItem", "TransactWriteItems")
    store.write(changes)
    assert len([each for each in proxy.operations if each not in READS]) == 2
    assert len(set(proxy.tokens)) <= 1
    left = {each["tenantId"]: each for each in direct.scan().items}
    assert left == {each.item["tenantId"]: each.item for each in changes if hasattr(each, "item")}


@each_change
def test_a_lost_request_is_sent_again(change, store, direct, proxy) -> None:
    before, changes = CHANGES[change]
    if before:
        direct.write(before)
    proxy.plan = first(1, Cut())
    store.write(changes)
    left = {each["tenantId"]: each for each in direct.scan().items}
    assert left == {each.item["tenantId"]: each.item for each in changes if hasattr(each, "item")}


def test_after_a_lost_answer_the_item_of_another_writer_is_still_a_conflict(
    store, direct, proxy
) -> None:
    direct.write([Add(item("a", by="somebody else"))])
    proxy.plan = first(1, Cut())
    with pytest.raises(ItemExistsError) as caught:
        store.write([Add(item("a", by="us"))])
    assert caught.value.item["by"] == "somebody else"


@each_write
@pytest.mark.parametrize("lost", [Cut(done=True), Hang(done=True), Refuse("Internal", 500)])
def test_an_unknown_outcome_is_reported(write, lost, store, proxy) -> None:
    proxy.plan = always(lost)
    start = time.monotonic()
    with pytest.raises(DynamoDbError) as caught:
        write(store)
    assert time.monotonic() - start < 2
    assert len(proxy.operations) == STAFF_ATTEMPTS
    assert caught.value.outcome_unknown
    assert NOT_CERTAIN in caught.value.reason
    assert NOTHING_SAVED not in caught.value.reason
    assert "network" in caught.value.remedy


def test_an_unknown_outcome_stays_unknown_after_later_failures(store, proxy) -> None:
    proxy.plan = lambda _operation, number: Cut(done=True) if number == 0 else THROTTLED
    with pytest.raises(DynamoDbError) as caught:
        WRITES["together"](store)
    assert NOT_CERTAIN in caught.value.reason


@pytest.mark.parametrize("operation", READS)
def test_a_read_without_an_answer_ends_soon_and_speaks_of_no_write(operation, store, proxy) -> None:
    proxy.plan = always(Hang())
    start = time.monotonic()
    with pytest.raises(DynamoDbError) as caught:
        CALLS[operation](store)
    assert time.monotonic() - start < 2
    assert "saved" not in caught.value.reason
    assert operation in caught.value.reason


def test_no_attempt_begins_after_the_time_limit(location, proxy) -> None:
    short = Timeouts(read_seconds=0.2, last_try_seconds=0.1)
    store = DynamoDbStore(replace(location, endpoint=proxy.url), waiting=short)
    proxy.plan = always(Hang())
    with pytest.raises(DynamoDbError):
        store.get("a")
    assert len(proxy.operations) == 1
    store.close()


def test_a_call_takes_less_than_ten_seconds() -> None:
    default = Timeouts()
    assert default.last_try_seconds + default.connect_seconds + default.read_seconds < 10


# ---- Not reachable, not allowed, not found


@each_call
def test_a_refused_connection_is_unreached(operation, location, pauses) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed_socket:
        port = closed_socket.getsockname()[1]
    unreachable = replace(location, endpoint=f"http://127.0.0.1:{port}")
    store = DynamoDbStore(unreachable, waiting=Timeouts(pause=pauses.append))
    with pytest.raises(DynamoDbError) as caught:
        CALLS[operation](store)
    assert caught.value.name == "unreached"
    assert len(pauses) == STAFF_ATTEMPTS - 1
    assert "AWS_REGION" in caught.value.remedy
    assert ("Nothing was saved" in caught.value.reason) == (operation not in READS)
    assert not caught.value.outcome_unknown
    store.close()


def test_a_tls_failure_may_come_after_the_request() -> None:
    for text, name in (
        ("[SSL: DECRYPTION_FAILED_OR_BAD_RECORD_MAC]", "lost"),
        ("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed certificate", "unreached"),
    ):
        failure = classify_error(SSLError(endpoint_url="https://x", error=text))
        assert failure is not None
        assert failure.name == name


@each_call
def test_access_denied_names_the_missing_permission(operation, store, direct, proxy) -> None:
    proxy.plan = always(Refuse("AccessDeniedException", message="User arn:aws:x is not hush"))
    with pytest.raises(DynamoDbError) as caught:
        CALLS[operation](store)
    assert len(proxy.operations) == 1
    assert caught.value.name == "denied"
    allowed = "PutItem and DeleteItem" if operation == "TransactWriteItems" else operation
    assert f"AWS denied {allowed}" in caught.value.reason
    assert "REQUEST-OF-TEST" in caught.value.reason
    assert "IAM policy" in caught.value.remedy
    assert "credentials" in caught.value.remedy
    assert "the table is in" in caught.value.remedy
    assert "hush" not in text_of(caught.value)
    assert nothing_in(direct)


@each_call
def test_a_missing_table_is_named(operation, engine) -> None:
    location = TableLocation(table="fsm-elsewhere", region="eu-central-1", endpoint=engine.url)
    store = DynamoDbStore(location)
    with pytest.raises(DynamoDbError) as caught:
        CALLS[operation](store)
    assert caught.value.name == "no-table"
    assert "no table fsm-elsewhere in eu-central-1" in caught.value.reason
    for advice in ("TENANT_TABLE_NAME", "AWS_REGION", "migrations_tools table deploy"):
        assert advice in caught.value.remedy
    store.close()


def test_a_missing_index_is_named(engine) -> None:
    store = DynamoDbStore(engine.new_table(without="GSI3"))
    store.write([Add(item("a", gsi2pk="P", gsi2sk="1", gsi3pk="COMPANY#a", gsi3sk="a#a"))])
    assert [row["tenantId"] for row in store.query(GSI2, "P").items] == ["a"]
    with pytest.raises(DynamoDbError) as caught:
        store.query(GSI3, "COMPANY#a")
    assert caught.value.name == "no-index"
    assert "lacks an index" in caught.value.reason
    assert "migrations_tools table deploy" in caught.value.remedy
    store.close()


@pytest.mark.parametrize(
    ("refuse", "name", "advice"),
    [
        (Refuse("ExpiredTokenException"), "expired", "Sign in again"),
        (Refuse("UnrecognizedClientException"), "bad-credentials", "access key"),
        (Refuse("InvalidSignatureException"), "bad-credentials", "access key"),
        (Refuse("InvalidSignatureException", message="Signature expired: x"), "clock", "NTP"),
        (Refuse("InvalidSignatureException", message="Signature not yet current"), "clock", "NTP"),
        (Refuse("InaccessibleEncryptionCredentialsException"), "table-key", "KMS"),
    ],
)
def test_credentials_clock_and_key_are_told_apart(refuse, name, advice, store, proxy) -> None:
    proxy.plan = always(refuse)
    with pytest.raises(DynamoDbError) as caught:
        store.get("a")
    assert len(proxy.operations) == 1
    assert (caught.value.name, advice in caught.value.remedy) == (name, True)


def test_a_missing_region_is_named(location, monkeypatch, tmp_path) -> None:
    for variable in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    store = DynamoDbStore(TableLocation(table=location.table))
    with pytest.raises(DynamoDbError) as caught:
        store.get("a")
    assert caught.value.name == "no-region"
    assert "AWS_REGION" in caught.value.remedy


@each_write
def test_too_large_an_item_is_reported(write, store, direct) -> None:
    del write
    large = "x" * 450_000
    for changes in ([Add(item("a", x=large))], [Add(item("b")), Add(item("a", x=large))]):
        with pytest.raises(DynamoDbError) as caught:
            store.write(changes)
        assert caught.value.name == "too-large"
        assert "400 KB" in caught.value.reason
    assert nothing_in(direct)


def test_an_unexpected_error_is_raised_unchanged(store, proxy) -> None:
    proxy.plan = always(Refuse("ValidationException", message="something new"))
    with pytest.raises(ClientError):
        store.get("a")


def test_the_item_is_read_if_a_failed_condition_does_not_bring_it(store, direct, proxy) -> None:
    direct.write([Add(item("a", 3))])
    refused = Refuse("ConditionalCheckFailedException")
    proxy.plan = always(refused, "PutItem")
    with pytest.raises(ItemExistsError) as there:
        store.write([Add(item("a"))])
    assert there.value.item == item("a", 3)
    with pytest.raises(VersionConflictError) as gone:
        store.write([Replace(item("b"), 1)])
    assert gone.value.item is None
    with pytest.raises(BusyError, match="removed"):
        store.write([Add(item("b"))])


def test_check_fails_while_a_write_would_be_refused(store, direct, proxy) -> None:
    store.check()
    proxy.plan = always(Refuse("AccessDeniedException"), "DeleteItem")
    with pytest.raises(DynamoDbError):
        store.check()
    proxy.plan = always(Cut(), "DeleteItem")
    with pytest.raises(DynamoDbError) as caught:
        store.check()
    assert "saved" not in caught.value.reason
    assert not caught.value.outcome_unknown
    assert nothing_in(direct)


@pytest.mark.parametrize("invalid_id", ["", "x" * 2049, "\ud800"], ids=["empty", "long", "half"])
def test_an_impossible_id_is_not_found_without_a_request(invalid_id, store, proxy) -> None:
    with pytest.raises(ItemNotFoundError):
        store.get(invalid_id)
    assert store.query(GSI2, invalid_id).items == []
    assert proxy.operations == []
