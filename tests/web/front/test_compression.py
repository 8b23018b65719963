"""Which answers are compressed: none that holds a secret beside what somebody else may choose."""

import gzip
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from portal.web.front.compression import COMPRESSED, Kind
from portal.web.http.access import ROUTE_ACCESS
from tests.web.pages import HTMX, TYPED, SignUp, Staff, form_of, sent_in

GZIP = {"Accept-Encoding": "gzip, br"}
CHOSEN = "chosen-by-somebody-else"


def is_compressed(answer: TestResponse) -> bool:
    return "Content-Encoding" in answer.headers


def test_the_first_page_is_compressed_and_whole(app: Flask) -> None:
    # Not with the strict client, which reads the page as it arrives.
    client = FlaskClient(app, app.response_class)
    plain, packed = client.get("/sign-up"), None
    client = FlaskClient(app, app.response_class)
    packed = client.get("/sign-up", headers=GZIP)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert int(packed.headers["Content-Length"]) == len(packed.data) < len(plain.data) / 2
    assert gzip.decompress(packed.data).decode().startswith("<!doctype html>")
    varies = {each.strip() for each in ",".join(packed.headers.getlist("Vary")).split(",")}
    assert {"Accept-Encoding", "Cookie", "HX-Request"} <= varies


def test_whoever_takes_no_gzip_gets_none(app: Flask) -> None:
    client = FlaskClient(app, app.response_class)
    for accepts in ("", "br", "gzip;q=0", "identity, gzip;q=0.5"):
        assert not is_compressed(client.get("/sign-up", headers={"Accept-Encoding": accepts}))


@pytest.mark.parametrize(
    "ask",
    [
        lambda client: client.get(f"/sign-up?company={CHOSEN}", headers=GZIP),
        lambda client: client.get("/sign-up?", query_string={"a": CHOSEN}, headers=GZIP),
        # Its CSRF token was on other pages of this browser before.
        lambda client: (client.get("/sign-up"), client.get("/sign-up", headers=GZIP))[1],
        lambda client: (client.set_cookie("a", CHOSEN), client.get("/sign-up", headers=GZIP))[1],
        lambda client: client.post("/sign-up", data={"company": CHOSEN}, headers=GZIP),
        lambda client: client.post(
            "/sign-up",
            data=form_of(client.get("/sign-up"), "/sign-up") | TYPED | {"email": "wrong"},
            headers=GZIP,
        ),
        lambda client: client.post("/sign-up/check?field=company", data={"company": CHOSEN},
                                   headers=GZIP | HTMX),
        lambda client: client.get(f"/{CHOSEN}", headers=GZIP),
        lambda client: client.get(f"/api/validate?accountId={CHOSEN}&companyId=1", headers=GZIP),
    ],
)  # fmt: skip
def test_no_answer_with_what_the_request_chose_is_compressed(
    client: FlaskClient, ask: Callable[[FlaskClient], TestResponse]
) -> None:
    answer = ask(client)
    assert not is_compressed(answer), answer.request.path


def test_no_page_of_staff_or_of_a_status_link_is_compressed(
    app: Flask, client: FlaskClient, admin: Staff
) -> None:
    pending: SignUp = sent_in(client)
    stranger = app.test_client()
    values = {"tenant_id": pending.id, "token": pending.token, "filename": "portal.css"}

    def fits(rule: Rule) -> bool:
        return "GET" in (rule.methods or ()) and rule.arguments <= values.keys()

    seen = 0
    for rule in filter(fits, app.url_map.iter_rules()):
        if rule.endpoint in COMPRESSED or rule.endpoint in ("static", "staff.sign_out"):
            continue
        arguments = {name: values[name] for name in rule.arguments}
        path = app.url_map.bind("").build(rule.endpoint, arguments)
        for browser in (admin.client, stranger):
            assert not is_compressed(browser.get(path, headers=GZIP, buffered=True)), path
        seen += 1
    assert seen > 20


def test_the_description_of_the_api_is_compressed_for_everybody(client: FlaskClient) -> None:
    client.get("/sign-up")
    for _ in range(2):
        answer = client.get("/api/openapi.json", headers=GZIP)
        assert gzip.decompress(answer.data).startswith(b'{"openapi"')
    with_query = client.get(f"/api/openapi.json?a={CHOSEN}", headers=GZIP)
    assert CHOSEN.encode() not in gzip.decompress(with_query.data)


def test_the_table_names_open_pages_alone() -> None:
    assert {ROUTE_ACCESS[endpoint] for endpoint in COMPRESSED} == {"anyone"}
    assert all(isinstance(kind, Kind) for kind in COMPRESSED.values())
