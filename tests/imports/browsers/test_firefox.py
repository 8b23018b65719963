"""The local storage of Firefox: a file of SQLite for each origin."""

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import cramjam
import pytest

from portal.imports.model import Place, RefusedFileError
from portal.imports.reading import FileFormat
from tests.imports.browsers.profiles import (
    APP,
    Reading,
    contents,
    firefox_file,
    firefox_path,
    firefox_row,
    varint,
)
from tests.imports.files import LIMITS

FOLDER = "https+++app.example.com"
DAMAGED = "The stored value is damaged: "


def refused(path: Path) -> str:
    with pytest.raises(RefusedFileError) as caught:
        Reading(path)
    return str(caught.value)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Of a file with one tenant."""
    path = firefox_path(tmp_path / "profile", FOLDER)
    return firefox_file(path, APP, [firefox_row("fsm_tenant_1_1", "{}")])


def test_all_pairs_of_conversion_and_compression_are_read(tmp_path):
    text = "Jörg 中文 😀 " + "x" * 200
    rows = [firefox_row(f"fsm_tenant_1_{conversion}{compression}", text, conversion, compression)
            for conversion in (0, 1) for compression in (0, 1)]  # fmt: skip
    compressed = bytes(cramjam.snappy.compress_raw(text.encode()))
    assert len(compressed) < len(text)
    rows += [("fsm_tenant_1_real", len(text) + 1, 1, 1, compressed), firefox_row("other", "1")]
    path = firefox_file(tmp_path / "data.sqlite", APP, rows)
    reading = Reading(path)
    assert reading.values == {row[0]: text for row in rows[:-1]}
    assert (reading.problems, reading.ignored_keys) == ({}, 1)
    assert reading.format is FileFormat.FIREFOX


@pytest.mark.parametrize(
    ("suffix", "expected"),
    [
        ("", {}),
        ("^userContextId=2", {"container": "2"}),
        ("^partitionKey=%28http%2Cexample.net%29", {"top_site": "http://example.net"}),
        ("^partitionKey=%28https%2Csap.com%2C8443%2Cf%29", {"top_site": "https://sap.com:8443"}),
        ("^partitionKey=%28https%2Csap.com%2Cf%29", {"top_site": "https://sap.com"}),
        (
            "^userContextId=12&partitionKey=%28https%2Csap.com%29",
            {"container": "12", "top_site": "https://sap.com"},
        ),
        ("^privateBrowsingId=1", {}),
    ],
)
def test_container_and_partition_come_from_the_name_of_the_folder(tmp_path, suffix, expected):
    path = firefox_path(tmp_path, FOLDER + suffix)
    firefox_file(path, APP, [firefox_row("fsm_tenant_1_1", "{}")])
    file = f"storage/default/{FOLDER}{suffix}/ls/data.sqlite"
    key = APP + suffix if suffix else ""
    (entry,) = Reading(tmp_path).entries
    assert entry.place == Place(origin=APP, storage_key=key, file=file, **expected)
    (entry,) = Reading(path).entries
    assert entry.place == Place(origin=APP, storage_key=key, **expected)


def test_the_origin_is_that_of_the_database_which_may_have_the_attributes_too(tmp_path):
    path = firefox_path(tmp_path, "https+++something.else^userContextId=2")
    firefox_file(path, f"{APP}^userContextId=2", [firefox_row("fsm_tenant_1_1", "{}")])
    (entry,) = Reading(tmp_path).entries
    assert (entry.place.origin, entry.place.container) == (APP, "2")
    # Elsewhere the folder says nothing.
    alone = shutil.copy(path, tmp_path / "copied.sqlite")
    (entry,) = Reading(Path(alone)).entries
    assert entry.place == Place(origin=APP, storage_key=f"{APP}^userContextId=2", container="2")


@pytest.mark.parametrize("inner", ["", "storage", "storage/default", f"storage/default/{FOLDER}",
                                   f"storage/default/{FOLDER}/ls"])  # fmt: skip
def test_every_folder_above_a_file_can_be_named(path, tmp_path, inner):
    assert Reading(tmp_path / "profile" / inner).values == {"fsm_tenant_1_1": "{}"}


def test_all_profiles_are_read_and_what_was_to_be_forgotten_is_not(path, tmp_path):
    second = firefox_path(tmp_path / "second", FOLDER)
    firefox_file(second, APP, [firefox_row("fsm_tenant_1_2", "{}")])
    forgotten = tmp_path / "second" / "storage" / "to-be-removed" / "7" / "ls" / "data.sqlite"
    firefox_file(forgotten, APP, [firefox_row("fsm_tenant_1_3", "{}")])
    assert list(Reading(tmp_path).values) == ["fsm_tenant_1_1", "fsm_tenant_1_2"]


def test_one_bad_value_is_one_bad_row(tmp_path):
    bomb = bytes(cramjam.snappy.compress_raw(b"x" * 10_000_000))
    assert len(bomb) < 500_000
    rows = [
        firefox_row("fsm_tenant_1_01", "{}"),
        firefox_row("fsm_tenant_1_02", "{\ud800}", conversion=0),
        ("fsm_tenant_1_03", 3, 1, 0, b"{}"),
        ("fsm_tenant_1_04", 2, 2, 0, b"{}"),
        ("fsm_tenant_1_05", 2, 1, 2, b"{}"),
        ("fsm_tenant_1_06", 2, 1, 0, b"\xff\xff"),
        ("fsm_tenant_1_07", 2, 0, 0, b"{\0}"),
        ("fsm_tenant_1_08", 2, 1, 1, varint(2**31) + b"\x04{}"),
        ("fsm_tenant_1_09", 2, 1, 1, varint(2) + b"\xf0{}"),
        ("fsm_tenant_1_10", 2, 1, 1, b""),
        ("fsm_tenant_1_11", 2, 1, 1, bomb),
        ("fsm_tenant_1_12", 10_000_000, 1, 1, bomb),
        ("fsm_tenant_1_13", LIMITS.value + 1, 1, 0, b"x" * (LIMITS.value + 1)),
        ("fsm_tenant_1_14", 70_000_000, 1, 0, bytes(70_000_000)),
        ("fsm_tenant_1_15", 2, 1, 0, "{}"),
        ("fsm_tenant_1_16", 2, 1, 0, 12),
        ("fsm_tenant_1_17", -1, 1, 1, b"\0"),
    ]
    reading = Reading(firefox_file(tmp_path / "data.sqlite", APP, rows))
    too_long = "The value is longer than 1,000,000 characters."
    unpacked = DAMAGED + "it cannot be decompressed."
    problems = [
        "It holds half of a surrogate pair, which is no character.",
        DAMAGED + "it has 2 characters instead of 3.",
        DAMAGED + "its encoding is unknown.",
        DAMAGED + "its compression is unknown.",
        DAMAGED + "it is no UTF-8.",
        DAMAGED + "it is no UTF-16-LE.",
        unpacked,
        unpacked,
        unpacked,
        unpacked,
        too_long,
        too_long,
        too_long,
    ]
    expected = {f"fsm_tenant_1_{n:02}": problem for n, problem in enumerate(problems, start=2)}
    expected["fsm_tenant_1_16"] = DAMAGED + "its encoding is unknown."
    expected["fsm_tenant_1_17"] = unpacked
    assert reading.problems == expected
    assert len(reading.entries) == len(rows)


def test_a_value_that_is_missing_is_one_bad_row_that_says_so(tmp_path):
    path = tmp_path / "data.sqlite"
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("CREATE TABLE database (origin)")
        db.execute(
            "CREATE TABLE data (key, utf16_length, conversion_type, compression_type, value)"
        )
        db.execute("INSERT INTO database VALUES (?)", (APP,))
        db.execute("INSERT INTO data VALUES ('fsm_tenant_1_1', 2, 1, 0, NULL)")
    assert Reading(path).problems == {"fsm_tenant_1_1": "The stored value is missing."}


def test_the_original_is_not_opened_even_while_firefox_has_it_locked(path, tmp_path):
    with closing(sqlite3.connect(path, isolation_level=None)) as firefox:
        firefox.execute("PRAGMA locking_mode=EXCLUSIVE")
        firefox.execute("BEGIN EXCLUSIVE")
        before = contents(tmp_path)
        assert Reading(path).values == {"fsm_tenant_1_1": "{}"}
        assert contents(tmp_path) == before


def test_a_write_that_was_broken_off_is_taken_back_by_the_journal(path, tmp_path):
    broken_off = firefox_path(tmp_path / "broken off", FOLDER)
    broken_off.parent.mkdir(parents=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as firefox:
        # With hardly a cache, SQLite writes into the file before the end.
        firefox.execute("PRAGMA cache_size=1")
        firefox.execute("BEGIN")
        rows = [(f"fsm_tenant_1_{n}", "x" * 3_000) for n in range(1, 100)]
        firefox.executemany(
            "INSERT OR REPLACE INTO data VALUES (?, 3000, 1, 0, 0, CAST(? AS BLOB))", rows
        )
        for end in ("", "-journal"):
            shutil.copy(f"{path}{end}", f"{broken_off}{end}")
        firefox.execute("ROLLBACK")
    assert broken_off.stat().st_size > 100_000
    assert Reading(broken_off).values == {"fsm_tenant_1_1": "{}"}
    assert Reading(tmp_path / "broken off").values == {"fsm_tenant_1_1": "{}"}


def test_a_journal_that_names_another_file_is_refused(path, tmp_path):
    """SQLite would look for that file, and delete it."""
    other = tmp_path / "other"
    other.write_text("kept")
    name = os.fsencode(other)
    journal = path.with_name("data.sqlite-journal")
    checksum = sum(byte - 256 if byte > 127 else byte for byte in name)
    journal.write_bytes(
        bytes.fromhex("d9d505f920a163d7") + bytes(20).ljust(504, b"\0")
        + b"\0\0\0\1" + name + len(name).to_bytes(4, "big") + checksum.to_bytes(4, "big")
        + bytes.fromhex("d9d505f920a163d7")
    )  # fmt: skip
    file = f"storage/default/{FOLDER}/ls/data.sqlite"
    assert refused(tmp_path / "profile") == f"{file}: its journal belongs to several files."
    assert other.read_text() == "kept"


ENDLESS_VIEW = (
    "DROP TABLE data; CREATE VIEW data AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1"
    " FROM n) SELECT x AS key, x AS utf16_length, 1 AS conversion_type, 0 AS compression_type,"
    " x AS value FROM n"
)
VIRTUAL_TABLE = (
    "DROP TABLE data; CREATE VIRTUAL TABLE data USING fts5(key, utf16_length, conversion_type,"
    " compression_type, value)"
)
GENERATED_COLUMN = (
    "DROP TABLE data; CREATE TABLE data (key, utf16_length, conversion_type, compression_type,"
    " value AS (zeroblob(2000000000)))"
)


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("DROP TABLE data", "it has no table data"),
        ("DROP TABLE database", "it has no table database"),
        ("DELETE FROM database", "it names no origin"),
        (ENDLESS_VIEW, "it has no table data"),
        (VIRTUAL_TABLE, "it has no table data"),
        (GENERATED_COLUMN, "its table data has no column value"),
        ("ALTER TABLE data DROP COLUMN utf16_length",
         "its table data has no column utf16_length"),
    ],
)  # fmt: skip
def test_tables_that_would_run_what_the_file_says_are_refused(path, tmp_path, script, reason):
    with closing(sqlite3.connect(path)) as db:
        db.executescript(script)
    file = f"storage/default/{FOLDER}/ls/data.sqlite"
    assert refused(tmp_path / "profile") == f"{file}: {reason}."


def test_triggers_and_other_views_change_nothing(path):
    with closing(sqlite3.connect(path)) as db:
        db.executescript(
            "CREATE VIEW tenants AS SELECT * FROM data; CREATE TRIGGER t AFTER UPDATE ON data BEGIN"
            " DELETE FROM data; END; CREATE INDEX i ON data (value) WHERE length(value) > 1"
        )
    assert Reading(path).values == {"fsm_tenant_1_1": "{}"}


def test_a_damaged_file_is_refused(path, tmp_path):
    whole = path.read_bytes()
    page = whole.index(b"fsm_tenant_1_1") // 4096
    # The header of the record says that its value has two gigabytes.
    at = whole.index(b"fsm_tenant_1_1", page * 4096) - 6
    for data in (
        whole[:5_000], whole[:100] + os.urandom(4_000) + whole[4_100:],
        whole[:at] + b"\xff" * 5 + whole[at + 5 :],
    ):  # fmt: skip
        path.write_bytes(data)
        message = refused(tmp_path / "profile")
        assert message.startswith(f"storage/default/{FOLDER}/ls/data.sqlite: "), message
    path.write_bytes(b"")
    assert "it has no table database" in refused(tmp_path / "profile")


def test_other_databases_are_refused(tmp_path):
    with closing(sqlite3.connect(tmp_path / "places.sqlite")) as db, db:
        db.execute("CREATE TABLE places (url)")
    assert refused(tmp_path / "places.sqlite") == (
        "This is a database of SQLite, but not the local storage of a browser."
    )
    assert refused(tmp_path).startswith("No local storage of a browser was found in the folder.")


def test_a_running_firefox_is_noticed_by_its_lock(path, tmp_path):
    lock = tmp_path / "profile" / ".parentlock"
    script = (
        "import fcntl, sys; file = open(sys.argv[1], 'w'); fcntl.lockf(file, fcntl.LOCK_EX);"
        " print('locked', flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(lock)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as firefox:  # fmt: skip
        assert firefox.stdout is not None
        assert firefox.stdout.readline() == "locked\n"
        message = refused(tmp_path / "profile")
        assert message.startswith(
            "The browser is running (another program holds .parentlock). Close the browser first"
        )
        firefox.communicate("\n")
    assert len(Reading(tmp_path / "profile").entries) == 1


def test_without_cramjam_a_sentence_says_what_to_install(tmp_path):
    path = firefox_path(tmp_path, FOLDER)
    firefox_file(path, APP, [firefox_row("fsm_tenant_1_1", "{}", compression=1)])
    script = (
        "import sys; sys.modules['cramjam'] = None; from migrations_tools.cli import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "import", str(tmp_path), "--dry-run"],
        env={**os.environ, "PORTAL_DATA_DIR": str(tmp_path / "data")},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"Error: {tmp_path}: To read the storage of Firefox, cramjam has to be installed. Run: pip"
        " install 'fsm-onboarding-portal[browsers]'.\n"
    )
