"""The file of what is known: who wins, and when it is thrown away."""

import shutil
import sqlite3
import stat
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from portal.atomic_files import file_lock
from portal.grace.known_file import (
    MAX_IDS,
    NAME,
    Known,
    KnownFile,
    KnownFileBusyError,
    KnownFileError,
)
from tests.grace.broken_disks import full_disk, write_protected_folder

YES = Known("1_1", 3, 1_000_000, b'{"tenantId":"1_1"}')
NO = YES._replace(row=None)


def contents(folder: Path) -> dict[str, bytes | None]:
    file = KnownFile(folder)
    rows = {row.tenant_id: row.row for row in file.changed_rows()}
    file.close()
    return rows


def test_what_was_written_is_there_for_another_process(tmp_path: Path) -> None:
    first, second = KnownFile(tmp_path), KnownFile(tmp_path)
    assert second.changed_rows() == []
    first.write([YES])
    assert second.changed_rows() == [YES]
    assert second.changed_rows() == []
    first.write([NO], looked_at=77)
    assert second.changed_rows() == [NO]
    assert (first.looked_at(), second.looked_at()) == (77, 77)


def test_only_the_portal_may_read_it(tmp_path: Path) -> None:
    file = KnownFile(tmp_path / "new")
    file.write([YES])
    for path in (file.path, file.path.with_name(f"{NAME}-journal")):
        if path.exists():
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("first", "second", "stays"),
    [
        pytest.param(YES, NO, None, id="a no of the same instant"),
        pytest.param(NO, YES, None, id="a no that was there first"),
        pytest.param(NO, YES._replace(at=1_000_001), YES.row, id="a yes that is newer"),
        pytest.param(NO, YES._replace(version=4), YES.row, id="a yes of a newer version"),
        pytest.param(
            NO, YES._replace(version=2, at=2_000_000), None, id="a yes of an older version"
        ),
        pytest.param(YES, NO._replace(at=999_999), YES.row, id="a no that is older"),
        pytest.param(YES, NO._replace(version=4, at=999_999), None, id="a no of a newer version"),
        pytest.param(
            YES, NO._replace(version=0, at=1_000_001), None, id="a no that knows no version"
        ),
        pytest.param(
            NO._replace(version=0), YES._replace(version=9), None, id="a no of any version"
        ),
        pytest.param(
            NO._replace(version=0), NO._replace(version=4, at=999_999), None, id="two noes"
        ),
        pytest.param(
            YES, YES._replace(row=b"{}", at=999_999), YES.row, id="a yes that came late"
        ),
    ],
)  # fmt: skip
def test_the_newer_row_stays(
    tmp_path: Path, first: Known, second: Known, stays: bytes | None
) -> None:
    file = KnownFile(tmp_path)
    file.write([first])
    file.write([second])
    assert contents(tmp_path) == {"1_1": stays}


def test_a_no_about_nobody_is_written_only_where_somebody_was_known(tmp_path: Path) -> None:
    file = KnownFile(tmp_path)
    file.write([YES])
    file.write([], only_known=[NO._replace(version=0), Known("1_2", 0, 5, None)])
    assert contents(tmp_path) == {"1_1": None}


def test_the_oldest_make_room(tmp_path: Path) -> None:
    file = KnownFile(tmp_path)
    rows = [Known(f"1_{n}", 1, n, b"{}") for n in range(1, MAX_IDS + 2)]
    file.write(rows)
    kept = contents(tmp_path)
    assert len(kept) == MAX_IDS == 50_000
    assert "1_1" not in kept
    assert f"1_{MAX_IDS + 1}" in kept


def test_what_is_too_old_is_removed(tmp_path: Path) -> None:
    file = KnownFile(tmp_path)
    file.write([YES, YES._replace(tenant_id="1_2", at=2_000_000)])
    file.write([YES._replace(tenant_id="1_3", at=2_000_000)], oldest=1_500_000)
    assert contents(tmp_path).keys() == {"1_2", "1_3"}


def test_whoever_counts_through_ids_makes_nobody_write(tmp_path: Path) -> None:
    file = KnownFile(tmp_path)
    file.write([YES])
    before = file.path.stat().st_mtime_ns
    file.write([], only_known=[Known(f"9_{number}", 0, 5, None) for number in range(100)])
    assert file.path.stat().st_mtime_ns == before


# ---- Files that are not trusted


@pytest.mark.parametrize("copy", [shutil.copy, shutil.copy2], ids=["cp", "cp -p"])
@pytest.mark.parametrize("is_over_the_old_one", [True, False])
def test_a_file_from_a_backup_is_not_believed(
    tmp_path: Path, copy: Callable[[Path, Path], object], *, is_over_the_old_one: bool
) -> None:
    """A suspension may have been written after the backup was made."""
    path = tmp_path / "data" / NAME
    # An hour ago, as far as the portal can tell.
    file = KnownFile(path.parent, wall=lambda: time.time() - 3600)
    file.write([YES])
    file.close()
    copy(path, tmp_path / "backup")
    file = KnownFile(path.parent)
    file.write([NO])
    file.close()
    if not is_over_the_old_one:
        path.unlink()
    copy(tmp_path / "backup", path)
    assert contents(path.parent) == {}


def test_a_file_that_was_not_touched_since_is_believed(tmp_path: Path) -> None:
    file = KnownFile(tmp_path)
    file.write([YES])
    file.close()
    # Reading, and whatever the times for people say, change nothing.
    (tmp_path / NAME).read_bytes()
    assert contents(tmp_path) == {"1_1": YES.row}


@pytest.mark.parametrize("at", [0, 20, 100, 4096 + 30])
def test_a_damaged_file_is_made_anew(tmp_path: Path, at: int) -> None:
    file = KnownFile(tmp_path)
    file.write([Known(f"1_{n}", 1, n, b'{"tenantId":"x"}' * 9) for n in range(1, 200)])
    file.close()
    data = bytearray((tmp_path / NAME).read_bytes())
    data[at : at + 40] = b"\xff" * 40
    (tmp_path / NAME).write_bytes(data)
    file = KnownFile(tmp_path)
    with suppress(KnownFileError):
        assert set(file.changed_rows()) <= {
            Known(f"1_{n}", 1, n, b'{"tenantId":"x"}' * 9) for n in range(1, 200)
        }
    file.write([YES])
    assert contents(tmp_path)["1_1"] == YES.row


def test_a_bit_that_fell_over_in_a_row_is_noticed(tmp_path: Path) -> None:
    file = KnownFile(tmp_path)
    file.write([YES])
    file.close()
    data = (tmp_path / NAME).read_bytes()
    assert data.count(b'"tenantId":"1_1"') == 1
    (tmp_path / NAME).write_bytes(data.replace(b'"tenantId":"1_1"', b'"tenantId":"1_3"'))
    file = KnownFile(tmp_path)
    with pytest.raises(KnownFileError):
        file.changed_rows()
    assert contents(tmp_path) == {}


@pytest.mark.parametrize("bytes_of_it", [b"", b"no database", b"\x00" * 8192])
def test_another_file_in_its_place_is_replaced(tmp_path: Path, bytes_of_it: bytes) -> None:
    (tmp_path / NAME).write_bytes(bytes_of_it)
    file = KnownFile(tmp_path)
    file.write([YES])
    assert contents(tmp_path) == {"1_1": YES.row}


def test_a_file_of_a_newer_portal_is_replaced(tmp_path: Path) -> None:
    file = KnownFile(tmp_path)
    file.write([YES])
    file.close()
    with sqlite3.connect(tmp_path / NAME) as connection:
        connection.execute("PRAGMA user_version = 2")
    connection.close()
    assert contents(tmp_path) == {}


def test_a_file_that_another_worker_threw_away_is_opened_anew(tmp_path: Path) -> None:
    one, other = KnownFile(tmp_path), KnownFile(tmp_path)
    one.write([YES])
    assert other.changed_rows() == [YES]
    assert other.times_made == 1
    one.discard()
    one.write([YES._replace(tenant_id="1_2")])
    assert [row.tenant_id for row in other.changed_rows()] == ["1_2"]
    assert other.times_made == 2


def test_whoever_hangs_while_it_opens_the_file_holds_up_no_request(tmp_path: Path) -> None:
    file = KnownFile(tmp_path)
    file.write([YES])
    file.close()
    with file_lock(tmp_path / NAME):
        began = time.monotonic()
        with pytest.raises(KnownFileBusyError):
            file.changed_rows()
        with pytest.raises(KnownFileBusyError):
            file.looked_at()
        assert time.monotonic() - began < 5
    # It is the same file as before: nothing was wrong with it.
    assert file.changed_rows() == [YES]


def test_whoever_hangs_while_it_opens_the_file_does_not_save_one_that_is_wrong(
    tmp_path: Path,
) -> None:
    file = KnownFile(tmp_path)
    file.write([YES])
    with file_lock(tmp_path / NAME):
        file.discard()
    assert contents(tmp_path) == {}


def test_a_folder_that_cannot_be_written_gives_nothing() -> None:
    with write_protected_folder() as folder, pytest.raises(KnownFileError):
        KnownFile(folder).changed_rows()


def test_on_a_full_disk_nothing_is_written_and_later_it_is(tmp_path: Path) -> None:
    file = KnownFile(tmp_path)
    file.write([YES])
    with full_disk():
        with pytest.raises(KnownFileError):
            file.write([YES._replace(tenant_id="1_2")])
        # What could not take a "no" in says nothing either.
        with pytest.raises(KnownFileError):
            KnownFile(tmp_path).changed_rows()
    file.write([YES._replace(tenant_id="1_3")])
    assert contents(tmp_path).keys() == {"1_1", "1_3"}


def test_two_workers_write_at_the_same_time(tmp_path: Path) -> None:
    one, other = KnownFile(tmp_path), KnownFile(tmp_path)
    for number in range(20):
        writer = one if number % 2 else other
        writer.write([Known(f"1_{number}", 1, number, b"{}")])
    assert len(contents(tmp_path)) == 20
