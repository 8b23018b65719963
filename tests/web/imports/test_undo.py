"""Undoing an import by page: what would go back, the confirmation, the steps, and what became of
the rows."""

from collections.abc import Callable
from datetime import timedelta
from typing import cast

import pytest
from werkzeug.test import TestResponse

from portal import create_app
from portal.imports.jobs.apply import ROWS_PER_COMMIT
from portal.imports.jobs.retention import remove_rows_before
from portal.imports.undo.steps import ROWS_PER_UNDO_STEP
from portal.settings import Settings
from portal.stores.contract import Store
from portal.tenants import AuditInfo
from portal.web.imports.undo_pages import MOST_LOOKED_AT
from tests.conftest import Clock
from tests.imports.files import lines
from tests.imports.harness import ImportHarness
from tests.strict_client import StrictClient
from tests.web.failing_store import TroubledStore, read_only
from tests.web.import_bodies import tenant
from tests.web.imports.import_pages import URL, dump, job_of, planned, press
from tests.web.pages import (
    HTMX,
    Staff,
    by_id,
    error_beside,
    events_of,
    form_of,
    forms,
    heading,
    links,
    live_words,
    outcome,
    page_words,
    sign_in,
    tenants_in,
    title,
    tree,
    words,
)

#: More rows than one step undoes.
MANY = ROWS_PER_UNDO_STEP + 20


def imported(person: Staff, *rows: dict[str, object], **chosen: str) -> str:
    """Import the rows, and return the address of the import."""
    url = planned(person, dump(*rows), **chosen)
    press(person, url)
    while form_of_apply(person, url):
        press(person, url)
    return url


def form_of_apply(person: Staff, url: str) -> bool:
    return f"{url}/apply" in forms(person.get(url))


def rows_of(answer: TestResponse) -> list[str]:
    return [words(row) for row in tree(answer).iter("tr") if row.get("data-row") is not None]


def confirm(person: Staff, url: str, *, htmx: bool = False, **typed: str) -> TestResponse:
    form = form_of(person.get(f"{url}/undo"), f"{url}/undo")
    return person.client.post(f"{url}/undo", data=form | typed, headers=HTMX if htmx else {})


def test_the_page_says_what_goes_back_and_whose_answer_changes(admin: Staff, store: Store) -> None:
    imported(admin, tenant(1))
    url = imported(admin, tenant(1, contactFullName="Kim"), tenant(2), policy="overwrite")
    before = tenants_in(store)
    assert links(admin.get(url))["Undo…"] == f"{url}/undo"
    page = admin.get(f"{url}/undo")
    assert heading(page) == "Undo the import of 23 Nov 2026, 10:00 UTC"
    text = page_words(page)
    assert (
        "Rows that go back to what they were: 1; that go away, since they were new: 1; that stay:"
        " 0."
    ) in text
    assert "Answers to the application: 1 the same, 1 loses access now." in text
    assert sorted(rows_of(page)) == [
        "86810_1 Row 1 Remarks Goes back The tenant becomes what it was before the import.",
        (
            "86810_2 Row 2 Remarks Goes away Loses access now The import added the tenant, and"
            " nobody has done anything with it."
        ),
    ]
    assert tenants_in(store) == before


def test_who_takes_access_away_says_so_first(admin: Staff, store: Store) -> None:
    url = imported(admin, tenant(1))
    refused = confirm(admin, url)
    assert refused.status_code == 422
    assert title(refused).startswith("Error:")
    assert error_beside(refused, "confirmed") == "Tick this box to confirm it. Nothing was written."
    assert "86810_1" in tenants_in(store)
    assert words(forms(refused)[f"{url}/undo"]).endswith("Undo the import")
    assert confirm(admin, url, confirmed="2").status_code == 422
    assert "86810_1" in tenants_in(store)
    assert confirm(admin, url, confirmed="1").status_code == 303
    assert tenants_in(store) == {}


def test_an_import_that_gave_nobody_access_needs_no_confirmation(
    admin: Staff, store: Store
) -> None:
    url = imported(admin, tenant(1, isActive=False))
    answer = confirm(admin, url)
    assert (answer.status_code, answer.location) == (303, f"{url}/undo")
    assert tenants_in(store) == {}


def test_afterwards_the_pages_say_who_undid_it_and_what_stayed(
    admin: Staff, anna: Staff, store: Store, clock: Clock
) -> None:
    imported(admin, tenant(1))
    url = imported(
        admin, tenant(1, contactFullName="Kim"), tenant(2), tenant(3), policy="overwrite"
    )
    clock.advance(minutes=5)
    anna.decide("86810_2", "suspend", reason="unpaid")
    clock.advance(minutes=5)
    confirm(admin, url, confirmed="1")
    done = admin.get(f"{url}/undo")
    sentence = (
        "Ada undid this import on 23 Nov 2026, 10:10 UTC. Rows that went back: 2; that stayed: 1."
    )
    assert outcome(done) == f"{sentence} To write its rows again, import the file again."
    assert sorted(rows_of(done)) == [
        "86810_1 Row 1 Remarks Is back The tenant is as it was before the import.",
        "86810_2 Row 2 Remarks Stays Anna changed the tenant on 23 Nov 2026, 10:05 UTC.",
        "86810_3 Row 3 Remarks Is gone Loses access now The import had added the tenant.",
    ]
    assert "86810_3" not in links(done)
    page = admin.get(url)
    assert sentence in page_words(page)
    assert links(page)["What became of its rows"] == f"{url}/undo"
    assert tenants_in(store).keys() == {"86810_1", "86810_2"}
    assert "Undone: Imported" in page_words(admin.get("/staff/tenants/86810_1"))
    assert sorted(each.verb for each in events_of(store, "86810_3")) == ["import", "undo"]
    # A second time there is nothing to press, and a stale form changes nothing.
    assert f"{url}/undo" not in forms(done)
    again = admin.client.post(f"{url}/undo", data={"csrf_token": admin.token()})
    assert again.status_code == 409
    assert outcome(again).startswith("Ada undid this import on")


def test_the_list_the_page_and_the_report_say_that_it_was_undone(
    admin: Staff, clock: Clock
) -> None:
    url = imported(admin, *(tenant(n) for n in range(MANY)))
    assert "undo" not in admin.get(f"{url}/report.json").get_json()
    clock.advance(minutes=5)
    confirm(admin, url, confirmed=str(MANY))
    begun = admin.get(url)
    assert outcome(begun) == (
        "Ada began to undo this import on 23 Nov 2026, 10:05 UTC."
        f" {ROWS_PER_UNDO_STEP} of {MANY} rows are undone."
    )
    state = f"{ROWS_PER_UNDO_STEP} of {MANY} rows are undone. State Partly undone"
    assert line_of_list(admin).endswith(state)
    part = {"by": "Ada", "at": "2026-11-23T10:05:00.000Z"}
    assert admin.get(f"{url}/report.json").get_json()["undo"] == part | {
        "isOver": False, "undone": ROWS_PER_UNDO_STEP, "stayed": 0,
    }  # fmt: skip
    confirm(admin, url)
    done = admin.get(url)
    sentence = (
        f"Ada undid this import on 23 Nov 2026, 10:05 UTC. Rows that went back: {MANY}; that"
        " stayed: 0."
    )
    assert outcome(done) == f"{sentence} To write its rows again, import the file again."
    assert "Tenants that may use the application" not in page_words(done)
    assert page_words(done).count(sentence) == 1
    assert line_of_list(admin).endswith(f"{sentence} State Undone")
    assert admin.get(f"{url}/report.json").get_json()["undo"] == part | {
        "isOver": True, "undone": MANY, "stayed": 0,
    }  # fmt: skip


def line_of_list(person: Staff) -> str:
    (line,) = rows_of(person.get(URL))
    return line


def test_without_javascript_each_press_undoes_the_next_rows(admin: Staff, store: Store) -> None:
    url = imported(admin, *(tenant(n) for n in range(MANY)))
    confirm(admin, url, confirmed=str(MANY))
    page = admin.get(f"{url}/undo")
    progress = by_id(page, "handled")
    assert (progress.get("value"), progress.get("max")) == (str(ROWS_PER_UNDO_STEP), str(MANY))
    assert f"{ROWS_PER_UNDO_STEP} of {MANY} rows are undone." in page_words(page)
    assert links(admin.get(url))["Continue to undo"] == f"{url}/undo"
    assert len(tenants_in(store)) == MANY - ROWS_PER_UNDO_STEP
    form = form_of(page, f"{url}/undo")
    assert admin.client.post(f"{url}/undo", data=form).status_code == 303
    assert tenants_in(store) == {}
    assert outcome(admin.get(f"{url}/undo")).startswith("Ada undid this import")
    many = admin.get(f"{url}/undo")
    assert len(rows_of(many)) == 50
    assert f"1–50 of {MANY}" in page_words(many)
    second = admin.get(links(many)["Next page"])
    assert len(rows_of(second)) == 50
    assert set(rows_of(second)).isdisjoint(rows_of(many))


def test_with_htmx_the_steps_follow_by_themselves(admin: Staff, store: Store) -> None:
    url = imported(admin, *(tenant(n) for n in range(MANY)))
    first = confirm(admin, url, htmx=True, confirmed=str(MANY))
    assert first.status_code == 200
    assert live_words(first) == f"{ROWS_PER_UNDO_STEP} of {MANY} rows are undone."
    form = form_of(first, f"{url}/undo")
    assert forms(first)[f"{url}/undo"].get("hx-trigger") == "load, submit"
    assert form["seen"] == str(ROWS_PER_UNDO_STEP)
    last = admin.client.post(f"{url}/undo", data=form, headers=HTMX)
    assert live_words(last).startswith("Ada undid this import on")
    assert tenants_in(store) == {}


def test_two_administrators_at_once_undo_each_row_once(
    signed_in: Callable[..., Staff], store: Store
) -> None:
    ada, bob = signed_in("Ada", "admin"), signed_in("Bob", "admin")
    url = imported(ada, *(tenant(n) for n in range(MANY)))
    form = form_of(bob.get(f"{url}/undo"), f"{url}/undo") | {"confirmed": str(MANY)}
    confirm(ada, url, confirmed=str(MANY))
    # Bob's page is older; his press goes on.
    assert bob.client.post(f"{url}/undo", data=form).status_code == 303
    assert tenants_in(store) == {}
    done = job_of(store, url)
    assert done.undo
    assert (done.undo.by, done.undo.processed) == ("Ada", MANY)


def test_of_more_rows_than_one_page_counts_it_says_how_many_are_counted(
    admin: Staff, store: Store, settings: Settings
) -> None:
    rows = MOST_LOOKED_AT + 1
    job = ImportHarness(store, settings.data_dir).run(lines(*(tenant(n) for n in range(rows))))
    url = f"{URL}{job.id}"
    text = page_words(admin.get(f"{url}/undo"))
    assert (
        "This import wrote 5,001 rows. Only the first 5,000 of them are counted here; the command"
        " undo-import with --dry-run counts all of them."
    ) in text
    assert "Answers to the application: 0 the same, 5,000 lose access now." in text
    assert "Undo the import, although tenants may lose access" in text
    # A number confirms only what was counted.
    assert confirm(admin, url, confirmed="5000").status_code == 422
    assert len(tenants_in(store)) == rows
    assert confirm(admin, url, confirmed="unknown").status_code == 303
    assert len(tenants_in(store)) == rows - ROWS_PER_UNDO_STEP


def test_an_import_that_is_not_over_is_refused_with_a_sentence(admin: Staff) -> None:
    url = planned(admin, dump(tenant(1)))
    page = admin.get(f"{url}/undo")
    assert outcome(page) == "This import is not written yet. Discard its plan instead."
    assert f"{url}/undo" not in forms(page)
    assert "Undo…" not in links(admin.get(url))
    answer = admin.client.post(f"{url}/undo", data={"csrf_token": admin.token()})
    assert answer.status_code == 409


def test_after_the_retention_time_it_is_refused(admin: Staff, store: Store, clock: Clock) -> None:
    url = imported(admin, tenant(1))
    later = clock.now() + timedelta(days=1)
    remove_rows_before(store, later, AuditInfo(by="retention", at=later))
    assert outcome(admin.get(f"{url}/undo")).startswith(
        "What was there before this import was removed"
    )
    assert "Undo…" not in links(admin.get(url))


@pytest.mark.parametrize("htmx", [False, True])
def test_a_store_that_refuses_a_step_loses_nothing(
    *, settings: Settings, store: Store, clock: Clock, htmx: bool
) -> None:
    troubled = TroubledStore(store)
    app = create_app(settings, store=cast(Store, troubled), clock=clock.now)
    app.test_client_class = StrictClient
    client = app.test_client()
    assert isinstance(client, StrictClient)
    sign_in(client, store, clock.now(), role="admin", name="Ada")
    ada = Staff(client, "Ada")
    url = imported(ada, *(tenant(n) for n in range(MANY)))
    confirm(ada, url, confirmed=str(MANY))
    form = form_of(ada.get(f"{url}/undo"), f"{url}/undo")
    troubled.begin(read_only)
    refused = ada.client.post(f"{url}/undo", data=form, headers=HTMX if htmx else {})
    troubled.calm()
    assert refused.status_code == 503
    assert outcome(refused) == (
        "The store did not accept the rows. Rows that were undone stay undone. Try again in a"
        " moment."
    )
    assert f"{ROWS_PER_UNDO_STEP} of {MANY} rows are undone." in page_words(refused)
    assert ROWS_PER_UNDO_STEP == 2 * ROWS_PER_COMMIT
    assert ada.client.post(f"{url}/undo", data=form).status_code == 303
    assert tenants_in(store) == {}


def test_only_administrators_undo(admin: Staff, anna: Staff) -> None:
    url = imported(admin, tenant(1))
    assert anna.get(f"{url}/undo").status_code == 403
    assert admin.get(f"{URL}import-unknown/undo").status_code == 404
