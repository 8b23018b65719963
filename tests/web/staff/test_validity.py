"""Setting the validity, in a time zone with days of 23 and 25 hours."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal.settings import Settings
from portal.stores.contract import Replace, Store
from portal.timestamps import parse_timestamp
from tests.conftest import Clock
from tests.web.pages import (
    Staff,
    by_id,
    everything,
    facts,
    fields,
    first,
    form_of,
    forms,
    outcome,
    page_words,
    summary,
    tenants_in,
    words,
)

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
    assert anna.agree(active, "validity", valid_from=first, valid_to=last).status_code == 303
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
    assert anna.agree(active, "validity", **days).status_code == 303
    answer = client.get("/api/validate?accountId=86810&companyId=104348").get_json()
    assert (answer["error"], answer["validTo"]) == ("EXPIRED", "2026-11-22T22:59:59.999Z")


def test_old_and_new_go_into_the_history(active: str, anna: Staff) -> None:
    anna.decide(active, "validity", valid_from="2026-11-23", valid_to="2028-05-01")
    history = page_words(anna.page(active)).partition("History")[2]
    zone = "24:00 Europe/Berlin"
    assert f"Valid through: 22 Nov 2027, {zone} → 1 May 2028, {zone}" in history


def test_renewing_twice_from_a_double_click_adds_one_term(
    active: str, anna: Staff, store: Store
) -> None:
    form = anna.form(active, "validity") | {"term": "1y"}
    anna.send(active, "validity", form)
    anna.send(active, "validity", form)
    assert tenants_in(store)[active]["validTo"] == "2028-11-22T22:59:59.999Z"


def test_a_suspended_tenant_gets_another_validity_and_stays_suspended(
    active: str, anna: Staff, store: Store
) -> None:
    anna.decide(active, "suspend", reason="unpaid")
    days = {"valid_from": "2026-11-23", "valid_to": "2027-12-31"}
    assert anna.decide(active, "validity", **days).status_code == 303
    tenant = tenants_in(store)[active]
    assert (tenant["status"], tenant["validTo"]) == ("suspended", "2027-12-31T22:59:59.999Z")


def test_t27_the_answer_agrees_with_the_days_to_the_millisecond(
    client: FlaskClient, active: str, anna: Staff, store: Store, clock: Clock
) -> None:
    anna.agree(active, "validity", valid_from="2027-03-28", valid_to="2027-10-31")
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
    assert {name: tenants_in(store)[active][name] for name in exact} == exact


@pytest.mark.parametrize(
    ("name", "day", "stays"),
    [
        ("valid_from", "2026-10-01", {"validTo": "2027-02-01T17:45:00.001Z"}),
        ("valid_to", "2027-03-01", {"validFrom": "2026-11-01T08:15:30.123Z"}),
    ],
)
def test_changing_one_end_of_an_imported_validity_leaves_the_other_instant(
    *, active: str, anna: Staff, store: Store, name: str, day: str, stays: dict[str, str]
) -> None:
    tenant = tenants_in(store)[active]
    exact = {"validFrom": "2026-11-01T08:15:30.123Z", "validTo": "2027-02-01T17:45:00.001Z"}
    store.write([Replace({**tenant, **exact, "version": 2}, 1)])
    assert anna.decide(active, "validity", **{name: day}).status_code == 303
    after = tenants_in(store)[active]
    assert {name: after[name] for name in stays} == stays
    assert {name for name in exact if after[name] != exact[name]} == set(exact) - set(stays)


def test_a_licence_without_an_end_stays_without_until_somebody_enters_one(
    active: str, anna: Staff, store: Store
) -> None:
    tenant = tenants_in(store)[active]
    without_end = {name: value for name, value in tenant.items() if name != "validTo"}
    store.write([Replace({**without_end, "openEnded": True, "version": 2}, 1)])
    assert anna.decide(active, "validity", valid_from="2026-11-01").status_code == 303
    after = tenants_in(store)[active]
    assert (after.get("validTo"), after["openEnded"]) == (None, True)
    assert anna.agree(active, "validity", valid_to="2028-01-01").status_code == 303
    after = tenants_in(store)[active]
    assert (after["validTo"], after.get("openEnded")) == ("2028-01-01T22:59:59.999Z", None)


# ---- A term


def test_a_term_and_another_typed_day_are_refused(active: str, anna: Staff, store: Store) -> None:
    before = everything(store)
    page = anna.decide(active, "validity", valid_to="2026-11-22", term="1y")
    assert page.status_code == 422
    sentence = "Choose a term or type a last day, not both: the term ends on 22 November 2028."
    assert summary(page) == [("validity-valid_to", sentence)]
    form = form_of(page, f"/staff/tenants/{active}/validity")
    assert (form["valid_to"], form["term"]) == ("2026-11-22", "1y")
    assert everything(store) == before


def test_a_term_and_the_day_that_it_ends_on_agree(active: str, anna: Staff, store: Store) -> None:
    assert anna.decide(active, "validity", valid_to="2028-11-22", term="1y").status_code == 303
    assert tenants_in(store)[active]["validTo"] == "2028-11-22T22:59:59.999Z"


@pytest.mark.parametrize("term", ["3y", "1Y", " 1y", "0", "30d,1y"])
def test_an_unknown_term_is_refused(active: str, anna: Staff, store: Store, term: str) -> None:
    before = everything(store)
    page = anna.decide(active, "validity", term=term)
    assert page.status_code == 422
    assert summary(page) == [("validity-term", "Choose one of the terms.")]
    assert everything(store) == before


@pytest.mark.parametrize(
    ("end", "term", "expected"),
    [
        # From its end, if that is to come.
        ("2028-11-27", "1y", "2029-11-27"),
        ("2028-11-27", "30d", "2028-12-27"),
        ("2028-11-27", "eoy", "2028-12-31"),
        ("2026-12-31", "eoy", "2027-12-31"),
        ("2028-02-28", "1y", "2029-02-28"),
        # From today, if it has passed.
        ("2026-11-22", "1y", "2027-11-22"),
        ("2025-01-01", "30d", "2026-12-22"),
    ],
)
def test_a_term_prolongs_the_licence_and_never_shortens_it(
    *, active: str, anna: Staff, store: Store, end: str, term: str, expected: str
) -> None:
    tenant = tenants_in(store)[active]
    start = {"validFrom": "2024-12-31T23:00:00.000Z"}
    store.write([Replace({**tenant, **start, "validTo": f"{end}T22:59:59.999Z", "version": 2}, 1)])
    assert anna.decide(active, "validity", term=term).status_code == 303
    assert tenants_in(store)[active]["validTo"] == f"{expected}T22:59:59.999Z"


def test_a_term_on_a_licence_for_ever_asks_before_it_ends_it(
    active: str, anna: Staff, store: Store
) -> None:
    tenant = tenants_in(store)[active]
    end = {"validTo": "9999-12-31T23:59:59.999Z"}
    store.write([Replace({**tenant, **end, "version": 2}, 1)])
    assert anna.decide(active, "validity", term="1y").status_code == 422
    assert tenants_in(store)[active]["validTo"] == end["validTo"]


# ---- Taking access away


def asked(page: TestResponse) -> str:
    assert page.status_code == 422
    return words(by_id(page, "question-validity"))


ENDS = "22 Nov 2027, 24:00 Europe/Berlin"
STARTS = "23 Nov 2026, 00:00 Europe/Berlin"


@pytest.mark.parametrize(
    ("typed", "question", "button"),
    [
        (
            {"valid_to": "2027-05-01"},
            ("This takes days of access away."
            f" Valid through: {ENDS} → 1 May 2027, 24:00 Europe/Berlin"),
            "Shorten the validity",
        ),
        (
            {"valid_to": "2026-11-22", "valid_from": "2026-11-01"},
            ("This ends access at once."
            f" Valid from: {STARTS} → 1 Nov 2026, 00:00 Europe/Berlin"
            f" Valid through: {ENDS} → 22 Nov 2026, 24:00 Europe/Berlin"),
            "End access",
        ),
        (
            {"valid_from": "2026-11-24"},
            ("This takes days of access away."
            f" Valid from: {STARTS} → 24 Nov 2026, 00:00 Europe/Berlin"),
            "Shorten the validity",
        ),
    ],
)  # fmt: skip
def test_shortening_and_ending_ask_first(
    *, active: str, anna: Staff, store: Store, typed: dict[str, str], question: str, button: str
) -> None:
    before = everything(store)
    for htmx in (True, False):
        page = anna.send(active, "validity", anna.form(active, "validity") | typed, htmx=htmx)
        assert asked(page) == question
        form = forms(page)[f"/staff/tenants/{active}/validity"]
        assert words(first(form, ".//button")) == button
    assert everything(store) == before
    answer = anna.send(active, "validity", fields(form))
    assert answer.status_code == 303
    assert tenants_in(store)[active]["version"] == 2


def test_who_agreed_to_one_day_is_asked_again_about_another(
    active: str, anna: Staff, store: Store
) -> None:
    page = anna.decide(active, "validity", valid_to="2027-05-01")
    form = form_of(page, f"/staff/tenants/{active}/validity")
    again = anna.send(active, "validity", form | {"valid_to": "2026-12-01"})
    assert asked(again).endswith("→ 1 Dec 2026, 24:00 Europe/Berlin")
    longer = anna.send(active, "validity", form | {"valid_to": "2028-01-01"})
    assert longer.status_code == 303
    assert tenants_in(store)[active]["validTo"] == "2028-01-01T22:59:59.999Z"


@pytest.mark.parametrize("agreed", ["", "1", "/", "x/y", "2026-11-22T23:00:00.000Z/"])
def test_an_agreement_to_something_else_is_none(
    active: str, anna: Staff, store: Store, agreed: str
) -> None:
    before = everything(store)
    form = anna.form(active, "validity") | {"valid_to": "2027-05-01", "agreed": agreed}
    assert anna.send(active, "validity", form).status_code == 422
    assert everything(store) == before


def test_the_outcome_says_old_and_new(active: str, anna: Staff) -> None:
    page = anna.get(anna.decide(active, "validity", term="1y").location)
    assert outcome(page) == (
        "The licence of Example GmbH now ends on 22 November 2028, before: 22 November 2027."
    )


def test_an_end_in_the_past_is_confirmed_in_other_words(active: str, anna: Staff) -> None:
    days = {"valid_from": "2026-11-01", "valid_to": "2026-11-22"}
    page = anna.get(anna.agree(active, "validity", **days).location)
    assert outcome(page).startswith(
        "The licence of Example GmbH has ended on 22 November 2026, before: 22 November 2027."
    )
