"""Methods: `OPTIONS`, `Allow` and what a route really takes agree, for every route. What there is
not is answered in JSON under `/api`."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE")
#: What fits the converters of the rules. There need be no such tenant.
VALUES = {
    "language": "de",
    "filename": "portal.css", "tenant_id": "1_1", "import_id": f"import-{'a' * 26}",
    "token": "x", "kid": "a" * 12, "name": "unknown-ids", "view_id": "x",
    "subscription_id": "a" * 16,
    "person_id": f"staff-{'0' * 32}", "session_id": f"session-{'0' * 64}",
}  # fmt: skip


def methods_by_address(app: Flask) -> dict[str, set[str]]:
    """Of every rule; two rules may have the same address."""
    found: dict[str, set[str]] = {}
    urls = app.url_map.bind("localhost")
    for rule in app.url_map.iter_rules():
        values = {name: VALUES[name] for name in rule.arguments}
        address = urls.build(rule.endpoint, values, method=_a_method_of(rule))
        found.setdefault(address, set()).update(rule.methods or ())
    return found


def _a_method_of(rule: Rule) -> str:
    return min(rule.methods or ())


def plain_client(app: Flask) -> FlaskClient:
    """Answers to OPTIONS and HEAD are no pages, which the strict client would expect."""
    return FlaskClient(app, app.response_class)


def test_options_and_allow_name_the_methods_of_each_route(app: Flask) -> None:
    client, addresses = plain_client(app), methods_by_address(app)
    assert len(addresses) > 20
    for address, methods in addresses.items():
        answer = client.options(address)
        assert answer.status_code == 200, address
        assert set(answer.allow) == methods, address
        assert answer.text == ""
        for method in set(METHODS) - methods:
            refused = client.open(address, method=method)
            assert refused.status_code == 405, f"{method} {address}"
            assert set(refused.allow) == methods, f"{method} {address}"
        for method in set(METHODS) & methods:
            assert client.open(address, method=method, buffered=True).status_code != 405


def test_a_method_that_a_route_of_the_api_has_not_is_refused_in_json(app: Flask) -> None:
    client = plain_client(app)
    addresses = {
        address: methods
        for address, methods in methods_by_address(app).items()
        if address.startswith("/api/")
    }
    assert addresses
    for address, methods in addresses.items():
        for method in set(METHODS) - methods - {"HEAD"}:
            answer = client.open(address, method=method)
            assert answer.get_json() == {
                "error": "method_not_allowed",
                "message": "This address does not accept this kind of request.",
            }


@pytest.mark.parametrize("path", ["/api/nothing", "/api/validate/", "/api//validate",
                                  "/api/tenant/%00/x/y"])  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "OPTIONS"])
def test_an_unknown_address_of_the_api_is_not_found_in_json(
    app: Flask, path: str, method: str
) -> None:
    answer = plain_client(app).open(path, method=method)
    assert (answer.status_code, answer.get_json()["error"]) == (404, "not_found")


def test_options_lets_nobody_see_or_change_anything(app: Flask) -> None:
    """Of a route whose view answers `OPTIONS` itself, the table decides as ever."""
    app.add_url_rule("/own", "staff.home2", lambda: "secret", methods=["GET", "OPTIONS"])
    assert plain_client(app).options("/own").status_code == 403


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        (None, 200), ("*/*", 200), ("application/json", 200), ("application/*", 200),
        ("application/json;charset=UTF-8", 200), ("application/json, text/plain, */*", 200),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", 200),
        ("application/xml", 406), ("text/html", 406), ("application/json;q=0", 406),
        ("*/*, application/json;q=0", 406), ("nonsense", 200),
    ],
)  # fmt: skip
def test_a10_who_cannot_read_json_is_told_so_in_json(
    client: FlaskClient, accept: str | None, status: int
) -> None:
    headers = {} if accept is None else {"Accept": accept}
    answer = client.get("/api/validate?accountId=1&companyId=2", headers=headers)
    assert answer.status_code == status
    if status == 406:
        assert answer.get_json() == {
            "error": "not_acceptable",
            "message": "This address answers in JSON only."
            " Send the header Accept: application/json, or none.",
        }


def test_a10_whoever_reads_only_xml_writes_nothing(client: FlaskClient, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/xml"}
    answer = client.post("/api/imports", data=b"[]", headers=headers)
    assert answer.status_code == 406
    assert "RateLimit" not in answer.headers
