"""The local storage of WebKit: a file of SQLite for each origin, and its `-wal`."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from portal.imports.browsers import open_browser_storage
from portal.imports.model import Message, Place, RefusedFileError
from portal.imports.reading import FileFormat
from tests.imports.browsers.profiles import Reading, contents, webkit_db
from tests.imports.files import LIMITS

NAME = "https_app.example.com_0.localstorage"
FRAMES = "WebKit keeps what pages in frames of other sites store in memory only"
WAL = "WebKit writes the latest changes into a file beside it whose name ends in -wal."


def test_records_that_are_only_in_the_wal_are_read_and_the_original_stays_as_it_is(tmp_path):
    texts = {"fsm_tenant_1_1": "Jörg 中文 😀", "fsm_tenant_1_2": ""}
    with closing(webkit_db(tmp_path / NAME, texts | {"other": "1"})):
        before = contents(tmp_path)
        assert set(before) == {NAME, f"{NAME}-shm", f"{NAME}-wal"}
        for path in (tmp_path, tmp_path / NAME):
            reading = Reading(path)
            assert reading.values == texts
            assert (reading.format, reading.ignored_keys) == (FileFormat.WEBKIT, 1)
            (said,) = reading.notes
            assert said.startswith(FRAMES)
            assert said.endswith("nothing can be found here.")
        assert contents(tmp_path) == before


def test_without_the_wal_it_is_said_what_may_be_missing(tmp_path):
    path = tmp_path / "copied" / NAME
    path.parent.mkdir()
    with closing(webkit_db(tmp_path / NAME, {"fsm_tenant_1_1": "{}"})) as db:
        shutil.copy(tmp_path / NAME, path)
        notes: list[Message] = []
        with (
            pytest.raises(RefusedFileError) as caught,
            open_browser_storage(path, LIMITS, notes.append) as source,
        ):
            list(source)
        sentence = str(caught.value)
        assert sentence.startswith("No tenant was found: of 0 keys in 1 files none begins with")
        assert "export its tenants in the console of the browser, for that frame" in sentence
        assert [note[:40] for note in notes] == [FRAMES[:40], WAL[:40]]
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copy(tmp_path / NAME, path)
    reading = Reading(path)
    assert reading.values == {"fsm_tenant_1_1": "{}"}
    assert [note[:40] for note in reading.notes] == [FRAMES[:40], WAL[:40]]


@pytest.mark.parametrize(
    ("name", "origin"),
    [
        (NAME, "https://app.example.com"),
        ("http_localhost_8080.localstorage", "http://localhost:8080"),
        ("http_a_b.example_0.localstorage", "http://a_b.example"),
        ("backup.localstorage", ""),
        ("localstorage.sqlite3", ""),
    ],
)
def test_the_origin_comes_from_the_name(tmp_path, name, origin):
    webkit_db(tmp_path / "LocalStorage" / name, {"fsm_tenant_1_1": "{}"}).close()
    (entry,) = Reading(tmp_path).entries
    assert entry.place == Place(origin=origin, file=f"LocalStorage/{name}")
    (entry,) = Reading(tmp_path / "LocalStorage" / name).entries
    assert entry.place == Place(origin=origin)


def test_one_bad_value_is_one_bad_row(tmp_path):
    db = webkit_db(tmp_path / NAME, {"fsm_tenant_1_1": "{}", "fsm_tenant_1_2": "\udc00"})
    long = b"x\0" * (LIMITS.value + 1)
    rows = (("fsm_tenant_1_3", b"{\0}"), ("fsm_tenant_1_4", 7), ("fsm_tenant_1_5", long))
    db.executemany("INSERT INTO ItemTable VALUES (?, ?)", rows)
    db.execute("INSERT INTO ItemTable VALUES (CAST(x'66736d5f74656e616e745fff' AS TEXT), x'7b00')")
    db.close()
    reading = Reading(tmp_path)
    assert reading.problems == {
        "fsm_tenant_1_2": "It holds half of a surrogate pair, which is no character.",
        "fsm_tenant_1_3": "The stored value is damaged: it is no UTF-16-LE.",
        "fsm_tenant_1_4": "The stored value is damaged: its encoding is unknown.",
        "fsm_tenant_1_5": "The value is longer than 1,000,000 characters.",
    }
    assert reading.values["fsm_tenant_1_1"] == "{}"
    assert reading.values["fsm_tenant_\\xff"] == "{"


def test_a_file_whose_tables_are_all_in_the_missing_wal_is_refused_for_that(tmp_path):
    path = tmp_path / "copied" / NAME
    path.parent.mkdir()
    with closing(sqlite3.connect(tmp_path / NAME, isolation_level=None)) as browser:
        browser.execute("PRAGMA journal_mode=WAL")
        browser.execute("CREATE TABLE ItemTable (key TEXT UNIQUE, value BLOB NOT NULL)")
        shutil.copy(tmp_path / NAME, path)
        for folder_or_file in (path.parent, path):
            with pytest.raises(RefusedFileError) as caught:
                Reading(folder_or_file)
            assert str(caught.value) == (
                f"{NAME}: it is empty, and the file beside it whose name ends in -wal is missing."
                " What the browser wrote is in that file. Copy both."
            )


def test_a_value_that_is_missing_is_one_bad_row_that_says_so(tmp_path):
    with closing(sqlite3.connect(tmp_path / NAME)) as db, db:
        db.execute("CREATE TABLE ItemTable (key TEXT, value BLOB)")
        db.execute("INSERT INTO ItemTable VALUES ('fsm_tenant_1_1', NULL)")
    assert Reading(tmp_path).problems == {"fsm_tenant_1_1": "The stored value is missing."}


def test_a_view_in_place_of_the_table_is_refused(tmp_path):
    with closing(sqlite3.connect(tmp_path / NAME)) as db:
        db.executescript("CREATE TABLE t (x); CREATE VIEW ItemTable AS SELECT 1 AS key, 1 AS value")
    for path, sentence in (
        (tmp_path, f"{NAME}: it has no table ItemTable."),
        (tmp_path / NAME, "This is a database of SQLite, but not the local storage of a browser."),
    ):
        with pytest.raises(RefusedFileError) as caught:
            Reading(path)
        assert str(caught.value) == sentence


def test_a_folder_of_the_same_name_is_no_storage(tmp_path: Path):
    (tmp_path / NAME).mkdir()
    with pytest.raises(RefusedFileError, match="No local storage of a browser was found"):
        Reading(tmp_path)
