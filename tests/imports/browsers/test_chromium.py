"""The local storage of Chromium: LevelDB, compared with what the browser noted of it."""

import os
import select
import socket
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import plyvel
import pytest

from portal.imports.browsers import open_browser_storage
from portal.imports.model import Place, RefusedFileError
from portal.imports.reading import FileFormat
from tests.imports.browsers.leveldb_tables import declare_block_size
from tests.imports.browsers.profiles import (
    APP,
    IN_SHELL,
    STAGING,
    ChromiumProfile,
    Reading,
    contents,
    note,
    varint,
)
from tests.imports.files import LIMITS

LEVELDB = "Default/Local Storage/leveldb"


@pytest.fixture
def profile(tmp_path: Path) -> ChromiumProfile:
    return ChromiumProfile(tmp_path / "user-data")


def refused(path: Path) -> str:
    with pytest.raises(RefusedFileError) as caught:
        Reading(path)
    return str(caught.value)


def a_storage(profile: ChromiumProfile, number: int = 40) -> dict[str, str]:
    """Records in several tables and in the log."""
    records = {f"fsm_tenant_86810_{n}": f'{{"n":{n},"text":"{os.urandom(99).hex()}"}}'
               for n in range(number)}  # fmt: skip
    for start in range(0, number, 10):
        keys = list(records)[start : start + 10]
        profile.write(IN_SHELL, {key: records[key] for key in keys})
    return records


# ---- What is read


def test_texts_come_back_whatever_their_encoding_and_keys_of_others_are_counted(profile):
    texts = {
        "fsm_tenant_86810_1": "plain",
        "fsm_tenant_86810_2": "Jörg Weiß ÿ\0",
        "fsm_tenant_86810_3": "中文 – 😀",
        "fsm_tenant_86810_ß": "",
        "fsm_tenant_86810_中": "key of two bytes",
    }
    profile.write(APP, texts | {"other": "1", "中": "2", "fsm_tenants": "3"})
    reading = Reading(profile.folder)
    assert reading.values == texts
    assert reading.problems == {}
    assert (reading.format, reading.ignored_keys) == (FileFormat.CHROMIUM, 3)


def test_each_storage_key_is_a_place(profile):
    nested = f"{APP}/^31"
    with_port = "http://localhost:8080"
    for number, storage in enumerate((APP, IN_SHELL, nested, STAGING, with_port)):
        profile.write(storage, {f"fsm_tenant_1_{number}": "{}"})
    places = {entry.key[-1]: entry.place for entry in Reading(profile.folder).entries}
    assert places == {
        "0": Place(origin=APP, file=LEVELDB),
        "1": Place(
            origin=APP, storage_key=IN_SHELL, top_site="https://fsm.cloud.sap", file=LEVELDB
        ),
        "2": Place(origin=APP, storage_key=nested, file=LEVELDB),
        "3": Place(origin=STAGING, file=LEVELDB),
        "4": Place(origin=with_port, file=LEVELDB),
    }


@pytest.mark.parametrize("inner", ["", "Default", "Default/Local Storage", LEVELDB])
def test_every_folder_above_a_storage_can_be_named(profile, inner):
    profile.write(APP, {"fsm_tenant_1_1": "{}"})
    (entry,) = Reading(profile.folder / inner).entries
    file = LEVELDB[len(inner) :].lstrip("/")
    assert entry.place == Place(origin=APP, file=file)


def test_all_profiles_of_a_user_data_folder_are_read(tmp_path):
    for number, name in enumerate(("Default", "Profile 1", "Snapshots/155/Default")):
        profile = ChromiumProfile(tmp_path / "Edge", name)
        profile.write(APP, {"fsm_tenant_1_1": str(number)})
    read = [(entry.value, entry.place.file) for entry in Reading(tmp_path / "Edge").entries]
    assert read == [
        ("0", "Default/Local Storage/leveldb"),
        ("1", "Profile 1/Local Storage/leveldb"),
        ("2", "Snapshots/155/Default/Local Storage/leveldb"),
    ]


def test_deleted_and_overwritten_values_do_not_come_back_though_the_files_hold_them(profile):
    old, new = f"old-{os.urandom(50).hex()}", f"new-{os.urandom(50).hex()}"
    gone = f"gone-{os.urandom(50).hex()}"
    profile.write(APP, {"fsm_tenant_1_1": old, "fsm_tenant_1_2": gone})
    profile.write(APP, {"fsm_tenant_1_3": "{}"})
    profile.write(APP, {"fsm_tenant_1_1": new, "fsm_tenant_1_2": None})
    raw = b"".join(path.read_bytes() for path in profile.files())
    assert all(text.encode() in raw for text in (old, new, gone))
    assert Reading(profile.folder).values == {"fsm_tenant_1_1": new, "fsm_tenant_1_3": "{}"}


def test_the_original_stays_as_it_is(profile):
    a_storage(profile)
    before = contents(profile.folder)
    Reading(profile.folder)
    assert contents(profile.folder) == before
    # Opening it would rewrite it.
    plyvel.DB(str(profile.leveldb)).close()
    assert contents(profile.folder) != before


def test_one_bad_value_is_one_bad_row(profile):
    profile.write_raw(
        APP,
        {
            b"\x01fsm_tenant_1_1": b"\x01{}",
            b"\x01fsm_tenant_1_2": b"\0{\0\0\xd8",
            b"\x01fsm_tenant_1_3": b"\0{\0}",
            b"\x01fsm_tenant_1_4": b"\x02{}",
            b"\x01fsm_tenant_1_5": b"",
            b"\x01fsm_tenant_1_6": b"\x01" + b"x" * (LIMITS.value + 1),
            b"\x01fsm_tenant_1_7": b"\0" + b"x\0" * (LIMITS.value + 1),
            b"\0" + "fsm_tenant_1_\ud800".encode("utf-16-le", "surrogatepass"): b"\x01{}",
        },
    )
    reading = Reading(profile.folder)
    too_long = "The value is longer than 1,000,000 characters."
    half = "It holds half of a surrogate pair, which is no character."
    assert reading.problems == {
        "fsm_tenant_1_2": half,
        "fsm_tenant_1_3": "The stored value is damaged: it is no UTF-16-LE.",
        "fsm_tenant_1_4": "The stored value is damaged: its encoding is unknown.",
        "fsm_tenant_1_5": "The stored value is damaged: its encoding is unknown.",
        "fsm_tenant_1_6": too_long,
        "fsm_tenant_1_7": too_long,
        "fsm_tenant_1_\\ud800": half,
    }
    assert len(reading.entries) == 8
    assert reading.values["fsm_tenant_1_1"] == "{}"


def test_what_cannot_show_is_said(profile):
    profile.write(APP, {"fsm_tenant_1_1": "{}"})
    reading = Reading(profile.folder)
    assert reading.notes == []
    (said,) = reading.caveats
    assert said.startswith("If the last write of the browser is missing as a whole, nothing shows")


def test_without_tenants_the_sentence_says_what_was_looked_at(profile):
    profile.write(APP, {"other": "1"})
    assert refused(profile.folder).startswith(
        "No tenant was found: of 1 keys in 1 files none begins with fsm_tenant_. Only what is on"
        " the disk was looked at."
    )


def test_more_entries_than_allowed_are_refused(profile):
    a_storage(profile, 11)
    assert len(Reading(profile.folder, replace(LIMITS, entries=11)).entries) == 11
    with pytest.raises(RefusedFileError, match="more than 10 entries"):
        Reading(profile.folder, replace(LIMITS, entries=10))


def children() -> set[str]:
    return set(Path(f"/proc/self/task/{threading.get_native_id()}/children").read_text().split())


@pytest.mark.skipif(sys.platform != "linux", reason="other pipes have the size they have")
def test_the_child_goes_on_reading_while_entries_are_validated(profile):
    profile.write(APP, {f"fsm_tenant_1_{number}": "x" * 1_000 for number in range(400)})
    before = children()
    with open_browser_storage(profile.folder, LIMITS) as source:
        entries = iter(source)
        next(entries)
        (child,) = children() - before
        ended = os.pidfd_open(int(child))
        assert select.select([ended], [], [], 60)[0] == [ended]
        os.close(ended)
        assert len(list(entries)) == 399


# ---- What is missing or damaged


@pytest.mark.parametrize(
    ("change", "size", "noted"),
    [
        (lambda db, key: db.delete(key + b"\x01fsm_tenant_1_1"), "16", "34"),
        (lambda db, key: db.put(key + b"\x01fsm_tenant_1_9", b"\x01{}"), "52", "34"),
        (lambda db, key: db.put(key + b"\x01fsm_tenant_1_1", b"\x01{"), "33", "34"),
        (lambda db, key: db.put(key + b"\x01other", b"\x01"), "41", "34"),
        (lambda db, key: db.delete(b"META:" + key[1:-1]), "34", "nothing"),
        (lambda db, key: db.put(b"META:" + key[1:-1], note(34)[:-1]), "34", "nothing"),
        (lambda db, key: db.put(b"META:" + key[1:-1], b""), "34", "nothing"),
    ],
)
@pytest.mark.parametrize("storage", [APP, IN_SHELL])
def test_a_storage_that_differs_from_what_was_noted_is_named_and_the_others_are_read(
    profile, change, size, noted, storage
):
    for each in (APP, IN_SHELL):
        profile.write(each, {"fsm_tenant_1_1": "{}", "fsm_tenant_1_2": ""})
    reading = Reading(profile.folder)
    assert len(reading.entries) == 4
    assert (reading.incomplete_places, reading.notes) == ([], [])
    profile.change(lambda db: change(db, b"_" + storage.encode() + b"\0"))
    reading = Reading(profile.folder)
    (problem,) = reading.notes
    assert problem == (
        f"{LEVELDB}: the storage {storage} is not complete. Its records have {size} bytes, and the"
        f" browser noted {noted}."
    )
    (incomplete,) = reading.incomplete_places
    assert (incomplete.storage_key or incomplete.origin) == storage
    other = APP if storage == IN_SHELL else IN_SHELL
    places = [each.place.storage_key or each.place.origin for each in reading.entries]
    assert places.count(other) == 2


def test_storages_without_tenants_that_are_not_complete_stop_nothing_and_are_named(profile):
    profile.write(APP, {"fsm_tenant_1_1": "{}"})
    profile.write(STAGING, {"other": "1", "another": "2"})
    profile.change(lambda db: db.delete(b"_" + STAGING.encode() + b"\0\1other"))
    for storage in ("https://a.example", "https://z.example"):
        profile.change(lambda db, name=storage: db.put(b"META:" + name.encode(), note(300)))
    reading = Reading(profile.folder)
    found = [("https://a.example", 0, 300), (STAGING, 10, 18), ("https://z.example", 0, 300)]
    assert reading.notes == [
        f"{LEVELDB}: the storage {storage} is not complete. Its records have {size} bytes, and the"
        f" browser noted {noted}. It holds no tenant."
        for storage, size, noted in found
    ]
    assert reading.values == {"fsm_tenant_1_1": "{}"}
    assert reading.incomplete_places == []


def test_if_all_tenants_are_missing_the_sentence_says_that_a_storage_is_not_complete(profile):
    profile.write(APP, {"fsm_tenant_1_1": "{}"})
    profile.change(lambda db: db.delete(b"_" + APP.encode() + b"\0\1fsm_tenant_1_1"))
    assert refused(profile.folder) == (
        "No tenant was found: of 0 keys in 1 files none begins with fsm_tenant_. Storages are not"
        " complete, so tenants may be among what is missing. Open the profile once more in the"
        " browser, close the browser, and try again; or name an older copy."
    )


def test_of_many_that_are_not_complete_only_some_are_named(profile):
    profile.write(APP, {"fsm_tenant_1_1": "{}"})

    def change(db):
        for number in range(50):
            db.put(f"META:https://b{number:02}.example".encode(), note(1))
        db.put(b"META:" + APP.encode(), note(1))

    profile.change(change)
    notes = Reading(profile.folder).notes
    assert len(notes) == 21
    assert f"the storage {APP} is not complete" in notes[0]
    assert notes[-1] == (f"{LEVELDB}: more storages that hold no tenant are not complete: 31.")


def test_a_log_cut_anywhere_is_refused_or_ends_at_a_whole_write(profile):
    a_storage(profile)
    (log,) = profile.files("*.log")
    whole = log.read_bytes()
    for cut in (1, 6, 7, 8, 100, 1_000, len(whole) - 8, len(whole) - 6):
        log.write_bytes(whole[:-cut])
        message = refused(profile.folder)
        assert message.startswith(f"{LEVELDB}: the last write is cut off ({log.name})."), cut
    # What it brought is missing with its own note: nothing shows it, and the note on that says so.
    log.write_bytes(b"")
    assert len(Reading(profile.folder).entries) == 30


def test_one_flipped_bit_never_changes_what_is_read(profile):
    records = a_storage(profile)
    assert Reading(profile.folder).values == records
    files = [path for path in profile.files() if path.suffix in (".ldb", ".log")]
    assert {path.suffix for path in files} == {".ldb", ".log"}
    for path in files:
        whole = path.read_bytes()
        for at in (0, 5, 20, len(whole) // 2, len(whole) - 60):
            path.write_bytes(whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :])
            message = refused(profile.folder)
            assert message.startswith((
                f"{LEVELDB}: the storage is damaged (", f"{LEVELDB}: the last write is cut off ("
            )), (path.name, at)  # fmt: skip
            assert "fsm-portal-profile-" not in message
        path.write_bytes(whole)


def test_a_missing_or_shortened_table_is_refused(profile):
    a_storage(profile)
    for path in profile.files("*.ldb"):
        whole = path.read_bytes()
        path.write_bytes(whole[:-100])
        assert "the storage is damaged" in refused(profile.folder)
        path.unlink()
        assert f"missing files; e.g.: {path.name}" in refused(profile.folder)
        path.write_bytes(whole)


def test_a_folder_that_is_not_whole_is_refused(profile, tmp_path):
    profile.write(APP, {"fsm_tenant_1_1": "{}"})
    current = profile.leveldb / "CURRENT"
    name = current.read_text()
    sentence = f"{LEVELDB} is not whole: CURRENT, or the MANIFEST that it names, is missing."
    (tmp_path / "MANIFEST-000001").write_bytes((profile.leveldb / name.strip()).read_bytes())
    for text in ("MANIFEST-999999\n", f"{tmp_path}/MANIFEST-000001\n", "../MANIFEST-000001\n",
                 name.strip(), "", name + "\n", "x" * 10_000):  # fmt: skip
        current.write_text(text)
        assert refused(profile.folder).startswith(sentence), text
    current.unlink()
    assert refused(profile.folder).startswith(sentence)


def test_other_versions_and_other_databases_are_refused(profile):
    profile.write(APP, {"fsm_tenant_1_1": "{}"})
    profile.change(lambda db: db.put(b"VERSION", b"2"))
    assert refused(profile.folder) == (
        f"{LEVELDB}: the local storage has the version 2, and only 1 is known."
    )
    profile.change(lambda db: db.delete(b"VERSION"))
    assert refused(profile.folder) == (
        f"{LEVELDB} is a LevelDB, but not the local storage of a browser."
    )


def test_a_block_that_declares_two_gigabytes_ends_the_reading_and_not_the_import(profile):
    profile.write(APP, {"fsm_tenant_1_1": "x" * 20_000})
    profile.write(APP, {"fsm_tenant_1_2": "{}"})
    table = profile.files("*.ldb")[-1]
    declare_block_size(table, varint(2**31 - 1))
    assert refused(profile.folder).startswith(f"{LEVELDB}: the storage is damaged.")


# ---- Running browsers


def test_a_running_browser_is_noticed_by_its_lock(profile):
    profile.write(APP, {"fsm_tenant_1_1": "{}"})
    script = "import plyvel, sys; db = plyvel.DB(sys.argv[1]); print('open', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", script, str(profile.leveldb)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as browser:  # fmt: skip
        assert browser.stdout is not None
        assert browser.stdout.readline() == "open\n"
        for path in (profile.folder, profile.leveldb):
            message = refused(path)
            assert message.startswith("The browser is running (another program holds ")
            assert "Close the browser first" in message
        browser.communicate("\n")
    assert len(Reading(profile.folder).entries) == 1


def test_a_running_browser_is_noticed_by_its_process(profile):
    profile.write(APP, {"fsm_tenant_1_1": "{}"})
    link = profile.folder / "SingletonLock"
    link.symlink_to(f"{socket.gethostname()}-{os.getpid()}")
    assert refused(profile.folder).startswith(
        f"The browser is running (SingletonLock names the process {os.getpid()}; if that is no"
        " browser, delete it). Close the browser first"
    )
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    link.unlink()
    link.symlink_to(f"{socket.gethostname()}-{ended.pid}")
    assert Reading(profile.folder).notes == []
    link.unlink()
    link.symlink_to("desk-7-4711")
    reading = Reading(profile.folder)
    assert len(reading.entries) == 1
    (said,) = reading.notes
    assert said == (
        "SingletonLock names another computer, desk-7. If the browser runs there, close it first,"
        " and import again."
    )


# ---- Without the library


def test_without_plyvel_a_sentence_says_what_to_install(profile):
    profile.write(APP, {"fsm_tenant_1_1": "{}"})
    script = (
        "import sys; sys.modules['plyvel'] = None; from migrations_tools.cli import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "import", str(profile.folder), "--dry-run"],
        env={**os.environ, "PORTAL_DATA_DIR": str(profile.folder / "data")},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"Error: {profile.folder}: To read the storage of Chromium, Edge or Brave, plyvel has to be"
        " installed. Run: pip install 'fsm-onboarding-portal[browsers]'. Where pip finds no wheel"
        " of plyvel, it builds it: install a C++ compiler and LevelDB first (Debian: apt-get"
        " install g++ python3-dev libleveldb-dev).\n"
    )
