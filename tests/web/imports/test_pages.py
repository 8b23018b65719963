"""An import by page: the form, the plan, and writing its rows step by step."""

import io
import re
from collections.abc import Callable

import pytest
from werkzeug.test import TestResponse

from portal import create_app
from portal.imports.jobs.apply import ROWS_PER_COMMIT, ROWS_PER_STEP
from portal.imports.jobs.job import JobState
from portal.settings import Settings
from portal.stores.contract import Store
from tests.conftest import Clock
from tests.strict_client import StrictClient
from tests.web.failing_store import FULL, GONE, TroubledStore, read_only
from tests.web.import_bodies import tenant
from tests.web.imports.import_pages import (
    SECRET,
    URL,
    dump,
    fields,
    job_of,
    paste,
    planned,
    press,
    tabs,
    upload,
)
from tests.web.pages import (
    HTMX,
    Staff,
    by_id,
    error_beside,
    events_of,
    everything,
    facts,
    form_of,
    forms,
    heading,
    links,
    live_words,
    outcome,
    page_words,
    sign_in,
    summary,
    tenants_in,
    title,
    tree,
    words,
)

# ---- The form


def test_the_link_is_there_for_administrators_only(admin: Staff, anna: Staff) -> None:
    assert links(admin.get("/staff/"))["Imports"] == URL
    assert "Imports" not in links(anna.get("/staff/"))
    assert anna.get(URL).status_code == 403


def test_the_first_page_shows_the_line_to_paste_and_no_imports(admin: Staff) -> None:
    page = admin.get(URL)
    assert heading(page) == "Imports"
    line = by_id(page, "collect")
    assert line.get("readonly") is not None
    assert "\n" not in (line.text or "").strip()
    assert 'startsWith("fsm_tenant_")' in (line.text or "")
    assert "Nothing has been imported yet." in page_words(page)
    assert by_id(page, "file").get("type") == "file"


# ---- The plan


def test_a_plan_writes_nothing_and_says_what_it_means(admin: Staff, store: Store) -> None:
    text = dump(tenant(1), tenant(2, isActive=False), tenant(3, contactEmailAddress="x"), theme="x")
    page = admin.get(planned(admin, text))
    assert tenants_in(store) == {}
    assert tabs(page) == {"New": 2, "Invalid": 1}
    text = page_words(page)
    assert "2 of 3 rows would be written. Nothing is written yet." in text
    assert "Tenants that may use the application by this import: 1, until 30 Jun 2027." in text
    assert "Keys of other programs, not read: 1." in text
    assert facts(page)["When a tenant is already in the portal"] == "Keep the values in the portal"
    assert SECRET not in page.text + repr(everything(store))


def test_the_counts_are_filters(admin: Staff) -> None:
    url = planned(admin, dump(tenant(1), tenant(2, contactEmailAddress="no address")))
    page = admin.get(url)
    assert "86810_1" in page_words(page)
    assert "86810_2" not in page_words(page)
    invalid = admin.get(f"{url}?kind=invalid")
    assert "contactEmailAddress: This is not an email address: no address" in page_words(invalid)
    assert "86810_1" not in page_words(invalid)
    assert admin.get(f"{url}?kind=nonsense").status_code == 200


def test_many_rows_have_pages(admin: Staff) -> None:
    url = planned(admin, dump(*(tenant(number) for number in range(120))))
    seen: list[str] = []
    parts: list[str] = []
    while url:
        page = admin.get(url)
        parts += re.findall(r"\d+–\d+ of \d+", page_words(page))
        rows = [row for row in tree(page).iter("tr") if row.get("data-row") is not None]
        seen += [words(row).split()[0] for row in rows]
        assert len(rows) <= 50
        url = links(page).get("Next page", "")
    assert seen == [f"86810_{number}" for number in range(120)]
    assert parts == ["1–50 of 120", "51–100 of 120", "101–120 of 120"]


@pytest.mark.parametrize(
    "after", ["x", "-1-0-0", "9-9-9", "9-9", "999999-999999-9999999", "0-0-999", "٣-1-0"]
)
def test_an_unreadable_row_position_is_no_error(admin: Staff, after: str) -> None:
    url = planned(admin, dump(tenant(1)))
    page = admin.get(f"{url}?kind=new&after={after}")
    assert page.status_code == 200
    # No range is shown for an address that no page has made.
    assert not re.search(r"\d–\d+ of ", page_words(page))


def test_differences_are_shown_field_by_field_and_never_the_secret(
    admin: Staff, store: Store
) -> None:
    url = planned(admin, dump(tenant(1)))
    press(admin, url)
    changed = tenant(
        1, contactFullName="M" * 150, clientSecret="another-canary", validTo="2028-01-01T00:00:00Z"
    )
    plan = planned(admin, dump(changed), policy="overwrite")
    page = admin.get(plan)
    assert tabs(page) == {"Update": 1}
    text = page_words(page)
    assert f"contactFullName : Max Meyer → becomes {'M' * 79}…" in text
    assert "M" * 80 not in text
    assert "validTo : 30 Jun 2027, 21:59 UTC → becomes 1 Jan 2028, 00:00 UTC" in text
    assert "clientSecret : set → becomes replaced" in text
    for text in (page.text, repr(everything(store))):
        assert SECRET not in text
        assert "another-canary" not in text


def test_the_policy_and_what_is_allowed_are_asked_for_by_name(admin: Staff, store: Store) -> None:
    press(admin, planned(admin, dump(tenant(1, isActive=False))))
    active = dump(tenant(1, updatedAt="2026-02-01T00:00:00.000Z"))
    plan = admin.get(planned(admin, active, policy="overwrite"))
    assert tabs(plan) == {"Conflict": 1}
    assert "An import makes it active only if changes of a status are allowed." in page_words(plan)
    url = planned(admin, active, policy="newer-wins", allow_status="1")
    page = admin.get(url)
    assert tabs(page) == {"Update": 1}
    also = facts(page)["Also allowed"]
    assert also.startswith("Also change a status")
    press(admin, url)
    assert tenants_in(store)["86810_1"]["isActive"] is True


def test_script_and_markup_of_a_file_are_text(admin: Staff) -> None:
    evil = '<img src=x onerror=alert(1)><div hx-post="/x" hx-trigger="load">'
    url = planned(admin, dump(tenant(1, contactCompanyName=evil), tenant(2, **{evil[:60]: 1})))
    page = admin.get(url)
    assert evil in page_words(page)
    assert "Left out, because the portal does not know these fields: <img src=x" in page_words(page)
    assert not [each for each in tree(page).iter() if each.get("hx-trigger") == "load"]
    assert not list(tree(page).iter("img"))


# ---- Files that are refused


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        pytest.param(b"", 422, "The file is not a portal export.", id="I01"),
        pytest.param(b"null", 422, "The file is not a portal export.", id="I01-null"),
        pytest.param(b'[{"a": ', 400, "Not valid JSON (line 1, column 8).", id="I02"),
        pytest.param(b"[" * 33 + b"]" * 33, 400, "Nested too deeply.", id="I03"),
        pytest.param(b'{"x": 1, "x": 2}', 400, "Key 'x' appears twice.", id="I04"),
        pytest.param(b"[NaN]", 400, "Number out of range.", id="I05"),
        pytest.param(
            "[]".encode("utf-32"), 400,
            "The file is not readable as text (UTF-8 or UTF-16).", id="I08b",
        ),
        pytest.param(b" " * 5_000_001, 413, "The file is larger than 5 MB.", id="I09"),
        pytest.param(b" " * 5_200_000, 413, "The file is larger than 5 MB.", id="I09-larger"),
        pytest.param(b"PK\x03\x04....", 415, "Send the file uncompressed.", id="I12"),
        pytest.param(b"<!doctype html>", 415, "The file is not a portal export.", id="I21"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_export_is_refused_whole(
    admin: Staff, store: Store, body: bytes, status: int, message: str
) -> None:
    before = everything(store)
    answer = upload(admin, body)
    assert answer.status_code == status
    # The form is shown again, even if the body was so long that it was not read.
    assert title(answer).startswith("Error: ")
    assert summary(answer) == [("file", message)]
    assert error_beside(answer, "file") == message
    assert ("Split the file, or use the command" in page_words(answer)) is (status == 413)
    assert everything(store) == before


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("fsm-tenants.json", "fsm-tenants.json"),
        ("../../x", "x"),
        ("Users/Jane/My export.json", "My export.json"),
        ("<img src=x>.json", "<img src=x>.json"),
        ("x" * 10_000, f"{'x' * 79}…"),
        ("x\x1b]0;y", "x\\x1b]0;y"),
    ],
)
def test_i20_the_name_of_a_file_is_shown_and_opens_nothing(
    admin: Staff, store: Store, name: str, shown: str
) -> None:
    answer = upload(admin, dump(tenant(1)).encode(), name)
    assert answer.status_code == 303
    page = admin.get(answer.location)
    assert facts(page)["File"] == shown
    assert shown in page_words(admin.get(URL))
    assert "<img" not in page.text
    assert job_of(store, answer.location).file_name == shown


def test_a_pasted_text_has_no_file_name(admin: Staff) -> None:
    assert "File" not in facts(admin.get(planned(admin, dump(tenant(1)))))


def test_a_new_row_shows_status_and_validity(admin: Staff) -> None:
    url = planned(
        admin,
        dump(
            tenant(1, validFrom="2025-01-07T08:15:22.041Z", validTo="2027-06-30T21:59:59.999Z"),
            tenant(2, isActive=False),
        ),
    )
    shown = page_words(admin.get(url))
    assert "Active, 7 Jan 2025 – 30 Jun 2027." in shown
    assert re.search(r"Suspended, \d+ \w+ 20\d\d – ", shown)


def test_a_report_opens_on_what_failed_and_is_not_green(admin: Staff) -> None:
    url = planned(
        admin, dump(tenant(1), *(tenant(n, contactEmailAddress="x") for n in range(2, 12)))
    )
    assert "86810_1" in page_words(admin.get(url)), "a plan opens on what it would write"
    press(admin, url)
    page = admin.get(url)
    assert by_id(page, "outcome").get("class") == "strip warning"
    assert "Rows that could not be imported: 10." in page_words(page)
    assert "This is not an email address: x" in page_words(page)
    (current,) = [
        each for each in by_id(page, "kinds").iter("a") if each.get("aria-current") == "page"
    ]
    assert words(current) == "Invalid 10"


def test_no_file_and_two_files_are_refused_with_what_to_do(admin: Staff) -> None:
    nothing = paste(admin, "")
    assert nothing.status_code == 422
    assert summary(nothing) == [("file", "Choose a file, or paste its text.")]
    both = admin.client.post(
        URL, data=fields(admin) | {"text": "[]", "file": (io.BytesIO(b"[]"), "x.json")}
    )
    assert both.status_code == 422
    assert error_beside(both, "file") == "Choose a file or paste its text, not both."
    # The text stays and can be deleted; a file has to be chosen again anyway.
    assert form_of(both, URL)["text"].strip() == "[]"
    odd = paste(admin, dump(tenant(1)), policy="all")
    assert odd.status_code == 422
    assert summary(odd) == [("policy", "Choose one of the policies.")]
    assert error_beside(odd, "policy") == "Choose one of the policies."


def test_t10_a_pasted_text_that_is_refused_stays_in_its_field(admin: Staff) -> None:
    text = "\n" + dump(tenant(1)) + "{"
    answer = paste(admin, text, policy="overwrite", allow_validity="1")
    assert answer.status_code == 400
    assert answer.headers["Cache-Control"] == "no-store"
    form = form_of(answer, URL)
    assert form["text"] == text
    assert form["policy"] == "overwrite"
    assert by_id(answer, "allow_validity").get("checked") is not None
    ((field, message),) = summary(answer)
    assert field == "text"
    assert error_beside(answer, "text") == message
    assert by_id(answer, "file").get("aria-invalid") is None
    assert press_plan(admin, form | {"text": dump(tenant(1))}).status_code == 303


def press_plan(person: Staff, form: dict[str, str]) -> TestResponse:
    sent = {name: value for name, value in form.items() if name != "file" and value}
    return person.client.post(URL, data=sent)


def test_t10_an_expired_page_says_what_to_send_again_and_shows_no_secret(admin: Staff) -> None:
    sent = {"text": dump(tenant(1)), "policy": "overwrite", "csrf_token": "x"}
    expired = admin.client.post(URL, data=sent)
    assert expired.status_code == 400
    assert SECRET not in expired.text
    sentence = "This page has expired. Choose the file, or paste its text, again."
    assert summary(expired) == [("file", sentence)]
    assert "Your entries are still here" not in words(by_id(expired, "main"))
    assert "Send again" not in page_words(expired)
    form = form_of(expired, URL)
    assert form["policy"] == "overwrite"
    assert press_plan(admin, form | {"text": dump(tenant(1))}).status_code == 303


def test_a_file_may_be_sent_nowhere_else(admin: Staff) -> None:
    url = planned(admin, dump(tenant(1)))
    form = form_of(admin.get(url), f"{url}/apply")
    large = admin.client.post(f"{url}/apply", data=form | {"x": "y" * 70_000})
    assert large.status_code == 413
    file = admin.client.post(f"{url}/apply", data=form | {"file": (io.BytesIO(b"x"), "x")})
    assert file.status_code == 415
    other = admin.client.post(URL, data=fields(admin) | {"upload": (io.BytesIO(b"x"), "x")})
    assert other.status_code == 415


@pytest.mark.parametrize("kind", ["text/plain", "application/json"])
def test_i21_another_content_type_is_refused(admin: Staff, kind: str) -> None:
    answer = admin.client.post(URL, data=dump(tenant(1)), content_type=kind)
    assert answer.status_code == 415


def test_i10_a_body_without_a_length_is_refused(admin: Staff, store: Store) -> None:
    before = everything(store)
    answer = admin.client.post(
        URL,
        headers={"Transfer-Encoding": "chunked"},
        environ_overrides={"CONTENT_LENGTH": "", "wsgi.input_terminated": True},
    )
    assert answer.status_code == 411
    assert everything(store) == before


# ---- Step by step

MANY = ROWS_PER_STEP * 2 + 100


@pytest.fixture
def many() -> str:
    return dump(*(tenant(number) for number in range(MANY)))


def test_each_step_writes_some_rows_until_all_are_in(admin: Staff, store: Store, many: str) -> None:
    url = planned(admin, many)
    steps = 0
    while job_of(store, url).is_open:
        answer = press(admin, url)
        assert (answer.status_code, answer.location) == (303, url)
        steps += 1
        job = job_of(store, url)
        assert len(tenants_in(store)) == job.processed
        if job.is_open:
            page = admin.get(url)
            bar = by_id(page, "handled")
            assert (bar.get("value"), bar.get("max")) == (str(job.processed), str(MANY))
            assert links(page).get("Report as CSV") is None
            assert admin.get(f"{url}/report.csv").status_code == 404
    assert steps == 3
    page = admin.get(url)
    assert outcome(page) == f"The import is done. Tenants written: {MANY:,}."
    (event,) = events_of(store, "86810_1")
    assert (event.by, event.verb) == ("Ada", "import")
    assert SECRET not in repr(everything(store)) + page.text


def test_htmx_gets_the_part_that_asks_for_the_next_step_by_itself(
    admin: Staff, store: Store, many: str
) -> None:
    url = planned(admin, many)
    answer = press(admin, url, htmx=True)
    assert "<html" not in answer.text
    for _ in range(10):
        form = forms(answer).get(f"{url}/apply")
        if form is None:
            break
        assert (form.get("hx-post"), form.get("hx-trigger")) == (f"{url}/apply", "load, submit")
        assert form.get("hx-target") == "#import"
        ancestors = [each for each in tree(answer).iter() if form in list(each.iter())]
        assert not [each for each in ancestors if each.get("hx-disable") is not None]
        data = form_of(answer, f"{url}/apply")
        answer = admin.client.post(f"{url}/apply", data=data, headers=HTMX)
    assert live_words(answer) == "The import is done."
    # The whole fragment is replaced, and the focus is on the outcome.
    assert "HX-Retarget" not in answer.headers
    assert by_id(answer, "outcome").get("data-focus") is not None
    assert len(tenants_in(store)) == MANY


def test_t31_opening_the_page_starts_nothing(
    signed_in: Callable[..., Staff], store: Store, many: str
) -> None:
    ada, eve = signed_in("Ada", "admin"), signed_in("Eve", "admin")
    url = planned(ada, many)
    press(ada, url)
    for person in (ada, eve):
        form = forms(person.get(url))[f"{url}/apply"]
        assert form.get("hx-trigger") == "submit"
        assert "Continue" in words(form)


def test_two_tabs_and_a_reload_write_everything_once(
    signed_in: Callable[..., Staff], store: Store, many: str
) -> None:
    ada, eve = signed_in("Ada", "admin"), signed_in("Eve", "admin")
    url = planned(ada, many)
    form, other = form_of(ada.get(url), f"{url}/apply"), form_of(eve.get(url), f"{url}/apply")
    for _ in range(4):
        # Both tabs send the form of the page that they opened first.
        ada.client.post(f"{url}/apply", data=form)
        eve.client.post(f"{url}/apply", data=other, headers=HTMX)
        ada.get(url)
    assert job_of(store, url).state is JobState.DONE
    assert len(tenants_in(store)) == MANY
    assert all(len(events_of(store, f"86810_{number}")) == 1 for number in range(0, MANY, 97))


def test_a_restarted_worker_continues(
    admin: Staff, settings: Settings, store: Store, clock: Clock, many: str
) -> None:
    url = planned(admin, many)
    press(admin, url)
    app = create_app(settings, store=store, clock=clock.now)
    app.test_client_class = StrictClient
    client = app.test_client()
    sign_in(client, store, clock.now(), role="admin", name="Eve")
    while job_of(store, url).is_open:
        assert press(Staff(client, "Eve"), url).status_code == 303
    assert len(tenants_in(store)) == MANY


def test_i22_two_plans_for_the_same_rows(admin: Staff, store: Store) -> None:
    one, two = planned(admin, dump(tenant(1))), planned(admin, dump(tenant(1), tenant(2)))
    press(admin, one)
    press(admin, two)
    page = admin.get(two)
    assert tabs(page) == {"New": 1, "Conflict": 1}
    assert "The tenant changed in the store after the plan was made" in page_words(
        admin.get(f"{two}?kind=conflict")
    )
    assert len(events_of(store, "86810_1")) == 1


def test_i17_the_same_file_again_is_all_the_same_and_can_be_finished(
    admin: Staff, store: Store
) -> None:
    text = dump(tenant(1), tenant(2))
    press(admin, planned(admin, text))
    before = tenants_in(store)
    url = planned(admin, text)
    page = admin.get(url)
    assert tabs(page) == {"Same": 2}
    assert words(by_id(page, "confirm")) == "Finish: there is nothing to write"
    press(admin, url)
    assert tenants_in(store) == before
    assert "fsm_tenant_86810_2" in (by_id(admin.get(url), "remove").text or "")


def test_a_plan_is_discarded_and_stays_so(admin: Staff, store: Store) -> None:
    url = planned(admin, dump(tenant(1)))
    confirm = form_of(admin.get(url), f"{url}/apply")
    assert press(admin, url, "discard").status_code == 303
    page = admin.get(url)
    assert outcome(page) == "The plan is discarded."
    assert f"{url}/apply" not in forms(page)
    late = admin.client.post(f"{url}/apply", data=confirm)
    assert late.status_code == 409
    assert (
        outcome(late) == "Ada discarded this plan on 23 Nov 2026, 10:00 UTC. Nothing was written."
    )
    assert admin.client.post(f"{url}/discard", data=confirm).status_code == 303
    assert tenants_in(store) == {}


def test_what_is_done_cannot_be_discarded(admin: Staff) -> None:
    url = planned(admin, dump(tenant(1)))
    form = form_of(admin.get(url), f"{url}/discard")
    assert press(admin, url, htmx=True).status_code == 200
    for headers in ({}, HTMX):
        late = admin.client.post(f"{url}/discard", data=form, headers=headers)
        assert late.status_code == 409
        assert outcome(late) == (
            "This import was already done, so it was not stopped."
            " Ada confirmed it, and it was finished on 23 Nov 2026, 10:00 UTC."
        )
        # Not an error: the import succeeded before.
        assert by_id(late, "outcome").get("class") == "strip information"
    assert press_again(admin, url, form).status_code == 303


def press_again(person: Staff, url: str, form: dict[str, str]) -> TestResponse:
    """A double click."""
    return person.client.post(f"{url}/apply", data=form)


@pytest.mark.parametrize("verb", ["apply", "discard"])
def test_an_unknown_import_is_not_found(admin: Staff, verb: str) -> None:
    url = f"{URL}import-{'a' * 26}"
    for path in (url, f"{url}/report.csv", f"{url}/report.json", f"{URL}import-x", f"{URL}x"):
        assert admin.get(path).status_code == 404
    form = {"csrf_token": admin.token()}
    assert admin.client.post(f"{url}/{verb}", data=form).status_code == 404


# ---- A store that fails


@pytest.mark.parametrize("htmx", [False, True], ids=["page", "htmx"])
def test_i24_a_full_disk_stops_between_commits_and_says_how_far_it_came(
    *, eve: Staff, failing_store: TroubledStore, store: Store, many: str, htmx: bool
) -> None:
    url = planned(eve, many)
    press(eve, url)
    form = form_of(eve.get(url), f"{url}/apply")
    written: list[str] = []

    def full_after_two(call: str, number: int) -> Exception | None:
        del number
        written.extend([call] if call == "write" else [])
        return FULL if call == "write" and len(written) > 2 else None

    failing_store.begin(full_after_two)
    answer = eve.client.post(f"{url}/apply", data=form, headers=HTMX if htmx else {})
    failing_store.calm()
    done = ROWS_PER_STEP + 2 * ROWS_PER_COMMIT
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    assert outcome(answer).startswith(
        "The store did not accept more rows. Rows that were written stay."
    )
    assert f"{done} of {MANY:,} rows are handled." in page_words(answer)
    assert len(tenants_in(store)) == job_of(store, url).processed == done
    # The page does not retry by itself: the next step waits for a click.
    assert forms(answer)[f"{url}/apply"].get("hx-trigger") == "submit"
    assert answer.headers["HX-Retarget"] == "#import"
    while job_of(store, url).is_open:
        press(eve, url)
    assert len(tenants_in(store)) == MANY


def test_a_store_that_takes_no_plan_has_no_import(
    eve: Staff, failing_store: TroubledStore, store: Store
) -> None:
    form = fields(eve) | {"text": dump(tenant(1))}
    failing_store.begin(read_only)
    answer = eve.client.post(URL, data=form)
    assert answer.status_code == 503
    assert "Nothing was saved." in page_words(answer)
    assert not [key for key in everything(store) if key.startswith("import")]
    assert SECRET not in answer.text


def test_a_store_that_does_not_answer_gives_no_half_report(
    eve: Staff, failing_store: TroubledStore
) -> None:
    url = planned(eve, dump(tenant(1)))

    def no_rows(call: str, number: int) -> Exception | None:
        # The first three reads are the session, its person and the import; then come its rows.
        return GONE if call == "get" and number > 3 else None

    for ending in ("csv", "json"):
        failing_store.begin(no_rows)
        assert eve.get(f"{url}/report.{ending}").status_code == 503
        failing_store.calm()
