"""The clients of `make attack` notice each false answer. Here they talk to a portal that lies."""

import base64
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from portal.stores import Store
from tests.attack.clients import Customer, Program
from tests.attack.portal_processes import lost_of
from tests.attack.tally import Tally, percentile
from tests.examples import sign_up

VALID = '{"isValid": true, "tenant": {"tenantId": "7000_7000"}}'
UNKNOWN = '{"isValid": false, "error": "NOT_FOUND"}'


def http(text: str, *headers: str, status: str = "200 OK") -> bytes:
    length = f"Content-Length: {len(text.encode())}"
    return "\r\n".join([f"HTTP/1.1 {status}", length, *headers, "", text]).encode()


@contextmanager
def answering(*answers: bytes) -> Iterator[int]:
    """A server that gives each connection the next of these answers. Yields its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            for answer in answers:
                connection, _ = server.accept()
                with connection:
                    connection.recv(65536)
                    connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        thread.join(10)


def signed(value: object) -> str:
    data = base64.urlsafe_b64encode(json.dumps(value).encode()).decode()
    return f"{data.rstrip('=')}.time.signature"


REFERENCE = "r" * 26
COOKIE = f"Set-Cookie: portal={signed({'csrf_token': 'own'})}; Path=/"


def form(*, csrf: str = "own", link: str = "a") -> str:
    csrf_token = signed(csrf)
    form_token = signed([REFERENCE, link * 32, "2026-11-23T10:00:00.000Z"])
    return (
        f'<body hx-headers=\'{{"X-CSRFToken": "{csrf_token}"}}\'>'
        f'<input type="hidden" name="csrf_token" value="{csrf_token}">'
        f'<input type="hidden" name="form_token" value="{form_token}">'
    )


def see_other(link: str = "a") -> bytes:
    return http("", f"Location: /status/{REFERENCE}{link * 32}", status="303 See Other")


@pytest.mark.parametrize("answer", [
    http(UNKNOWN),
    http(VALID.replace("7000", "7001")),
    http("<!doctype html>"),
    http("[]"),
    http(VALID, status="500 Internal Server Error"),
    b"ate-page</title>\r\n\r\n",
], ids=["unknown", "another", "page", "list", "error", "middle of another answer"])  # fmt: skip
def test_an_answer_that_is_not_about_the_active_tenant_is_false(answer: bytes) -> None:
    tally = Tally(timeout=5)
    with answering(answer) as port:
        Program(port, tally, 0).ask("7000_7000")
    assert len(tally.false) == 1


def test_a_right_answer_is_not_false() -> None:
    tally = Tally(timeout=5)
    with answering(http(VALID), http(UNKNOWN)) as port:
        Program(port, tally, 0).ask("7000_7000")
        Program(port, tally, 0).ask("8000_8000", active=False)
    assert tally.false == []
    assert max(tally.validate_seconds) < 5


def test_come_later_is_an_answer_only_while_the_store_is_in_trouble() -> None:
    for in_trouble in (False, True):
        tally = Tally(timeout=5, later_is_answer=in_trouble)
        with answering(http("", status="503 Service Unavailable")) as port:
            Program(port, tally, 0).ask("7000_7000")
        assert tally.false == []
        assert (tally.validate_seconds[0] < 5) is in_trouble


def test_no_answer_counts_as_having_waited() -> None:
    tally = Tally(timeout=5)
    with answering(b"", http(VALID)[:-5]) as port:
        Program(port, tally, 0).ask("7000_7000")
        Program(port, tally, 0).ask("7000_7000")
    assert tally.false == []
    assert tally.validate_seconds == [5, 5]


def test_a_sign_up_is_acknowledged_and_its_status_page_read() -> None:
    tally = Tally(timeout=5)
    page = http(f"{REFERENCE} Good Lifts 1 Ltd")
    with answering(http(form(), COOKIE), see_other(), page) as port:
        customer = Customer(port, tally)
        customer.read_status(customer.sign_up())
    assert tally.false == []
    assert tally.sign_ups == {REFERENCE: "Good Lifts 1 Ltd"}


def test_the_cookie_or_form_of_another_client_is_false() -> None:
    tally = Tally(timeout=5)
    first, second = http(form(), COOKIE), http(form(link="b"), COOKIE)
    third = http(form(csrf="other"), COOKIE.replace("own", "new"))
    with answering(first, see_other(), second, third) as port:
        assert Customer(port, tally).sign_up()
        assert not Customer(port, tally).sign_up()
        assert not Customer(port, tally).sign_up()
    assert [each.rpartition(": ")[2] for each in tally.false] == [
        "the cookie of another client",
        "the cookie of another client",
    ]


@pytest.mark.parametrize("answer", [
    see_other("b"),
    http(form(), status="422 Unprocessable Content"),
], ids=["another's page", "the form again"])  # fmt: skip
def test_a_sign_up_that_is_answered_falsely_is_not_acknowledged(answer: bytes) -> None:
    tally = Tally(timeout=5)
    with answering(http(form(), COOKIE), answer) as port:
        assert not Customer(port, tally).sign_up()
    assert len(tally.false) == 1
    assert tally.acknowledged == 0


@pytest.mark.parametrize("page", [
    http("Not found", status="404 Not Found"),
    http(f"{'s' * 26} Good Lifts 1 Ltd"),
    http(f"{REFERENCE} Good Lifts 2 Ltd"),
], ids=["not found", "another reference", "another company"])  # fmt: skip
def test_a_status_page_that_is_not_their_own_is_false(page: bytes) -> None:
    tally = Tally(timeout=5)
    with answering(http(form(), COOKIE), see_other(), page) as port:
        customer = Customer(port, tally)
        customer.read_status(customer.sign_up())
    assert len(tally.false) == 1


def test_what_the_store_does_not_hold_is_lost(store: Store) -> None:
    tally = Tally(timeout=5)
    tenant = sign_up(store)
    tally.signed_up(tenant.id.removeprefix("pending-"), tenant.contact.company)
    assert lost_of(store, tally) == []
    tally.signed_up("x" * 26, "Nobody Ltd")
    tally.activated("7000_7000", "Nobody Ltd")
    assert len(lost_of(store, tally)) == 2


def test_a_percentile_is_a_time_that_was_measured() -> None:
    times = [float(number) for number in range(1, 201)]
    assert percentile(times, 0.5) == 100
    assert percentile(times, 0.99) == 198
    assert percentile([3.0], 0.99) == 3
