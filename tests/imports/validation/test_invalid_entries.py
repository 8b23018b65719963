"""What is kept of an invalid entry, and the messages of a repaired one."""

import errno
import io
import json
import random
import sqlite3
import tempfile
from pathlib import Path

import pytest

from portal.imports.planning.staging import StagedEntries
from portal.imports.reading.entry_reader import EntryReader
from portal.imports.streaming.scratch_db import no_disk_space_error
from portal.stores.contract import UnavailableError
from tests.imports.files import LIMITS, dump, lines, tenant
from tests.imports.harness import counts, messages, on_both_stores, rows_of

#: A text that does not compress.
NOISE = "".join(random.Random(4).choices("".join(map(chr, range(0x4E00, 0x9FA5))), k=250_000))
SPACES = "Spaces at the start or end were removed."
INVISIBLE = "This had no visible characters. It is imported as empty."
NFC = "The characters were normalised (Unicode NFC)."
DROPPED = "Invisible characters were removed."
REMARK = "This phone number has a remark. It is kept as written."
CUT = "Only the beginning of this text is kept."
KEY = "fsm_tenant_86810_1"


def unescaped_dump(tenant):
    """A dump without escaped characters: escaped twice, they would be too many."""
    text = json.dumps(tenant, ensure_ascii=False)
    return json.dumps({KEY: text}, ensure_ascii=False).encode()


FILES = {
    "a name": unescaped_dump(tenant(1, contactFullName=NOISE)),
    "every field": unescaped_dump(dict.fromkeys(tenant(1), NOISE[:50_000])),
    "a key": f'{{"fsm_tenant_{NOISE}": "{{}}"}}'.encode(),
    "a key in a list": f'[{{"key": "fsm_tenant_{NOISE}", "value": "{{}}"}}]'.encode(),
    "an address": unescaped_dump(tenant(1, contactEmailAddress=NOISE)),
    "many numbers": unescaped_dump(
        {**tenant(1), **{f"{n}{NOISE[:90]}": 2**64 for n in range(8000)}}
    ),
    "the name of a field": unescaped_dump({**tenant(1), NOISE: 2**64}),
    "spaces": unescaped_dump(tenant(1, contactFullName=" " * 600_000, contactPhone=NOISE)),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_an_invalid_row_stays_small_whatever_the_file_has(harness, name):
    job = harness.plan(FILES[name], lines(tenant(2)))
    bad, good = rows_of(harness, job)
    assert (bad.kind, good.kind) == ("invalid", "new")
    # DynamoDB takes 400 KB; a report may have thousands of such rows.
    assert len(json.dumps(bad.packed()).encode()) < 150_000


@on_both_stores
def test_both_stores_take_rows_of_any_entry(harness):
    job = harness.run(FILES["every field"], FILES["a key"], FILES["a name"], lines(tenant(2)))
    assert counts(job) == {"new": 1, "invalid": 3}


def test_a_long_value_is_cut_with_a_message_and_still_invalid(harness):
    (row,) = harness.rows(
        unescaped_dump(tenant(1, contactFullName=NOISE, cluster="ü" * 2000, isActive=1))
    )
    assert row.values["contactFullName"] == NOISE[:1333] + "…"
    assert row.values["cluster"] == "ü" * 2000
    assert [each for each in messages(row) if each[1] == CUT] == [("contactFullName", CUT)]
    (again,) = harness.rows(json.dumps({"rows": [
        {"kind": "invalid", "values": dict(row.values) | {"isActive": True, "cluster": "eu"}}
    ]}).encode())  # fmt: skip
    assert [each.field for each in again.reasons] == ["contactFullName"]


def test_a_key_that_could_be_valid_is_kept_whole(harness):
    valid_key = f"fsm_tenant_{'1' * 40}_{'2' * 40}"
    files = [json.dumps({key: "{}"}).encode() for key in (valid_key, valid_key + "3")]
    assert [row.key for row in harness.rows(*files)] == [valid_key, valid_key[:-1] + "…"]


def test_an_address_after_a_million_spaces_is_read(harness):
    (row,) = harness.rows(dump(tenant(1, contactEmailAddress=" " * 900_000 + "Jo@MUSTER.example")))
    assert (row.kind, row.values["contactEmailAddress"]) == ("new", "Jo@muster.example")
    assert len(json.dumps(row.packed())) < 5_000


@pytest.mark.parametrize(
    ("name", "written", "read", "repair"),
    [
        ("contactFullName", " Jo ", "Jo", SPACES),
        ("contactFullName", "Jo\u00a0", "Jo", SPACES),
        ("accountName", "Mu\u0308ller", "Müller", NFC),
        ("accountName", " Mu\u0308ller", "Müller", NFC),
        ("accountName", "\u3164", "", INVISIBLE),
        ("clientId", "  ", "", INVISIBLE),
        ("contactFullName", "J\u200bo\ufeff", "Jo", DROPPED),
        ("contactEmailAddress", "\u202ajo@x.example\u202c", "jo@x.example", DROPPED),
        ("contactPhone", "+49 30 123456 (mobil)", "+49 30 123456 (mobil)", REMARK),
        ("contactPhone", "+49 30 123456 privat", "+49 30 123456 privat", REMARK),
        ("contactEmailAddress", " jo@x.example\n", "jo@x.example", SPACES),
        (
            "contactEmailAddress",
            " Jo@X.example",
            "Jo@x.example",
            "The address was normalised. The file has  Jo@X.example.",
        ),
    ],
)
def test_a_repair_has_a_message(harness, name, written, read, repair):
    (row,) = harness.rows(dump(tenant(1, **{name: written})))
    assert (row.kind, row.values[name], messages(row)) == ("new", read, [(name, repair)])


def test_an_extension_after_its_label_is_read(harness):
    (row,) = harness.rows(dump(tenant(1, contactPhone="+49 30 901820 Durchwahl 12")))
    assert (row.values["contactPhone"], row.values["contactPhoneExtension"]) == (
        "+4930901820",
        "12",
    )
    assert messages(row) == []


@pytest.mark.parametrize(
    "sealed", ["v1.kms.AQICAHh_x-1", "v1.loc.k1.AbC_d-e", "v1.loc.2026-01_a.AAAA"]
)
def test_a_sealed_secret_is_not_sealed_again(harness, sealed):
    (row,) = harness.rows(dump(tenant(1, clientSecret=sealed)))
    message = "This secret is already sealed. Enter the unsealed secret or leave the field out."
    assert (row.kind, messages(row)) == ("invalid", [("clientSecret", message)])
    assert sealed not in repr(row.packed())


@pytest.mark.parametrize("secret", ["v1.kms.", "v1.loc.x", "v1.kms.a b", "x v1.kms.AAAA", "v1"])
def test_a_secret_that_only_resembles_a_sealed_one_is_imported(harness, secret):
    assert harness.kinds(dump(tenant(1, clientSecret=secret))) == ["new"]


@pytest.mark.parametrize("own", [{"name": "Acme", "value": 3}, {"key": "k", "value": "v"}])
def test_a_tenant_with_the_fields_of_a_pair_is_a_tenant(harness, own):
    file = json.dumps([tenant(1), {**tenant(2), **own}]).encode()
    for each in (file, lines(tenant(1), {**tenant(2), **own}), lines({**tenant(2), **own})):
        row = harness.rows(each)[-1]
        assert (row.kind, row.tenant_id, row.left_out) == ("new", "86810_2", tuple(own))


OTHERS = dict.fromkeys(["state", "by", "store", "active", "theme", "cookies"], "x")


@pytest.mark.parametrize(
    ("file", "ignored"),
    [
        (dump(tenant(1), **OTHERS), 6),
        (json.dumps({**OTHERS, "rows": "x", KEY: tenant(1)}).encode(), 7),
        (json.dumps({**OTHERS, "tenants": [tenant(1)]}).encode(), 1),
        (json.dumps({"tenants": [tenant(1)], **OTHERS}).encode(), 1),
        (json.dumps({"cookies": [], "origins": [
            {"origin": "x", "localStorage": [{"name": KEY, "value": tenant(1)},
                                             {"name": "state", "value": ""}]}
        ]}).encode(), 1),
        (dump(tenant(1), **OTHERS) + json.dumps({"by": "x", "rows": []}).encode(), 6),
    ],
)  # fmt: skip
def test_keys_of_other_programs_are_counted_whatever_their_names(file, ignored):
    reader = EntryReader(io.BytesIO(file), LIMITS)
    assert len(list(reader)) == 1
    assert reader.ignored_keys == ignored


def test_a_full_disk_has_a_reason_and_a_remedy():
    with StagedEntries() as staged:
        # As many pages as the empty tables need.
        staged._db.execute("PRAGMA max_page_count = 4")
        with pytest.raises(UnavailableError) as refused:
            staged.add(io.BytesIO(lines(*(tenant(n) for n in range(600)))), LIMITS)
    assert refused.value.reason == "There is no room for the working copy of the file."
    assert refused.value.remedy.startswith("Make room in the folder for temporary files")


def error_of_temporary_file(folder: Path) -> OSError:
    with pytest.raises(OSError, match="No such file") as caught, tempfile.TemporaryFile(dir=folder):
        pass
    return caught.value


def error_of_sqlite(folder: Path) -> sqlite3.OperationalError:
    with pytest.raises(sqlite3.OperationalError) as caught:
        sqlite3.connect(folder / "scratch")
    return caught.value


@pytest.mark.parametrize("error_in", [error_of_temporary_file, error_of_sqlite])
def test_without_a_folder_for_temporary_files_nobody_is_told_to_make_room(tmp_path, error_in):
    error = no_disk_space_error(error_in(tmp_path / "there is none"))
    assert "no folder for temporary files" in error.reason
    assert "TMPDIR" in error.remedy
    assert "room" not in f"{error.reason} {error.remedy}".lower()


def test_a_full_disk_is_still_a_full_disk():
    assert "no room" in no_disk_space_error(OSError(errno.ENOSPC, "full")).reason
