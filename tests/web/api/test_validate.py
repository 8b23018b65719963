"""`GET /api/validate`: the answer for each status and validity, wrong requests, CORS."""

from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from portal import create_app
from portal.settings import Settings
from portal.stores.contract import Add, Item, Store, Value
from tests.conftest import Clock
from tests.strict_client import StrictClient
from tests.web.pages import IDS, SignUp, Staff, form_of, sent_in

ASK = "/api/validate?accountId=86810&companyId=104348"
CLAIM = "?account_id=86810&company_id=104348"

#: A tenant as the old application writes it.
OLD: dict[str, Value] = {
    "tenantId": "86810_104348",
    "accountId": "86810",
    "accountName": "Example Holding",
    "companyId": "104348",
    "companyName": "Example GmbH",
    "cluster": "eu",
    "contactCompanyName": "Example GmbH",
    "contactFullName": "Jane Doe",
    "contactPhone": "+4930901820",
    "contactEmailAddress": "jane@example.com",
    "clientId": "fsm-client",
    "clientSecret": "plain-old-secret",
    "validFrom": "2026-01-01T00:00:00.000Z",
    "validTo": "2027-06-30T23:59:59.999Z",
    "isActive": True,
    "createdAt": "2025-12-01T08:00:00.000Z",
    "updatedAt": "2025-12-01T08:00:00.000Z",
    "gsi1pk": "ACCOUNT#86810",
    "gsi1sk": "TENANT#86810_104348",
}
NEW: dict[str, Value] = OLD | {"status": "active", "version": 3, "decidedBy": "Anna"}
SHOWN: dict[str, Value] = {
    "tenantId": "86810_104348",
    "accountId": "86810",
    "accountName": "Example Holding",
    "companyId": "104348",
    "companyName": "Example GmbH",
    "cluster": "eu",
    "isActive": True,
    "validFrom": "2026-01-01T00:00:00.000Z",
    "validTo": "2027-06-30T23:59:59.999Z",
}


def validate(client: FlaskClient, url: str = ASK) -> dict[str, object]:
    answer = client.get(url)
    assert answer.status_code == 200
    assert answer.mimetype == "application/json"
    body: dict[str, object] = answer.get_json()
    return body


def without(item: Item, *names: str) -> dict[str, Value]:
    return {name: value for name, value in item.items() if name not in names}


# ---- Answers by status and validity


def test_a04_an_unknown_tenant_is_not_found(client: FlaskClient) -> None:
    assert validate(client) == {
        "isValid": False,
        "error": "NOT_FOUND",
        "message": "This tenant is not known. Please ask for access.",
        "serverTime": "2026-11-23T10:00:00.000Z",
    }


def test_a06_a_pending_claim_is_inactive(client: FlaskClient) -> None:
    sent_in(client, query=CLAIM)
    assert validate(client) == {
        "isValid": False,
        "error": "INACTIVE",
        "reason": "PENDING",
        "message": "This tenant is waiting for approval.",
        "serverTime": "2026-11-23T10:00:00.000Z",
    }


@pytest.mark.parametrize("way", ["rejected", "withdrawn"])
def test_a06_a_sign_up_that_was_closed_claims_nothing_until_it_is_reopened(
    client: FlaskClient, anna: Staff, way: str
) -> None:
    signed_up = sent_in(client, query=CLAIM)
    if way == "rejected":
        anna.decide(signed_up.id, "reject", reason="other")
    else:
        url = f"{signed_up.url}/withdraw"
        client.post(url, data=form_of(client.get(url), url))
    assert validate(client)["error"] == "NOT_FOUND"
    anna.decide(signed_up.id, "reopen")
    assert validate(client)["reason"] == "PENDING"


def test_a_claim_is_there_until_the_last_that_makes_it_is_closed(
    client: FlaskClient, anna: Staff
) -> None:
    one, other = sent_in(client, query=CLAIM), sent_in(client, query=CLAIM)
    anna.decide(one.id, "reject", reason="duplicate")
    assert validate(client)["reason"] == "PENDING"
    anna.decide(other.id, "reject", reason="duplicate")
    assert validate(client)["error"] == "NOT_FOUND"


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        pytest.param(NEW, {"isValid": True, "tenant": SHOWN}, id="valid"),
        pytest.param(
            NEW | {"status": "suspended", "isActive": False},
            {"isValid": False, "error": "INACTIVE", "reason": "SUSPENDED"},
            id="A06-suspended",
        ),
        pytest.param(
            NEW | {"status": "suspended", "isActive": False, "validTo": "2026-01-02T00:00:00.000Z"},
            {"isValid": False, "error": "INACTIVE", "reason": "SUSPENDED"},
            id="suspended-before-expired",
        ),
        pytest.param(
            NEW | {"status": "rejected", "isActive": False},
            {"isValid": False, "error": "INACTIVE"},
            id="A06-rejected",
        ),
        pytest.param(
            without(NEW, "validTo"),
            {"isValid": False, "error": "INACTIVE", "reason": "WINDOW_MISSING"},
            id="no-end",
        ),
        pytest.param(
            without(NEW, "validFrom"),
            {"isValid": False, "error": "INACTIVE", "reason": "WINDOW_MISSING"},
            id="no-start",
        ),
        pytest.param(
            NEW | {"validTo": "next summer"},
            {"isValid": False, "error": "INACTIVE", "reason": "WINDOW_MISSING"},
            id="unreadable-end",
        ),
        pytest.param(
            NEW | {"validFrom": "2026-11-23T10:00:00.001Z"},
            {"isValid": False, "error": "INACTIVE", "reason": "NOT_YET_VALID"},
            id="A07-1ms-before",
        ),
        pytest.param(
            NEW | {"validFrom": "2026-11-23T10:00:00.000Z"}, {"isValid": True}, id="A07-at-start"
        ),
        pytest.param(
            NEW | {"validTo": "2026-11-23T10:00:00.000Z"},
            {"isValid": True, "warning": "EXPIRING"},
            id="A07-at-end",
        ),
        pytest.param(
            NEW | {"validTo": "2026-11-23T09:59:59.999Z"},
            {
                "isValid": False,
                "error": "EXPIRED",
                "reason": "EXPIRED",
                "tenant": SHOWN | {"validTo": "2026-11-23T09:59:59.999Z"},
            },
            id="A07-1ms-after",
        ),
        pytest.param(
            NEW | {"validTo": "2026-12-23T09:59:59.999Z"},
            {"isValid": True, "warning": "EXPIRING"},
            id="expiring",
        ),
        pytest.param(
            NEW | {"validTo": "2026-12-23T10:00:00.001Z"}, {"isValid": True}, id="not-yet-expiring"
        ),
        pytest.param(OLD, {"isValid": True, "tenant": SHOWN}, id="old"),
        pytest.param(
            OLD | {"isActive": False},
            {"isValid": False, "error": "INACTIVE", "reason": "SUSPENDED"},
            id="old-inactive",
        ),
        pytest.param(
            without(OLD, "isActive"),
            {"isValid": False, "error": "INACTIVE", "reason": "SUSPENDED"},
            id="old-without-isActive",
        ),
        pytest.param(
            without(OLD, "validTo"),
            {"isValid": True, "tenant": without(SHOWN, "validTo")},
            id="old-for-ever",
        ),
        pytest.param(
            OLD | {"validTo": "2026-06-30T23:59:59.999Z"},
            {"isValid": False, "error": "EXPIRED", "reason": "EXPIRED"},
            id="old-expired",
        ),
        pytest.param(
            OLD | {"validTo": "soon"},
            {"isValid": False, "error": "INACTIVE", "reason": "WINDOW_MISSING"},
            id="old-unreadable",
        ),
    ],
)
def test_each_status_and_validity_has_its_answer(
    client: FlaskClient, store: Store, item: Item, expected: dict[str, object]
) -> None:
    store.write([Add(item)])
    answer = validate(client)
    assert {name: answer.get(name) for name in expected} == expected
    for name in ("error", "reason", "warning"):
        assert (name in answer) is (name in expected)
    # The tenant is in the answer if it may use the application, or could until its licence ended.
    assert ("tenant" in answer) is (answer["isValid"] or answer.get("error") == "EXPIRED")
    assert answer["serverTime"] == "2026-11-23T10:00:00.000Z"
    if not answer["isValid"]:
        assert str(answer["message"]).endswith(".")


def test_the_validity_is_in_every_answer(client: FlaskClient, store: Store) -> None:
    store.write([Add(NEW | {"status": "suspended", "isActive": False})])
    answer = validate(client)
    assert answer["validFrom"] == "2026-01-01T00:00:00.000Z"
    assert answer["validTo"] == "2027-06-30T23:59:59.999Z"


@pytest.mark.parametrize("item", [OLD, NEW, NEW | {"validTo": "2026-06-30T23:59:59.999Z"}])
def test_contact_secret_and_version_are_in_no_answer(
    client: FlaskClient, store: Store, item: Item
) -> None:
    store.write([Add(item)])
    text = client.get(ASK).text
    for private in (
        "jane",
        "Jane",
        "+4930901820",
        "secret",
        "fsm-client",
        "Anna",
        "gsi1",
        "version",
    ):
        assert private not in text


def test_the_answer_follows_each_decision(
    client: FlaskClient, pending: SignUp, anna: Staff, clock: Clock
) -> None:
    seen = [validate(client).get("error")]
    anna.decide(pending.id, "activate", **IDS)
    seen.append(validate(client).get("warning"))
    anna.decide("86810_104348", "suspend", reason="unpaid")
    seen.append(validate(client).get("reason"))
    anna.decide("86810_104348", "reinstate")
    seen.append(validate(client)["isValid"])
    clock.advance(days=30)
    seen.append(validate(client).get("error"))
    assert seen == ["NOT_FOUND", "EXPIRING", "SUSPENDED", True, "EXPIRED"]


# ---- Wrong requests


@pytest.mark.parametrize(
    ("query", "error", "message"),
    [
        pytest.param(
            "",
            "missing_parameters",
            "Missing required parameters: accountId, companyId",
            id="both-missing",
        ),
        pytest.param(
            "accountId=1",
            "missing_parameters",
            "Missing required parameters: companyId",
            id="one-missing",
        ),
        pytest.param(
            "accountId=&companyId=1",
            "missing_parameters",
            "Missing required parameters: accountId",
            id="empty",
        ),
        pytest.param("accountId=../x&companyId=1", "invalid_id", None, id="A05-traversal"),
        pytest.param(f"accountId={'1' * 300}&companyId=1", "invalid_id", None, id="A05-300"),
        pytest.param("accountId=1%00&companyId=1", "invalid_id", None, id="A05-NUL"),
        pytest.param("accountId=1_2&companyId=3", "invalid_id", None, id="A05-underscore"),
        pytest.param("accountId=%D9%A1&companyId=1", "invalid_id", None, id="A05-arabic-digit"),
        pytest.param("accountId=1%0A&companyId=1", "invalid_id", None, id="A05-line-end"),
        pytest.param("accountId=1&accountId=2&companyId=3", "invalid_id", None, id="A05-twice"),
        pytest.param(
            "accountId=1&companyId=2&at=2020-01-01", "unknown_parameter", None, id="A08-at"
        ),
        pytest.param("accountId=1&companyId=2&key=x", "unknown_parameter", None, id="key"),
    ],
)
def test_a_malformed_question_is_a_400_that_says_what_to_send(
    client: FlaskClient, query: str, error: str, message: str | None
) -> None:
    answer = client.get(f"/api/validate?{query}")
    assert answer.status_code == 400
    body = answer.get_json()
    assert body.keys() == {"error", "message"}
    assert body["error"] == error
    assert message is None or body["message"] == message
    assert body["message"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_only_get_is_allowed_and_errors_are_json(client: FlaskClient, method: str) -> None:
    answer = client.open("/api/validate", method=method)
    assert answer.status_code == 405
    assert answer.get_json()["error"] == "method_not_allowed"


def test_an_unknown_address_is_answered_in_json(client: FlaskClient) -> None:
    answer = client.get("/api/nothing")
    assert (answer.status_code, answer.get_json()["error"]) == (404, "not_found")


def test_no_cookie_is_needed_or_set(client: FlaskClient) -> None:
    answer = client.get(ASK)
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"


# ---- CORS

ALLOWED = "https://app.example.com"


@pytest.fixture
def with_origins(settings: Settings, store: Store, clock: Clock) -> FlaskClient:
    app = create_app(
        replace(settings, api_allowed_origins=(ALLOWED,)), store=store, clock=clock.now
    )
    app.test_client_class = StrictClient
    return app.test_client()


@pytest.mark.parametrize("url", [ASK, "/api/validate"], ids=["answered", "malformed"])
def test_pages_of_the_allowed_origins_may_read_the_answer(
    with_origins: FlaskClient, url: str
) -> None:
    answer = with_origins.get(url, headers={"Origin": ALLOWED})
    assert answer.headers["Access-Control-Allow-Origin"] == ALLOWED
    assert "Origin" in ", ".join(answer.headers.getlist("Vary"))
    assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", "http://app.example.com", f"{ALLOWED}.evil.example", ""],
)
def test_pages_of_other_origins_may_not(with_origins: FlaskClient, origin: str) -> None:
    answer = with_origins.get(ASK, headers={"Origin": origin})
    assert answer.status_code == 200
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert "Origin" in ", ".join(answer.headers.getlist("Vary"))


def test_without_the_setting_no_origin_may_read_it(client: FlaskClient) -> None:
    answer = client.get(ASK, headers={"Origin": ALLOWED})
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_preflight_is_answered(with_origins: FlaskClient) -> None:
    headers = {
        "Origin": ALLOWED,
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "content-type",
    }
    app = with_origins.application
    # The strict client would expect a page, and this response has no body.
    answer = FlaskClient(app, app.response_class).options(ASK, headers=headers)
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == ALLOWED
    assert answer.headers["Access-Control-Allow-Methods"] == "GET, OPTIONS"
    assert answer.headers["Access-Control-Allow-Headers"] == "Authorization, Content-Type"


def test_pages_for_people_are_open_to_no_origin(with_origins: FlaskClient) -> None:
    answer = with_origins.get("/sign-up", headers={"Origin": ALLOWED})
    assert "Access-Control-Allow-Origin" not in answer.headers
