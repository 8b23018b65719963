"""Hostile files: refused with a message, or a row with its reason; never a crash."""

import bz2
import gzip
import io
import json
import resource
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from portal.imports.model.errors import RefusedFileError
from portal.imports.planning.staging import StagedEntries
from portal.imports.streaming.decode import Limits
from tests.conftest import LONG
from tests.examples import all_items
from tests.imports.files import LIMITS, SECRET, dump, lines, tenant

ROOT = Path(__file__).parent.parent.parent.parent
NOT_AN_EXPORT = "The file is not a portal export."
UNREADABLE = "The file is not readable as text (UTF-8 or UTF-16)."
DEEP = "Nested too deeply."
HALF = "It contains half of a character (a lone surrogate)."
RANGE = "Number out of range."
ONE = json.dumps(tenant(1))


def zipped(data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("export.json", data)
    return file.getvalue()


def around(inner: str) -> bytes:
    return f'[{{"accountId": "1", "x": {inner}}}]'.encode()


REFUSED = {
    "I01 empty": (b"", 422, NOT_AN_EXPORT),
    "I01 spaces": (b" \n\t ", 422, NOT_AN_EXPORT),
    "I01 a mark alone": (b"\xef\xbb\xbf", 422, NOT_AN_EXPORT),
    "I01 null": (b"null", 422, NOT_AN_EXPORT),
    "I01 text": (b'"x"', 422, NOT_AN_EXPORT),
    "I01 number": (b"3", 422, NOT_AN_EXPORT),
    "I01 empty object": (b"{}", 422, NOT_AN_EXPORT),
    "I01 empty list": (b"[]", 422, NOT_AN_EXPORT),
    "I01 list of numbers": (b"[1,2,3]", 422, NOT_AN_EXPORT),
    "I02 cut off": (b'{"fsm_tenant_1_1": "{', 400, "Not valid JSON (line 1, column 20)."),
    "I02 cut off, line 2": (b'{"a": 1,\n ', 400, "Not valid JSON (line 2, column 2)."),
    "I02 two values": (b'{"a": 1 "b": 2}', 400, "Not valid JSON (line 1, column 9)."),
    "I02 a comma too many": (b'{"a": 1,}', 400, "Not valid JSON (line 1, column 9)."),
    "I02 a raw line end in a text": (b'{"a": "\n"}', 400, "Not valid JSON (line 1, column 8)."),
    "I02 a bad escape": (b'{"a": "\\x"}', 400, "Not valid JSON (line 1, column 8)."),
    "I02 a key that is none": (b"{1: 2}", 400, "Not valid JSON (line 1, column 2)."),
    "I02 something behind": (b'[{"accountId":"1"}] x', 400, "Not valid JSON (line 1, column 21)."),
    "I03 33 deep": (b"[" * 33 + b"]" * 33, 400, DEEP),
    "I03 33 deep in a value": (around("[" * 31 + "]" * 31), 400, DEEP),
    "I03 100,000 deep": (b"[" * 100_000, 400, DEEP),
    "I03 100,000 deep, closed": (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, 400, DEEP),
    "I04 twice": (b'[{"accountId": "1", "x": 1, "x": 2}]', 400, "Key 'x' appears twice."),
    "I04 a key twice": (
        b'{"fsm_tenant_1_1": "1", "fsm_tenant_1_1": "1"}', 400,
        "Key 'fsm_tenant_1_1' appears twice.",
    ),
    "I04 another's key twice": (b'{"t": "1", "t": "1"}', 400, "Key 't' appears twice."),
    "I05 NaN": (around("NaN"), 400, RANGE),
    "I05 Infinity": (around("-Infinity"), 400, RANGE),
    "I05 1e999": (around("1e999"), 400, RANGE),
    "I06 5,000 digits": (around("1" * 5000), 400, RANGE),
    "I06 a million digits": (around("1" * 900_000), 400, RANGE),
    "I08b UTF-32": ("[]".encode("utf-32"), 400, UNREADABLE),
    "I08b UTF-16 without a mark": ("[]".encode("utf-16-le"), 400, UNREADABLE),
    "I08b UTF-16 without a mark, big": ("[]".encode("utf-16-be"), 400, UNREADABLE),
    "I08b no UTF-8": (b'{"a": "\xff"}', 400, UNREADABLE),
    "I08b a character cut off": ('{"a": "ü'.encode()[:-1], 400, UNREADABLE),
    "I08b half a pair in UTF-16": (b"\xff\xfe[\x00\x00\xd8", 400, UNREADABLE),
    "I09 too large": (b" " * (LIMITS.size + 1), 413, "The file is larger than 5 MB."),
    "I11 spaces behind": (b"[]" + b" " * LIMITS.size, 413, "The file is larger than 5 MB."),
    "I12 gzip": (gzip.compress(dump(tenant())), 415, "Send the file uncompressed."),
    "I12 zip": (zipped(dump(tenant())), 415, "Send the file uncompressed."),
    "I12 bzip2": (bz2.compress(dump(tenant())), 415, "Send the file uncompressed."),
    "I15 10,001 rows": (
        b"[" + b",".join([b"{}"] * 10_001) + b"]", 413, "The file has more than 10,000 entries."
    ),
    "I15 10,001 keys": (
        json.dumps({f"k{n}": "" for n in range(10_001)}).encode(), 413,
        "The file has more than 10,000 entries.",
    ),
    "I21 a page": (b"\n <!doctype html><p>", 415, NOT_AN_EXPORT),
    "a value too long": (
        around(json.dumps("x" * 1_000_001)), 413,
        "A value is longer than 1,000,000 characters (line 1, column 2).",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_the_file_is_refused_with_this_message(harness, name):
    file, status, message = REFUSED[name]
    with pytest.raises(RefusedFileError) as refused:
        harness.plan(file)
    assert (refused.value.message, refused.value.status) == (message, status)
    assert all_items(harness.raw_store) == {}


@pytest.mark.parametrize(
    "text",
    [
        "accountId,companyId\n86810,104348\n",
        "accountId;companyId\r\n86810;104348\r\n",
        "accountId\tcompanyId\n86810\t104348\n",
        '\ufeff"accountId","companyId"\n"86810","104348"\n',
        '"Firma, Ort";"Kunde"\n"Meyer";"x"\n',
        "86810,104348\n",
        "accountId\n86810\n",
        "rows,kind\n1,invalid\n",
    ],
)
def test_another_csv_is_told_which_csv_is_read(harness, text):
    with pytest.raises(RefusedFileError) as refused:
        harness.plan(text.encode())
    assert (refused.value.message, refused.value.status) == (NOT_AN_EXPORT, 422)
    assert str(refused.value.found).startswith(
        "It is CSV, but not the report of an import, which is the only CSV that is read:"
        " its first line begins with row,kind,tenant. Send what the old application stored"
    )
    assert all_items(harness.raw_store) == {}


ROWS = {
    "I03 33 deep": ('{"x":' * 33 + "1" + "}" * 33, f"In the value: {DEEP}"),
    "I03 100,000 deep": ("[" * 100_000, f"In the value: {DEEP}"),
    "I04": ('{"a": 1, "a": 2}', "In the value: Key 'a' appears twice."),
    "I05": ('{"a": NaN}', f"In the value: {RANGE}"),
    "I06 digits": (f'{{"a": {"9" * 5000}}}', f"In the value: {RANGE}"),
    "I06 2^64": (ONE[:-1] + f', "version": {2**64}}}', RANGE),
    "I07": (r'{"a": "\ud800"}', f"In the value: {HALF}"),
    "I07 NUL": (
        json.dumps(tenant(1, contactFullName="a\0b")),
        "This contains characters that cannot be used: a\\x00b",
    ),
    "I07 NUL in the secret": (
        json.dumps(tenant(1, clientSecret="a\0b")), "This contains characters that cannot be used.",
    ),
    "I14 a third level": (
        json.dumps(json.dumps(ONE)), "In the value: The value is encoded more than twice."
    ),
    "text in place of a tenant": ('"dark"', "In the value: Not valid JSON (line 1, column 1)."),
    "an id that is a path": (
        json.dumps(tenant(1, accountId="../x")),
        "Use only letters and digits in an id, at most 40: ../x",
    ),
    "a number in place of an id": (
        json.dumps(tenant(1, accountId=86810)), "This must be a text, but it is a number."
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ROWS)
def test_the_row_is_invalid_with_this_reason_and_the_others_are_planned(harness, name):
    value, reason = ROWS[name]
    file = json.dumps({"fsm_tenant_86810_1": value, "fsm_tenant_86810_2": json.dumps(tenant(2))})
    bad, good = harness.rows(file.encode())
    assert (bad.kind, good.kind) == ("invalid", "new")
    assert reason in [each.text for each in bad.reasons]
    assert "s3cr3t" not in repr(bad.values)
    harness.run(file.encode())
    assert list(harness.tenants()) == ["86810_2"]


HALVES = {
    "in a list": around(r'"\ud800"'),
    "in a key": rb'{"fsm_tenant_\ud800": "{}"}',
    "in the name of a field": rb'{"fsm_tenant_1_1": {"\udfff": 1}}',
    "in a line": rb'{"accountId": "\ud800"}' + b"\n",
    "in a report": rb'{"rows": [{"kind": "invalid", "key": "\ud800", "values": {"a": 1}}]}',
    "in an item": rb'[{"accountId": {"S": "\ud800"}, "companyId": {"S": "1"}}]',
    "in a text of JSON": json.dumps(r'{"fsm_tenant_1_1": "\udfff"}').encode(),
}


@pytest.mark.parametrize("name", HALVES)
def test_half_of_a_character_makes_one_row_invalid_and_not_the_file(harness, name):
    rows = harness.rows(HALVES[name], lines(tenant(2)))
    assert [row.kind for row in rows] == ["invalid", "new"]
    assert [reason.text for reason in rows[0].reasons] == [HALF]


@pytest.mark.parametrize("name", [*tenant(), "tenantId"])
def test_null_is_a_missing_field(harness, name):
    (missing,) = harness.rows(lines(tenant(1, **{name: None})))
    (null,) = harness.rows(lines({**tenant(1), name: None}))
    assert null == missing


@pytest.mark.parametrize("other", ["86810_2", "", 1, False])
def test_a_tenant_id_must_match_its_parts(harness, other):
    assert harness.kinds(lines(tenant(1, tenantId="86810_1"))) == ["new"]
    (row,) = harness.rows(lines(tenant(1, tenantId=other)))
    assert [each.field for each in row.reasons] == ["tenantId"]


@pytest.mark.parametrize("name", ["accountId", "companyId"])
@pytest.mark.parametrize("value", [True, False, 1, "", "a_b", "a/b", ["1"]])
def test_only_a_text_is_an_id(harness, name, value):
    (row,) = harness.rows(lines(tenant(1, **{name: value})))
    assert (row.kind, row.tenant_id) == ("invalid", "")


def test_names_with_a_meaning_in_javascript_are_unknown_fields(harness):
    unknown = {"__proto__": {"isAdmin": True}, "constructor": 1, "\x1b]0;x\x07": "y", "k" * 200: 1}
    (row,) = harness.rows(dump({**tenant(1), **unknown}))
    assert row.kind == "new"
    assert row.left_out == ("__proto__", "constructor", "\\x1b]0;x\\x07", "k" * 79 + "…")
    harness.run(dump({**tenant(1), **unknown}))
    assert not {"__proto__", "constructor", "isAdmin"} & harness.tenants()["86810_1"].keys()


def test_markup_and_formulas_are_stored_as_text(harness):
    texts = {
        "contactCompanyName": "<script>alert(1)</script>",
        "contactFullName": '=HYPERLINK("http://x")',
        "clientId": "{{7*7}}",
    }
    harness.run(dump(tenant(1, **texts)))
    item = harness.tenants()["86810_1"]
    assert {name: item[name] for name in texts} == texts


def test_a_row_names_a_limited_number_of_unknown_fields(harness):
    (row,) = harness.rows(dump({**tenant(1), **{f"f{n}": 1 for n in range(1000)}}))
    assert len(row.left_out) == 21
    assert row.left_out[-1] == "+980"


#: Runs in a process of its own, whose memory can be measured.
MEASURE = """
import json, resource, sys
from portal.imports.planning.staging import StagedEntries
from portal.imports.model.errors import RefusedFileError
from portal.imports.streaming.decode import Limits
from portal.stores.file.store import JsonFileStore
from portal.imports.planning.plan import Plan

class GeneratedFile:
    def __init__(self, begin, part, times, end):
        self.parts = iter([begin, *([part * 1000] * (times // 1000)), end])
        self.left = b""
    def read(self, size):
        while len(self.left) < size:
            more = next(self.parts, None)
            if more is None:
                break
            self.left += more
        head, self.left = self.left[:size], self.left[size:]
        return head

idle = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
limits = Limits(size=10**9, entries=10**8, depth=32, value=1_000_000)
try:
    with StagedEntries() as staged:
        staged.add(GeneratedFile(*eval(sys.argv[1])), limits)
        print(staged.size, staged.ignored_keys, end=" ")
except RefusedFileError as refused:
    print(refused.message, end=" ")
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - idle)
"""

TIMES = 100_000_000 if LONG else 10_000_000
LARGE = {
    "nesting": (f"(b'', b'[', {TIMES}, b'')", DEEP),
    "nesting, in a text": (
        f"(b'{{\"fsm_tenant_1_1\": \"', b'[', {TIMES}, b'\"}}')",
        "A value is longer than 1,000,000 characters (line 1, column 20).",
    ),
    "a value": (
        f"(b'{{\"fsm_tenant_1_1\": \"', b'x', {TIMES // 2}, b'\"}}')",
        "A value is longer than 1,000,000 characters (line 1, column 20).",
    ),
    "a value of another program": (
        f"(b'{{\"cache\": \"', b'x', {TIMES // 2}, b'\"}}')", NOT_AN_EXPORT,
    ),
    "spaces": (f"(b'[', b' ', {TIMES}, b']')", NOT_AN_EXPORT),
    "digits": (f"(b'', b'1', {TIMES // 10}, b'')", RANGE),
    "objects": (f"(b'[', b'{{}},', {TIMES // 100}, b'{{}}]')", NOT_AN_EXPORT),
    "a line": (f"(b'{{\"accountId\": \"', b'x', {TIMES}, b'\"}}')", None),
}  # fmt: skip


@pytest.mark.parametrize("name", LARGE)
def test_memory_does_not_grow_with_the_file(name):
    arguments, expected = LARGE[name]
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, arguments],
        cwd=ROOT, capture_output=True, text=True, check=True, timeout=300,
    )  # fmt: skip
    message, _, kilobytes = done.stdout.strip().rpartition(" ")
    if expected is not None:
        assert message == expected
    assert int(kilobytes) < 60_000


def test_a_million_keys_are_counted_in_little_memory(tmp_path):
    number = 1_000_000 if LONG else 100_000
    path = tmp_path / "keys.json"
    with path.open("w") as file:
        file.write("{")
        for n in range(number):
            file.write(f'"a-key-of-another-program-{n}": "",')
        file.write(json.dumps("fsm_tenant_86810_1") + ":" + json.dumps(ONE) + "}")
    limits = Limits(size=10**9, entries=10**7, depth=32, value=1_000_000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with StagedEntries() as staged, path.open("rb") as file:
        staged.add(file, limits)
        assert (staged.size, staged.ignored_keys) == (1, number)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60_000


def test_staged_entries_on_disk_have_no_readable_secret():
    with StagedEntries() as entries:
        entries.add(io.BytesIO(dump(tenant(1))), LIMITS)
        assert entries._db.execute("SELECT count(*) FROM entries").fetchone() == (1,)
        rows = entries._db.execute("SELECT * FROM entries").fetchall()
        (staged,) = entries
    assert SECRET not in repr(rows)
    assert SECRET not in repr(staged)
    candidate = staged.entry.candidate
    assert candidate is not None
    assert candidate.secret is not None
    assert candidate.secret.reveal() == SECRET
