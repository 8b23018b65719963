"""JSON Lines: an invalid line does not affect the other lines."""

import io
import json

import pytest

from portal.imports.model.errors import RefusedFileError
from portal.imports.reading.entry_reader import EntryReader
from portal.imports.reading.formats import FileFormat
from portal.imports.streaming.decode import Limits
from tests.imports.files import LIMITS, dump, lines, tenant
from tests.imports.reading.test_formats import SlowPipe

PRETTY = json.dumps(tenant(2), indent=2).encode() + b"\n"
INVALID = "Not valid JSON (line 2, column {})."
HALF = "It contains half of a character (a lone surrogate)."


def read(file, opened=io.BytesIO, limits=LIMITS):
    """For each entry its company id, or its line and its problem."""
    reader = EntryReader(opened(file), limits)
    entries = [(each.line, each.problem) if each.problem else each.value["companyId"]
               for each in reader]  # fmt: skip
    assert reader.format is FileFormat.LINES
    return entries


@pytest.mark.parametrize("opened", [io.BytesIO, SlowPipe])
@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b'{"accountId": "1', INVALID.format(17)),
        (b'{"accountId": "1"', INVALID.format(18)),
        (b'{"accountId": "1",', INVALID.format(19)),
        (b'{"a": 1, "a": 2}', "Key 'a' appears twice."),
        (b'{"a": NaN}', "Number out of range."),
        (b'{"a": 1e999}', "Number out of range."),
        (b"[" * 2000, "Nested too deeply."),
        (b'{"accountId": ' + b"[" * 32 + b"]" * 32 + b"}", "Nested too deeply."),
        (b"null", "This line is not a tenant."),
        (b'"dark"', "This line is not a tenant."),
        (b"x", INVALID.format(1)),
        (rb'{"accountId": "\ud800"}', HALF),
        (rb'{"accountId": "1", "\udfff": 1}', HALF),
        (rb'{"key": "fsm_tenant_1_1", "value": "\ud800"}', HALF),
        (rb'{"fsm_tenant_1_\ud800": "{}"}', HALF),
        (rb'{"fsm_tenant_1_1": "\ud800"}', HALF),
        (rb'[{"accountId": "\ud800"}]', HALF),
    ],
)
def test_an_invalid_line_is_an_entry_with_its_problem(line, problem, opened):
    file = lines(tenant(1)) + line + b"\n" + lines(tenant(3))
    assert read(file, opened) == ["1", (2, problem), "3"]


@pytest.mark.parametrize("opened", [io.BytesIO, SlowPipe])
def test_tenants_over_several_lines_are_read(opened):
    assert read(PRETTY * 3, opened) == ["2", "2", "2"]
    assert read(lines(tenant(1)) + PRETTY + lines(tenant(3)), opened) == ["1", "2", "3"]


@pytest.mark.parametrize("opened", [io.BytesIO, SlowPipe])
@pytest.mark.parametrize(
    ("invalid", "problem"),
    [
        (PRETTY.replace(b'"eu"', b"NaN"), "Number out of range."),
        (PRETTY.replace(b'"cluster"', b'"accountId"'), "Key 'accountId' appears twice."),
        (PRETTY.replace(b"{", b'{"a": NaN,'), "Number out of range."),
        (PRETTY.replace(b'"eu"', b"[" * 32 + b"]" * 32), "Nested too deeply."),
        (PRETTY.replace(b'"eu"', rb'"\ud800"'), HALF),
    ],
)
def test_an_ambiguous_tenant_over_several_lines_is_one_entry(invalid, problem, opened):
    file = lines(tenant(1)) + invalid + lines(tenant(3))
    assert read(file, opened) == ["1", (2, problem), "3"]


@pytest.mark.parametrize("opened", [io.BytesIO, SlowPipe])
def test_the_tenant_after_an_invalid_one_over_several_lines_is_read(opened):
    invalid = PRETTY.replace(b'"eu",', b'"eu"')
    entries = read(lines(tenant(1)) + invalid + PRETTY + lines(tenant(3)), opened)
    assert [each for each in entries if isinstance(each, str)] == ["1", "2", "3"]


@pytest.mark.parametrize("opened", [io.BytesIO, SlowPipe])
def test_documents_of_other_formats_after_lines_are_read(harness, opened):
    file = lines(tenant(1)) + json.dumps([tenant(2), tenant(3)], indent=1).encode()
    assert read(file, opened) == ["1", "2", "3"]
    assert harness.kinds(lines(tenant(1)) + dump(tenant(4), theme="x")) == ["new", "new"]
    tenants = json.dumps({"tenants": [tenant(5)]}).encode() + b"\n"
    assert harness.kinds(lines(tenant(1)) + tenants + b"x\n") == ["new", "new", "invalid"]


@pytest.mark.parametrize("end", [b"\n", b""])
def test_a_line_that_is_too_long_is_refused(end):
    small = Limits(size=10**6, entries=10, depth=32, value=10_000)
    file = lines(tenant(1)) + b'{"accountId": "' + b"x" * 10_000 + b'"}' + end
    with pytest.raises(RefusedFileError) as refused:
        read(file, limits=small)
    assert str(refused.value) == "A value is longer than 10,000 characters (line 2, column 1)."
    over_lines = lines(tenant(1)) + b"[" + b"1,\n" * 10_000 + b"1]" + end
    with pytest.raises(RefusedFileError) as refused:
        read(over_lines, limits=small)
    assert str(refused.value) == "A value is longer than 10,000 characters (line 2, column 1)."
