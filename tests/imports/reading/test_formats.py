"""Files of every format are read, also in unusual variants in which nothing is lost."""

import codecs
import io
import json
import re

import pytest

from portal.imports.model.errors import RefusedFileError
from portal.imports.reading.entry_reader import EntryReader
from portal.imports.streaming.decode import Limits
from tests.imports.files import LIMITS, dump, lines, tenant

ONE = tenant(1)
KEY = "fsm_tenant_86810_1"
TEXT = json.dumps(ONE)
CRLF = json.dumps({"theme": "dark", KEY: TEXT}, indent=1).replace("\n", "\r\n").encode()
FILES = {
    "a dump": dump(ONE, theme="dark"),
    "a dump, UTF-8 with a mark": codecs.BOM_UTF8 + dump(ONE, theme="dark"),
    "a dump, UTF-16, little": codecs.BOM_UTF16_LE + dump(ONE, a="ü").decode().encode("utf-16-le"),
    "a dump, UTF-16, big": codecs.BOM_UTF16_BE + dump(ONE, a="ü").decode().encode("utf-16-be"),
    "a dump with CRLF": CRLF,
    "a storage state": json.dumps({
        "cookies": [{"name": "x", "value": "y"}],
        "origins": [
            {"origin": "https://a.example", "localStorage": []},
            {"localStorage": [{"name": "theme", "value": "a"}, {"name": KEY, "value": TEXT}],
             "indexedDB": [{"stores": []}]},
        ],
    }).encode(),
    "keys and values": json.dumps([{"key": KEY, "value": TEXT}, {"key": "a", "value": 1}]).encode(),
    "names and values": json.dumps([{"name": KEY, "value": TEXT}]).encode(),
    "keys with objects": json.dumps([{"key": KEY, "value": ONE}]).encode(),
    "pairs": json.dumps([["theme", "dark"], [KEY, TEXT]]).encode(),
    "tenants": json.dumps([ONE], indent=2).encode(),
    "tenants as texts": json.dumps([TEXT]).encode(),
    "tenants by key": json.dumps({KEY: ONE}).encode(),
    "several dumps in a list": json.dumps([{"theme": "x"} | {KEY: TEXT}]).encode(),
    "several dumps, one behind the other": b"{}\n" + dump(ONE),
    "JSON Lines": lines(ONE),
    "JSON Lines without a last line end": lines(ONE).rstrip(),
    "JSON Lines with empty lines": b"\n\r\n" + lines(ONE) + b"\n\n",
    "JSON Lines of keys and values": json.dumps({"key": KEY, "value": TEXT}).encode() + b"\n",
    "one tenant alone": json.dumps(ONE, indent=4).encode(),
    "an encoding in an encoding": json.dumps({KEY: json.dumps(TEXT)}).encode(),
    "under the word tenants": json.dumps({"tenants": [ONE]}).encode(),
}  # fmt: skip


class SlowPipe(io.BytesIO):
    """A pipe that gives a few bytes at a time."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(min(size or 0, 7))


@pytest.mark.parametrize("opened", [io.BytesIO, SlowPipe])
@pytest.mark.parametrize("name", FILES)
def test_the_tenant_is_found(harness, name, opened):
    assert [entry.key or KEY for entry in EntryReader(opened(FILES[name]), LIMITS)] == [KEY]
    (row,) = harness.rows(FILES[name])
    assert (row.kind, row.tenant_id) == ("new", "86810_1")


@pytest.mark.parametrize(
    ("name", "ignored"),
    [("a dump", 1), ("a storage state", 1), ("keys and values", 1), ("pairs", 1), ("tenants", 0)],
)
def test_keys_of_other_programs_are_counted(name, ignored):
    reader = EntryReader(io.BytesIO(FILES[name]), LIMITS)
    list(reader)
    assert reader.ignored_keys == ignored


def test_values_of_other_programs_are_not_checked(harness):
    # Programs compress texts for localStorage into ones with many lone surrogates.
    file = r'{"lz": "\ud800\udfff\ud800", "nul": "\u0000", "' + KEY + '": ' + json.dumps(TEXT) + "}"
    assert harness.kinds(file.encode()) == ["new"]
    pairs = r'[{"name": "lz", "value": "\ud800"}, {"name": "' + KEY + '", "value": '
    assert harness.kinds(f"{pairs}{json.dumps(TEXT)}}}]".encode()) == ["new"]


def test_a_value_of_another_program_may_be_longer_than_the_limit(harness):
    assert harness.kinds(dump(ONE, cache="x" * (LIMITS.value + 1))) == ["new"]


def test_an_invalid_line_is_a_row_and_the_others_are_read(harness):
    file = lines(ONE) + b'{"accountId": "1\nnull\n[1, 2\n' + lines(tenant(2)) + b'{"accountId":'
    rows = harness.rows(file)
    assert [row.kind.value for row in rows] == ["new", "invalid", "invalid", "invalid", "new",
                                                "invalid"]  # fmt: skip
    assert [row.line for row in rows] == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("end", range(1, len(dump(ONE)), 13))
def test_a_file_that_is_cut_off_anywhere_is_refused(harness, end):
    with pytest.raises(RefusedFileError) as refused:
        harness.rows(dump(ONE)[:end])
    assert re.fullmatch(r"Not valid JSON \(line 1, column \d+\)\.", refused.value.message)


def test_a_position_is_counted_in_lines_and_characters():
    small = Limits(size=10**6, entries=10, depth=32, value=10_000)
    file = '[\n  {"key": "ä", "value": 1},\n  {"key": "fsm_tenant_1_1", "value": ""}\n]'.encode()
    for opened in (io.BytesIO, SlowPipe):
        (entry,) = EntryReader(opened(file), small)
        assert (entry.line, entry.column) == (3, 3)


@pytest.mark.parametrize("file", [lines(*(tenant(n) for n in range(200))), dump(ONE, x="y" * 9999)])
@pytest.mark.parametrize("opened", [io.BytesIO, SlowPipe])
def test_a_size_limit_is_enforced_wherever_it_is_passed(file, opened):
    for size in range(len(file) - 1, 0, -len(file) // 40):
        small = Limits(size=size, entries=10_000, depth=32, value=10_000)
        with pytest.raises(RefusedFileError) as refused:
            list(EntryReader(opened(file), small))
        assert refused.value.status == 413
