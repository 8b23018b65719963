"""`GET /api/validate`: the answer for each status and validity, wrong requests, CORS."""

from dataclasses import replace
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal import create_app
from portal.auth import Scope, create_api_token
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
    "clientId": "fsm-client",
    "isActive": True,
    "validFrom": "2026-01-01T00:00:00.000Z",
    "validTo": "2027-06-30T23:59:59.999Z",
    "contactCompanyName": "Example GmbH",
    "contactFullName": "",
    "contactEmailAddress": "",
    "contactPhone": "",
}


def validate(client: FlaskClient, url: str = ASK) -> dict[str, object]:
    answer = client.get(url)
    assert answer.status_code == 200
    assert answer.mimetype == "application/json"
    body: dict[str, object] = answer.get_json()
    return body


@pytest.mark.parametrize(
    ("stored", "answered"),
    [
        ("eu", "eu"),
        ("EU", "eu"),
        ("https://eu.fsm.cloud.sap/", "eu"),
        ("nobody-knows-7", "nobody-knows-7"),
        ("evil.example/", ""),
        ("eu.fsm.cloud.sap.evil.example", ""),
        ("", ""),
        (7, ""),
    ],
)
@pytest.mark.parametrize("valid_to", ["2027-06-30T23:59:59.999Z", "2026-06-30T23:59:59.999Z"])
def test_a_cluster_of_an_old_row_is_answered_as_a_host_label_or_not_at_all(
    client: FlaskClient, store: Store, stored: Value, answered: str, valid_to: str
) -> None:
    """The old application makes `https://<cluster>.fsm.cloud.sap` of it and sends its token there.
    Where it has no text, it shows a blank page."""
    store.write([Add({**OLD, "cluster": stored, "validTo": valid_to})])
    assert validate(client)["tenant"]["cluster"] == answered  # type: ignore[index] # it is JSON


def test_a_row_without_a_cluster_is_answered_with_an_empty_one(
    client: FlaskClient, store: Store
) -> None:
    store.write([Add(without(OLD, "cluster"))])
    assert validate(client)["tenant"]["cluster"] == ""  # type: ignore[index] # it is JSON


@pytest.mark.parametrize(
    ("stored", "answered"),
    [
        pytest.param({}, {"accountName": "86810", "companyName": "104348"}, id="missing"),
        pytest.param(
            {"accountName": "", "companyName": 7, "contactCompanyName": 8},
            {"accountName": "86810", "companyName": "104348", "contactCompanyName": ""},
            id="no text",
        ),
        pytest.param({"accountName": "A"}, {"accountName": "A", "companyName": "104348"}, id="one"),
    ],
)
@pytest.mark.parametrize("valid_to", ["2027-06-30T23:59:59.999Z", "2026-06-30T23:59:59.999Z"])
def test_texts_that_the_old_application_shows_are_always_there(
    client: FlaskClient,
    store: Store,
    stored: dict[str, Value],
    answered: dict[str, str],
    valid_to: str,
) -> None:
    """It shows "undefined" for a name that is missing. Its expired page fails without a contact."""
    item = without(
        OLD, "accountId", "companyId", "accountName", "companyName", "cluster", "clientId",
        "contactCompanyName", "contactFullName", "contactPhone", "contactEmailAddress",
    )  # fmt: skip
    store.write([Add({**item, "validTo": valid_to, **stored})])
    tenant = validate(client)["tenant"]
    expected = {
        "tenantId": "86810_104348", "accountId": "86810", "companyId": "104348", "cluster": "",
        "contactCompanyName": "", "contactFullName": "", "contactEmailAddress": "",
        "contactPhone": "", "isActive": True, "validFrom": "2026-01-01T00:00:00.000Z",
        "validTo": valid_to,
    }  # fmt: skip
    # Without a client id, the application uses its own.
    assert tenant == expected | answered


@pytest.mark.parametrize(
    "query", ["accountId=86810&companyId=104348", "companyId=104348&accountId=86810"]
)
def test_a_program_with_a_token_gets_the_whole_contact(
    client: FlaskClient, store: Store, clock: Clock, query: str
) -> None:
    store.write([Add(OLD)])
    token = create_api_token(
        store, name="report", scopes=[Scope.TENANTS_READ], life=timedelta(days=1), now=clock.now()
    )
    headers = {"Authorization": f"Bearer {token}"}
    answer = client.get(f"/api/validate?{query}", headers=headers)
    tenant = answer.get_json()["tenant"]
    assert {name: tenant[name] for name in SHOWN if name.startswith("contact")} == {
        "contactCompanyName": "Example GmbH",
        "contactFullName": "Jane Doe",
        "contactPhone": "+4930901820",
        "contactEmailAddress": "jane@example.com",
    }
    assert "secret" not in answer.text
    # Nobody else gets it afterwards.
    assert "jane@example.com" not in client.get(f"/api/validate?{query}").text


def test_a_token_that_may_not_is_refused(client: FlaskClient, store: Store, clock: Clock) -> None:
    store.write([Add(OLD)])
    for_changes = create_api_token(
        store, name="x", scopes=[Scope.TENANTS_WRITE], life=timedelta(days=1), now=clock.now()
    )
    for text, status in ((for_changes, 403), ("wrong", 401)):
        answer = client.get(ASK, headers={"Authorization": f"Bearer {text}"})
        assert answer.status_code == status
        assert "WWW-Authenticate" in answer.headers
        assert "tenant" not in answer.get_json()


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
            {"isValid": False, "error": "INACTIVE", "reason": "WINDOW_MISSING"},
            id="old-without-end",
        ),
        pytest.param(
            without(OLD, "validFrom", "validTo"),
            {"isValid": False, "error": "INACTIVE", "reason": "WINDOW_MISSING"},
            id="old-without-window",
        ),
        pytest.param(
            without(OLD, "validTo") | {"isActive": False},
            {"isValid": False, "error": "INACTIVE", "reason": "SUSPENDED"},
            id="old-inactive-without-end",
        ),
        pytest.param(
            without(OLD, "validTo") | {"adoptAnswer": "keep end", "openEnded": True},
            {"isValid": True, "tenant": without(SHOWN, "validTo")},
            id="old-kept-without-end",
        ),
        pytest.param(
            without(OLD, "validFrom", "validTo") | {"adoptAnswer": "keep end", "openEnded": True},
            {"isValid": True, "tenant": without(SHOWN, "validFrom", "validTo")},
            id="old-kept-without-window",
        ),
        pytest.param(
            OLD | {"adoptAnswer": "keep end", "openEnded": True, "validTo": "soon"},
            {"isValid": False, "error": "INACTIVE", "reason": "WINDOW_MISSING"},
            id="old-kept-but-unreadable",
        ),
        pytest.param(
            without(OLD, "validFrom"),
            {"isValid": True, "tenant": without(SHOWN, "validFrom")},
            id="old-without-start",
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
        "Anna",
        "gsi1",
        "version",
    ):
        assert private not in text


def test_the_answer_follows_each_decision(
    client: FlaskClient, pending: SignUp, anna: Staff, clock: Clock
) -> None:
    seen = [validate(client).get("error")]
    anna.decide(pending.id, "activate", **IDS, valid_from="2026-11-23", valid_to="2026-12-07")
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
    ("query", "error"),
    [
        pytest.param(f"accountId={'1' * 300}&companyId=1", "invalid_id", id="A05-300"),
        pytest.param("accountId=1%00&companyId=1", "invalid_id", id="A05-NUL"),
        pytest.param("accountId=1%0A&companyId=1", "invalid_id", id="A05-line-end"),
        pytest.param("accountId=1&accountId=2&companyId=3", "invalid_id", id="A05-twice"),
        pytest.param("accountId=1&companyId=2&at=2020-01-01", "unknown_parameter", id="A08-at"),
        pytest.param("accountId=1&companyId=2&key=x", "key_in_url", id="A03-key"),
        pytest.param("accessToken=x&access_token=x", "key_in_url", id="A03-nothing-else"),
    ],
)
def test_a_malformed_question_is_a_400_that_says_what_to_send(
    client: FlaskClient, query: str, error: str
) -> None:
    answer = client.get(f"/api/validate?{query}")
    assert answer.status_code == 400
    body = answer.get_json()
    assert body.keys() == {"error", "message"}
    assert body["error"] == error
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


# ---- Counting through ids


@pytest.fixture
def limited(settings: Settings, store: Store, clock: Clock) -> FlaskClient:
    """`NOT_FOUND` three times a minute for one network."""
    limited = replace(
        settings, sign_ups_per_hour=5, not_found_per_minute=3, api_allowed_origins=(ORIGIN,)
    )
    app = create_app(limited, store=store, clock=clock.now)
    app.testing = True
    app.test_client_class = StrictClient
    return app.test_client()


ORIGIN = "https://app.example.com"


def ask(client: FlaskClient, company: int, address: str = "192.0.2.1") -> TestResponse:
    return client.get(
        f"/api/validate?accountId=1&companyId={company}",
        headers={"Origin": ORIGIN},
        environ_overrides={"REMOTE_ADDR": address},
    )


def test_a04_a_network_that_counts_through_ids_is_slowed_and_nobody_else(
    limited: FlaskClient, store: Store, clock: Clock
) -> None:
    store.write([Add({**NEW, "tenantId": "1_7", "companyId": "7"})])
    store.write([Add({"tenantId": "claim-1_8", "count": 1, "version": 1})])
    assert [ask(limited, number).status_code for number in range(5)] == [200] * 3 + [429] * 2
    refused = ask(limited, 5)
    assert refused.get_json()["error"] == "too_many_requests"
    assert "isValid" not in refused.get_json()
    assert refused.headers["Retry-After"] == "60"
    # The page of the old application must be able to read it.
    assert refused.headers["Access-Control-Allow-Origin"] == ORIGIN
    # What is known is answered as ever, as often as anybody asks.
    for _ in range(10):
        assert ask(limited, 7).get_json()["isValid"] is True
        assert ask(limited, 8).get_json()["reason"] == "PENDING"
    assert ask(limited, 6, "192.0.2.2").get_json()["error"] == "NOT_FOUND"
    clock.advance(minutes=1)
    assert ask(limited, 6).get_json()["error"] == "NOT_FOUND"


def test_a04_answers_about_known_tenants_do_not_count(limited: FlaskClient, store: Store) -> None:
    store.write([Add({**NEW, "tenantId": "1_7", "companyId": "7"})])
    for _ in range(10):
        ask(limited, 7)
    assert [ask(limited, number).status_code for number in range(4)] == [200] * 3 + [429]


@pytest.mark.parametrize(("per_hour", "per_minute"), [(0, 3), (5, 0)])
def test_a04_zero_turns_the_limit_off(
    settings: Settings, store: Store, clock: Clock, per_hour: int, per_minute: int
) -> None:
    off = replace(settings, sign_ups_per_hour=per_hour, not_found_per_minute=per_minute)
    client = create_app(off, store=store, clock=clock.now).test_client()
    assert {ask(client, number).status_code for number in range(10)} == {200}
