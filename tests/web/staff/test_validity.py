"""Setting the validity, in a time zone with days of 23 and 25 hours."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient

from portal.settings import Settings
from portal.stores.contract import Replace, Store
from portal.timestamps import parse_timestamp
from tests.conftest import Clock
from tests.web.pages import Staff, everything, facts, form_of, page_words, summary, tenants_in

BERLIN = ZoneInfo("Europe/Berlin")
DATE_WRONG = "Enter a date as YYYY-MM-DD between 2000 and 2199."


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, time_zone=BERLIN)


@pytest.mark.parametrize(
    ("first", "last", "valid_from", "valid_to"),
    [
        pytest.param(
            "2027-03-28",
            "2027-03-28",
            "2027-03-27T23:00:00.000Z",
            "2027-03-28T21:59:59.999Z",
            id="S09-a-day-of-23-hours",
        ),
        pytest.param(
            "2026-10-25",
            "2026-10-25",
            "2026-10-24T22:00:00.000Z",
            "2026-10-25T22:59:59.999Z",
            id="S09-a-day-of-25-hours",
        ),
        pytest.param(
            "2026-12-31",
            "2027-06-30",
            "2026-12-30T23:00:00.000Z",
            "2027-06-30T21:59:59.999Z",
            id="S09-from-winter-to-summer",
        ),
    ],
)
def test_days_become_instants_and_are_shown_back_unchanged(
    *, active: str, anna: Staff, store: Store, first: str, last: str, valid_from: str, valid_to: str
) -> None:
    assert anna.decide(active, "validity", valid_from=first, valid_to=last).status_code == 303
    tenant = tenants_in(store)[active]
    assert (tenant["validFrom"], tenant["validTo"]) == (valid_from, valid_to)
    form = anna.form(active, "validity")
    assert (form["valid_from"], form["valid_to"]) == (first, last)
    assert facts(anna.page(active))["Valid through"].endswith("24:00 Europe/Berlin")
    form = anna.form(active, "validity")
    anna.send(active, "validity", form)
    tenant = tenants_in(store)[active]
    assert (tenant["validFrom"], tenant["validTo"]) == (valid_from, valid_to)


@pytest.mark.parametrize(
    "typed",
    [
        "2026-02-30",
        "20260101",
        "2026-W01-1",
        "9999-12-31",
        "0001-01-01",
        "٢٠٢٦-٠١-٠١",
        "1999-12-31",
        "2200-01-01",
        "2026-01-01T00:00",
        "",
    ],
)
def test_s08_a_text_that_is_no_valid_day_is_refused(
    active: str, anna: Staff, store: Store, typed: str
) -> None:
    before = everything(store)
    page = anna.decide(active, "validity", valid_from=typed, valid_to=typed)
    assert page.status_code == 422
    assert summary(page) == [("validity-valid_from", DATE_WRONG), ("validity-valid_to", DATE_WRONG)]
    form = form_of(page, f"/staff/tenants/{active}/validity")
    assert (form["valid_from"], form["valid_to"]) == (typed, typed)
    assert everything(store) == before


def test_s07_the_end_must_not_be_before_the_start(active: str, anna: Staff, store: Store) -> None:
    before = everything(store)
    page = anna.decide(active, "validity", valid_from="2027-01-02", valid_to="2027-01-01")
    assert page.status_code == 422
    assert summary(page) == [("validity-valid_to", "The end must not be before the start.")]
    assert everything(store) == before


def test_a_validity_in_the_past_ends_access(client: FlaskClient, active: str, anna: Staff) -> None:
    days = {"valid_from": "2026-01-01", "valid_to": "2026-11-22"}
    assert anna.decide(active, "validity", **days).status_code == 303
    answer = client.get("/api/validate?accountId=86810&companyId=104348").get_json()
    assert (answer["error"], answer["validTo"]) == ("EXPIRED", "2026-11-22T22:59:59.999Z")


def test_old_and_new_go_into_the_history(active: str, anna: Staff) -> None:
    anna.decide(active, "validity", valid_from="2026-11-23", valid_to="2027-05-01")
    history = page_words(anna.page(active)).partition("History")[2]
    assert "Valid through: 7 Dec 2026, 24:00 → 1 May 2027, 24:00" in history


def test_renewing_twice_from_a_double_click_adds_one_term(
    active: str, anna: Staff, store: Store
) -> None:
    form = anna.form(active, "validity") | {"term": "1y"}
    anna.send(active, "validity", form)
    anna.send(active, "validity", form)
    assert tenants_in(store)[active]["validTo"] == "2027-11-22T22:59:59.999Z"


def test_a_suspended_tenant_gets_another_validity_and_stays_suspended(
    active: str, anna: Staff, store: Store
) -> None:
    anna.decide(active, "suspend", reason="unpaid")
    days = {"valid_from": "2027-01-01", "valid_to": "2027-12-31"}
    assert anna.decide(active, "validity", **days).status_code == 303
    tenant = tenants_in(store)[active]
    assert (tenant["status"], tenant["validTo"]) == ("suspended", "2027-12-31T22:59:59.999Z")


def test_t27_the_answer_agrees_with_the_days_to_the_millisecond(
    client: FlaskClient, active: str, anna: Staff, store: Store, clock: Clock
) -> None:
    anna.decide(active, "validity", valid_from="2027-03-28", valid_to="2027-10-31")
    tenant = tenants_in(store)[active]
    start, end = parse_timestamp(str(tenant["validFrom"])), parse_timestamp(str(tenant["validTo"]))
    assert start is not None
    assert end is not None
    assert start == datetime(2027, 3, 28, tzinfo=BERLIN).astimezone(UTC)
    millisecond = timedelta(milliseconds=1)
    answers = []
    for instant in (start - millisecond, start, end, end + millisecond):
        clock.advance(seconds=(instant - clock.now()).total_seconds())
        answer = client.get("/api/validate?accountId=86810&companyId=104348").get_json()
        answers.append(answer.get("reason", answer["isValid"]))
    assert answers == ["NOT_YET_VALID", True, True, "EXPIRED"]


def test_an_imported_validity_keeps_its_exact_instants_until_it_is_changed(
    active: str, anna: Staff, store: Store
) -> None:
    tenant = tenants_in(store)[active]
    exact = {"validFrom": "2026-11-01T08:15:30.123Z", "validTo": "2027-02-01T17:45:00.001Z"}
    store.write([Replace({**tenant, **exact, "version": 2}, 1)])
    assert facts(anna.page(active))["Valid through"] == "1 Feb 2027, 18:45 Europe/Berlin"
    anna.decide(active, "contact", name="Somebody Else")
    assert {name: tenants_in(store)[active][name] for name in exact} == exact
    anna.send(active, "validity", anna.form(active, "validity"))
    assert tenants_in(store)[active]["validTo"] == "2027-02-01T22:59:59.999Z"
