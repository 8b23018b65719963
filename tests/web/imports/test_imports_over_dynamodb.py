"""Imports into DynamoDB: by page and by API, and with a table that fails half-way."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal import records
from portal.auth.api_tokens import Scope, create_api_token
from portal.imports.jobs.apply import ROWS_PER_COMMIT, ROWS_PER_STEP
from portal.stores.contract import Store
from portal.stores.dynamodb.client import TableLocation, Timeouts
from portal.stores.dynamodb.store import DynamoDbStore
from tests.conftest import Clock
from tests.dynamodb_engine import Engine
from tests.fault_proxy import Between, Cut, Refuse, Trouble, always, between
from tests.web.import_bodies import COUNTS, URL, body_of, tenant
from tests.web.imports.import_pages import SECRET, dump, fields, job_of, planned, press, tabs
from tests.web.pages import (
    HTMX,
    Staff,
    by_id,
    events_of,
    everything,
    forms,
    links,
    outcome,
    page_words,
    tenants_in,
    tree,
    words,
)
from tests.web.test_over_dynamodb import ALLOWED

#: More rows than one step writes.
MANY = ROWS_PER_STEP + 20
#: Rows of several commits, and the number of commits before the table fails.
SOME, BEFORE = 2 * ROWS_PER_COMMIT + 3, 1


@pytest.fixture
def proxy(engine: Engine) -> Iterator[Between]:
    with between(engine.url) as running:
        yield running


@pytest.fixture
def location(engine: Engine) -> TableLocation:
    return engine.new_table()


@pytest.fixture
def store(location: TableLocation, proxy: Between) -> Iterator[Store]:
    """The store that the portal uses, through the proxy."""
    waiting = Timeouts(pause=lambda _seconds: None)
    dynamodb_store = DynamoDbStore(replace(location, endpoint=proxy.url), waiting=waiting)
    yield dynamodb_store
    dynamodb_store.close()


@pytest.fixture
def direct_store(location: TableLocation) -> Iterator[Store]:
    """A store that does not use the proxy: it shows what is in the table."""
    dynamodb_store = DynamoDbStore(location)
    yield dynamodb_store
    dynamodb_store.close()


@pytest.fixture
def send(client: FlaskClient, direct_store: Store, clock: Clock) -> Callable[..., TestResponse]:
    """A script with a token."""
    token = create_api_token(
        direct_store,
        name="script",
        scopes=[Scope.IMPORTS_WRITE],
        life=timedelta(days=1),
        now=clock.now(),
    )
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def post(body: bytes, query: str = "") -> TestResponse:
        return client.post(f"{URL}{query}", data=body, headers=headers)

    return post


def fails(proxy: Between, trouble: Trouble, *, plans: int = 0) -> None:
    """From now on each commit after the first fails. Before it, `plans` plans can be saved."""
    made = proxy.operations.count("TransactWriteItems") + plans

    def plan(operation: str, number: int) -> Trouble | None:
        wrong = operation == "TransactWriteItems" and number >= made + BEFORE
        return trouble if wrong else None

    proxy.plan = plan


def works(proxy: Between) -> None:
    proxy.plan = lambda _operation, _number: None


def assert_in_once(direct_store: Store, number: int) -> None:
    items = everything(direct_store)
    found = {key: item["version"] for key, item in items.items() if records.is_tenant(item)}
    assert found == {f"86810_{each}": 1 for each in range(number)}
    assert sum(key.startswith("event-86810_") for key in items) == number
    assert SECRET not in repr(items)


# ---- By page


def test_planned_written_step_by_step_and_reported(
    admin: Staff, direct_store: Store, proxy: Between
) -> None:
    text = dump(*(tenant(number) for number in range(MANY)), tenant(MANY, validTo="x"), theme="x")
    url = planned(admin, text)
    page = admin.get(url)
    assert tabs(page) == {"New": MANY, "Invalid": 1}
    sentence = f"{MANY} of {MANY + 1} rows would be written. Nothing is written yet."
    assert sentence in page_words(page)
    assert tenants_in(direct_store) == {}

    assert press(admin, url).status_code == 303
    bar = by_id(admin.get(url), "handled")
    assert (bar.get("value"), bar.get("max")) == (str(ROWS_PER_STEP), str(MANY))
    assert_in_once(direct_store, ROWS_PER_STEP)
    assert press(admin, url, htmx=True).status_code == 200
    page = admin.get(url)
    assert outcome(page).startswith(f"The import is done. Tenants written: {MANY}.")
    assert_in_once(direct_store, MANY)
    assert [event.by for event in events_of(direct_store, "86810_7")] == ["Ada"]

    report = admin.get(links(page)["Report as JSON"]).get_json()
    assert (report["state"], report["ignoredKeys"]) == ("done", 1)
    assert report["counts"] == COUNTS | {"new": MANY, "invalid": 1}
    report_csv = admin.get(links(page)["Report as CSV"]).text
    assert len(report_csv.splitlines()) == MANY + 2
    assert SECRET not in report_csv + json.dumps(report)

    assert set(proxy.operations) <= ALLOWED - {"Scan"}


def test_differences_are_written_by_policy(admin: Staff, direct_store: Store) -> None:
    press(admin, planned(admin, dump(tenant(1), tenant(2))))
    changed = dump(tenant(1, contactFullName="Mia Meyer"), tenant(2), tenant(3))
    assert tabs(admin.get(planned(admin, changed))) == {"New": 1, "Same": 1, "Conflict": 1}
    url = planned(admin, changed, policy="overwrite")
    assert tabs(admin.get(url)) == {"New": 1, "Same": 1, "Update": 1}
    assert "contactFullName : Max Meyer → becomes Mia Meyer" in page_words(
        admin.get(f"{url}?kind=update")
    )
    press(admin, url)
    tenants = tenants_in(direct_store)
    assert {key: item["version"] for key, item in tenants.items()} == {
        "86810_1": 2, "86810_2": 1, "86810_3": 1,
    }  # fmt: skip
    assert tenants["86810_1"]["contactFullName"] == "Mia Meyer"
    assert [event.verb for event in events_of(direct_store, "86810_1")] == ["import", "import"]


def test_a_plan_is_discarded_and_listed(admin: Staff, direct_store: Store, clock: Clock) -> None:
    url = planned(admin, dump(tenant(1)))
    clock.advance(minutes=1)
    press(admin, planned(admin, dump(tenant(2))))
    assert press(admin, url, "discard").status_code == 303
    page = admin.get(url)
    assert outcome(page) == "The plan is discarded."
    assert f"{url}/apply" not in forms(page)
    assert tenants_in(direct_store).keys() == {"86810_2"}
    list_body = tree(admin.get("/staff/imports/")).find(".//tbody")
    assert list_body is not None
    assert [words(row).rpartition(" ")[2] for row in list_body.iter("tr")] == ["Done", "Discarded"]


THROTTLED = Refuse("ThrottlingException")
#: Failures in which the portal gets no answer of the table.
UNHEARD = Cut(done=True)


@pytest.mark.parametrize(
    ("trouble", "commits", "htmx"),
    [(THROTTLED, BEFORE, False), (Cut(), BEFORE, True), (UNHEARD, BEFORE + 1, False)],
    ids=["throttled", "hangs up", "unheard"],
)
def test_i24_a_table_that_fails_half_way_says_how_far_it_came_and_continues(
    *,
    admin: Staff,
    direct_store: Store,
    proxy: Between,
    trouble: Trouble,
    commits: int,
    htmx: bool,
) -> None:
    url = planned(admin, dump(*(tenant(number) for number in range(SOME))))
    fails(proxy, trouble)
    answer = press(admin, url, htmx=htmx)
    works(proxy)
    done = commits * ROWS_PER_COMMIT
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    assert f"{done} of {SOME} rows are handled." in page_words(answer)
    assert job_of(direct_store, url).processed == done
    assert_in_once(direct_store, done)
    assert "Nothing was saved" not in answer.text
    press(admin, url)
    assert outcome(admin.get(url)).startswith(f"The import is done. Tenants written: {SOME}.")
    assert_in_once(direct_store, SOME)


def test_a_table_that_takes_no_plan_has_no_import(
    admin: Staff, direct_store: Store, proxy: Between
) -> None:
    sent = fields(admin) | {"text": dump(tenant(1))}
    proxy.plan = always(THROTTLED, "PutItem")
    for headers in ({}, HTMX):
        answer = admin.client.post("/staff/imports/", data=sent, headers=headers)
        assert answer.status_code == 503
        assert "Nothing was saved." in page_words(answer)
    assert not [key for key in everything(direct_store) if key.startswith("import-")]


# ---- By API


def test_an_api_import_can_be_tried_written_and_repeated(
    send: Callable[..., TestResponse], direct_store: Store, proxy: Between
) -> None:
    rows = body_of(*(tenant(number) for number in range(SOME)))
    for query, kind, applied, written in (
        ("?dryRun=true", "new", False, 0), ("", "new", True, SOME),
        ("", "same", True, SOME), ("?dryRun=true", "same", False, SOME),
    ):  # fmt: skip
        answer = send(rows, query)
        report = answer.get_json()
        assert (answer.status_code, report["counts"]) == (200, COUNTS | {kind: SOME})
        assert report["applied"] is applied
        assert {row["kind"] for row in report["rows"]} == {kind}
        assert SECRET not in answer.text
        assert_in_once(direct_store, written)
    assert [event.by for event in events_of(direct_store, "86810_1")] == ["script (token)"]
    assert set(proxy.operations) <= ALLOWED - {"Scan"}


@pytest.mark.parametrize(
    ("trouble", "commits"),
    [(THROTTLED, BEFORE), (UNHEARD, BEFORE + 1)],
    ids=["throttled", "unheard"],
)
def test_i24_a_request_that_stops_half_way_is_sent_again(
    *,
    send: Callable[..., TestResponse],
    direct_store: Store,
    proxy: Between,
    trouble: Trouble,
    commits: int,
) -> None:
    rows = body_of(*(tenant(number) for number in range(SOME)))
    fails(proxy, trouble, plans=1)
    answer = send(rows)
    works(proxy)
    done = commits * ROWS_PER_COMMIT
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    assert "Send the file again" in answer.get_json()["message"]
    assert_in_once(direct_store, done)
    report = send(rows).get_json()
    assert report["counts"] == COUNTS | {"new": SOME - done, "same": done}
    assert_in_once(direct_store, SOME)
