"""`/api/openapi.json`: made of the routes and the models, with examples that are true."""

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jsonschema_rs import Draft202012Validator

from portal.auth import Scope
from portal.stores.contract import Store
from portal.web.api import PARAMETERS, REQUESTS
from portal.web.http.access import OPEN_CALL, ROUTE_ACCESS
from portal.web.openapi.calls import CALLS
from tests.conftest import Clock
from tests.web.api.api_calls import Program, token_for
from tests.web.pages import Staff, tenants_in

#: Another service has these addresses.
ELSEWHERE = {"api.appointments", "api.appointment", "api.ses_report"}


@pytest.fixture
def document(client: FlaskClient) -> dict[str, Any]:
    answer = client.get("/api/openapi.json")
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    body: dict[str, Any] = answer.get_json()
    return body


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Id -> operation."""
    return {
        operation["operationId"]: operation
        for methods in document["paths"].values()
        for operation in methods.values()
    }


def schema_of(document: dict[str, Any], schema: dict[str, Any]) -> Draft202012Validator:
    return Draft202012Validator({**schema, "components": document["components"]})


def test_every_route_of_the_api_is_described_and_nothing_else(
    app: Flask, document: dict[str, Any]
) -> None:
    routes = {
        (
            re.sub(r"<(?:\w+:)?(tenant|import)_id>", r"{\1Id}", rule.rule),
            method.lower(),
        )
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("api.") and rule.endpoint not in ELSEWHERE
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    described = {(path, method) for path, found in document["paths"].items() for method in found}
    assert described == routes
    endpoints = {each for each in ROUTE_ACCESS if each.startswith("api.")} - ELSEWHERE
    assert CALLS.keys() == PARAMETERS.keys() == endpoints


def test_who_may_call_is_what_the_access_table_says(document: dict[str, Any]) -> None:
    said = {name: each["security"] for name, each in operations(document).items()}
    for endpoint, entry in ROUTE_ACCESS.items():
        if not endpoint.startswith("api.") or endpoint in ELSEWHERE:
            continue
        first, *others = endpoint.removeprefix("api.").split("_")
        security = said[first + "".join(each.capitalize() for each in others)]
        if isinstance(entry, Scope):
            assert security == [{"token": [entry.value]}]
        else:
            assert entry == OPEN_CALL
            assert {} in security
            assert len(security) == 2


def test_parameters_are_those_that_the_call_reads(document: dict[str, Any]) -> None:
    said = operations(document)["tenants"]["parameters"]
    assert {each["name"] for each in said} == set(PARAMETERS["api.tenants"].optional)
    asked = operations(document)["validate"]["parameters"]
    assert [each["name"] for each in asked if each["required"]] == ["accountId", "companyId"]


def test_bodies_are_the_models_that_check_them(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for model in REQUESTS.values():
        schema = schemas[model.__name__]
        assert schema["additionalProperties"] is False
    assert schemas["NewTenant"]["required"] == [
        "accountId", "companyId", "accountName", "companyName", "cluster", "contactCompanyName",
        "contactFullName", "contactEmailAddress", "clientId", "clientSecret",
    ]  # fmt: skip
    assert "clientSecret" not in schemas["TenantChange"]["properties"]
    assert "required" not in schemas["TenantChange"] or not schemas["TenantChange"]["required"]


def test_no_answer_has_a_place_for_a_secret(document: dict[str, Any]) -> None:
    holding = [
        name
        for name, schema in document["components"]["schemas"].items()
        if "clientSecret" in schema.get("properties", {})
    ]
    assert holding == ["NewTenant"]


def test_every_example_fits_its_schema(document: dict[str, Any]) -> None:
    checked = 0
    for operation in operations(document).values():
        contents = [each.get("content", {}) for each in operation["responses"].values()]
        contents.append(operation.get("requestBody", {}).get("content", {}))
        for content in contents:
            for media in content.values():
                if "example" in media:
                    schema_of(document, media["schema"]).validate(media["example"])
                    checked += 1
    assert checked == 9


#: Another one in each run.
CHANGING = ("tenantId", "pendingId", "requestId", "nextCursor")


def steady(value: Any) -> Any:
    """The answer, with the names alone of what differs from run to run."""
    if isinstance(value, dict):
        return {
            name: type(each).__name__
            if name in CHANGING and not (name == "tenantId" and each == "86810_104348")
            else steady(each)
            for name, each in value.items()
        }
    return [steady(each) for each in value] if isinstance(value, list) else value


def test_the_examples_are_what_the_calls_take_and_answer(
    document: dict[str, Any], client: FlaskClient, store: Store, anna: Staff, clock: Clock
) -> None:
    program = Program(client, token_for(store, *Scope))
    said = operations(document)

    def sent(name: str) -> Any:
        return said[name]["requestBody"]["content"]["application/json"]["example"]

    def answered(name: str, status: int = 200) -> Any:
        content = said[name]["responses"][str(status)]["content"]
        return steady(content["application/json"]["example"])

    def query(name: str) -> str:
        parameters = [each for each in said[name]["parameters"] if each["in"] == "query"]
        return "&".join(f"{each['name']}={each['example']}" for each in parameters
                        if "example" in each)  # fmt: skip

    created = Program(client).post(sent("newTenant"))
    assert (created.status_code, steady(created.get_json())) == (201, answered("newTenant", 201))
    (pending,) = tenants_in(store)
    days = {"valid_from": "2026-11-23", "valid_to": "2027-11-22", "client_id": ""}
    assert anna.decide(pending, "activate", **days).status_code == 303

    read = program.get("/api/tenant/86810_104348")
    assert steady(read.get_json()) == answered("tenant")
    clock.advance(minutes=1)
    changed = program.put(sent("changeTenant"))
    assert (changed.status_code, steady(changed.get_json())) == (200, answered("changeTenant"))
    listed = program.get(f"/api/tenants?{query('tenants')}")
    assert steady(listed.get_json()) == answered("tenants")
    events = program.get(f"/api/tenants/86810_104348/events?{query('events')}")
    assert steady(events.get_json()) == answered("events")
    imported = program.post(sent("imports"), f"/api/imports?{query('imports')}")
    assert imported.get_json()["counts"]["new"] == 1


def test_the_example_of_validate_is_its_answer(
    document: dict[str, Any], client: FlaskClient, store: Store, anna: Staff
) -> None:
    said = operations(document)
    body = said["newTenant"]["requestBody"]["content"]["application/json"]["example"]
    Program(client).post(body)
    (pending,) = tenants_in(store)
    days = {"valid_from": "2026-11-23", "valid_to": "2027-11-22", "client_id": ""}
    anna.decide(pending, "activate", **days)
    parameters = {each["name"]: each["example"] for each in said["validate"]["parameters"]}
    answer = client.get("/api/validate", query_string=parameters)
    example = said["validate"]["responses"]["200"]["content"]["application/json"]["example"]
    assert answer.get_json() == example


def test_the_page_lists_every_call_without_javascript(
    client: FlaskClient, document: dict[str, Any]
) -> None:
    text = client.get("/api/").text
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert f"<code>{method.upper()} {path}</code>" in text
            assert operation["summary"] in text
    assert client.get("/api").headers["Location"] == "/api/"


def test_the_page_may_be_cached_by_nobody_and_asks_no_other_host(client: FlaskClient) -> None:
    answer = client.get("/api/")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "http" not in re.sub(r'xmlns="[^"]*"', "", answer.text)
