"""A request as WSGI wants it, also one whose bytes are beyond ASCII."""

from collections.abc import Iterator
from io import BytesIO

import pytest
from werkzeug.test import EnvironBuilder, run_wsgi_app

from portal.serving.requests.environ import UNREADABLE, make_environ
from portal.stores.contract import Add
from portal.stores.file import JsonFileStore
from tests.server.raw_client import Answer, connect, read
from tests.server.requests.test_at_once import Plain
from tests.serving import Portal, serving
from tests.web.api.test_validate_layer import TENANT, Make, head_of, layer_of, make, plain

__all__ = ["make"]  # A fixture of the tests of the layer.


class Sent(dict[str, str]):
    """Headers as granian has them: `items` leaves out what is not ASCII."""

    def items(self):
        return [(name, value) for name, value in super().items() if value.isascii()]


@pytest.mark.parametrize(
    "text", ["accountId=1&companyId=2", "accountId=Müller", "q=日本", "", "😀"]
)
def test_bytes_of_an_address_are_characters_of_latin_1(text: str) -> None:
    environ = make_environ(Plain(path=f"/{text}", query_string=text), BytesIO())
    assert environ["QUERY_STRING"].encode("latin-1").decode() == text
    assert environ["PATH_INFO"].encode("latin-1").decode() == f"/{text}"


def test_the_environment_is_that_of_another_server() -> None:
    """What the server makes of a request is what Werkzeug makes of it for tests."""
    query = "accountId=Müller&companyId=日本"
    headers = {"host": "localhost", "accept": "*/*", "x-two": "a"}
    environ = make_environ(Plain(path="/ä", query_string=query, headers=headers), BytesIO())
    expected = EnvironBuilder("/ä", query_string=query, headers=[*headers.items()]).get_environ()
    for name in ("PATH_INFO", "HTTP_HOST", "HTTP_ACCEPT", "HTTP_X_TWO", "REQUEST_METHOD"):
        assert environ[name] == expected[name]


def test_a_header_that_cannot_be_read_is_there_all_the_same() -> None:
    sent = Sent({"if-match": '"ä"', "accept": "*/*", "x_y": "ä", "content-type": "ä"})
    environ = make_environ(Plain(headers=sent), BytesIO())
    assert (environ["HTTP_IF_MATCH"], environ["CONTENT_TYPE"]) == (UNREADABLE, UNREADABLE)
    assert environ["HTTP_ACCEPT"] == "*/*"
    assert "HTTP_X_Y" not in environ


def test_flask_and_what_stands_ahead_of_it_answer_such_a_query_alike(make: Make) -> None:
    app = make()
    asked = Plain(path="/api/validate", query_string="accountId=Müller&companyId=1")
    environ = make_environ(asked, BytesIO()) | {"HTTP_HOST": plain().host}
    for application in (app, layer_of(app).behind):
        body, status, _ = run_wsgi_app(application, environ.copy(), buffered=True)
        assert status == "200 OK"
        assert b'"error":"NOT_FOUND"' in b"".join(body)
    assert layer_of(app).at_once(head_of(plain(query=asked.query_string))) is None


# ---- Through the server


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    folder = tmp_path_factory.mktemp("portal")
    store = JsonFileStore(folder / "data")
    store.write([Add({**TENANT, "validTo": "2099-12-31T23:59:59.999Z"})])
    store.close()
    with serving(folder) as portal:
        yield portal


def get(portal: Portal, address: str, *lines: bytes) -> Answer:
    request = [f"GET {address} HTTP/1.1".encode(), b"Host: localhost", *lines, b"", b""]
    with connect(portal.url) as line:
        line.sendall(b"\r\n".join(request))
        return read(line)


@pytest.mark.parametrize("name", ["Müller", "M%C3%BCller", "日本", "%E6%97%A5%E6%9C%AC", "😀"])
def test_a05_a_name_in_a_query_is_text_with_or_without_escapes(portal: Portal, name: str) -> None:
    answer = get(portal, f"/api/validate?accountId={name}&companyId=1")
    assert (answer.status, answer.json()["error"]) == (200, "NOT_FOUND")


@pytest.mark.parametrize("address", ["/sign-up?x=ü", "/?x=日本", "/staff/tenants?q=日本", "/ü?ü"])
def test_a_page_takes_such_an_address_too(portal: Portal, address: str) -> None:
    assert get(portal, address).status in (200, 302, 303, 404)


@pytest.mark.parametrize("sent", [b"Bearer \xff", b"Bearer \xc3\xbc", b"Bearer", b"\xff"])
def test_a_token_that_cannot_be_read_is_a_wrong_one(portal: Portal, sent: bytes) -> None:
    address = "/api/validate?accountId=1&companyId=2"
    assert get(portal, address).json()["isValid"] is True
    answer = get(portal, address, b"Authorization: " + sent)
    assert answer.status == 401
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'


def test_t24_a_host_that_cannot_be_read_is_none_of_ours(portal: Portal) -> None:
    with connect(portal.url) as line:
        line.sendall(b"GET /sign-up HTTP/1.1\r\nHost: \xff\r\n\r\n")
        assert read(line).status == 400


@pytest.mark.parametrize(
    "address", ["/sign-up", "/api/validate?accountId=1&companyId=2", "/health"]
)
def test_a_value_beyond_ascii_in_other_headers_breaks_nothing(portal: Portal, address: str) -> None:
    names = (
        b"User-Agent", b"X-Name", b"Referer", b"Cookie", b"Accept-Language", b"X-Forwarded-For",
        b"If-None-Match", b"If-Modified-Since", b"Range", b"Origin", b"HX-Request", b"Forwarded",
    )  # fmt: skip
    for name in names:
        assert get(portal, address, name + ": ü".encode()).status == 200, name
