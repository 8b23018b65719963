"""Moving records in over DynamoDB: by page and by request, and a table that fails half-way."""

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
from tests.web.imports.test_pages import SECRET, dump, fields, planned, press, run_of, tabs
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
from tests.web.programs import COUNTS, URL, body_of, tenant
from tests.web.test_over_dynamodb import ALLOWED

#: More than one step takes.
MANY = ROWS_PER_STEP + 20
#: Rows of some commits, and how many commits are made before the table fails.
SOME, BEFORE = 2 * ROWS_PER_COMMIT + 3, 1


@pytest.fixture
def proxy(engine: Engine) -> Iterator[Between]:
    with between(engine.url) as here:
        yield here


@pytest.fixture
def place(engine: Engine) -> TableLocation:
    return engine.new_table()


@pytest.fixture
def store(place: TableLocation, proxy: Between) -> Iterator[Store]:
    """The portal's."""
    waiting = Timeouts(pause=lambda _seconds: None)
    opened = DynamoDbStore(replace(place, endpoint=proxy.url), waiting=waiting)
    yield opened
    opened.close()


@pytest.fixture
def kept(place: TableLocation) -> Iterator[Store]:
    """Past the proxy: what is in the table, whatever the portal is told."""
    opened = DynamoDbStore(place)
    yield opened
    opened.close()


@pytest.fixture
def send(client: FlaskClient, kept: Store, clock: Clock) -> Callable[..., TestResponse]:
    """A script with a token."""
    token = create_api_token(
        kept, name="script", scope=Scope.IMPORTS_WRITE, life=timedelta(days=1), now=clock.now()
    )
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def post(body: bytes, query: str = "") -> TestResponse:
        return client.post(f"{URL}{query}", data=body, headers=headers)

    return post


def fails(proxy: Between, trouble: Trouble, *, plans: int = 0) -> None:
    """From now on each commit after the first goes wrong; before it, so many `plans` are saved."""
    made = proxy.operations.count("TransactWriteItems") + plans

    def plan(operation: str, number: int) -> Trouble | None:
        wrong = operation == "TransactWriteItems" and number >= made + BEFORE
        return trouble if wrong else None

    proxy.plan = plan


def works(proxy: Between) -> None:
    proxy.plan = lambda _operation, _number: None


def assert_in_once(kept: Store, number: int) -> None:
    items = everything(kept)
    found = {key: item["version"] for key, item in items.items() if records.is_tenant(item)}
    assert found == {f"86810_{each}": 1 for each in range(number)}
    assert sum(key.startswith("event-86810_") for key in items) == number
    assert SECRET not in repr(items)


# ---- By page


def test_planned_written_step_by_step_and_reported(
    admin: Staff, kept: Store, proxy: Between
) -> None:
    text = dump(*(tenant(number) for number in range(MANY)), tenant(MANY, validTo="x"), theme="x")
    url = planned(admin, text)
    page = admin.get(url)
    assert tabs(page) == {"New": MANY, "Invalid": 1}
    said = f"{MANY} of {MANY + 1} rows would be written. Nothing is written yet."
    assert said in page_words(page)
    assert tenants_in(kept) == {}

    assert press(admin, url).status_code == 303
    bar = by_id(admin.get(url), "handled")
    assert (bar.get("value"), bar.get("max")) == (str(ROWS_PER_STEP), str(MANY))
    assert_in_once(kept, ROWS_PER_STEP)
    assert press(admin, url, htmx=True).status_code == 200
    page = admin.get(url)
    assert outcome(page).startswith(f"The import is done. Tenants written: {MANY}.")
    assert_in_once(kept, MANY)
    assert [event.by for event in events_of(kept, "86810_7")] == ["Ada"]

    told = admin.get(links(page)["Report as JSON"]).get_json()
    assert (told["state"], told["ignoredKeys"]) == ("done", 1)
    assert told["counts"] == COUNTS | {"new": MANY, "invalid": 1}
    table = admin.get(links(page)["Report as CSV"]).text
    assert len(table.splitlines()) == MANY + 2
    assert SECRET not in table + json.dumps(told)

    assert set(proxy.operations) <= ALLOWED - {"Scan"}


def test_differences_are_written_by_policy(admin: Staff, kept: Store) -> None:
    press(admin, planned(admin, dump(tenant(1), tenant(2))))
    changed = dump(tenant(1, contactFullName="Mia Meyer"), tenant(2), tenant(3))
    assert tabs(admin.get(planned(admin, changed))) == {"New": 1, "Same": 1, "Conflict": 1}
    url = planned(admin, changed, policy="overwrite")
    assert tabs(admin.get(url)) == {"New": 1, "Same": 1, "Update": 1}
    assert "contactFullName : Max Meyer → becomes Mia Meyer" in page_words(
        admin.get(f"{url}?kind=update")
    )
    press(admin, url)
    tenants = tenants_in(kept)
    assert {key: item["version"] for key, item in tenants.items()} == {
        "86810_1": 2, "86810_2": 1, "86810_3": 1,
    }  # fmt: skip
    assert tenants["86810_1"]["contactFullName"] == "Mia Meyer"
    assert [event.verb for event in events_of(kept, "86810_1")] == ["import", "import"]


def test_a_plan_is_discarded_and_listed(admin: Staff, kept: Store, clock: Clock) -> None:
    url = planned(admin, dump(tenant(1)))
    clock.advance(minutes=1)
    press(admin, planned(admin, dump(tenant(2))))
    assert press(admin, url, "discard").status_code == 303
    page = admin.get(url)
    assert outcome(page) == "The plan is discarded."
    assert f"{url}/apply" not in forms(page)
    assert tenants_in(kept).keys() == {"86810_2"}
    table = tree(admin.get("/staff/imports/")).find(".//tbody")
    assert table is not None
    assert [words(row).rpartition(" ")[2] for row in table.iter("tr")] == ["Done", "Discarded"]


THROTTLED = Refuse("ThrottlingException")
#: Of what the table does then, the portal never hears.
UNHEARD = Cut(done=True)


@pytest.mark.parametrize(
    ("trouble", "commits", "htmx"),
    [(THROTTLED, BEFORE, False), (Cut(), BEFORE, True), (UNHEARD, BEFORE + 1, False)],
    ids=["throttled", "hangs up", "unheard"],
)
def test_i24_a_table_that_fails_half_way_says_how_far_it_came_and_goes_on(
    *,
    admin: Staff,
    kept: Store,
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
    assert run_of(kept, url).processed == done
    assert_in_once(kept, done)
    assert "Nothing was saved" not in answer.text
    press(admin, url)
    assert outcome(admin.get(url)).startswith(f"The import is done. Tenants written: {SOME}.")
    assert_in_once(kept, SOME)


def test_a_table_that_takes_no_plan_has_no_import(
    admin: Staff, kept: Store, proxy: Between
) -> None:
    sent = fields(admin) | {"text": dump(tenant(1))}
    proxy.plan = always(THROTTLED, "PutItem")
    for headers in ({}, HTMX):
        answer = admin.client.post("/staff/imports/", data=sent, headers=headers)
        assert answer.status_code == 503
        assert "Nothing was saved." in page_words(answer)
    assert not [key for key in everything(kept) if key.startswith("import-")]


# ---- By request


def test_a_request_looks_writes_and_finds_it_all_the_same(
    send: Callable[..., TestResponse], kept: Store, proxy: Between
) -> None:
    rows = body_of(*(tenant(number) for number in range(SOME)))
    for query, kind, applied, written in (
        ("?dryRun=true", "new", False, 0), ("", "new", True, SOME),
        ("", "same", True, SOME), ("?dryRun=true", "same", False, SOME),
    ):  # fmt: skip
        answer = send(rows, query)
        told = answer.get_json()
        assert (answer.status_code, told["counts"]) == (200, COUNTS | {kind: SOME})
        assert told["applied"] is applied
        assert {row["kind"] for row in told["rows"]} == {kind}
        assert SECRET not in answer.text
        assert_in_once(kept, written)
    assert [event.by for event in events_of(kept, "86810_1")] == ["script (token)"]
    assert set(proxy.operations) <= ALLOWED - {"Scan"}


@pytest.mark.parametrize(
    ("trouble", "commits"),
    [(THROTTLED, BEFORE), (UNHEARD, BEFORE + 1)],
    ids=["throttled", "unheard"],
)
def test_i24_a_request_that_stops_half_way_is_sent_again(
    *,
    send: Callable[..., TestResponse],
    kept: Store,
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
    assert_in_once(kept, done)
    told = send(rows).get_json()
    assert told["counts"] == COUNTS | {"new": SOME - done, "same": done}
    assert_in_once(kept, SOME)
