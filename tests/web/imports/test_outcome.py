"""What the pages of an import say: who did what, which rows were written, how far it has come."""

import json
from collections.abc import Callable
from datetime import timedelta
from xml.etree.ElementTree import Element

import pytest
from werkzeug.test import TestResponse

from portal.imports.jobs.apply import ROWS_PER_COMMIT, ROWS_PER_STEP
from portal.imports.jobs.job import JobState
from portal.imports.jobs.retention import remove_rows_before
from portal.stores.contract import Store
from portal.tenants import AuditInfo
from tests.conftest import Clock
from tests.web.failing_store import FULL, GONE, TroubledStore, read_only
from tests.web.import_bodies import tenant
from tests.web.imports.import_pages import URL, dump, job_of, planned, press
from tests.web.pages import (
    HTMX,
    Staff,
    by_id,
    facts,
    form_of,
    ids,
    links,
    live_words,
    outcome,
    page_words,
    tenants_in,
    tree,
    words,
)

#: More rows than one step writes.
SOME = ROWS_PER_STEP + 20


@pytest.fixture
def ada(signed_in: Callable[..., Staff]) -> Staff:
    return signed_in("Ada", "admin")


@pytest.fixture
def bob(signed_in: Callable[..., Staff]) -> Staff:
    return signed_in("Bob", "admin")


def lines(answer: TestResponse) -> list[Element]:
    return [row for row in tree(answer).iter("tr") if row.get("data-row") is not None]


def row_links(answer: TestResponse) -> list[str]:
    return [words(link) for row in lines(answer) for link in row.iter("a")]


# ---- Stopped half-way


@pytest.fixture
def stopped(ada: Staff, bob: Staff, clock: Clock) -> str:
    """Planned by Ada, begun and stopped by Bob, with 480 rows written."""
    url = planned(ada, dump(*(tenant(number) for number in range(SOME))))
    press(bob, url)
    clock.advance(minutes=5)
    assert press(bob, url, "discard").status_code == 303
    return url


def dump_value(row: dict[str, object]) -> str:
    """The value of one entry, as `dump` writes it."""
    return dump(row).partition(": ")[2].removesuffix("}")


def test_a_stopped_import_says_by_whom_and_what_to_do(ada: Staff, stopped: str) -> None:
    page = ada.get(stopped)
    assert outcome(page) == (
        "480 of 500 rows were handled before Bob stopped it. Rows that were written stay."
        " Import the same file again to write the other rows. Rows that are already in the portal"
        " show as same."
    )
    assert by_id(page, "outcome").get("class") == "strip warning"
    job_facts = facts(page)
    assert (job_facts["Started by"], job_facts["Written by"], job_facts["Stopped by"]) == (
        "Ada",
        "Bob",
        "Bob",
    )
    assert job_facts["Ended"] == "23 Nov 2026, 10:05 UTC"
    active = "Tenants that may use the application by this import: 480, until "
    assert active in page_words(page)
    (line,) = lines(ada.get(URL))
    assert "480 of 500 rows are handled." in words(line)


def test_a_step_after_the_stop_says_who_stopped_the_import_and_when(
    ada: Staff, bob: Staff, store: Store, clock: Clock
) -> None:
    url = planned(ada, dump(*(tenant(number) for number in range(SOME))))
    press(ada, url)
    step = form_of(ada.get(url), f"{url}/apply")
    clock.advance(minutes=5)
    press(bob, url, "discard")
    clock.advance(minutes=5)
    late = ada.client.post(f"{url}/apply", data=step, headers=HTMX)
    assert late.status_code == 409
    sentence = "Bob stopped this import on 23 Nov 2026, 10:05 UTC: 480 of 500 rows were handled."
    assert live_words(late) == sentence
    assert outcome(late) == (
        f"{sentence} Rows that were written stay. Import the same file again to write the other"
        " rows. Rows that are already in the portal show as same."
    )
    # The whole page is replaced, not only the progress.
    assert "HX-Retarget" not in late.headers
    assert len(tenants_in(store)) == ROWS_PER_STEP


def test_each_row_of_a_stopped_import_says_whether_it_was_written(ada: Staff, stopped: str) -> None:
    url: str = stopped
    states: dict[str, str] = {}
    linked: list[str] = []
    while url:
        page = ada.get(url)
        for row in lines(page):
            text = words(row)
            states[text.split()[0]] = "Not written" if "Not written" in text else "Written"
        linked += row_links(page)
        url = links(page).get("Next page", "")
    written = [id_ for id_, state in states.items() if state == "Written"]
    assert len(states) == SOME
    assert len(written) == ROWS_PER_STEP
    assert linked == written
    assert (
        "The import was stopped. It added only the rows that are marked as written."
        in page_words(ada.get(stopped))
    )


def test_the_line_that_removes_entries_after_a_stop_names_only_written_ones(
    ada: Staff, stopped: str, store: Store
) -> None:
    line = by_id(ada.get(stopped), "remove").text or ""
    written = tenants_in(store)
    assert len(written) == ROWS_PER_STEP
    for number in range(SOME):
        id_ = f"86810_{number}"
        assert (f'"fsm_tenant_{id_}"' in line) is (id_ in written)


def test_the_same_file_again_writes_the_others(ada: Staff, stopped: str, store: Store) -> None:
    assert job_of(store, stopped).state is JobState.STOPPED
    url = planned(ada, dump(*(tenant(number) for number in range(SOME))))
    page = ada.get(url)
    assert f"20 of {SOME} rows would be written." in page_words(page)
    press(ada, url)
    assert len(tenants_in(store)) == SOME


# ---- Which rows link to a tenant


def test_failed_rows_have_no_link_and_duplicates_only_once_all_is_written(ada: Staff) -> None:
    press(ada, planned(ada, dump(tenant(1))))
    one = tenant(2)
    older = dump_value(tenant(2, updatedAt="2020-01-01T00:00:00.000Z"))
    bad = tenant(1, contactEmailAddress="no")
    text = '[{"key": "fsm_tenant_86810_2", "value": ' + dump_value(one) + "},"
    text += '{"key": "fsm_tenant_86810_2", "value": ' + older + "},"
    text += '{"key": "fsm_tenant_86810_1", "value": ' + dump_value(bad) + "}]"
    url = planned(ada, text)
    for kind in ("new", "duplicate", "invalid"):
        page = ada.get(f"{url}?kind={kind}")
        assert len(lines(page)) == 1, kind
        assert row_links(page) == [], kind
    press(ada, url)
    assert row_links(ada.get(f"{url}?kind=new")) == ["86810_2"]
    assert row_links(ada.get(f"{url}?kind=duplicate")) == ["86810_2"]
    # It names a tenant that exists, but the row may be about another one.
    assert row_links(ada.get(f"{url}?kind=invalid")) == []


def test_a_row_held_back_by_a_newer_one_has_a_link_only_if_the_tenant_exists(
    ada: Staff,
) -> None:
    press(ada, planned(ada, dump(tenant(1))))
    newer = "2030-01-01T00:00:00.000Z"
    rows = [tenant(1, contactFullName="Kim"), tenant(2)]
    rows += [tenant(number, updatedAt=newer, validTo="x") for number in (1, 2)]
    url = planned(ada, json.dumps(rows))
    page = ada.get(f"{url}?kind=conflict")
    assert len(lines(page)) == 2
    assert "Row 4 is for the same tenant and is newer, but cannot be imported." in page_words(page)
    assert row_links(page) == ["86810_1"]


# ---- A plan and its outcome


def test_a_plan_says_what_would_happen_and_its_outcome_what_happened(ada: Staff) -> None:
    press(ada, planned(ada, dump(tenant(1), tenant(2))))
    changed = dump(tenant(1, contactFullName="Mia Meyer"), tenant(3), tenant(4, validTo="x"))
    url = planned(ada, changed, policy="overwrite")

    def text_of_kind(kind: str) -> str:
        return page_words(ada.get(f"{url}?kind={kind}"))

    assert "Not in the portal yet. This import would add these rows." in text_of_kind("new")
    assert "Each row lists what this import would change." in text_of_kind("update")
    assert "The report gives the reason for each row that cannot be imported." in text_of_kind(
        "new"
    )
    press(ada, url)
    assert "Added by this import." in text_of_kind("new")
    assert "Changed by this import. Each row lists what changed." in text_of_kind("update")
    assert "These rows could not be imported." in text_of_kind("invalid")
    assert "To import the rows that failed, correct them in the report" in text_of_kind("new")


def test_an_import_that_wrote_nothing_is_not_shown_as_a_success(ada: Staff) -> None:
    url = planned(ada, dump(tenant(1, contactEmailAddress="no")))
    press(ada, url)
    page = ada.get(url)
    assert outcome(page) == (
        "The import is done, but no tenant was written. Rows that could not be imported: 1."
    )
    assert by_id(page, "outcome").get("class") == "strip warning"
    assert "Written by" not in facts(page)


def test_many_repairs_are_folded_and_one_is_not(ada: Staff) -> None:
    one = tenant(1, theme="dark")
    many = tenant(2, theme="dark", isActive="true", contactPhone="call me")
    page = ada.get(planned(ada, dump(one, many)))
    first, second = lines(page)
    assert first.find(".//details") is None
    assert "Left out, because the portal does not know these fields: theme" in words(first)
    details = second.find(".//details")
    assert details is not None
    assert words(details).startswith("Repaired or left out: 3")


# ---- Announcements to screen readers


def test_the_beginning_and_each_quarter_are_announced_and_not_each_step(
    ada: Staff, store: Store
) -> None:
    number = ROWS_PER_STEP * 9
    url = planned(ada, dump(*(tenant(each) for each in range(number))))
    answer = press(ada, url, htmx=True)
    assert live_words(answer) == "The rows are being written: 480 of 4,320 are handled."
    assert by_id(answer, "progress-title").get("data-focus") is not None
    assert "HX-Retarget" not in answer.headers
    announcements: list[str] = []
    while job_of(store, url).is_open:
        form = form_of(answer, f"{url}/apply")
        answer = ada.client.post(f"{url}/apply", data=form, headers=HTMX)
        if job_of(store, url).is_open:
            # Only the progress is replaced, so the focus stays where it is.
            assert answer.headers["HX-Retarget"] == answer.headers["HX-Reselect"] == "#progress"
            assert by_id(answer, "progress-title").get("data-focus") is None
        announcements += [live_words(answer)] if "hx-swap-oob" in answer.text else []
    assert announcements == [
        "1,440 of 4,320 rows are handled.",
        "2,400 of 4,320 rows are handled.",
        "3,360 of 4,320 rows are handled.",
        "The import is done.",
    ]


def test_after_continue_the_whole_page_is_replaced(ada: Staff) -> None:
    url = planned(ada, dump(*(tenant(number) for number in range(ROWS_PER_STEP * 2 + 20))))
    press(ada, url)
    page = ada.get(url)
    # Without JavaScript it is visible; with it, only if the portal cannot be reached.
    assert "hidden" not in {name for part in again_of(page) for name in part.attrib}
    form = form_of(page, f"{url}/apply") | {"again": "1"}
    answer = ada.client.post(f"{url}/apply", data=form, headers=HTMX)
    assert "HX-Retarget" not in answer.headers
    assert by_id(answer, "progress-title").get("data-focus") is not None
    (again,) = again_of(answer)
    assert again.get("hidden") is not None


def again_of(answer: TestResponse) -> list[Element]:
    return [each for each in tree(answer).iter() if each.get("data-again") is not None]


@pytest.mark.parametrize("seen", ["", "x", "-1", "9" * 8, "٣"])
def test_a_step_with_an_unreadable_progress_counts_as_the_first(ada: Staff, seen: str) -> None:
    url = planned(ada, dump(*(tenant(number) for number in range(SOME))))
    form = form_of(ada.get(url), f"{url}/apply") | {"seen": seen}
    answer = ada.client.post(f"{url}/apply", data=form, headers=HTMX)
    assert answer.status_code == 200
    assert live_words(answer).startswith("The rows are being written:")


def test_stopping_and_the_next_step_do_not_overtake_each_other(ada: Staff) -> None:
    url = planned(ada, dump(*(tenant(number) for number in range(SOME))))
    press(ada, url)
    page = ada.get(url)
    syncs = {
        form.get("action", "").rpartition("/")[2]: form.get("hx-sync")
        for form in by_id(page, "import").iter("form")
    }
    assert syncs == {"apply": "#import:abort", "discard": "#import:replace"}


# ---- A store that fails


def test_a_first_step_that_is_refused_says_that_nothing_was_written(
    eve: Staff, failing_store: TroubledStore, store: Store
) -> None:
    url = planned(eve, dump(tenant(1)))
    form = form_of(eve.get(url), f"{url}/apply")
    failing_store.begin(read_only)
    answer = eve.client.post(f"{url}/apply", data=form, headers=HTMX)
    assert answer.status_code == 503
    assert outcome(answer) == (
        "The store did not accept the rows. Nothing was written. Try again in a moment."
    )
    assert "Write these rows: 1" in page_words(answer)
    assert tenants_in(store) == {}


def test_a_store_that_is_gone_in_the_middle_of_a_step_does_not_say_that_nothing_was_saved(
    eve: Staff, failing_store: TroubledStore, store: Store
) -> None:
    url = planned(eve, dump(*(tenant(number) for number in range(SOME))))
    form = form_of(eve.get(url), f"{url}/apply")
    writes: list[str] = []

    def gone_after_one(call: str, number: int) -> Exception | None:
        del number
        writes.extend([call] if call == "write" else [])
        if len(writes) < 2:
            return None
        return FULL if call == "write" else GONE

    failing_store.begin(gone_after_one)
    answer = eve.client.post(f"{url}/apply", data=form, headers=HTMX)
    failing_store.calm()
    assert answer.status_code == 503
    assert "It is not certain whether this was saved." in page_words(answer)
    assert len(tenants_in(store)) == ROWS_PER_COMMIT


# ---- After the retention time


def test_an_import_whose_rows_are_deleted_says_so_and_keeps_its_numbers(
    ada: Staff, signed_in: Callable[..., Staff], store: Store, clock: Clock
) -> None:
    plan = planned(ada, dump(tenant(1), tenant(2, contactEmailAddress="no")))
    press(ada, plan)
    clock.advance(days=100)
    audit = AuditInfo(by="retention", at=clock.now())
    assert remove_rows_before(store, clock.now() - timedelta(days=30), audit) == 1
    bob = signed_in("Bob", "admin")
    page = bob.client.get(plan)
    assert "The rows and reports of this import were deleted" in page_words(page)
    assert facts(page)["Rows"] == "1 new, 1 invalid"
    assert "Report as CSV" not in links(page)
    assert "kinds" not in ids(page)
    for report in ("report.csv", "report.json"):
        assert bob.client.get(f"{plan}/{report}").status_code == 404
    assert "1 new, 1 invalid" in page_words(bob.client.get(URL))
