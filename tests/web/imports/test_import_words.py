"""What the pages of an import say, and to whom: who did what, what is in and what is not."""

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
from tests.web.imports.test_pages import URL, dump, eve, planned, press, run_of, troubled
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
from tests.web.programs import tenant

__all__ = ["eve", "troubled"]

#: Rows of which one step leaves some.
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
    """Planned by Ada, begun and stopped by Bob; of its rows 480 are in."""
    url = planned(ada, dump(*(tenant(number) for number in range(SOME))))
    press(bob, url)
    clock.advance(minutes=5)
    assert press(bob, url, "discard").status_code == 303
    return url


def dump_value(row: dict[str, object]) -> str:
    """The value of one entry, as `dump` writes it."""
    return dump(row).partition(": ")[2].removesuffix("}")


def test_what_was_stopped_says_by_whom_and_what_to_do(ada: Staff, stopped: str) -> None:
    page = ada.get(stopped)
    assert outcome(page) == (
        "480 of 500 rows were handled before Bob stopped it. Rows that were written stay."
        " Import the same file again to write the other rows. Rows that are already in the portal"
        " show as same."
    )
    assert by_id(page, "outcome").get("class") == "strip warning"
    told = facts(page)
    assert (told["Started by"], told["Written by"], told["Stopped by"]) == ("Ada", "Bob", "Bob")
    assert told["Ended"] == "23 Nov 2026, 10:05"
    active = "Tenants that may use the application by this import: 480, until "
    assert active in page_words(page)
    (line,) = lines(ada.get(URL))
    assert "480 of 500 rows are handled." in words(line)


def test_a_step_after_the_stop_hears_who_stopped_it_and_when(
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
    said = "Bob stopped this import on 23 Nov 2026, 10:05: 480 of 500 rows were handled."
    assert live_words(late) == said
    assert outcome(late) == (
        f"{said} Rows that were written stay. Import the same file again to write the other rows."
        " Rows that are already in the portal show as same."
    )
    # All of the page: the progress is over.
    assert "HX-Retarget" not in late.headers
    assert len(tenants_in(store)) == ROWS_PER_STEP


def test_of_what_was_stopped_each_row_says_whether_it_is_in(ada: Staff, stopped: str) -> None:
    url: str = stopped
    told: dict[str, str] = {}
    linked: list[str] = []
    while url:
        page = ada.get(url)
        for row in lines(page):
            said = words(row)
            told[said.split()[0]] = "Not written" if "Not written" in said else "Written"
        linked += row_links(page)
        url = links(page).get("Next page", "")
    written = [id_ for id_, said in told.items() if said == "Written"]
    assert len(told) == SOME
    assert len(written) == ROWS_PER_STEP
    assert linked == written
    assert (
        "The import was stopped. It added only the rows that are marked as written."
        in page_words(ada.get(stopped))
    )


def test_the_second_line_after_a_stop_names_only_what_is_in(
    ada: Staff, stopped: str, store: Store
) -> None:
    line = by_id(ada.get(stopped), "remove").text or ""
    kept = tenants_in(store)
    assert len(kept) == ROWS_PER_STEP
    for number in range(SOME):
        id_ = f"86810_{number}"
        assert (f'"fsm_tenant_{id_}"' in line) is (id_ in kept)


def test_the_same_file_again_writes_the_others(ada: Staff, stopped: str, store: Store) -> None:
    assert run_of(store, stopped).state is JobState.STOPPED
    url = planned(ada, dump(*(tenant(number) for number in range(SOME))))
    page = ada.get(url)
    assert f"20 of {SOME} rows would be written." in page_words(page)
    press(ada, url)
    assert len(tenants_in(store)) == SOME


# ---- Which rows lead to a tenant


def test_rows_that_failed_lead_nowhere_and_duplicates_only_once_all_is_in(ada: Staff) -> None:
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
    # It names a tenant that is there, and says nothing of it.
    assert row_links(ada.get(f"{url}?kind=invalid")) == []


def test_a_row_that_a_newer_one_holds_back_leads_to_a_tenant_only_if_it_is_there(
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


# ---- What would be, and what was


def test_a_plan_says_what_would_be_and_its_end_what_was(ada: Staff) -> None:
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


def test_what_brought_nothing_in_is_no_success(ada: Staff) -> None:
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


# ---- Step by step, told to whoever does not see it


def test_the_beginning_and_each_quarter_are_told_and_not_each_step(
    ada: Staff, store: Store
) -> None:
    number = ROWS_PER_STEP * 9
    url = planned(ada, dump(*(tenant(each) for each in range(number))))
    answer = press(ada, url, htmx=True)
    assert live_words(answer) == "The rows are being written: 480 of 4,320 are handled."
    assert by_id(answer, "progress-title").get("data-focus") is not None
    assert "HX-Retarget" not in answer.headers
    told: list[str] = []
    while run_of(store, url).is_open:
        form = form_of(answer, f"{url}/apply")
        answer = ada.client.post(f"{url}/apply", data=form, headers=HTMX)
        if run_of(store, url).is_open:
            # Only the progress is replaced: whoever is on the page stays where they are.
            assert answer.headers["HX-Retarget"] == answer.headers["HX-Reselect"] == "#progress"
            assert by_id(answer, "progress-title").get("data-focus") is None
        told += [live_words(answer)] if "hx-swap-oob" in answer.text else []
    assert told == [
        "1,440 of 4,320 rows are handled.",
        "2,400 of 4,320 rows are handled.",
        "3,360 of 4,320 rows are handled.",
        "The import is done.",
    ]


def test_whoever_presses_continue_gets_the_whole_progress_again(ada: Staff) -> None:
    url = planned(ada, dump(*(tenant(number) for number in range(ROWS_PER_STEP * 2 + 20))))
    press(ada, url)
    page = ada.get(url)
    # There for whoever has no script; with one, it comes back when the portal has gone.
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
def test_a_step_that_has_seen_nonsense_is_a_beginning(ada: Staff, seen: str) -> None:
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


# ---- A store in trouble


def test_a_first_step_that_is_refused_says_that_nothing_is_written(
    eve: Staff, troubled: TroubledStore, store: Store
) -> None:
    url = planned(eve, dump(tenant(1)))
    form = form_of(eve.get(url), f"{url}/apply")
    troubled.begin(read_only)
    answer = eve.client.post(f"{url}/apply", data=form, headers=HTMX)
    assert answer.status_code == 503
    assert outcome(answer) == (
        "The store did not accept the rows. Nothing was written. Try again in a moment."
    )
    assert "confirm" in ids(answer)
    assert tenants_in(store) == {}


def test_a_store_that_is_gone_in_the_middle_of_a_step_does_not_say_that_nothing_was_saved(
    eve: Staff, troubled: TroubledStore, store: Store
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

    troubled.begin(gone_after_one)
    answer = eve.client.post(f"{url}/apply", data=form, headers=HTMX)
    troubled.calm()
    assert answer.status_code == 503
    assert "It is not certain whether this was saved." in page_words(answer)
    assert len(tenants_in(store)) == ROWS_PER_COMMIT


# ---- When the time of its rows is over


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
