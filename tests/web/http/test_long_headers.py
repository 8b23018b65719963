"""Headers and addresses that are long, or different each time: refused early, and never kept."""

import gc
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse, encode_multipart

from portal import create_app
from portal.contact_readers import ProblemError, read_email
from portal.settings import Settings
from portal.stores.contract import Store
from tests.conftest import Clock
from tests.strict_client import StrictClient
from tests.web.pages import TYPED, form_of, tree

LONG = "a" * 17_000
HEADERS = (
    "Cookie", "Accept", "Accept-Language", "Authorization", "HX-Current-URL", "HX-Target",
    "If-None-Match", "If-Modified-Since", "If-Range", "Range", "Referer", "User-Agent",
    "X-CSRFToken", "X-Forwarded-For", "Content-Type", "X-Anything",
)  # fmt: skip


def is_refused(answer: TestResponse, status: int, words: str) -> bool:
    return (
        answer.status_code == status
        and words in answer.text
        and answer.mimetype == "text/plain"
        # Whoever is signed in stays signed in.
        and "Set-Cookie" not in answer.headers
    )


@pytest.mark.parametrize("name", HEADERS)
@pytest.mark.parametrize("path", ["/sign-up", "/static/portal.css"])
def test_t33_a_long_header_is_refused_before_it_is_read(
    new_client: Callable[..., FlaskClient], name: str, path: str
) -> None:
    # With cookies of its own, the test client would send those instead.
    client = new_client(use_cookies=False)
    answer = client.get(path, headers={name: LONG}, buffered=True)
    assert is_refused(answer, 431, "Delete the cookies of this site")


def test_t33_many_headers_count_together(client: FlaskClient) -> None:
    few = {f"X-{number}": "a" * 1_000 for number in range(14)}
    assert client.get("/sign-up", headers=few).status_code == 200
    answer = client.get("/sign-up", headers=few | {"X-14": "a" * 3_000})
    assert is_refused(answer, 431, "too long")


def test_t33_behind_a_proxy_the_list_of_addresses_counts_as_well(
    settings: Settings, store: Store, clock: Clock
) -> None:
    app = create_app(replace(settings, proxy_hops=2), store=store, clock=clock.now)
    app.test_client_class = StrictClient
    answer = app.test_client().get("/sign-up", headers={"X-Forwarded-For": "1.1.1.1," * 3_000})
    assert is_refused(answer, 431, "too long")


@pytest.mark.parametrize(
    "path",
    ["/" + LONG, "/sign-up?account_id=" + LONG, "/staff/tenants?" + "a&" * 100],
    ids=["path", "query", "parameters"],
)
def test_t33_a_long_address_is_refused(client: FlaskClient, path: str) -> None:
    assert is_refused(client.get(path), 414, "Shorten it")


def test_t33_programs_get_json(client: FlaskClient) -> None:
    refused = client.get("/api/validate", headers={"Authorization": LONG})
    assert (refused.status_code, refused.get_json()["error"]) == (431, "headers_too_long")
    refused = client.get("/api/validate?x=" + LONG)
    assert (refused.status_code, refused.get_json()["error"]) == (414, "address_too_long")


def test_t33_only_the_first_languages_of_a_long_list_are_read(client: FlaskClient) -> None:
    def language(header: str) -> str | None:
        return tree(client.get("/sign-up", headers={"Accept-Language": header})).get("lang")

    assert language("xx," * 300 + "de") == "de"
    assert language("de," + "xx," * 3_000) == "de"
    assert language("xx," * 3_000 + "de") == "en"
    assert language("x" * 5_000) == "en"


def test_t33_a_long_content_type_is_refused(client: FlaskClient) -> None:
    form = form_of(client.get("/sign-up"), "/sign-up") | TYPED
    for length, status in ((200, 303), (300, 415)):
        boundary = "b" * length
        body = encode_multipart(MultiDict(form), boundary)[1]
        kind = f"multipart/form-data; boundary={boundary}"
        assert client.post("/sign-up", data=body, content_type=kind).status_code == status


# ---- Nothing that a stranger makes up is kept


@pytest.fixture
def memory() -> Iterator[Callable[[], int]]:
    """The bytes that Python's objects take now."""

    def taken() -> int:
        # The test client splits each address that it asks for, and Python keeps the last 128.
        urlsplit.cache_clear()  # type: ignore[attr-defined] # lru_cache adds it
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    yield taken
    tracemalloc.stop()


def test_t33_junk_that_differs_each_time_does_not_stay_in_memory(
    app: Flask, memory: Callable[[], int]
) -> None:
    def send_junk(first: int, count: int) -> None:
        for number in range(first, first + count):
            junk = f"{number:08}" + "j" * 14_000
            some = f"{number:08}" + "j" * 270
            client = FlaskClient(app, use_cookies=False)
            for name in ("Cookie", "Accept-Language", "If-None-Match", "Authorization"):
                value = f"portal={junk}" if name == "Cookie" else junk
                client.get("/sign-up", headers={name: value})
            client.get(f"/sign-up/{junk}")
            client.get("/staff/tenants", query_string={"q": junk})
            client.get("/staff/tenants", headers={"HX-Request": "true", "HX-Current-URL": junk})
            for kind in ("multipart/form-data; boundary=", "text/plain; charset="):
                client.post("/sign-up", data=b"x", content_type=kind + some)
            client.post("/api/imports", data=b"{}", headers={"Authorization": f"Bearer {junk}"})

    send_junk(0, 15)
    before = memory()
    send_junk(15, 60)
    grown = memory() - before
    # These 60 rounds send 840 kB in each header and address.
    assert grown < 400_000, f"{grown:,} bytes stay"


def test_t33_domains_that_do_not_exist_are_not_kept(memory: Callable[[], int]) -> None:
    def read_junk(first: int, count: int) -> None:
        for number in range(first, first + count):
            with pytest.raises(ProblemError):
                read_email(f"a@{number:08}{'-' * 180}.example")

    read_junk(0, 10)
    before = memory()
    read_junk(10, 300)
    assert memory() - before < 50_000
