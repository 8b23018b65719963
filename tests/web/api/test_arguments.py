"""Query arguments of API calls: unknown, repeated, missing, too long, not readable."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal.stores.contract import Store
from portal.web.api.arguments import ArgumentError, Parameters
from tests.web.import_bodies import body_of, tenant
from tests.web.pages import tenants_in

IDS = Parameters(required=("accountId", "companyId"), invalid="invalid_id")
FILE = Parameters(optional=("policy", "dryRun"), repeatable=("allow",))
MISSING = {"error": "Missing required parameters: accountId, companyId"}


def refusal_of(parameters: Parameters, query: str) -> dict[str, str]:
    with pytest.raises(ArgumentError) as refused:
        parameters.read(query)
    return refused.value.body


@pytest.mark.parametrize(
    ("query", "account_id"),
    [
        ("accountId=86810&companyId=1", "86810"),
        ("companyId=1&accountId=86810", "86810"),
        ("&accountId=86810&&companyId=1&", "86810"),
        ("accountId=M%C3%BCller+%26+S%C3%B6hne&companyId=1", "Müller & Söhne"),
        # A server decodes the bytes of an address as Latin-1.
        ("accountId=Müller&companyId=1".encode().decode("latin-1"), "Müller"),
        ("accountId=a=b&companyId=1", "a=b"),
        ("accountId=a;companyId=2&companyId=1", "a;companyId=2"),
        (f"accountId={'x' * 100}&companyId=1", "x" * 100),
        (f"accountId={'%F0%9F%98%80' * 100}&companyId=1", "\U0001f600" * 100),
        ("accountId=%C2%A0%E2%80%AE&companyId=1", "\u00a0\u202e"),
        ("accountId=unknown&companyId=1", "unknown"),
    ],
)
def test_arguments_are_read_as_text(query: str, account_id: str) -> None:
    arguments = IDS.read(query)
    assert arguments.to_dict() == {"accountId": account_id, "companyId": "1"}


def test_what_is_optional_may_be_left_out_and_what_is_repeatable_may_be_there_twice() -> None:
    assert FILE.read("").to_dict() == {}
    arguments = FILE.read("allow=status&dryRun=true&allow=validity")
    assert (arguments.getlist("allow"), arguments["dryRun"]) == (["status", "validity"], "true")


@pytest.mark.parametrize(
    "query", ["", "accountId=1", "companyId=1", "accountId=&companyId=1", "accountId&companyId=1"]
)
def test_whatever_is_missing_the_answer_names_all_that_is_required(query: str) -> None:
    assert refusal_of(IDS, query) == MISSING


@pytest.mark.parametrize(
    "query",
    [
        "accountId=a&companyId=c&accountId",
        "accountId=a&companyId=c&accountId=",
        "accountId&accountId=a&companyId=c",
        "accountId=a&companyId=c&companyId=c",
        "accountId=a&companyId=c&%61ccountId=b",
        "accountId=a&accountId=a",
    ],
)
def test_a_parameter_that_is_there_twice_is_a_repeat_also_without_a_value(query: str) -> None:
    assert refusal_of(IDS, query) == {
        "error": "invalid_id", "message": "Send accountId and companyId once each.",
    }  # fmt: skip


@pytest.mark.parametrize("query", ["dryRun&dryRun=true", "policy=skip&policy", "dryRun=&dryRun="])
def test_a_repeat_of_an_optional_parameter_is_one_too(query: str) -> None:
    assert refusal_of(FILE, query) == {
        "error": "invalid_parameter", "message": "Send policy and dryRun once each.",
    }  # fmt: skip


@pytest.mark.parametrize("query", ["at=2020-01-01", "at", "AccountId=1", "=1", "accountId%20=1"])
def test_a08_an_unknown_parameter_is_refused(query: str) -> None:
    assert refusal_of(IDS, f"accountId=a&companyId=c&{query}") == {
        "error": "unknown_parameter", "message": "Send accountId and companyId only.",
    }  # fmt: skip
    assert refusal_of(FILE, query)["message"] == "Send policy, dryRun and allow only."
    assert refusal_of(Parameters(), query)["message"] == "Send no query parameters."


@pytest.mark.parametrize(
    "value", ["x" * 101, "a%00", "a%0Ab", "%7F", "%C2%85", "%09", f"{'x' * 100}%20"]
)
def test_a05_a_value_that_is_too_long_or_has_control_characters_is_refused(value: str) -> None:
    assert refusal_of(IDS, f"accountId=1&companyId={value}") == {
        "error": "invalid_id",
        "message": "Send companyId as text of at most 100 characters, without control characters.",
    }
    assert refusal_of(FILE, f"policy={value}")["error"] == "invalid_parameter"


@pytest.mark.parametrize("value", ["%FF", "%ED%A0%80", "a\xff"])
def test_bytes_that_are_no_text_are_refused(value: str) -> None:
    assert refusal_of(IDS, f"accountId={value}&companyId=1") == {
        "error": "invalid_id", "message": "Send the query parameters as UTF-8.",
    }  # fmt: skip


# ---- In the calls


@pytest.mark.parametrize("query", ["", "?accountId=1", "?accountId&companyId=2"])
def test_validate_says_what_is_missing_and_nothing_else(client: FlaskClient, query: str) -> None:
    answer = client.get(f"/api/validate{query}")
    assert (answer.status_code, answer.mimetype) == (400, "application/json")
    assert answer.get_json() == MISSING


def test_validate_refuses_a_repeat_without_a_value(client: FlaskClient) -> None:
    answer = client.get("/api/validate?accountId=a&companyId=c&accountId")
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_id")


@pytest.mark.parametrize(
    "account", ["Example Holding", "unknown", "../x", "1_2", "٣", "M\u00fcller", "x" * 100]
)
def test_a05_validate_does_not_know_a_tenant_by_any_other_text(
    client: FlaskClient, account: str
) -> None:
    answer = client.get("/api/validate", query_string={"accountId": account, "companyId": "3"})
    assert (answer.status_code, answer.get_json()["error"]) == (200, "NOT_FOUND")


def test_an_import_is_not_written_if_a_parameter_is_there_twice(
    send: Callable[..., TestResponse], store: Store
) -> None:
    for query in ("?dryRun=false&dryRun", "?policy&policy=skip"):
        answer = send(body_of(tenant(1)), query)
        assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_parameter")
    assert tenants_in(store) == {}
