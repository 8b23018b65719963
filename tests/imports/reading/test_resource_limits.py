"""Time grows linearly with the file, memory is bounded, and every part counts against limits."""

import io
import json
import time
import tracemalloc

import pytest

from portal.imports.model.errors import RefusedFileError
from portal.imports.planning.staging import StagedEntries
from portal.imports.reading.entry_reader import EntryReader
from portal.imports.streaming.decode import Limits
from portal.imports.streaming.duplicate_keys import DuplicateKeys
from portal.imports.streaming.strict_json import ParsedValue
from tests.imports.files import LIMITS, lines, tenant

GOOD = lines(tenant(1))
WIDE = Limits(size=50_000_000, entries=10**8, depth=32, value=1_000_000)
INVALID = {
    "open lists of objects": b"[" + b"{}," * 330 + b"\n",
    "open lists of numbers": b"[" + b"1.5," * 250 + b"\n",
    "open objects": b'{"a":[' + b"1.5," * 250 + b"\n",
    "open lists and NaN": b"[" + b"{}," * 330 + b"NaN,\n",
    "open objects, a key twice": b'{"a":{"b":1,"b":2,"c":[' + b"1.5," * 250 + b"\n",
    "open lists, one in each line": b"[\n" * 20,
    "open strings": b'{"accountId": "' + b"x" * 990 + b"\n",
    "no JSON at all": b"x\n" * 10,
    "a list that is open, again and again": b"[\nx\n" * 10,
    "objects, closed": b'{"accountId": "1", "x": [' + b"1.5," * 250 + b"1]}\n",
    "objects of two lines": b'{"accountId": "1", "x": [\n' + b"1.5," * 250 + b"1]}\n",
    "objects with a key twice": b'{"a": 1, "a": 2, "x": [\n' + b"1.5," * 250 + b"1]}\n",
}


def seconds(file: bytes) -> float:
    start = time.process_time()
    for _ in EntryReader(io.BytesIO(file), WIDE):
        pass
    return time.process_time() - start


@pytest.mark.parametrize("name", INVALID)
def test_time_grows_linearly_with_the_lines(name):
    small, large = GOOD + INVALID[name] * 100, GOOD + INVALID[name] * 400
    # The shortest of several: other load on the machine only makes them longer.
    pairs = [(seconds(small), seconds(large)) for _ in range(4)]
    # If each line made the reader read the rest again, it would be sixteen times.
    assert min(each[1] for each in pairs) < 9 * min(each[0] for each in pairs)


COUNTED = {
    "objects with nothing in them": (b"", b"{}\n", b""),
    "lists with nothing in them": (b"", b"[]", b""),
    "objects with nothing of a tenant": (b"", b'{"at":1}', b""),
    "origins with nothing in them": (b'{"origins":[', b"{},", b"{}]}"),
    "what else an origin holds": (b'{"origins":[', b'{"indexedDB":[]},', b"{}]}"),
    "rows of a report that did not fail": (b'{"rows":[', b'{"row":1,"kind":"new","reasons":[]},',
                                            b"{}]}"),
    "lines of a report that did not fail": (b"row,kind\n", b"1,new\n", b""),
    "lines of a report with nothing in them": (b"row,kind\n", b"\n", b""),
    "invalid lines": (GOOD, b"x\n", b""),
    "lines with nothing in them": (GOOD, b"{}\n", b""),
    "tenants": (b"[", json.dumps(tenant(1)).encode() + b",", b"{}]"),
}  # fmt: skip


@pytest.mark.parametrize("name", COUNTED)
def test_each_part_counts_against_the_limit(name):
    begin, part, end = COUNTED[name]
    assert refusal(begin + part * 101 + end) == "The file has more than 100 entries."
    assert refusal(begin + part * 49 + end) in ("", "The file is not a portal export.")


def refusal(file: bytes) -> str:
    few = Limits(size=10**6, entries=100, depth=32, value=10_000)
    try:
        list(EntryReader(io.BytesIO(file), few))
    except RefusedFileError as refused:
        return refused.message
    return ""


def test_a_report_with_as_many_rows_as_allowed_is_read():
    few = Limits(size=10**6, entries=100, depth=32, value=10_000)
    done = {"row": 1, "kind": "new", "reasons": []}
    rows = [done] * 50 + [{"kind": "invalid", "values": {"accountId": "1"}}] * 50
    assert len(list(EntryReader(io.BytesIO(json.dumps({"rows": rows}).encode()), few))) == 50


def test_long_keys_take_little_memory():
    keys = DuplicateKeys()
    tracemalloc.start()
    try:
        for n in range(40):
            key = f"{n}\U0001f600" + "x" * 900_000
            assert keys.add(ParsedValue(key, "", 1, 1))
            assert not keys.add(ParsedValue(key, "", 1, 1))
            del key
        assert tracemalloc.get_traced_memory()[0] < 1_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("again", [0, 7_000, 20_000, 20_001, 24_999])
def test_a_duplicate_key_is_found_among_more_keys_than_memory_holds(again):
    names = [*range(25_000), again]
    file = "{" + ",".join(f'"k{n}":""' for n in names) + "}"
    with StagedEntries() as staged, pytest.raises(RefusedFileError) as refused:
        staged.add(io.BytesIO(file.encode()), WIDE)
    assert refused.value.message == f"Key 'k{again}' appears twice."


def test_a_csv_row_may_span_many_lines_but_not_the_whole_file():
    small = Limits(size=10**6, entries=100, depth=32, value=1_000)
    file = b"row,kind,clientId\n" + b'1,new,"a\nb"\n' * 90 + b"1,invalid,x\n"
    assert len(list(EntryReader(io.BytesIO(file), small))) == 1
    with pytest.raises(RefusedFileError) as refused:
        list(EntryReader(io.BytesIO(b"row,kind\n" + b'"a\n",' * 9_000), small))
    assert refused.value.status == 413


@pytest.mark.parametrize("length", [131_072, 131_073, 999_000])
def test_a_csv_cell_may_be_as_long_as_any_value(length):
    file = b"row,kind,accountId,clientId\n1,invalid,1," + b"x" * length + b"\n2,invalid,2,x\n"
    values = [entry.value for entry in EntryReader(io.BytesIO(file), LIMITS)]
    assert [len(value["clientId"]) for value in values] == [length, 1]


@pytest.mark.parametrize("quote", [b"", b'"'])
def test_a_longer_cell_is_refused(quote):
    file = b"row,kind,clientId\n1,invalid," + quote + b"x" * 1_000_000 + quote + b"\n"
    with pytest.raises(RefusedFileError) as refused:
        list(EntryReader(io.BytesIO(file), LIMITS))
    message = "A value is longer than 1,000,000 characters (line 2, column 1)."
    assert (refused.value.message, refused.value.status) == (message, 413)


def test_an_error_has_its_position_whatever_follows():
    file = b'[{"accountId": "1" "x": 1},' + b"1," * 1_500_000
    with pytest.raises(RefusedFileError) as refused:
        list(EntryReader(io.BytesIO(file), LIMITS))
    assert refused.value.message == "Not valid JSON (line 1, column 20)."
