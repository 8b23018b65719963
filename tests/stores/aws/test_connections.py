"""Endpoints that drip, keep silent or do not read: no call lasts beyond its deadline."""

import multiprocessing
import time
from dataclasses import replace
from typing import Any

import pytest

from portal.sealing import Secret
from portal.sealing.kms import KmsSealer, kms_client_maker
from portal.stores import Add, UnavailableError, set_deadline
from portal.stores.aws import connections
from portal.stores.dynamodb import DynamoDbStore, TableLocation
from portal.stores.dynamodb.client import DynamoDbError, make_client
from tests.dynamodb_engine import REGION, Engine
from tests.stores.aws.surroundings import Machine, answering_slowly, reading_slowly, silent

#: How long a test lets a request wait, and how long it may take on a slow machine. Without a
#: limit for the whole answer, these endpoints would hold a call for ever.
SHORT_SECONDS, LONG_SECONDS = 0.6, 6.0

#: Where the answer stops to come and begins to drip.
STARTS = {
    "the status": b"",
    "a header": b"HTTP/1.1 200 OK\r\nContent-Length: 90000\r\nX-Odd: ",
    "the body": b"HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n{",
}
each_start = pytest.mark.parametrize("start", STARTS.values(), ids=STARTS)


def store_at(url: str) -> DynamoDbStore:
    """A store that only has to connect: making the client takes half a second, or more under
    load, and would use up the time that these tests give a call."""
    store = DynamoDbStore(TableLocation(table="t", region=REGION, endpoint=url))
    store.connection.open()
    return store


@each_start
def test_a_dripping_store_ends_with_the_deadline(start: bytes, machine: Machine) -> None:
    machine.configure_keys("A")
    with answering_slowly(start, 0.02) as url:
        store = store_at(url)
        set_deadline(seconds=SHORT_SECONDS)
        began = time.monotonic()
        with pytest.raises(DynamoDbError) as caught:
            store.write([Add({"tenantId": "a"})])
        assert time.monotonic() - began < LONG_SECONDS
        assert caught.value.name == "lost"
        assert caught.value.outcome_unknown
        store.close()


@each_start
def test_a_dripping_kms_ends_with_the_deadline(start: bytes, machine: Machine) -> None:
    machine.configure_keys("A")
    with answering_slowly(start, 0.02) as url:
        machine.set(AWS_ENDPOINT_URL_KMS=url)
        client = kms_client_maker(REGION)()
        set_deadline(seconds=SHORT_SECONDS)
        began = time.monotonic()
        with pytest.raises(UnavailableError, match="ReadTimeoutError"):
            KmsSealer("alias/x", lambda: client).seal(Secret("s"), "1_2")
        assert time.monotonic() - began < LONG_SECONDS


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_silent_endpoint_ends_with_the_deadline(scheme: str, machine: Machine) -> None:
    machine.configure_keys("A")
    with silent() as url:
        store = store_at(url.replace("http", scheme, 1))
        set_deadline(seconds=SHORT_SECONDS)
        began = time.monotonic()
        with pytest.raises(DynamoDbError) as caught:
            store.get("a")
        assert time.monotonic() - began < LONG_SECONDS
        # The handshake of TLS comes before the request, so nothing was sent.
        assert caught.value.name == ("lost" if scheme == "http" else "unreached")
        store.close()


def test_a_dripping_handshake_ends_with_the_deadline(machine: Machine) -> None:
    machine.configure_keys("A")
    # The first bytes of a record of TLS that promises 16 KB.
    with answering_slowly(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc\x03\x03", 0.02) as url:
        store = store_at(url.replace("http", "https", 1))
        set_deadline(seconds=SHORT_SECONDS)
        began = time.monotonic()
        with pytest.raises(DynamoDbError) as caught:
            store.get("a")
        assert time.monotonic() - began < LONG_SECONDS
        assert caught.value.name == "unreached"
        store.close()


def test_a_peer_that_reads_slowly_ends_with_the_deadline(machine: Machine) -> None:
    machine.configure_keys("A")
    with reading_slowly(0.05) as url:
        store = store_at(url)
        large = [Add({"tenantId": f"{n}", "x": "x" * 390_000}) for n in range(10)]
        set_deadline(seconds=SHORT_SECONDS)
        began = time.monotonic()
        with pytest.raises(DynamoDbError) as caught:
            store.write(large)
        assert time.monotonic() - began < 2 * LONG_SECONDS
        assert caught.value.outcome_unknown
        store.close()


def test_a_large_write_and_a_large_answer_pass(engine: Engine) -> None:
    store = DynamoDbStore(engine.new_table())
    items = [{"tenantId": f"{n}", "x": "x" * 100_000} for n in range(9)]
    store.write([Add(item) for item in items])
    assert sorted(store.scan().items, key=lambda item: str(item["tenantId"])) == items
    store.close()


def test_a_host_that_no_dns_knows_is_named(machine: Machine) -> None:
    machine.configure_keys("A")
    store = store_at("http://user:hush@no.such.host.invalid:8000/")
    with pytest.raises(DynamoDbError) as caught:
        store.get("a")
    assert caught.value.name == "unreached"
    assert "at no.such.host.invalid:8000 for GetItem" in caught.value.reason
    assert "hush" not in caught.value.reason
    store.close()


def test_the_sdk_still_takes_its_connections_from_where_they_are_put(engine: Engine) -> None:
    # botocore has no setting for it: this test tells if another version does it another way.
    client = make_client(replace(engine.new_table()))
    session = client._endpoint.http_session
    pools = session._manager.pool_classes_by_scheme
    assert pools["http"].ConnectionCls is connections._PlainConnection
    assert pools["https"].ConnectionCls is connections._TlsConnection
    client.close()


def _free_places(results: Any) -> None:
    places = connections._gate.places
    results.put(sum(places.acquire(blocking=False) for _ in range(100)))


def test_a_child_has_all_places_for_new_connections() -> None:
    fork = multiprocessing.get_context("fork")
    results = fork.SimpleQueue()
    with connections._gate.places:
        child = fork.Process(target=_free_places, args=(results,))
        child.start()
        assert results.get() == connections._MAX_CONNECTING
        child.join()


def test_a_connection_is_used_again(engine: Engine) -> None:
    store = DynamoDbStore(engine.new_table())
    for _ in range(3):
        store.check()
    endpoint = store.connection._opener.opened._endpoint
    (pool,) = endpoint.http_session._manager.pools._container.values()
    assert (pool.num_connections, pool.num_requests) == (1, 3)
    store.close()
