"""Tenants of several places are never merged unless somebody chose the places by name."""

import io
import json
import tracemalloc

import pytest

from portal.imports.jobs.job import find_job, job_item, job_of
from portal.imports.model.entries import Entry
from portal.imports.model.errors import RefusedFileError
from portal.imports.model.places import Place, PlaceSummary
from portal.imports.model.rows import PlanRow
from portal.imports.planning.staged_places import PlaceChoiceError, StagedPlaces
from portal.imports.planning.staging import StagedEntries
from portal.imports.reports import job_summary, report_as_csv, report_as_json
from portal.imports.streaming.decode import Limits
from tests.imports.files import LIMITS, dump, lines, storage_state, tenant
from tests.imports.harness import on_both_stores, rows_of

APP, STAGING = "https://app.example.com", "https://staging.example.com"
OLD, NEW = "2025-01-07T08:15:22.041Z", "2026-01-01T00:00:00.000Z"
STATE = storage_state({
    APP: [tenant(1), tenant(2)],
    STAGING: [tenant(1, updatedAt=NEW, contactFullName="Nobody")],
})  # fmt: skip


def names_of(*files: bytes, names: tuple[str, ...] = ("a.json", "b.json", "c.json")) -> list[str]:
    with StagedEntries() as staged:
        for file, name in zip(files, names, strict=False):
            staged.add(io.BytesIO(file), LIMITS, name=name)
        return [each.name for each in staged.places()]


# ---- The choice


def test_without_a_choice_nothing_of_several_places_is_read_back():
    with StagedEntries() as staged:
        staged.add(io.BytesIO(STATE), LIMITS)
        for _ in range(2):
            with pytest.raises(PlaceChoiceError) as refused:
                list(staged)
        assert refused.value.status == 422
        assert refused.value.places == [PlaceSummary(APP, 2, OLD), PlaceSummary(STAGING, 1, NEW)]


def test_one_place_is_chosen_and_the_newer_record_of_the_other_does_not_count(harness):
    rows = harness.rows(STATE, places=[APP])
    assert [(row.number, row.kind, row.place, row.tenant_id) for row in rows] == [
        (1, "new", APP, "86810_1"), (2, "new", APP, "86810_2"),
    ]  # fmt: skip
    (row,) = harness.rows(STATE, places=[STAGING])
    assert (row.number, row.kind, row.place) == (3, "new", STAGING)
    assert row.values["contactFullName"] == "Nobody"


def test_of_several_chosen_places_the_newest_record_counts(harness):
    old, _, new = harness.rows(STATE, places=[STAGING, APP])
    assert (old.kind, old.duplicate_of, new.kind) == ("duplicate", 3, "new")
    (reason,) = old.reasons
    assert reason.text.startswith(f"Row 3, of {STAGING}, is for the same tenant")


@pytest.mark.parametrize("swapped", [False, True])
def test_of_equally_new_records_of_two_places_the_first_counts(harness, swapped):
    origins = {APP: [tenant(1, contactFullName="A")], STAGING: [tenant(1, contactFullName="B")]}
    if swapped:
        origins = dict(reversed(origins.items()))
    rows = harness.rows(storage_state(origins))
    assert [row.kind for row in rows] == ["new", "duplicate"]


def test_a_newer_invalid_record_of_a_place_that_was_not_chosen_holds_nothing_back(harness):
    file = storage_state({APP: [tenant(1)], STAGING: [tenant(1, updatedAt=NEW, validTo="x")]})
    assert [row.kind for row in harness.rows(file, places=[APP])] == ["new"]
    held_back, invalid = harness.rows(file)
    assert (held_back.kind, invalid.kind) == ("conflict", "invalid")
    assert f"Row 2, of {STAGING}, is for the same tenant and is newer" in held_back.reasons[0].text


@pytest.mark.parametrize("name", ["", f"{APP}/", APP.upper(), f" {APP}", "https://app", "part 1"])
def test_a_place_is_chosen_by_exactly_its_name(name):
    with StagedEntries() as staged:
        staged.add(io.BytesIO(STATE), LIMITS)
        with pytest.raises(PlaceChoiceError) as refused:
            staged.choose([APP, name])
        assert [each.name for each in refused.value.places] == [APP, STAGING]
        assert f"with this name: {name}. Choose" in str(refused.value)


def test_the_name_of_the_only_place_may_be_given_and_no_other(harness):
    file = storage_state({APP: [tenant(1)]})
    assert [row.place for row in harness.rows(file, places=[APP])] == [APP]
    assert [row.place for row in harness.rows(file, places=[])] == [APP]
    with pytest.raises(PlaceChoiceError):
        harness.rows(file, places=[STAGING])


def test_the_secret_of_each_record_stays_with_it(harness):
    file = storage_state({APP: [tenant(1)], STAGING: [tenant(2, clientSecret="another")]})
    harness.run(file, places=[STAGING])
    with StagedEntries() as staged:
        staged.add(io.BytesIO(file), LIMITS)
        staged.choose([STAGING])
        (entry,) = staged
        assert entry.entry.candidate is not None
        assert entry.entry.candidate.secret is not None
        assert entry.entry.candidate.secret.reveal() == "another"
        assert staged.size == 1


def test_a_place_without_tenants_is_not_asked_about(harness):
    state = json.loads(STATE)
    state["origins"][1]["localStorage"] = [{"name": "theme", "value": "dark"}]
    assert harness.kinds(json.dumps(state).encode(), places=[]) == ["new", "new"]


def test_more_places_than_the_limit_are_refused_in_words():
    limits = Limits(size=LIMITS.size, entries=1_000, depth=32, value=10_000, places=3)
    file = json.dumps([json.loads(dump(tenant(number))) for number in range(4)]).encode()
    with StagedEntries() as staged, pytest.raises(RefusedFileError) as refused:
        staged.add(io.BytesIO(file), limits)
    assert (refused.value.status, str(refused.value)) == (
        413, "There are tenants of more than 3 places. Split the file and import its parts.",
    )  # fmt: skip


def test_many_places_with_long_names_take_little_memory():
    places = StagedPlaces()
    places.begin_file("a.json")
    tracemalloc.start()
    try:
        for number in range(1_000):
            place = Place(origin=f"https://{number}.{'a' * 20_000}", file="b" * 20_000)
            assert places.number(Entry("", {}, 1, 1, place=place), 1_000) == number
            del place
        assert tracemalloc.get_traced_memory()[0] < 2_000_000
    finally:
        tracemalloc.stop()
    names = [each.name for each in places.summaries({})]
    assert len(set(names)) == 1_000


# ---- Names


def test_nothing_is_said_about_the_only_place_of_a_file_that_does_not_name_it(harness):
    for file in (dump(tenant(1)), lines(tenant(1))):
        (row,) = harness.rows(file)
        assert row.place == ""
    job = harness.plan(dump(tenant(1)))
    assert (job.places, job.places_total, "places" in job_summary(job)) == ((), 0, False)


@pytest.mark.parametrize(
    ("files", "names"),
    [
        ([dump(tenant(1))], ["a.json"]),
        ([dump(tenant(1)), lines(tenant(2))], ["a.json", "b.json"]),
        ([dump(tenant(1)) + dump(tenant(2))], ["part 1", "part 2"]),
        ([b"{}" + dump(tenant(1)) + b"{}" + dump(tenant(2))], ["part 1", "part 2"]),
        ([dump(tenant(1)) + dump(tenant(2)), dump(tenant(3))],
         ["a.json, part 1", "a.json, part 2", "b.json"]),
        ([STATE], [APP, STAGING]),
        ([storage_state({APP: [tenant(1)]}), STATE],
         [f"{APP} in a.json", f"{APP} in b.json", STAGING]),
        ([storage_state({APP: [tenant(1)]}) + STATE],
         [f"{APP}, part 1", f"{APP}, part 2", STAGING]),
        ([STATE + dump(tenant(3))], [APP, STAGING, "part 2"]),
        ([json.dumps({"localStorage": json.loads(dump(tenant(1))),
                      "storage": json.loads(dump(tenant(2)))}).encode()], ["part 1", "part 2"]),
        ([json.dumps({"Responses": {
            name: [{"accountId": {"S": "1"}, "companyId": {"S": "2"}}]
            for name in ("prod-tenants", "staging-tenants")
        }}).encode()], ["prod-tenants", "staging-tenants"]),
        # A file can call its places as it likes.
        ([storage_state({"b.json": [tenant(1)]}), dump(tenant(2))], ["b.json", "b.json (2)"]),
        ([storage_state({"part 1": [tenant(1)]}) + dump(tenant(2))], ["part 1", "part 2"]),
    ],
)  # fmt: skip
def test_each_place_has_a_name_of_its_own(files, names):
    assert names_of(*files) == names


def test_the_same_file_twice_has_short_names():
    file, twice = storage_state({APP: [tenant(1)]}), ("state.json", "state.json")
    assert names_of(file, file, names=twice) == [APP, f"{APP} (2)"]
    assert names_of(STATE, STATE, names=twice) == [
        APP, STAGING, f"{APP} (2)", f"{STAGING} (2)",
    ]  # fmt: skip
    dumps = dump(tenant(1)) + dump(tenant(2))
    assert names_of(dumps, dumps, names=twice) == [
        "state.json, part 1", "state.json, part 2", "state.json, part 1 (2)",
        "state.json, part 2 (2)",
    ]  # fmt: skip


def test_a_place_of_a_body_that_has_no_name_is_called_by_number():
    assert names_of(dump(tenant(1)), names=("",)) == ["part 1"]


# ---- Rows, jobs and reports


@on_both_stores
def test_a_stored_import_and_its_rows_name_the_places(harness):
    job = harness.run(STATE)
    assert find_job(harness.store, job.id).places == (
        PlaceSummary(APP, 2, OLD), PlaceSummary(STAGING, 1, NEW),
    )  # fmt: skip
    assert [row.place for row in rows_of(harness, job)] == [APP, APP, STAGING]
    report = json.loads("".join(report_as_json(rows_of(harness, job), lambda: job_summary(job))))
    assert [row["place"] for row in report["rows"]] == [APP, APP, STAGING]
    assert report["places"] == [
        {"place": APP, "entries": 2, "lastChange": OLD},
        {"place": STAGING, "entries": 1, "lastChange": NEW},
    ]


def test_imports_of_the_last_version_are_read(harness):
    job = harness.run(STATE)
    item = dict(job_item(job))
    fields = json.loads(str(item["text"]))
    del fields["places"], fields["placesTotal"]
    old = job_of(item | {"text": json.dumps(fields)})
    assert (old.places, old.places_total, old.counts) == ((), 0, job.counts)
    for row in rows_of(harness, job):
        assert PlanRow.unpacked(row.packed()[:19]).place == ""
        assert PlanRow.unpacked(row.packed()).place == row.place


def failed_state() -> bytes:
    return storage_state({APP: [tenant(1, validTo="x")], STAGING: [tenant(2, validTo="y")]})


@pytest.mark.parametrize("as_csv", [False, True])
def test_a_report_that_is_imported_again_keeps_the_places_and_asks_nothing(harness, as_csv):
    rows = harness.rows(failed_state())
    pieces = report_as_csv(rows, has_places=True) if as_csv else report_as_json(rows, dict)
    report = "".join(pieces).encode()
    again = harness.rows(report, places=[])
    assert [(row.kind, row.place) for row in again] == [("invalid", APP), ("invalid", STAGING)]
    twice = b"".join(piece.encode() for piece in report_as_csv(again, has_places=True))
    assert [row.place for row in harness.rows(twice, places=[])] == [APP, STAGING]


def test_the_places_of_a_report_are_listed_and_can_be_chosen(harness):
    report = "".join(report_as_csv(harness.rows(failed_state()), has_places=True)).encode()
    assert names_of(report) == [APP, STAGING]
    assert [row.place for row in harness.rows(report, places=[STAGING])] == [STAGING]
    job = harness.plan(report, places=[])
    assert [(each.name, each.entries) for each in job.places] == [(APP, 1), (STAGING, 1)]


def test_two_reports_are_asked_about(harness):
    report = "".join(report_as_csv(harness.rows(failed_state()), has_places=True)).encode()
    with pytest.raises(PlaceChoiceError) as refused:
        harness.rows(report, report, places=[])
    assert [each.name for each in refused.value.places] == [
        f"{APP} in file-1.json", f"{STAGING} in file-1.json",
        f"{APP} in file-2.json", f"{STAGING} in file-2.json",
    ]  # fmt: skip


def test_the_newest_row_of_a_report_counts_whatever_place_it_names(harness):
    failed = storage_state({APP: [tenant(1, validTo="x")], STAGING: [tenant(1, validTo="x")]})
    report = "".join(report_as_csv(harness.rows(failed), has_places=True))
    corrected = report.replace('"x"', f'"{NEW}"')
    rows = harness.rows(corrected.encode(), places=[])
    assert [(row.kind, row.place) for row in rows] == [("new", APP), ("duplicate", STAGING)]
    assert f"Row 1, of {APP}," in rows[1].reasons[0].text


def test_a_report_of_the_last_version_is_read_without_a_place(harness):
    rows = harness.rows(failed_state())
    report = json.loads("".join(report_as_json(rows, dict)))
    for row in report["rows"]:
        del row["place"]
    assert [row.place for row in harness.rows(json.dumps(report).encode())] == ["", ""]
