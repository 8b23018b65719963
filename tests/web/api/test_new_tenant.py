"""`POST /api/tenant`: the application asks for access for its user."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import cast

import pytest
from flask.testing import FlaskClient

from portal import create_app, records
from portal.onboarding.claims import MAX_CLAIMS
from portal.onboarding.sign_up_limits import SIGN_UPS_PER_IDS
from portal.settings import Settings
from portal.stores.contract import Store
from portal.tenants import Status, Tenant
from tests.conftest import Clock
from tests.strict_client import StrictClient
from tests.web.api.api_calls import NEW, Program, everything
from tests.web.failing_store import TroubledStore
from tests.web.pages import IDS, Staff, sent_in, tenants_in

VALIDATE = "/api/validate?accountId=86810&companyId=104348"


def stored(store: Store) -> Tenant:
    """The only tenant."""
    (item,) = tenants_in(store).values()
    return records.tenant_of(item)


def test_it_makes_a_pending_tenant_and_never_an_active_one(stranger: Program, store: Store) -> None:
    ignored = {"validFrom": "2020-01-01", "validTo": 20991231, "isActive": True}
    answer = stranger.post(NEW | ignored)
    assert answer.status_code == 201, answer.text
    body = answer.get_json()
    assert body["success"] is True
    assert "waiting for approval" in body["message"]
    tenant = stored(store)
    assert (tenant.status, tenant.validity.valid_to) == (Status.PENDING, None)
    assert body["tenant"] == {
        "tenantId": tenant.id, "accountId": "86810", "accountName": "Meyer Group",
        "companyId": "104348", "companyName": "Meyer Field Service", "cluster": "eu",
        "clientId": "fsm-client", "isActive": False, "contactCompanyName": "Meyer Elevators",
        "contactFullName": "", "contactEmailAddress": "", "contactPhone": "",
    }  # fmt: skip
    assert answer.headers["Location"] == f"/api/tenant/{tenant.id}"
    assert (tenant.contact.name, tenant.contact.email) == ("Kim Meyer", "kim@meyer.example")
    assert tenant.contact.phone == "+4930901820"
    asked = stranger.get(VALIDATE).get_json()
    assert (asked["error"], asked["reason"]) == ("INACTIVE", "PENDING")


def test_the_secret_is_sealed_at_once_and_in_no_answer(stranger: Program, store: Store) -> None:
    answer = stranger.post(NEW)
    assert stored(store).client.sealed_secret.startswith("v1.loc.")
    assert "s3cr3t-canary" not in answer.text + repr(everything(store))


def test_an_activation_for_the_same_ids_keeps_client_and_secret(
    stranger: Program, store: Store, anna: Staff
) -> None:
    stranger.post(NEW)
    sealed = stored(store).client
    answer = anna.decide(stored(store).id, "activate", client_id="")
    assert answer.status_code == 303, answer.text
    tenant = stored(store)
    assert (tenant.id, tenant.client) == ("86810_104348", sealed)


def test_an_activation_for_other_ids_keeps_the_client_id_and_no_secret(
    stranger: Program, store: Store, anna: Staff
) -> None:
    stranger.post(NEW)
    anna.decide(stored(store).id, "activate", company_id="5", client_id="")
    tenant = stored(store)
    assert (tenant.id, tenant.client.id) == ("86810_5", "fsm-client")
    assert tenant.client.sealed_secret == ""


def test_what_staff_type_counts_more_than_what_the_program_sent(
    stranger: Program, store: Store, anna: Staff
) -> None:
    stranger.post(NEW)
    before = stored(store).client.sealed_secret
    anna.decide(stored(store).id, "activate", client_id="other", client_secret="typed")
    client = stored(store).client
    assert client.id == "other"
    assert client.sealed_secret not in ("", before)


@pytest.mark.parametrize("name", [name for name in NEW if name != "contactPhone"])
@pytest.mark.parametrize("value", ["absent", None, "", " "])
def test_a_missing_field_is_named(
    stranger: Program, store: Store, name: str, value: str | None
) -> None:
    body = {key: value for key, value in NEW.items() if key != name}
    answer = stranger.post(body if value == "absent" else body | {name: value})
    assert answer.status_code == 400
    assert answer.get_json()["error"] == "Missing required fields"
    assert answer.get_json()["missingFields"] == [name]
    assert tenants_in(store) == {}


def test_an_empty_body_names_all_that_is_missing(stranger: Program) -> None:
    body = stranger.post({}).get_json()
    assert body["missingFields"] == [name for name in NEW if name != "contactPhone"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("accountId", "Meyer Group"),
        ("accountId", 86810),
        ("companyId", "1" * 41),
        ("accountName", "a\x00b"),
        ("accountName", "a" * 201),
        ("cluster", "eu.evil.example"),
        ("cluster", "eu.fsm.cloud.sap@evil.example"),
        ("contactEmailAddress", "kim"),
        ("contactEmailAddress", ["kim@meyer.example"]),
        ("contactFullName", "Kim\u202eMeyer"),
        ("contactPhone", "call me"),
        ("contactPhone", "+999 1"),
        ("clientId", {"id": "x"}),
        ("clientSecret", "a\x00b"),
        ("clientSecret", "s" * 501),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_its_field(
    stranger: Program, store: Store, name: str, value: object
) -> None:
    answer = stranger.post(NEW | {name: value})
    assert answer.status_code == 400, answer.text
    body = answer.get_json()
    assert (body["error"], body["field"]) == ("invalid_field", name)
    assert body["message"].startswith(f"{name}: ")
    assert everything(store) == {}


@pytest.mark.parametrize("name", ["tenantId", "status", "version", "__proto__", "account_id"])
def test_an_unknown_field_is_refused_by_its_name(
    stranger: Program, store: Store, name: str
) -> None:
    answer = stranger.post(NEW | {name: "x"})
    assert (answer.status_code, answer.get_json()["error"]) == (400, "unknown_field")
    assert answer.get_json()["field"] == name
    assert everything(store) == {}


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("030 / 90 18 20", "030 / 90 18 20"), ("", ""), ("0049 30 901820", "+4930901820")],
)
def test_a_number_without_a_country_stays_as_it_is(
    stranger: Program, store: Store, typed: str, kept: str
) -> None:
    assert stranger.post(NEW | {"contactPhone": typed}).status_code == 201
    assert stored(store).contact.phone == kept


def test_a_pasted_host_is_cut_down_to_its_label(stranger: Program) -> None:
    answer = stranger.post(NEW | {"cluster": "https://EU.fsm.cloud.sap/"})
    assert answer.get_json()["tenant"]["cluster"] == "eu"


# ---- It never changes anything that exists


def test_a_tenant_that_is_there_is_a_conflict(
    stranger: Program, store: Store, licensed: Tenant
) -> None:
    before = everything(store)
    answer = stranger.post(NEW)
    assert (answer.status_code, answer.get_json()["error"]) == (409, "conflict")
    assert "Meyer" not in answer.text
    assert everything(store) == before


def test_the_same_address_has_one_open_sign_up_for_the_same_ids(
    stranger: Program, store: Store, clock: Clock
) -> None:
    stranger.post(NEW)
    before = everything(store)
    clock.advance(minutes=1)
    for address in ("kim@meyer.example", "KIM@MEYER.example"):
        assert stranger.post(NEW | {"contactEmailAddress": address}).status_code == 409
    assert everything(store) == before
    assert stranger.post(NEW | {"companyId": "5"}).status_code == 201
    assert stranger.post(NEW | {"contactEmailAddress": "lou@meyer.example"}).status_code == 201


def test_two_that_arrive_together_make_one(
    new_client: Callable[[], FlaskClient], store: Store
) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = pool.map(lambda _: Program(new_client()).post(NEW).status_code, range(8))
        assert sorted(answers) == [201] + [409] * 7
    assert stored(store).status is Status.PENDING


def test_an_open_sign_up_that_came_by_the_form_counts_too(
    stranger: Program, client: FlaskClient, store: Store
) -> None:
    form = {"account_id": "86810", "company_id": "104348", "email": "kim@meyer.example"}
    sent_in(client, **form)
    answer = stranger.post(NEW)
    assert answer.status_code == 409
    assert len(tenants_in(store)) == 1


def test_after_a_rejection_the_same_address_may_ask_again(
    stranger: Program, store: Store, anna: Staff
) -> None:
    for number in range(1, 4):
        assert stranger.post(NEW).status_code == 201
        assert len(tenants_in(store)) == number
        (pending,) = [key for key, item in tenants_in(store).items() if item["status"] == "pending"]
        anna.decide(pending, "reject", reason="other")


# ---- Limits


@pytest.fixture
def limited(settings: Settings, store: Store, clock: Clock) -> Program:
    app = create_app(replace(settings, sign_ups_per_hour=3), store=store, clock=clock.now)
    app.test_client_class = StrictClient
    return Program(app.test_client())


def other(number: int, **fields: str) -> dict[str, str]:
    """Another person of another company."""
    mail = f"person{number}@company{number}.example"
    return NEW | {"contactEmailAddress": mail, "companyId": str(number)} | fields


def test_one_network_is_refused_beyond_its_limit_and_told_when_to_try_again(
    limited: Program, store: Store, clock: Clock
) -> None:
    assert [limited.post(other(number)).status_code for number in range(4)] == [201] * 3 + [429]
    answer = limited.post(other(5))
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "3600")
    assert answer.get_json()["error"] == "too_many_requests"
    assert len(tenants_in(store)) == 3
    clock.advance(hours=1)
    assert limited.post(other(5)).status_code == 201


def test_the_same_ids_are_refused_beyond_their_limit_from_whatever_network(
    limited: Program, store: Store, clock: Clock
) -> None:
    def post(number: int) -> int:
        where = {"REMOTE_ADDR": f"203.0.113.{number}"}
        body = other(number, companyId="104348")
        return limited.post(body, environ_overrides=where).status_code

    statuses = [post(number) for number in range(SIGN_UPS_PER_IDS + 1)]
    assert statuses == [201] * SIGN_UPS_PER_IDS + [429]
    answer = limited.post(
        other(200, companyId="104348"), environ_overrides={"REMOTE_ADDR": "203.0.113.200"}
    )
    # The next day begins at midnight, in 14 hours.
    assert answer.headers["Retry-After"] == str(14 * 3600)
    aside = [item for item in tenants_in(store).values() if item.get("setAside")]
    assert len(aside) == SIGN_UPS_PER_IDS - MAX_CLAIMS
    assert post(201) == 429
    clock.advance(hours=14)
    assert post(201) == 201


def test_without_limits_nobody_is_refused(stranger: Program, store: Store) -> None:
    for number in range(20):
        assert stranger.post(other(number)).status_code == 201
    assert not [key for key in everything(store) if key.startswith("limit-")]


def test_a_refused_one_costs_no_call_of_the_sealer(limited: Program, store: Store) -> None:
    for number in range(4):
        limited.post(other(number))
    before = everything(store)
    assert limited.post(other(9)).status_code == 429
    assert everything(store) == before


@pytest.mark.parametrize("same", ["network", "ids"])
def test_a_refused_one_does_not_even_read_the_store(
    settings: Settings, store: Store, clock: Clock, same: str
) -> None:
    counting = TroubledStore(store)
    limited = replace(settings, sign_ups_per_hour=3 if same == "network" else 100)
    app = create_app(limited, store=cast("Store", counting), clock=clock.now)
    app.test_client_class = StrictClient
    program = Program(app.test_client())
    ids = {"companyId": "104348"} if same == "ids" else {}
    codes = [program.post(other(number, **ids)).status_code for number in range(7)]
    assert codes[-1] == 429
    counting.calm()
    # Nor does it tell that there is a sign-up already.
    for number in (0, 9):
        assert program.post(other(number, **ids)).status_code == 429
    assert counting.calls == 0


def test_the_claim_ends_with_the_activation(stranger: Program, store: Store, anna: Staff) -> None:
    stranger.post(NEW)
    assert "claim-86810_104348" in everything(store)
    anna.decide(stored(store).id, "activate", **IDS)
    assert "claim-86810_104348" not in everything(store)
