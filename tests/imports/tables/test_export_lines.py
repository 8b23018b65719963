"""Lines of an export to S3 are the one compressed file that is read, within the same limits."""

import gzip
import io
import json
import zlib

import pytest

from portal.imports.model.errors import RefusedFileError
from portal.imports.reading.entry_reader import EntryReader
from portal.imports.reading.formats import FileFormat
from portal.imports.streaming.decode import Limits
from tests.imports.files import LIMITS, dump, lines, tenant
from tests.imports.reading.test_formats import SlowPipe
from tests.imports.tables.test_typed_items import typed

COMPRESSED = "Send the file uncompressed."


def export(*numbers: int) -> bytes:
    return b"".join(json.dumps({"Item": typed(n)}).encode() + b"\n" for n in numbers)


def refusal(file: bytes, limits: Limits = LIMITS) -> tuple[str, int]:
    with pytest.raises(RefusedFileError) as refused:
        list(EntryReader(io.BytesIO(file), limits))
    return refused.value.message, refused.value.status


@pytest.mark.parametrize("opened", [io.BytesIO, SlowPipe])
@pytest.mark.parametrize(
    "file",
    [
        gzip.compress(export(1, 2, 3)),
        gzip.compress(export(1)) + gzip.compress(b"") + gzip.compress(export(2, 3)),
        gzip.compress(export(1, 2, 3), 0),
        gzip.compress(b'{ "Item" : ' + export(1, 2, 3)[9:]),
    ],
)
def test_all_members_are_read(file, opened):
    reader = EntryReader(opened(file), LIMITS)
    assert [entry.value["companyId"] for entry in reader] == ["1", "2", "3"]
    assert reader.format is FileFormat.TABLE


@pytest.mark.parametrize(
    "content",
    [dump(tenant()), lines(tenant()), json.dumps(typed()).encode(), b"", b"[]", b'{"Items": []}',
     gzip.compress(export(1))],
)  # fmt: skip
def test_no_other_compressed_file_is_read(content):
    assert refusal(gzip.compress(content)) == (COMPRESSED, 415)


@pytest.mark.parametrize("end", range(2, len(gzip.compress(export(1))) - 1, 9))
def test_a_file_that_is_cut_off_is_refused(end):
    message, status = refusal(gzip.compress(export(1))[:end])
    assert (message, status) in {
        ("The compressed file ends too early. Download it again.", 400),
        # So little is left that the first line cannot be seen.
        (COMPRESSED, 415),
    }


def test_a_damaged_file_is_refused():
    file = bytearray(gzip.compress(export(*range(50)), 0))
    file[5_000] ^= 1
    assert refusal(bytes(file)) == ("The compressed file is damaged. Download it again.", 400)
    good = gzip.compress(export(1))
    assert refusal(good + b"more")[0] == "The compressed file is damaged. Download it again."


def test_what_comes_out_is_limited_as_any_file():
    bomb = gzip.compress(export(1) + b" " * 6_000_000)
    assert len(bomb) < 10_000
    assert refusal(bomb) == ("The file is larger than 5 MB.", 413)
    line = b'{"Item": {"tenantId": {"S": "' + b"x" * 2_000_000
    assert refusal(gzip.compress(line))[0].startswith("A value is longer than 1,000,000 char")
    small = Limits(size=10**6, entries=2, depth=32, value=10**6)
    assert refusal(gzip.compress(export(1, 2, 3)), small)[1] == 413


def test_empty_members_without_end_are_limited():
    small = Limits(size=10_000, entries=10, depth=32, value=10_000)
    assert refusal(gzip.compress(export(1)) + gzip.compress(b"") * 1_000, small) == (
        "The file is larger than 10,000 bytes.", 413,
    )  # fmt: skip


def test_a_bomb_takes_little_memory():
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    pieces = [
        packer.compress(b'{"Item": {"a": {"S": "'),
        *(packer.compress(b"x" * 10**6) for _ in range(60)),
    ]
    file = b"".join(pieces) + packer.flush()
    large = Limits(size=10**9, entries=10, depth=32, value=10_000)
    assert refusal(file, large)[0].startswith("A value is longer than 10,000 characters")
