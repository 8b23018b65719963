"""Moving records in by page: the file, the plan, its rows step by step, the report."""

import csv
import io
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal import create_app
from portal.imports.jobs.apply import ROWS_PER_COMMIT, ROWS_PER_STEP
from portal.imports.jobs.job import ImportJob, JobState, find_job
from portal.settings import Settings
from portal.stores.contract import Store
from tests.conftest import Clock
from tests.strict_client import StrictClient
from tests.web.api.test_tokens import tenant
from tests.web.failing_store import FULL, GONE, TroubledStore, read_only
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

URL = "/staff/imports/"
SECRET = "s3cr3t-canary"


def dump(*rows: dict[str, Any], **others: str) -> str:
    """What the console line downloads."""
    keys = {f"fsm_tenant_{row['accountId']}_{row['companyId']}": json.dumps(row) for row in rows}
    return json.dumps(others | keys)


def fields(person: Staff) -> dict[str, Any]:
    """The form as it stands: a browser sends neither an empty file nor a box without its tick."""
    form = form_of(person.get(URL), URL)
    return {name: form[name] for name in ("csrf_token", "policy", "text")}


def paste(person: Staff, text: str, **chosen: str) -> TestResponse:
    return person.client.post(URL, data=fields(person) | {"text": text} | chosen)


def upload(person: Staff, body: bytes, name: str = "fsm-tenants.json") -> TestResponse:
    answer = person.client.post(URL, data=fields(person) | {"file": (io.BytesIO(body), name)})
    # The test client keeps a large body in a file of its own, and leaves it open.
    answer.request.environ["wsgi.input"].close()
    return answer


def planned(person: Staff, text: str, **chosen: str) -> str:
    """The address of the plan."""
    answer = paste(person, text, **chosen)
    assert answer.status_code == 303, page_words(answer)
    return str(answer.location)


def press(person: Staff, url: str, verb: str = "apply", *, htmx: bool = False) -> TestResponse:
    """The form's button, as the page shows it now."""
    form = form_of(person.get(url), f"{url}/{verb}")
    return person.client.post(f"{url}/{verb}", data=form, headers=HTMX if htmx else {})


def tabs(answer: TestResponse) -> dict[str, int]:
    (nav,) = [each for each in tree(answer).iter("nav") if each.get("id") == "kinds"]
    pairs = [words(link).rsplit(" ", 1) for link in nav.iter("a")]
    return {name: int(number) for name, number in pairs if number != "0"}


def run_of(store: Store, url: str) -> ImportJob:
    return find_job(store, url.rpartition("/")[2])


# ---- Who, and what they see first


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
    said = page_words(page)
    assert "2 of 3 rows would be written. Nothing is written yet." in said
    assert "Tenants that may use the application by this import: 1, until 30 Jun 2027." in said
    assert "Keys of other programs, not read: 1." in said
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


def test_many_rows_are_shown_by_the_page(admin: Staff) -> None:
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
def test_a_place_that_is_none_is_no_error(admin: Staff, after: str) -> None:
    url = planned(admin, dump(tenant(1)))
    page = admin.get(f"{url}?kind=new&after={after}")
    assert page.status_code == 200
    # Nothing is counted by an address that no page made.
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
    said = page_words(page)
    assert f"contactFullName : Max Meyer → becomes {'M' * 79}…" in said
    assert "M" * 80 not in said
    assert "validTo : 30 Jun 2027, 21:59 → becomes 1 Jan 2028, 00:00" in said
    assert "clientSecret : set → becomes replaced" in said
    for text in (page.text, repr(everything(store))):
        assert SECRET not in text
        assert "another-canary" not in text


def test_the_policy_and_what_is_allowed_are_asked_for_by_name(admin: Staff, store: Store) -> None:
    press(admin, planned(admin, dump(tenant(1, isActive=False))))
    active = dump(tenant(1, updatedAt="2026-02-01T00:00:00.000Z"))
    kept = admin.get(planned(admin, active, policy="overwrite"))
    assert tabs(kept) == {"Conflict": 1}
    assert "no import makes it active by itself" in page_words(kept)
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
def test_a_file_that_is_none_is_refused_whole(
    admin: Staff, store: Store, body: bytes, status: int, message: str
) -> None:
    before = everything(store)
    answer = upload(admin, body)
    assert answer.status_code == status
    # The form again, also for what is longer than the form may be and was not even read.
    assert title(answer).startswith("Error: ")
    assert summary(answer) == [("file", message)]
    assert error_beside(answer, "file") == message
    assert ("Split the file, or use the command" in page_words(answer)) is (status == 413)
    assert everything(store) == before


@pytest.mark.parametrize("name", ["../../x", "<img src=x>.json", "x" * 10_000, "x\x1b]0;y"])
def test_i20_the_name_of_a_file_says_nothing(admin: Staff, store: Store, name: str) -> None:
    answer = upload(admin, dump(tenant(1)).encode(), name)
    assert answer.status_code == 303
    assert name not in admin.get(answer.location).text
    assert name not in repr(everything(store))


def test_nothing_and_two_things_are_refused_with_what_to_do(admin: Staff) -> None:
    nothing = paste(admin, "")
    assert nothing.status_code == 422
    assert summary(nothing) == [("file", "Choose a file, or paste its text.")]
    both = admin.client.post(
        URL, data=fields(admin) | {"text": "[]", "file": (io.BytesIO(b"[]"), "x.json")}
    )
    assert both.status_code == 422
    assert error_beside(both, "file") == "Choose a file or paste its text, not both."
    # The box can be emptied; the file has to be chosen again anyway.
    assert form_of(both, URL)["text"].strip() == "[]"
    odd = paste(admin, dump(tenant(1)), policy="all")
    assert odd.status_code == 422
    assert summary(odd) == [("policy", "Choose one of the policies.")]
    assert error_beside(odd, "policy") == "Choose one of the policies."


def test_t10_a_paste_that_is_refused_stays_in_its_box_to_be_mended(admin: Staff) -> None:
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
    said = "This page has expired. Choose the file, or paste its text, again."
    assert summary(expired) == [("file", said)]
    assert "Your entries are still here" not in expired.text
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
    while run_of(store, url).is_open:
        answer = press(admin, url)
        assert (answer.status_code, answer.location) == (303, url)
        steps += 1
        run = run_of(store, url)
        assert len(tenants_in(store)) == run.processed
        if run.is_open:
            page = admin.get(url)
            bar = by_id(page, "handled")
            assert (bar.get("value"), bar.get("max")) == (str(run.processed), str(MANY))
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
    # All of the page's part, with the focus on what became of it.
    assert "HX-Retarget" not in answer.headers
    assert by_id(answer, "outcome").get("data-focus") is not None
    assert len(tenants_in(store)) == MANY


def test_t31_who_only_looks_starts_nothing(
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
        # Both tabs still show what they showed at first.
        ada.client.post(f"{url}/apply", data=form)
        eve.client.post(f"{url}/apply", data=other, headers=HTMX)
        ada.get(url)
    assert run_of(store, url).state is JobState.DONE
    assert len(tenants_in(store)) == MANY
    assert all(len(events_of(store, f"86810_{number}")) == 1 for number in range(0, MANY, 97))


def test_a_restarted_worker_goes_on(
    admin: Staff, settings: Settings, store: Store, clock: Clock, many: str
) -> None:
    url = planned(admin, many)
    press(admin, url)
    app = create_app(settings, store=store, clock=clock.now)
    app.test_client_class = StrictClient
    client = app.test_client()
    sign_in(client, store, clock.now(), role="admin", name="Eve")
    while run_of(store, url).is_open:
        assert press(Staff(client, "Eve"), url).status_code == 303
    assert len(tenants_in(store)) == MANY


def test_i22_two_plans_for_the_same_rows(admin: Staff, store: Store) -> None:
    one, two = planned(admin, dump(tenant(1))), planned(admin, dump(tenant(1), tenant(2)))
    press(admin, one)
    press(admin, two)
    page = admin.get(two)
    assert tabs(page) == {"New": 1, "Conflict": 1}
    assert "It changed in the store since the plan was made" in page_words(
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
    assert outcome(late) == "Ada discarded this plan on 23 Nov 2026, 10:00. Nothing was written."
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
            " Ada confirmed it, and it was finished on 23 Nov 2026, 10:00."
        )
        # It went well, only somewhat earlier.
        assert by_id(late, "outcome").get("class") == "strip information"
    assert press_again(admin, url, form).status_code == 303


def press_again(person: Staff, url: str, form: dict[str, str]) -> TestResponse:
    """A double click."""
    return person.client.post(f"{url}/apply", data=form)


@pytest.mark.parametrize("verb", ["apply", "discard"])
def test_an_import_that_nobody_made_is_not_found(admin: Staff, verb: str) -> None:
    url = f"{URL}import-{'a' * 26}"
    for path in (url, f"{url}/report.csv", f"{url}/report.json", f"{URL}import-x", f"{URL}x"):
        assert admin.get(path).status_code == 404
    form = {"csrf_token": admin.token()}
    assert admin.client.post(f"{url}/{verb}", data=form).status_code == 404


# ---- A store in trouble


@pytest.fixture
def troubled(store: Store) -> TroubledStore:
    return TroubledStore(store)


@pytest.fixture
def eve(settings: Settings, troubled: TroubledStore, store: Store, clock: Clock) -> Staff:
    """An administrator, whose portal's store may get into trouble."""
    app = create_app(settings, store=troubled, clock=clock.now)
    app.test_client_class = StrictClient
    client: FlaskClient = app.test_client()
    sign_in(client, store, clock.now(), role="admin", name="Eve")
    return Staff(client, "Eve")


@pytest.mark.parametrize("htmx", [False, True], ids=["page", "htmx"])
def test_i24_a_full_disk_stops_between_commits_and_says_how_far_it_came(
    *, eve: Staff, troubled: TroubledStore, store: Store, many: str, htmx: bool
) -> None:
    url = planned(eve, many)
    press(eve, url)
    form = form_of(eve.get(url), f"{url}/apply")
    written: list[str] = []

    def full_after_two(call: str, number: int) -> Exception | None:
        del number
        written.extend([call] if call == "write" else [])
        return FULL if call == "write" and len(written) > 2 else None

    troubled.begin(full_after_two)
    answer = eve.client.post(f"{url}/apply", data=form, headers=HTMX if htmx else {})
    troubled.calm()
    done = ROWS_PER_STEP + 2 * ROWS_PER_COMMIT
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    assert outcome(answer).startswith(
        "The store did not accept more rows. Rows that were written stay."
    )
    assert f"{done} of {MANY:,} rows are handled." in page_words(answer)
    assert len(tenants_in(store)) == run_of(store, url).processed == done
    # Nobody hammers at it: the next step waits for a click.
    assert forms(answer)[f"{url}/apply"].get("hx-trigger") == "submit"
    assert answer.headers["HX-Retarget"] == "#import"
    while run_of(store, url).is_open:
        press(eve, url)
    assert len(tenants_in(store)) == MANY


def test_a_store_that_takes_no_plan_has_no_import(
    eve: Staff, troubled: TroubledStore, store: Store
) -> None:
    form = fields(eve) | {"text": dump(tenant(1))}
    troubled.begin(read_only)
    answer = eve.client.post(URL, data=form)
    assert answer.status_code == 503
    assert "Nothing was saved." in page_words(answer)
    assert not [key for key in everything(store) if key.startswith("import")]
    assert SECRET not in answer.text


def test_a_store_that_does_not_answer_gives_no_half_report(
    eve: Staff, troubled: TroubledStore
) -> None:
    url = planned(eve, dump(tenant(1)))

    def no_rows(call: str, number: int) -> Exception | None:
        # The session, its person and the import are found; its rows are not.
        return GONE if call == "get" and number > 3 else None

    for ending in ("csv", "json"):
        troubled.begin(no_rows)
        assert eve.get(f"{url}/report.{ending}").status_code == 503
        troubled.calm()


# ---- At the end


def test_every_import_stays_listed_with_who_and_what(
    signed_in: Callable[..., Staff], clock: Clock
) -> None:
    ada, eve = signed_in("Ada", "admin"), signed_in("Eve", "admin")
    press(ada, planned(ada, dump(tenant(1), tenant(2, contactEmailAddress=""))))
    clock.advance(minutes=1)
    planned(eve, dump(tenant(1)))
    table = tree(ada.get(URL)).find(".//tbody")
    assert table is not None
    lines = [words(row) for row in table.iter("tr")]
    assert lines == [
        "23 Nov 2026, 10:01:00 Who Eve Rows 1 same State Planned",
        "23 Nov 2026, 10:00:00 Who Ada Rows 1 new, 1 invalid State Done",
    ]


def test_many_imports_are_listed_by_the_page(admin: Staff, clock: Clock) -> None:
    for _ in range(52):
        clock.advance(seconds=1)
        planned(admin, dump(tenant(1)))
    first = admin.get(URL)
    assert first.text.count("<tr data-row") == 50
    second = admin.get(links(first)["Next page"])
    assert second.text.count("<tr data-row") == 2
    # Each link says which one it is.
    times = [words(link) for link in tree(first).findall(".//tbody//a")]
    assert len(set(times)) == 50
    assert links(second)["First page"] == URL
    assert admin.get(f"{URL}?after=forged").text.count("<tr data-row") == 50


def test_the_report_as_csv_is_safe_in_a_spreadsheet_and_imported_again(
    admin: Staff, store: Store
) -> None:
    evil = tenant(1, contactCompanyName="=cmd|'/c calc'!A1", contactEmailAddress="no")
    url = planned(admin, dump(evil, tenant(2)))
    press(admin, url)
    answer = admin.get(f"{url}/report.csv")
    assert answer.mimetype == "text/csv"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="import-')
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert [row["kind"] for row in rows] == ["invalid", "new"]
    assert rows[0]["contactCompanyName"] == "'=cmd|'/c calc'!A1"
    assert SECRET not in answer.text
    mended = answer.text.replace('"no"', '"max1@meyer.example"')
    again = upload(admin, mended.encode(), "report.csv")
    assert again.status_code == 303
    press(admin, again.location)
    assert tenants_in(store)["86810_1"]["contactCompanyName"] == "=cmd|'/c calc'!A1"


def test_the_report_as_json_says_what_the_command_says(admin: Staff) -> None:
    url = planned(admin, dump(tenant(1), theme="dark"))
    plan = admin.get(f"{url}/report.json").get_json()
    assert (plan["applied"], plan["state"]) == (False, "planned")
    press(admin, url)
    done = admin.get(f"{url}/report.json").get_json()
    assert (done["applied"], done["state"], done["ignoredKeys"]) == (True, "done", 1)
    assert done["counts"]["new"] == 1
    assert [row["key"] for row in done["rows"]] == ["fsm_tenant_86810_1"]
    assert SECRET not in json.dumps(done)


def test_the_second_line_names_exactly_the_keys_that_are_in_the_store(admin: Staff) -> None:
    press(admin, planned(admin, dump(tenant(4))))
    text = dump(
        tenant(1), tenant(2, contactEmailAddress="no"), tenant(3), other="x", theme="dark",
    )  # fmt: skip
    conflict = json.loads(text) | json.loads(dump(tenant(4, contactFullName="Mia Meyer")))
    url = planned(admin, json.dumps(conflict))
    assert "remove" not in {each.get("id") for each in tree(admin.get(url)).iter()}
    press(admin, url)
    page = admin.get(url)
    line = (by_id(page, "remove").text or "").strip()
    assert line.startswith('(["fsm_tenant_86810_1","fsm_tenant_86810_3"]).filter(')
    assert "Entries that are in the portal now: 2" in page_words(page)


def test_a_file_without_keys_gets_no_second_line_and_hears_why(admin: Staff) -> None:
    url = planned(admin, json.dumps([tenant(1)]))
    press(admin, url)
    page = admin.get(url)
    assert "removeItem" not in page.text
    why = "the file does not hold the keys under which a browser stores them."
    assert why in page_words(page)
    # Where nothing is in, there is nothing to remove either.
    none = planned(admin, json.dumps([tenant(2, contactEmailAddress="no")]))
    press(admin, none)
    assert why not in page_words(admin.get(none))


def test_every_link_of_an_import_leads_somewhere(admin: Staff) -> None:
    url = planned(admin, dump(tenant(1), tenant(2, contactEmailAddress="no")))
    press(admin, planned(admin, dump(tenant(5))))
    for page_url in (URL, url, f"{url}?kind=invalid"):
        for target in links(admin.get(page_url)).values():
            if not target.startswith("#"):
                assert admin.get(target, buffered=True).status_code == 200, target
