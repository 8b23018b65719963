"""`GET /api/tenants` and `GET /api/tenants/<tenantId>/events`."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from portal import onboarding, records
from portal.queries import PageCursor
from portal.search import Walk, begin_anew, newest_changes
from portal.stores.contract import Add, Remove, Store, Value
from portal.tenants import Ids, Status, Tenant, Validity
from portal.web.http.signed_links import SignedLinks
from tests.conftest import SECRET_KEY, START, Clock
from tests.examples import ANN, PERSONAL, Counting, later
from tests.web.api.api_calls import Program, stored_tenant
from tests.web.pages import Staff, sent_in

EVENTS = "/api/tenants/86810_104348/events"


def add(store: Store, number: int, status: Status = Status.ACTIVE, days: int = 0) -> Tenant:
    """A tenant whose licence ends `days` later than the first one's."""
    ids = Ids(account_id="1", company_id=str(number), cluster="eu")
    end = START + timedelta(days=30 + days)
    tenant = stored_tenant(
        id=ids.tenant_id, ids=ids, status=status, validity=Validity(valid_from=START, valid_to=end)
    )
    store.write([Add(records.item_of(tenant))])
    return tenant


def change(store: Store, tenant_id: str, *, minutes: int) -> None:
    names = onboarding.TenantChanges(client_id=f"another {minutes}")
    onboarding.change_tenant(store, tenant_id, names, audit=later(ANN, minutes=minutes))


def indexed(store: Store) -> None:
    """The background process has seen every tenant."""
    begin_anew(store)
    assert not Walk(store=store, clock=lambda: START).run_if_due()


def pages(program: Program, url: str, name: str) -> list[list[dict[str, Any]]]:
    """All pages of a list."""
    found, cursor = [], ""
    while True:
        mark = "&" if "?" in url else "?"
        answer = program.get(url + (f"{mark}cursor={cursor}" if cursor else ""))
        assert answer.status_code == 200, answer.text
        body = answer.get_json()
        found.append(body[name])
        cursor = body.get("nextCursor", "")
        if not cursor:
            return found


def test_a_page_holds_rows_without_personal_details(reader: Program, store: Store) -> None:
    store.write([Add(records.item_of(stored_tenant()))])
    body = reader.get("/api/tenants").get_json()
    assert body == {"tenants": [{
        "tenantId": "86810_104348", "status": "active", "access": "valid", "isActive": True,
        "accountId": "86810", "companyId": "104348", "contactCompanyName": "Meyer Elevators",
        "validFrom": "2026-11-23T00:00:00.000Z", "validTo": "2027-11-22T23:59:59.999Z",
        "createdAt": "2026-11-23T10:00:00.000Z",
    }]}  # fmt: skip
    personal = [text for text in PERSONAL if text not in ("Meyer Elevators", "Meyer Lifts")]
    assert [text for text in personal if text in str(body)] == []


def test_pages_show_each_tenant_once_the_newest_change_first(reader: Program, store: Store) -> None:
    for number in range(7):
        add(store, number, days=number)
    for number in (5, 2):
        change(store, f"1_{number}", minutes=9 - number)
    indexed(store)
    found = pages(reader, "/api/tenants?status=active&limit=3", "tenants")
    assert [len(page) for page in found] == [3, 3, 1]
    ids = [row["tenantId"] for page in found for row in page]
    # Those that never changed came at the same moment: then the id decides.
    assert ids == ["1_2", "1_5", "1_6", "1_4", "1_3", "1_1", "1_0"]
    assert found[0][0]["changedAt"] == "2026-11-23T10:07:00.000Z"


@pytest.mark.parametrize("status", ["pending", "suspended", "active", "rejected"])
def test_in_every_status_the_newest_change_comes_first(
    reader: Program, store: Store, status: str
) -> None:
    for number in range(3):
        at = START + timedelta(minutes=number)
        changed = START + timedelta(days=9 - number)
        tenant = stored_tenant(
            id=f"pending-{number}", status=Status(status), created_at=at, updated_at=changed
        )
        store.write([Add(records.item_of(tenant))])
    indexed(store)
    (rows,) = pages(reader, f"/api/tenants?status={status}", "tenants")
    assert [row["tenantId"] for row in rows] == ["pending-0", "pending-1", "pending-2"]


def test_active_tenants_without_an_end_come_by_their_change_as_well(
    reader: Program, store: Store
) -> None:
    for number in range(3):
        add(store, number, days=number)
    endless = Validity(valid_from=START, valid_to=None, open_ended=True)
    ids = Ids(account_id="1", company_id="9", cluster="eu")
    tenant = stored_tenant(id=ids.tenant_id, ids=ids, validity=endless)
    store.write([Add(records.item_of(tenant))])
    change(store, "1_0", minutes=9)
    indexed(store)
    (rows,) = pages(reader, "/api/tenants?status=active", "tenants")
    assert [row["tenantId"] for row in rows] == ["1_0", "1_9", "1_2", "1_1"]
    assert rows[0]["changedAt"] == "2026-11-23T10:09:00.000Z"


def test_without_a_status_every_tenant_comes_by_its_newest_change(
    reader: Program, store: Store
) -> None:
    for number, status in enumerate(status for status in Status for _ in range(2)):
        tenant = stored_tenant(
            id=f"1_{number}", status=status, updated_at=START + timedelta(minutes=number * 7 % 10)
        )
        store.write([Add(records.item_of(tenant))])
    indexed(store)
    found = pages(reader, "/api/tenants?limit=3", "tenants")
    moments = [row["changedAt"] for page in found for row in page]
    assert moments == sorted(moments, reverse=True)
    assert len(set(moments)) == len(moments) == 10
    assert [len(page) for page in found] == [3, 3, 3, 1]


def test_sign_ups_that_were_set_aside_are_left_out(reader: Program, store: Store) -> None:
    for number in range(2):
        tenant = stored_tenant(id=f"pending-{number}", status=Status.PENDING, set_aside=number == 0)
        store.write([Add(records.item_of(tenant))])
    indexed(store)
    (rows,) = pages(reader, "/api/tenants", "tenants")
    assert [row["tenantId"] for row in rows] == ["pending-1"]


def test_until_every_tenant_is_in_the_list_of_changes_the_lists_by_status_are_shown(
    reader: Program, store: Store
) -> None:
    for number, status in enumerate(status for status in Status for _ in range(2)):
        add(store, number, status)
    first = reader.get("/api/tenants?limit=3").get_json()
    indexed(store)
    # Its pages go on in its order.
    rest = pages(reader, f"/api/tenants?limit=9&cursor={first['nextCursor']}", "tenants")[0]
    statuses = [row["status"] for row in [*first["tenants"], *rest]]
    assert statuses == [status.value for status in Status for _ in range(2)]


def test_what_is_gone_or_changed_since_the_list_was_made_is_left_out(
    reader: Program, store: Store
) -> None:
    for number in range(6):
        add(store, number)
    indexed(store)
    store.write([Remove("1_5", 1)])
    onboarding.change_tenant(store, "1_4", onboarding.TenantChanges(is_active=False), audit=ANN)
    found = pages(reader, "/api/tenants?status=active&limit=2", "tenants")
    assert [row["tenantId"] for page in found for row in page] == ["1_3", "1_2", "1_1", "1_0"]


def test_a_tenant_that_changes_between_two_pages_hides_no_other(
    reader: Program, store: Store
) -> None:
    for number in range(6):
        add(store, number, days=number)
    indexed(store)
    first = reader.get("/api/tenants?status=active&limit=3").get_json()
    onboarding.change_tenant(store, "1_4", onboarding.TenantChanges(is_active=False), audit=ANN)
    onboarding.change_tenant(
        store,
        "1_1",
        onboarding.TenantChanges(valid_to=START + timedelta(days=300)),
        audit=ANN,
    )
    url = f"/api/tenants?status=active&limit=3&cursor={first['nextCursor']}"
    rest = reader.get(url).get_json()
    assert [row["tenantId"] for row in rest["tenants"]] == ["1_2", "1_1", "1_0"]


@pytest.mark.parametrize("number", [40, 200])
def test_a_page_costs_the_same_however_many_there_are(store: Store, number: int) -> None:
    counting = Counting(store)
    for each in range(number):
        add(store, each)
    indexed(store)
    found = newest_changes(counting, list(Status), limit=5)
    assert len(found.items) == 5
    assert (counting.cost.queries, counting.cost.gets) == (5, 5)
    assert counting.cost.rows == 5


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("?status=deleted", "invalid_parameter"),
        ("?status=", "invalid_parameter"),
        ("?status=active&status", "invalid_parameter"),
        ("?limit=0", "invalid_parameter"),
        ("?limit=101", "invalid_parameter"),
        ("?limit=-1", "invalid_parameter"),
        ("?limit=%D9%A1", "invalid_parameter"),
        ("?limit=1e1", "invalid_parameter"),
        ("?cursor=", "invalid_cursor"),
        ("?cursor=x", "invalid_cursor"),
        ("?page=2", "unknown_parameter"),
    ],
)
def test_a_parameter_that_cannot_be_is_refused(reader: Program, query: str, error: str) -> None:
    answer = reader.get(f"/api/tenants{query}")
    assert (answer.status_code, answer.get_json()["error"]) == (400, error)


def test_a_cursor_opens_no_other_list(reader: Program, store: Store, licensed: Tenant) -> None:
    links = SignedLinks([SECRET_KEY])
    position = PageCursor(0, ("2026", "x"))
    names = {"staff list": "tenants pending", "another status": "api changes pending"}
    for name in names.values():
        answer = reader.get(f"/api/tenants?status=active&cursor={links.cursor(position, name)}")
        assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_cursor")
        assert reader.get(f"{EVENTS}?cursor={links.cursor(position, name)}").status_code == 400
    assert reader.get("/api/tenants?cursor=" + links.cursor(position, "tenants")).status_code == 400
    good = links.cursor(position, "api changes active")
    assert reader.get(f"/api/tenants?status=active&cursor={good}").status_code == 200
    for forged in (good[:-1], good.swapcase(), f"{good}x", good.replace(".", "")):
        answer = reader.get(f"/api/tenants?status=active&cursor={forged}")
        assert answer.status_code == 400


def test_a_cursor_without_a_status_goes_on_in_its_list(reader: Program, store: Store) -> None:
    for number, status in enumerate((Status.ACTIVE, Status.ACTIVE, Status.SUSPENDED)):
        add(store, number, status)
    first = reader.get("/api/tenants?status=active&limit=1").get_json()
    assert "nextCursor" in first
    rest = reader.get(f"/api/tenants?cursor={first['nextCursor']}").get_json()
    assert [row["status"] for row in rest["tenants"]] == ["active"]
    assert "nextCursor" not in rest


# ---- The history of one tenant


def test_the_history_goes_back_over_the_activation(
    reader: Program, writer: Program, new_client, anna: Staff, clock: Clock
) -> None:
    pending = sent_in(new_client()).id
    anna.decide(pending, "contact", name="Lou Meyer")
    clock.advance(minutes=1)
    anna.decide(pending, "activate", account_id="86810", company_id="104348", cluster="eu")
    clock.advance(minutes=1)
    writer.put({"isActive": False})
    clock.advance(minutes=1)
    writer.put({"isActive": True})
    found = pages(reader, f"{EVENTS}?limit=1", "events")
    events = [event for page in found for event in page]
    verbs = [event["verb"] for event in events]
    assert verbs == ["reinstate", "suspend", "activate", "edit_contact"]
    assert [event["by"] for event in events] == ["nightly job (token)"] * 2 + ["Anna"] * 2
    assert events[1]["changes"] == [{"field": "status", "old": "active", "new": "suspended"}]
    assert events[1]["reason"] == "api"
    assert events[3]["changes"] == [{"field": "contactFullName"}]
    assert "Lou Meyer" not in str(events)


def test_a_tenant_without_changes_has_an_empty_history(reader: Program, licensed: Tenant) -> None:
    assert reader.get(EVENTS).get_json() == {"events": []}


def test_old_records_are_listed_as_far_as_they_are_there(reader: Program, store: Store) -> None:
    key = {"gsi2pk": "STATUS#active", "gsi2sk": "9999"}
    store.write([Add({"tenantId": "5_6", "accountId": 5, "validTo": "no date", **key})])
    (row,) = reader.get("/api/tenants?status=active").get_json()["tenants"]
    assert (row["tenantId"], row["accountId"], row["status"]) == ("5_6", "", "suspended")


def test_a_list_says_what_an_old_record_lacks(reader: Program, store: Store) -> None:
    old: dict[str, Value] = {
        "tenantId": "5_6",
        "isActive": True,
        "accountId": "5",
        "companyId": "6",
    }
    store.write([Add(old | records.index_keys_of(old))])
    add(store, 7)
    rows = reader.get("/api/tenants?status=active").get_json()["tenants"]
    lacking = {row["tenantId"]: row.get("incomplete", []) for row in rows}
    assert lacking.keys() == {"5_6", "1_7"}
    assert lacking["1_7"] == []
    assert {"end", "contact"} <= set(lacking["5_6"])


def test_a_program_is_told_that_personal_details_were_erased(reader: Program, store: Store) -> None:
    ended, other = add(store, 1, days=-20), add(store, 2)
    audit = replace(ANN, at=START + timedelta(days=25))
    assert onboarding.erase_ended_before(store, START + timedelta(days=20), audit) == 1
    indexed(store)
    for url in ("/api/tenants", "/api/tenants?status=active"):
        rows = {row["tenantId"]: row for row in reader.get(url).get_json()["tenants"]}
        assert rows[ended.id]["personalDataErased"] is True, url
        assert "personalDataErased" not in rows[other.id], url
    whole = reader.get(f"/api/tenant/{ended.id}").get_json()["tenant"]
    assert (whole["personalDataErased"], whole["erasedAt"]) == (True, "2026-12-18T10:00:00.000Z")
    assert (whole["contactFullName"], whole["contactEmailAddress"]) == ("", "")
    assert "incomplete" not in whole
    assert "personalDataErased" not in reader.get(f"/api/tenant/{other.id}").get_json()["tenant"]
