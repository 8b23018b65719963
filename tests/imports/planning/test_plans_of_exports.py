"""The plan of each file that people handed in: old files still import."""

import io
import json
from typing import Any

import pytest

from portal.imports.model.entries import Candidate
from portal.imports.model.errors import RefusedFileError
from portal.imports.model.rows import WRITTEN_KINDS, Policy, RowKind
from portal.imports.planning.staging import StagedEntries
from portal.imports.reports.export import export_tenant
from tests.examples import all_items
from tests.imports.files import EXPORTS, LIMITS, lines
from tests.imports.harness import counts, messages, on_both_stores, rows_of

PHONE = ("contactPhone", "This is not a phone number. It is kept as written.")
PUNYCODE = (
    "contactEmailAddress",
    "The address was normalised. The file has taro@xn--eckwd4c7c.example.",
)
CAPITALS = (
    "contactEmailAddress",
    "The address was normalised. The file has Aoife.OBrien@Northwind-Lifts.example.",
)
ISO = (
    "Use a date and time in ISO 8601 with an offset, like 2026-12-31T22:59:59.999Z."
    " The file has: 31.12.2026"
)
OLDER = (
    "is for the same tenant, is not older, and counts instead of this row. It differs in"
    " contactFullName."
)

#: File -> format, ignored keys, and for each row: line, column, kind, tenant id, then its reasons,
#: repairs and left out fields.
PLANS: dict[str, tuple[Any, ...]] = {
    "local-storage-dump.json": ("localStorage dump", 4, [
        (3, 30, "new", "86810_104348"),
        (5, 30, "new", "86810_104349"),
        (7, 30, "new", "91277_120551", CAPITALS, PHONE),
        (8, 30, "new", "70001_100002", PUNYCODE),
    ]),
    "key-value-rows.json": ("list of keys and values", 1, [
        (2, 3, "new", "86810_104349"),
        (10, 3, "new", "70001_100002", PUNYCODE),
    ]),
    "storage-state.json": ("storage state", 1, [
        (11, 9, "new", "86810_104348"),
        (15, 9, "new", "91277_120551", CAPITALS, PHONE),
    ]),
    "tenant-array.json": ("list of tenants", 0, [
        (2, 3, "new", "86810_104348"),
        (20, 3, "new", "86810_104349"),
        (38, 3, "new", "91277_120551", CAPITALS, PHONE),
        (56, 3, "new", "70001_100002", PUNYCODE),
    ]),
    "tenants.jsonl": ("JSON Lines", 0, [
        (1, 1, "new", "86810_104348"),
        (2, 1, "new", "86810_104349"),
        (3, 1, "new", "91277_120551", CAPITALS, PHONE),
        (4, 1, "new", "70001_100002", PUNYCODE),
    ]),
    "older-version.json": ("localStorage dump", 0, [
        (2, 30, "new", "55555_200001",
         ("isActive", "This is missing, so a new tenant is not active."),
         ("updatedAt", "This is missing. The value of createdAt is used.")),
    ]),
    "twice.jsonl": ("JSON Lines", 0, [
        (1, 1, "duplicate", "20_20", ("", f"Row 2 {OLDER}")),
        (2, 1, "new", "20_20"),
        (3, 1, "new", "21_21"),
        (4, 1, "duplicate", "21_21", ("", f"Row 3 {OLDER}")),
    ]),
    "trouble.json": ("localStorage dump", 0, [
        (2, 21, "invalid", "", ("", "In the value: Not valid JSON (line 1, column 511).")),
        (3, 21, "new", "2_2", ("", "The value was encoded twice.")),
        (4, 21, "invalid", "",
         ("", "The key fsm_tenant_3_3 does not match the ids in its value (3_4).")),
        (5, 21, "invalid", "",
         ("contactEmailAddress", "This is not an email address: not-an-address")),
        (6, 21, "new", "5_5", PHONE),
        (7, 21, "invalid", "", ("validTo", "This is before validFrom.")),
        (8, 21, "invalid", "", ("validTo", ISO)),
        (9, 21, "invalid", "",
         ("", "In the value: A tenant must be an object, but this is null.")),
        (10, 21, "invalid", "", ("", "In the value: Not valid JSON (line 1, column 2).")),
        (11, 23, "new", "10_10"),
        (12, 23, "invalid", "", ("contactEmailAddress", "This is missing.")),
        (13, 23, "new", "12_12", ("isActive", "The file has this as a text.")),
        (14, 23, "new", "13_13", ("left out", "surprise")),
        (15, 18, "invalid", "", ("accountId", "This is missing."),
         ("companyId", "This is missing.")),
        (16, 23, "invalid", "", ("contactCompanyName", f"This is too long: {'x' * 79}…"),
         ("contactCompanyName", "Only the beginning of this text is kept.")),
    ]),
}  # fmt: skip


def as_planned(row):
    """The row in the form of `PLANS`."""
    return (
        row.line,
        row.column,
        row.kind.value,
        row.tenant_id,
        *messages(row),
        *(("left out", name) for name in row.left_out),
    )


@pytest.mark.parametrize("policy", [policy.value for policy in Policy])
@pytest.mark.parametrize("name", PLANS)
def test_each_file_has_this_plan(harness, name, policy):
    file_format, ignored_keys, planned = PLANS[name]
    job = harness.plan((EXPORTS / name).read_bytes(), policy=policy)
    assert [as_planned(row) for row in rows_of(harness, job)] == planned
    assert (job.formats, job.ignored_keys) == ((file_format,), ignored_keys)
    assert harness.tenants() == {}, "a plan writes no tenant"


@pytest.mark.parametrize("policy", [policy.value for policy in Policy])
@pytest.mark.parametrize("name", PLANS)
def test_a_second_import_changes_nothing_and_an_export_is_the_same(harness, name, policy):
    file = (EXPORTS / name).read_bytes()
    first = harness.run(file, policy=policy)
    tenants, events = harness.tenants(), harness.events()
    assert len(tenants) == len(events) == counts(first)["new"]
    second = harness.run(file, policy=policy)
    expected = {**counts(first), "same": counts(first)["new"]}
    del expected["new"]
    assert counts(second) == expected
    assert (harness.tenants(), harness.events()) == (tenants, events)
    export = "".join(json.dumps(export_tenant(item)) + "\n" for item in tenants.values()).encode()
    assert set(harness.kinds(export, policy="overwrite")) == {"same"}
    assert b"s3cr3t" not in export
    assert "s3cr3t" not in repr(all_items(harness.raw_store))


OLDER_RECORD = {"contactFullName": "Somebody Else", "updatedAt": "2020-01-01T00:00:00.000Z"}
NEWER_RECORD = OLDER_RECORD | {"updatedAt": "2035-01-01T00:00:00.000Z"}
#: How the stored tenants differ from those of a file, in their order. The third is the same, the
#: fourth is suspended, and the fifth is not stored.
STORED: tuple[dict[str, Any] | None, ...] = (
    OLDER_RECORD,
    NEWER_RECORD,
    {},
    OLDER_RECORD | {"isActive": False},
    None,
)


def secret_of(candidate: Candidate) -> str:
    assert candidate.secret is not None
    return candidate.secret.reveal()


def store_differing_tenants(harness, file):
    """Imports the tenants of the file with the changes of `STORED`."""
    with StagedEntries() as staged:
        staged.add(io.BytesIO(file), LIMITS)
        candidates = [each.entry.candidate for each in staged if each.number == each.newest]
    before = [
        {**each.values, "clientSecret": secret_of(each), **changed}
        for each, changed in zip(filter(None, candidates), STORED, strict=False)
        if changed is not None
    ]
    assert counts(harness.run(lines(*before))) == {"new": len(before)}


FOUR = {
    "skip": ["conflict", "conflict", "same", "conflict"],
    "newer-wins": ["update", "conflict", "same", "conflict"],
    "overwrite": ["update", "update", "same", "conflict"],
}
TWO = {
    "skip": ["conflict", "conflict"],
    "newer-wins": ["update", "conflict"],
    "overwrite": ["update", "update"],
}
#: File -> policy -> the kind of each row that is not invalid.
BY_POLICY = {
    "local-storage-dump.json": FOUR,
    "key-value-rows.json": TWO,
    "storage-state.json": TWO,
    "tenant-array.json": FOUR,
    "tenants.jsonl": FOUR,
    "older-version.json": {
        "skip": ["conflict"], "newer-wins": ["update"], "overwrite": ["update"],
    },
    "twice.jsonl": {
        "skip": ["duplicate", "conflict", "conflict", "duplicate"],
        "newer-wins": ["duplicate", "update", "conflict", "duplicate"],
        "overwrite": ["duplicate", "update", "update", "duplicate"],
    },
    "trouble.json": {
        "skip": ["conflict", "conflict", "same", "conflict", "new"],
        "newer-wins": ["update", "conflict", "same", "conflict", "new"],
        "overwrite": ["update", "update", "same", "conflict", "new"],
    },
}  # fmt: skip


@pytest.mark.parametrize("policy", [policy.value for policy in Policy])
@pytest.mark.parametrize("name", PLANS)
def test_the_policy_decides_about_stored_tenants(harness, name, policy):
    file = (EXPORTS / name).read_bytes()
    store_differing_tenants(harness, file)
    before = harness.tenants()
    job = harness.plan(file, policy=policy)
    rows = rows_of(harness, job)
    kinds = [row.kind.value for row in rows if row.kind is not RowKind.INVALID]
    assert kinds == BY_POLICY[name][policy]
    planned = PLANS[name][2]
    assert [row.kind is RowKind.INVALID for row in rows] == [row[2] == "invalid" for row in planned]
    assert all(row.reasons for row in rows if row.kind is RowKind.CONFLICT)
    assert harness.tenants() == before, "a plan writes no tenant"
    harness.apply(job)
    after = harness.tenants()
    written = {key for key in after if after[key] != before.get(key)}
    assert written == {row.tenant_id for row in rows if row.kind in WRITTEN_KINDS}
    assert all(after[key]["contactFullName"] != "Somebody Else" for key in written)


@on_both_stores
def test_both_stores_have_the_same_after_the_same_file(harness):
    file = (EXPORTS / "trouble.json").read_bytes()
    job = harness.run(file)
    assert counts(job) == {"new": 5, "invalid": 10}
    assert len(harness.tenants()) == len(harness.events()) == 5
    assert {item["importId"] for item in harness.tenants().values()} == {job.id}
    assert counts(harness.run(file)) == {"same": 5, "invalid": 10}


@pytest.mark.parametrize(
    ("name", "status", "words"),
    [
        (
            "not-an-export.json",
            422,
            "It contains no tenants and no keys that start with fsm_tenant_.",
        ),
        ("not-json.json", 415, "It is a web page or an XML file."),
    ],
)
def test_a_file_that_is_no_export_is_refused_with_what_it_is_and_what_to_send(
    harness, name, status, words
):
    with pytest.raises(RefusedFileError) as refused:
        harness.plan((EXPORTS / name).read_bytes())
    assert refused.value.status == status
    assert str(refused.value).startswith(f"The file is not a portal export. {words} Send what")
    assert all_items(harness.raw_store) == {}
