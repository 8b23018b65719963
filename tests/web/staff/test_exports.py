"""A list as CSV, and the report for auditors: who may take them along, and what is in them."""

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import cast
from urllib.parse import parse_qsl

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal import records
from portal.auth import SECURITY_EVENTS, SecurityAct, security_event_of
from portal.settings import Settings
from portal.stores import GSI2, Add, Store, UnavailableError, open_store
from portal.tenants import Contact
from portal.web.staff.exports.csv_download import MAX_AT_ONCE, download_slots
from tests.conftest import Clock
from tests.web.factories import QUEUE, active_tenant, add_tenants, companies, pending_tenant
from tests.web.failing_store import GONE, Trouble, TroubledStore
from tests.web.pages import Staff, forms, heading, links, page_words, sent_in

CSV = "/staff/tenants.csv"
REPORT = "/staff/report.csv"
LINK = "Download this list as CSV"


@pytest.fixture
def troubled(settings: Settings) -> Iterator[TroubledStore]:
    opened = open_store(settings)
    yield TroubledStore(opened)
    opened.close()


@pytest.fixture
def store(troubled: TroubledStore) -> Store:
    """The store of the portal, whose calls a test makes fail."""
    return cast(Store, troubled)


def parsed(answer: TestResponse) -> list[dict[str, str]]:
    assert answer.status_code == 200
    assert answer.content_type == "text/csv; charset=utf-8"
    text = answer.get_data(as_text=True)
    # The mark by which spreadsheets know UTF-8.
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True))


def exports(store: Store) -> list[tuple[SecurityAct | None, str, str]]:
    """What the security log says of exports: the act, who, and which."""
    rows = store.query(GSI2, SECURITY_EVENTS, limit=1000).items
    events = [security_event_of(row) for row in rows]
    acts = (SecurityAct.LIST_EXPORTED, SecurityAct.REPORT_EXPORTED)
    return [(each.act, each.source.by, each.route) for each in events if each.act in acts]


@pytest.mark.usefixtures("demo_tenants")
def test_the_file_has_all_rows_of_the_list_in_its_order(
    viewer: Staff, anna: Staff, store: Store
) -> None:
    add_tenants(store, *(pending_tenant(number) for number in range(10, 130)))
    page = anna.get(QUEUE, query_string={"status": "pending"})
    rows = parsed(anna.get(links(page)[LINK]))
    assert len(rows) == 122
    assert [row["company"] for row in rows][:50] == companies(page)
    assert {row["status"] for row in rows} == {"pending"}
    assert LINK not in links(viewer.get(QUEUE))


def test_the_file_has_all_that_nobody_looks_after(anna: Staff, store: Store) -> None:
    add_tenants(store, *(pending_tenant(number) for number in range(10, 140)))
    rows = parsed(anna.get(f"{CSV}?status=pending&owner=nobody"))
    assert len(rows) == 130


def test_a_row_has_stable_columns_instants_and_no_secret(anna: Staff, store: Store) -> None:
    add_tenants(store, active_tenant(1, "Müller & Söhne", timedelta(days=10)))
    (row,) = parsed(anna.get(CSV, query_string={"status": "active"}))
    assert row == {
        "tenantId": "91_1",
        "company": "Müller & Söhne",
        "contact": "Jane Doe",
        "email": "c1@example.com",
        "emailConfirmed": "",
        "status": "active",
        "access": "expiring",
        "accountId": "91",
        "companyId": "1",
        "requestedAt": "2026-11-22T10:00:01.000Z",
        "validFrom": "2026-08-25T10:00:00.000Z",
        "validTo": "2026-12-03T10:00:00.000Z",
        "openEnded": "",
        "decidedAt": "",
        "accountProved": "",
        "personalDataErased": "",
    }


def test_no_cell_is_a_formula_and_none_breaks_its_row(anna: Staff, store: Store) -> None:
    names = ['=HYPERLINK("http://x")', "+1", "-1", "@SUM(A1)", "\t=1", ' =1"\n', '"; "', "＝1"]
    add_tenants(
        store,
        *(
            replace(pending_tenant(number), contact=Contact(company=name, name=name, email=name))
            for number, name in enumerate(names, 1)
        ),
    )
    rows = parsed(anna.get(CSV))
    assert [row["company"].lstrip("'") for row in rows] == names
    for row in rows:
        for name in ("company", "contact", "email"):
            assert row[name].lstrip(" ")[:1] not in tuple("=+-@\t＝"), row


def test_a_search_is_a_file_too_and_the_log_does_not_say_for_what(
    client: FlaskClient, anna: Staff, store: Store, clock: Clock
) -> None:
    sent_in(client, company="Findme AG", email="kim@findme.example")
    clock.advance(minutes=1)
    sent_in(client, company="Other AG", email="lou@other.example")
    query = {"status": "all", "q": "findme ag"}
    assert [row["company"] for row in parsed(anna.get(CSV, query_string=query))] == ["Findme AG"]
    ((act, who, what),) = exports(store)
    assert (act, who) == (SecurityAct.LIST_EXPORTED, "Anna")
    assert dict(parse_qsl(what)) == {"status": "all", "q": "…"}


def test_a_file_that_breaks_off_says_so_and_ends_with_an_error(
    troubled: TroubledStore, store: Store, anna: Staff
) -> None:
    add_tenants(store, *(pending_tenant(number) for number in range(1, 1101)))
    pages: list[str] = []

    def trouble(call: str, number: int) -> Exception | None:
        del number
        pages.extend([call] if call == "query" else [])
        return GONE if len(pages) == 2 else None

    troubled.begin(trouble)
    answer = anna.client.get(CSV, buffered=False)
    assert answer.status_code == 200
    pieces: list[bytes] = []
    with pytest.raises(UnavailableError):
        pieces.extend(answer.iter_encoded())
    assert len(pieces) == 1 + 1000 + 1
    assert pieces[-1].startswith(b'"INCOMPLETE')
    answer.close()
    troubled.calm()
    # Its place is free again.
    assert len(parsed(anna.get(CSV))) == 1100


def fails(name: str) -> Trouble:
    """Every call of this name fails."""
    return lambda call, _number: GONE if call == name else None


def test_a_store_that_does_not_answer_gives_no_file(troubled: TroubledStore, anna: Staff) -> None:
    for failing in ("query", "write"):
        troubled.begin(fails(failing))
        for _ in range(MAX_AT_ONCE + 1):
            assert anna.get(CSV).status_code == 503
    troubled.calm()
    assert anna.get(CSV).status_code == 200


def test_the_first_rows_are_sent_before_the_last_are_read(anna: Staff, store: Store) -> None:
    add_tenants(store, *(pending_tenant(number) for number in range(1, 1101)))
    answer = anna.client.get(CSV, buffered=False)
    pieces = answer.iter_encoded()
    assert next(pieces).startswith(b"\xef\xbb\xbf")
    add_tenants(store, pending_tenant(5000, "Came later"))
    assert b"Came later" in b"".join(pieces)
    answer.close()


def test_few_files_are_read_at_once_and_others_are_told_to_wait(anna: Staff) -> None:
    held = [download_slots.acquire(blocking=False) for _ in range(MAX_AT_ONCE)]
    try:
        assert all(held)
        answer = anna.get(CSV)
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "60")
    finally:
        for _ in held:
            download_slots.release()
    for _ in range(MAX_AT_ONCE + 1):
        assert anna.get(CSV).status_code == 200


# ---- The report


def test_an_admin_takes_the_report_of_a_month_along(
    client: FlaskClient, anna: Staff, admin: Staff, store: Store, clock: Clock
) -> None:
    anna.decide(sent_in(client).id, "reject", reason="other", message="Private words")
    page = admin.get(links(admin.get("/staff/security"))["Report for auditors"])
    assert heading(page) == "Report for auditors"
    assert "portal report-index" in page_words(page)
    form = forms(page)[REPORT]
    offered = {each.get("name"): each.get("value") for each in form.iter("input")}
    assert offered == {"from": "2026-10-01", "to": "2026-10-31"}
    answer = admin.get(REPORT, query_string={"from": "2026-11-23", "to": "2026-11-23"})
    first, note = parsed(answer)
    assert (first["by"], first["decision"], first["reason"]) == ("Anna", "reject", "other")
    assert first["byAddress"].startswith("anna@")
    assert note["at"].startswith("NOTE")
    assert "Private words" not in answer.text
    assert "jane@example.com" not in answer.text
    assert exports(store) == [(SecurityAct.REPORT_EXPORTED, "Ada", "2026-11-23-to-2026-11-23")]
    store.write([Add(records.report_index_item(clock.now()))])
    assert "portal report-index" not in page_words(admin.get("/staff/report"))


def test_the_days_are_those_of_the_zone(
    client: FlaskClient, anna: Staff, admin: Staff, settings: Settings
) -> None:
    anna.decide(sent_in(client).id, "reject", reason="other")
    assert settings.time_zone.key == "UTC"

    def count(first: str, last: str) -> int:
        lines = parsed(admin.get(REPORT, query_string={"from": first, "to": last}))
        return len([line for line in lines if line["decision"]])

    assert [count("2026-11-22", "2026-11-22"), count("2026-11-24", "2026-12-24")] == [0, 0]
    assert [count("2026-11-23", "2026-11-23"), count("2026-01-01", "2027-12-31")] == [1, 1]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"from": "", "to": "2026-11-23"}, "Enter a date"),
        ({"from": "2026-13-01", "to": "yesterday"}, "Enter a date"),
        ({"from": "2026-11-24", "to": "2026-11-23"}, "not before the first day"),
    ],
)
def test_days_that_cannot_be_are_shown_again_with_what_to_do(
    admin: Staff, typed: dict[str, str], said: str
) -> None:
    page = admin.get(REPORT, query_string=typed)
    assert page.status_code == 422
    assert said in page_words(page)
    values = {each.get("name"): each.get("value") for each in forms(page)[REPORT].iter("input")}
    assert values == typed
