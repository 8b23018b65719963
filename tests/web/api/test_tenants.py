"""`GET` and `PUT /api/tenant/<tenantId>`."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from portal import create_app, onboarding, queries, records
from portal.auth.api_tokens import Scope
from portal.settings import Settings
from portal.stores.contract import Add, Store
from portal.tenants import Contact, Reason, Status, Tenant, Validity
from portal.timestamps import format_timestamp
from tests.conftest import START, Clock
from tests.examples import ANN, Interrupted
from tests.strict_client import StrictClient
from tests.web.api.api_calls import (
    TENANT_URL,
    Program,
    everything,
    stored_tenant,
    token_for,
)
from tests.web.failing_store import FULL, TroubledStore
from tests.web.pages import Staff, events_of, sent_in, tenants_in

LATER = "2028-12-31T22:59:59.999Z"
#: Every field that a change may name, with another value than `licensed` has.
ALL = {
    "accountName": "Meyer Holding",
    "companyName": "Meyer Service",
    "cluster": "us",
    "contactCompanyName": "Meyer Lifts",
    "contactFullName": "Lou Meyer",
    "contactEmailAddress": "lou@meyer.example",
    "contactPhone": "+49 30 901821",
    "clientId": "client-2",
    "validFrom": "2026-12-01T00:00:00.000Z",
    "validTo": LATER,
    "isActive": False,
}


def stored(store: Store, tenant_id: str = "86810_104348") -> Tenant:
    return records.tenant_of(store.get(tenant_id))


# ---- GET


def test_a_program_reads_the_whole_tenant(reader: Program, licensed: Tenant) -> None:
    answer = reader.get(TENANT_URL)
    assert answer.status_code == 200
    assert answer.get_json() == {"tenant": {
        "tenantId": "86810_104348", "accountId": "86810", "accountName": "Meyer Group",
        "companyId": "104348", "companyName": "Meyer Field Service", "cluster": "eu",
        "isActive": True, "contactCompanyName": "Meyer Elevators",
        "contactFullName": "Kim Meyer", "contactPhone": "+4930901820",
        "contactPhoneExtension": "12", "contactEmailAddress": "kim@meyer.example",
        "validFrom": "2026-11-23T00:00:00.000Z", "validTo": "2027-11-22T23:59:59.999Z",
        "status": "active", "access": "valid",
        "createdAt": "2026-11-23T10:00:00.000Z", "updatedAt": "2026-11-23T10:00:00.000Z",
    }}  # fmt: skip


def test_the_secret_is_in_no_answer(
    writer: Program, store: Store, anna: Staff, licensed: Tenant
) -> None:
    anna.decide(licensed.id, "client", client_id="c", client_secret="s3cr3t-canary")
    sealed = stored(store).client.sealed_secret
    answers = [
        writer.get(TENANT_URL),
        writer.put({"accountName": "Other"}),
        writer.put({"clientId": "d"}, headers={"If-Match": '"old"'}),
        writer.get("/api/tenants"),
        writer.get("/api/tenants/86810_104348/events"),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 412, 200, 200]
    text = "".join(answer.text for answer in answers)
    assert sealed
    assert sealed not in text
    assert "s3cr3t-canary" not in text
    assert 'clientSecret"' in answers[-1].text  # the history says that it was set


@pytest.mark.parametrize(
    "tenant_id",
    ["1_2", "x", "a/b", "a%2Fb", "%00", "x" * 300, "%F0%9F%92%A9", "pending-" + "0" * 26],
)
def test_an_unknown_id_is_not_found(writer: Program, licensed: Tenant, tenant_id: str) -> None:
    for answer in (
        writer.get(f"/api/tenant/{tenant_id}"),
        writer.put({"accountName": "x"}, f"/api/tenant/{tenant_id}"),
        writer.get(f"/api/tenants/{tenant_id}/events"),
    ):
        assert (answer.status_code, answer.get_json()["error"]) == (404, "not_found")


def test_what_is_no_tenant_is_not_found(writer: Program, client: FlaskClient, store: Store) -> None:
    sent_in(client, account_id="86810", company_id="104348")
    for item_id in list(everything(store)):
        if not item_id.startswith("pending-"):
            assert writer.get(f"/api/tenant/{item_id}").status_code == 404
            assert writer.put({"isActive": True}, f"/api/tenant/{item_id}").status_code == 404


def test_a_pending_id_leads_to_the_tenant_after_the_activation(
    reader: Program, client: FlaskClient, anna: Staff
) -> None:
    pending = sent_in(client).id
    before = reader.get(f"/api/tenant/{pending}").get_json()["tenant"]
    assert (before["status"], before["access"], before["isActive"]) == ("pending", "pending", False)
    anna.decide(pending, "activate", account_id="86810", company_id="104348", cluster="eu")
    after = reader.get(f"/api/tenant/{pending}").get_json()["tenant"]
    assert (after["tenantId"], after["pendingId"]) == ("86810_104348", pending)


@pytest.mark.parametrize(
    "item",
    [
        {"tenantId": "86810_104348"},
        {"tenantId": "86810_104348", "isActive": True, "cluster": "evil.example", "clientId": 5},
        {"tenantId": "86810_104348", "isActive": "yes", "validTo": "20271231", "contactPhone": 7},
        {"tenantId": "old row", "isActive": True, "contactFullName": "Kim"},
    ],
)
def test_a_record_of_the_old_application_is_answered_as_far_as_it_is_there(
    writer: Program, store: Store, item: dict[str, str]
) -> None:
    store.write([Add(item)])
    url = f"/api/tenant/{item['tenantId']}"
    answer = writer.get(url)
    assert answer.status_code == 200
    tenant = answer.get_json()["tenant"]
    assert tenant["tenantId"] == item["tenantId"]
    assert tenant["cluster"] == ""
    assert "contact" in tenant["incomplete"]
    assert {type(tenant[name]) for name in ("contactPhone", "contactFullName")} == {str}
    changed = writer.put({"contactFullName": "Lou Meyer"}, url)
    assert changed.status_code == 200
    assert changed.get_json()["tenant"]["contactFullName"] == "Lou Meyer"


# ---- PUT


def test_a_change_of_everything_is_one_write_with_an_event_for_each_verb(
    writer: Program, store: Store, licensed: Tenant, clock: Clock
) -> None:
    clock.advance(days=1)
    answer = writer.put(ALL)
    assert answer.status_code == 200, answer.text
    body = answer.get_json()
    assert (body["success"], body["message"]) == (True, "The tenant is changed.")
    said = body["tenant"]
    assert {name: said[name] for name in ALL} == ALL | {"contactPhone": "+4930901821"}
    assert (said["status"], said["reason"]) == ("suspended", "api")
    tenant = stored(store)
    assert tenant.contact == Contact(
        company="Meyer Lifts", name="Lou Meyer", email="lou@meyer.example",
        phone="+4930901821", phone_typed="+49 30 901821",
    )  # fmt: skip
    assert format_timestamp(tenant.validity.valid_to or START) == LATER
    events = {event.verb: event for event in events_of(store, "86810_104348")}
    assert events.keys() == {"edit_contact", "edit_names", "set_client", "set_validity", "suspend"}
    assert {event.by for event in events.values()} == {"nightly job (token)"}
    assert {event.request_id for event in events.values()} == {answer.headers["X-Request-Id"]}
    assert events["set_validity"].changes.keys() == {"validFrom", "validTo"}
    assert events["suspend"].changes == {"status": ("active", "suspended")}
    assert events["suspend"].reason == "api"
    assert "Lou Meyer" not in repr(events)


def test_what_is_not_sent_stays(writer: Program, store: Store, licensed: Tenant) -> None:
    assert writer.put({"contactFullName": "Lou Meyer"}).status_code == 200
    after = stored(store)
    assert after.contact == replace(licensed.contact, name="Lou Meyer")
    assert (after.validity, after.ids, after.status) == (
        licensed.validity, licensed.ids, licensed.status,
    )  # fmt: skip


@pytest.mark.parametrize(
    "body", [{}, {"isActive": True}, {"cluster": "eu", "accountName": "Meyer Group"}]
)
def test_what_is_so_already_changes_nothing(
    writer: Program, store: Store, licensed: Tenant, body: dict[str, object]
) -> None:
    before = everything(store)
    answer = writer.put(body)
    assert (answer.status_code, answer.get_json()["message"]) == (200, "Nothing has changed.")
    assert everything(store) == before


def test_false_suspends_and_true_reinstates_also_an_ended_licence(
    writer: Program, stranger: Program, store: Store, licensed: Tenant, clock: Clock
) -> None:
    validate = "/api/validate?accountId=86810&companyId=104348"
    writer.put({"isActive": False})
    assert stranger.get(validate).get_json()["reason"] == "SUSPENDED"
    clock.advance(days=400)
    answer = writer.put({"isActive": True})
    assert answer.status_code == 200
    assert (stored(store).status, stored(store).reason) == (Status.ACTIVE, "")
    assert stranger.get(validate).get_json()["error"] == "EXPIRED"
    assert answer.get_json()["tenant"]["access"] == "expired"


@pytest.mark.parametrize("is_active", [True, False])
def test_a_sign_up_is_neither_activated_nor_suspended(
    writer: Program, client: FlaskClient, store: Store, *, is_active: bool
) -> None:
    pending = sent_in(client).id
    before = everything(store)
    # All or nothing: the name would be allowed.
    body = {"isActive": is_active, "contactFullName": "Lou Meyer"}
    answer = writer.put(body, f"/api/tenant/{pending}")
    assert answer.status_code == 409
    assert answer.get_json()["error"] == "conflict"
    assert answer.get_json()["tenant"]["status"] == "pending"
    assert "waiting for approval" in answer.get_json()["message"]
    assert everything(store) == before


@pytest.mark.parametrize("name", ["validTo", "clientId", "cluster", "accountName"])
def test_a_sign_up_has_no_licence_to_change(
    writer: Program, client: FlaskClient, store: Store, name: str
) -> None:
    pending = sent_in(client, account_id="86810", company_id="104348").id
    before = everything(store)
    assert writer.put({name: ALL[name]}, f"/api/tenant/{pending}").status_code == 409
    assert everything(store) == before


def test_the_contact_of_a_sign_up_may_be_changed_and_its_claim_stays(
    writer: Program, client: FlaskClient, store: Store
) -> None:
    pending = sent_in(client, account_id="86810", company_id="104348").id
    answer = writer.put({"contactFullName": "Lou Meyer"}, f"/api/tenant/{pending}")
    assert answer.status_code == 200
    assert store.get("claim-86810_104348")["count"] == 1


def test_the_old_id_of_an_activated_sign_up_is_a_conflict_with_the_tenant(
    writer: Program, client: FlaskClient, anna: Staff
) -> None:
    pending = sent_in(client).id
    anna.decide(pending, "activate", account_id="86810", company_id="104348", cluster="eu")
    answer = writer.put({"cluster": "us"}, f"/api/tenant/{pending}")
    assert answer.status_code == 409
    assert answer.get_json()["tenant"]["tenantId"] == "86810_104348"
    assert answer.get_json()["tenant"]["cluster"] == "eu"


def test_a_window_may_be_shortened_to_an_end_that_is_past(
    writer: Program, stranger: Program, licensed: Tenant, clock: Clock
) -> None:
    clock.advance(days=2)
    assert writer.put({"validTo": "2026-11-24T00:00:00+01:00"}).status_code == 200
    answer = stranger.get("/api/validate?accountId=86810&companyId=104348").get_json()
    assert (answer["error"], answer["validTo"]) == ("EXPIRED", "2026-11-23T23:00:00.000Z")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"validTo": "20271231"}, "validTo"),
        ({"validTo": 20271231}, "validTo"),
        ({"validTo": "2027-12-31"}, "validTo"),
        ({"validTo": "2027-12-31T22:59:59"}, "validTo"),
        ({"validTo": "2027-02-30T00:00:00Z"}, "validTo"),
        ({"validTo": "2027-W01-1T00:00:00Z"}, "validTo"),
        ({"validTo": "٢٠٢٧-12-31T22:59:59Z"}, "validTo"),
        ({"validTo": "0001-01-01T00:00:00+14:00"}, "validTo"),
        ({"validTo": None}, "validTo"),
        ({"validFrom": ""}, "validFrom"),
        ({"validFrom": "2028-01-01T00:00:00Z", "validTo": "2027-12-31T23:59:59Z"}, "validTo"),
        ({"isActive": "true"}, "isActive"),
        ({"isActive": 1}, "isActive"),
        ({"cluster": ""}, "cluster"),
        ({"cluster": "evil.example"}, "cluster"),
        ({"contactEmailAddress": ""}, "contactEmailAddress"),
        ({"contactCompanyName": "\u3164"}, "contactCompanyName"),
        ({"contactFullName": "a\x00"}, "contactFullName"),
        ({"clientId": "a\nb"}, "clientId"),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_its_field(
    writer: Program, store: Store, licensed: Tenant, body: dict[str, object], field: str
) -> None:
    before = everything(store)
    answer = writer.put(body)
    assert answer.status_code == 400, answer.text
    assert (answer.get_json()["error"], answer.get_json()["field"]) == ("invalid_field", field)
    assert everything(store) == before


@pytest.mark.parametrize(
    "name", ["clientSecret", "tenantId", "accountId", "companyId", "status", "version", "validto"]
)
def test_keys_secrets_and_unknown_fields_are_refused_by_name(
    writer: Program, store: Store, licensed: Tenant, name: str
) -> None:
    before = everything(store)
    answer = writer.put({name: "s3cr3t-canary", "accountName": "x"})
    assert (answer.status_code, answer.get_json()["field"]) == (400, name)
    assert "s3cr3t-canary" not in answer.text
    assert everything(store) == before


@pytest.mark.parametrize(
    "body", [{"validTo": "2026-01-01T00:00:00Z"}, {"validFrom": "2028-01-01T00:00:00Z"}]
)
def test_an_instant_that_does_not_fit_the_stored_other_one_is_a_conflict(
    writer: Program, store: Store, licensed: Tenant, body: dict[str, str]
) -> None:
    before = everything(store)
    answer = writer.put(body)
    assert answer.status_code == 409
    assert answer.get_json()["tenant"]["validTo"] == "2027-11-22T23:59:59.999Z"
    assert everything(store) == before


# ---- Conditional changes


def test_if_match_with_the_etag_of_a_get_makes_a_change_conditional(
    writer: Program, store: Store, licensed: Tenant
) -> None:
    etag = writer.get(TENANT_URL).headers["ETag"]
    first = writer.put({"accountName": "First"}, headers={"If-Match": etag})
    assert first.status_code == 200
    before = everything(store)
    second = writer.put({"accountName": "Second"}, headers={"If-Match": etag})
    assert (second.status_code, second.get_json()["error"]) == (412, "precondition_failed")
    assert second.get_json()["tenant"]["accountName"] == "First"
    assert everything(store) == before
    assert second.headers["ETag"] == first.headers["ETag"] != etag
    again = writer.put({"accountName": "Second"}, headers={"If-Match": second.headers["ETag"]})
    assert again.status_code == 200


@pytest.mark.parametrize(
    ("header", "status"),
    [("*", 200), ('"other", {etag}', 200), ('"other"', 412), ("W/{etag}", 412), ("", 412),
     ("nonsense", 412)],
)  # fmt: skip
def test_the_forms_of_if_match(writer: Program, licensed: Tenant, header: str, status: int) -> None:
    etag = writer.get(TENANT_URL).headers["ETag"]
    headers = {"If-Match": header.format(etag=etag)}
    assert writer.put({"cluster": "us"}, headers=headers).status_code == status


def test_the_tag_changes_with_a_change_that_has_no_version(writer: Program, store: Store) -> None:
    """The old application writes so."""
    store.write([Add({"tenantId": "86810_104348", "isActive": True})])
    etag = writer.get(TENANT_URL).headers["ETag"]
    tenant = onboarding.find(store, "86810_104348")
    onboarding.suspend(store, tenant.id, expected_version=None, audit=ANN, reason=Reason.OTHER)
    assert writer.get(TENANT_URL).headers["ETag"] != etag


def interrupted(settings: Settings, store: Store, clock: Clock, other) -> Program:
    """A program, just before whose write somebody else acts."""
    calls = Interrupted(store, lambda: None, other)  # the first write counts the call
    app = create_app(settings, store=calls, clock=clock.now)
    app.test_client_class = StrictClient
    token = token_for(store, Scope.TENANTS_WRITE)
    return Program(app.test_client(), token)


def rename(store: Store) -> None:
    tenant = onboarding.find(store, "86810_104348")
    contact = replace(tenant.contact, name="Ann's choice")
    onboarding.edit_contact(
        store, tenant.id, expected_version=tenant.version, audit=ANN, contact=contact
    )


def test_without_a_condition_a_change_in_between_is_kept(
    settings: Settings, store: Store, clock: Clock, licensed: Tenant
) -> None:
    program = interrupted(settings, store, clock, lambda: rename(store))
    assert program.put({"cluster": "us"}).status_code == 200
    after = stored(store)
    assert (after.contact.name, after.ids and after.ids.cluster) == ("Ann's choice", "us")


def test_with_a_condition_a_change_in_between_wins(
    settings: Settings, store: Store, clock: Clock, licensed: Tenant, reader: Program
) -> None:
    etag = reader.get(TENANT_URL).headers["ETag"]
    program = interrupted(settings, store, clock, lambda: rename(store))
    answer = program.put({"cluster": "us"}, headers={"If-Match": etag})
    assert answer.status_code == 412
    assert answer.get_json()["tenant"]["contactFullName"] == "Ann's choice"
    assert answer.get_json()["tenant"]["cluster"] == "eu"


def test_of_programs_with_one_tag_exactly_one_changes_the_tenant(
    new_client: Callable[[], FlaskClient], store: Store, licensed: Tenant, reader: Program
) -> None:
    etag = reader.get(TENANT_URL).headers["ETag"]
    token = token_for(store, Scope.TENANTS_WRITE)

    def put(number: int) -> int:
        program = Program(new_client(), token)
        headers = {"If-Match": etag}
        return program.put({"accountName": f"Name {number}"}, headers=headers).status_code

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(put, range(6))) == [200] + [412] * 5
    assert len(events_of(store, licensed.id)) == 1


# ---- The history and the page of staff


def test_staff_read_in_words_what_the_program_did(
    writer: Program, anna: Staff, licensed: Tenant
) -> None:
    writer.put({"isActive": False, "cluster": "us"})
    page = anna.get(f"/staff/tenants/{licensed.id}").text
    assert "nightly job (token)" in page
    assert "By a program" in page
    assert "Names and cluster changed" in page


def test_staff_change_names_and_cluster_by_the_same_verb(
    anna: Staff, store: Store, licensed: Tenant
) -> None:
    answer = anna.decide(licensed.id, "names", cluster="https://us.fsm.cloud.sap/x")
    assert answer.status_code == 303, answer.text
    ids = stored(store).ids
    assert ids is not None
    assert (ids.cluster, ids.account_name) == ("us", "Meyer Group")
    assert [event.verb for event in queries.history(store, stored(store))] == ["edit_names"]


# ---- Failures


def test_a_full_disk_saves_nothing_and_says_so(
    settings: Settings, store: Store, clock: Clock, licensed: Tenant
) -> None:
    troubled = TroubledStore(store)
    app = create_app(settings, store=troubled, clock=clock.now)
    app.test_client_class = StrictClient
    program = Program(app.test_client(), token_for(store, Scope.TENANTS_WRITE))
    written: list[str] = []

    def full_for_the_change(call: str, number: int) -> Exception | None:
        written.extend([call] if call == "write" else [])
        return FULL if call == "write" and len(written) > 1 else None

    troubled.begin(full_for_the_change)
    answer = program.put(ALL)
    troubled.calm()
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    assert "Nothing was saved." in answer.get_json()["message"]
    assert stored(store) == licensed


def test_a_licence_without_an_end_may_get_one(writer: Program, store: Store) -> None:
    open_ended = stored_tenant(validity=Validity(valid_from=START, open_ended=True))
    store.write([Add(records.item_of(open_ended))])
    assert "validTo" not in writer.get(TENANT_URL).get_json()["tenant"]
    end = format_timestamp(START + timedelta(days=5))
    assert writer.put({"validTo": end}).get_json()["tenant"]["validTo"] == end
    assert stored(store).validity == Validity(valid_from=START, valid_to=START + timedelta(days=5))
    assert tenants_in(store).keys() == {"86810_104348"}
