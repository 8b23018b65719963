"""The report for auditors: who decided what, and when."""

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest

from portal import onboarding, queries, records
from portal.auth import id_of_address, make_sign_in_link
from portal.reports import complete_report_index, decisions_as_csv, whole_or_said
from portal.stores.contract import Replace, Store, UnavailableError
from portal.stores.reading import iter_scan
from portal.stores.schema import GSI1, KEY
from portal.tenants import AuditInfo, Contact, Reason
from tests.conftest import START
from tests.examples import (
    ANN,
    BOB,
    CONTACT,
    CUSTOMER,
    IDS,
    OTHER_CONTACT,
    Counting,
    PlainSealer,
    activate,
    sign_up,
)
from tests.web.failing_store import GONE, TroubledStore

DAY = timedelta(days=1)
RESULT = dict[str, str]


@pytest.fixture
def store(each_store: Store) -> Store:
    return each_store


def rejected(
    store: Store, number: int = 1, *, audit: AuditInfo = ANN, contact: Contact = CONTACT
) -> None:
    tenant = sign_up(store, number, contact=contact)
    onboarding.reject(
        store, tenant.id, expected_version=tenant.version, audit=audit, reason=Reason.OTHER
    )


def at(audit: AuditInfo, instant: datetime) -> AuditInfo:
    return replace(audit, at=instant)


def parsed(text: str) -> list[RESULT]:
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def report(
    store: Store, start: datetime = START - DAY, end: datetime = START + DAY
) -> list[RESULT]:
    """The lines of the report, without the note that earlier decisions may be missing."""
    lines = parsed("".join(decisions_as_csv(store, START - DAY, end)))
    return [line for line in lines if not line["at"].startswith("NOTE")]


def test_it_says_who_decided_what_when_and_why(store: Store) -> None:
    tenant = activate(store, PlainSealer(), sign_up(store))
    bob = at(BOB, START + timedelta(hours=1))
    onboarding.suspend(
        store, tenant.id, expected_version=tenant.version, audit=bob, reason=Reason.UNPAID
    )
    first, second = report(store)
    assert (first["decision"], first["by"], first["byId"]) == ("activate", ANN.by, ANN.who)
    assert first["at"] == "2026-11-23T10:00:00.000Z"
    assert first["requestId"] == ANN.request_id
    assert "status: pending -> active" in first["changes"]
    assert second == {
        "at": "2026-11-23T11:00:00.000Z",
        "by": "Bob Approver",
        "byAddress": "",
        "byId": "staff-bob",
        "decision": "suspend",
        "tenantId": IDS.tenant_id,
        "company": "Meyer Elevators",
        "reason": "unpaid",
        "changes": "status: active -> suspended",
        "requestId": BOB.request_id,
    }


def test_it_holds_the_address_of_a_person_while_the_list_of_staff_has_it(store: Store) -> None:
    make_sign_in_link(store, email="ann@example.com", name="Ann", role="approver", now=START)
    ann = replace(ANN, who=id_of_address(store, "ann@example.com"))
    rejected(store, audit=ann)
    assert [line["byAddress"] for line in report(store)] == ["ann@example.com"]


def test_nothing_of_a_contact_is_in_it_and_nothing_that_the_customer_did(store: Store) -> None:
    tenant = sign_up(store)
    onboarding.edit_contact(
        store, tenant.id, expected_version=tenant.version, audit=ANN, contact=OTHER_CONTACT
    )
    tenant = onboarding.load(store, tenant.id).tenant
    onboarding.withdraw(store, tenant.id, expected_version=tenant.version, audit=CUSTOMER)
    (line,) = report(store)
    assert (line["decision"], line["changes"]) == ("edit_contact", "contact changed")
    text = " ".join(line.values())
    assert not [each for each in ("Kim", "Lou", "+49", "•", "@") if each in text]


def test_what_was_erased_stays_erased(store: Store) -> None:
    rejected(store)
    assert [line["company"] for line in report(store)] == ["Meyer Elevators"]
    onboarding.erase_closed_before(store, START + DAY, AuditInfo(by="retention", at=START + DAY))
    lines = report(store, end=START + 2 * DAY)
    assert [(line["decision"], line["by"]) for line in lines] == [
        ("reject", ANN.by),
        ("erase", "retention"),
    ]
    assert "Meyer" not in str(lines)


def test_it_begins_with_the_first_instant_and_ends_before_the_last(store: Store) -> None:
    instants = [START, START + DAY, START + 40 * DAY, START + 70 * DAY]
    for number, instant in enumerate(instants, 1):
        rejected(store, number, audit=at(ANN, instant))

    def times(start: datetime, end: datetime) -> list[datetime | None]:
        return [each.event.at for each in queries.decided_between(store, start, end)]

    assert times(START, START + 71 * DAY) == instants
    assert times(START + timedelta(milliseconds=1), START + 70 * DAY) == instants[1:3]
    assert times(START + 41 * DAY, START + 42 * DAY) == []
    # Two months, and nothing else, are read for two days around the end of one.
    counting = Counting(store)
    end_of_month = datetime(2026, 11, 30, tzinfo=UTC)
    list(queries.decided_between(counting, end_of_month, end_of_month + 2 * DAY))
    assert counting.cost.queries == 2


def as_of_before(store: Store) -> None:
    """All events as the last version wrote them."""
    for item in list(iter_scan(store)):
        if records.item_kind(str(item[KEY])) == "event":
            old = {k: v for k, v in item.items() if k not in (GSI1.partition, GSI1.sort)}
            store.write([Replace({**old, "version": 2}, 1)])


def test_decisions_of_earlier_versions_are_put_into_it_once(store: Store) -> None:
    activate(store, PlainSealer(), sign_up(store))
    tenant = sign_up(store, 2)
    onboarding.withdraw(store, tenant.id, expected_version=tenant.version, audit=CUSTOMER)
    before = report(store)
    as_of_before(store)
    assert report(store) == []
    assert "report-index" in "".join(decisions_as_csv(store, START - DAY, START + DAY))
    assert complete_report_index(store, START) == len(before) == 1
    assert report(store) == before
    assert "report-index" not in "".join(decisions_as_csv(store, START - DAY, START + DAY))
    assert complete_report_index(store, START) == 0


def test_a_report_that_breaks_off_says_so(store: Store) -> None:
    for number in range(1, 61):
        rejected(store, number)
    troubled = TroubledStore(store)
    calls = []

    def trouble(call: str, number: int) -> Exception | None:
        del number
        calls.extend([call] if call == "query" else [])
        return GONE if len(calls) == 2 else None

    troubled.begin(trouble)
    lines: list[str] = []

    pieces = whole_or_said(decisions_as_csv(cast(Store, troubled), START - DAY, START + DAY))
    with pytest.raises(UnavailableError):
        lines.extend(pieces)
    assert len(lines) == 1 + 50 + 1
    assert lines[-1].startswith('"INCOMPLETE')


def test_no_cell_is_a_formula(store: Store) -> None:
    contact = Contact(company="=1+1", name="N", email="n@example.com")
    rejected(store, audit=replace(ANN, by="@SUM(A1)"), contact=contact)
    (line,) = report(store)
    assert (line["company"], line["by"]) == ("'=1+1", "'@SUM(A1)")
