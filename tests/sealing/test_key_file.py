"""The key file: a secret opens by the documented format, and only for its own tenant."""

import json
import multiprocessing
import re
import resource
import signal
import stat
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography.exceptions import InvalidTag

from portal.sealing.contract import Secret, is_sealed
from portal.sealing.key_file import KeyFileError, KeyFileSealer, additional_data
from tests.unseal import opened, padded, unpadded

SECRET = "s3cr3t of a client, with ü"
TENANT = "86810_104348"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data" / "sealing-keys.json"


@pytest.fixture
def sealer(path):
    return KeyFileSealer(path)


def test_a_sealed_secret_opens_with_the_documented_format(sealer, path):
    sealed = sealer.seal(Secret(SECRET), TENANT)
    assert re.fullmatch(r"v1\.loc\.[0-9a-f]{8}\.[A-Za-z0-9_-]+", sealed)
    assert opened(sealed, json.loads(path.read_text()), TENANT) == SECRET


def test_it_does_not_open_for_another_tenant(sealer, path):
    sealed = sealer.seal(Secret(SECRET), TENANT)
    with pytest.raises(InvalidTag):
        opened(sealed, json.loads(path.read_text()), "86810_104349")


def test_a_tampered_secret_does_not_open(sealer, path):
    sealed = sealer.seal(Secret(SECRET), TENANT)
    head, _, body = sealed.rpartition(".")
    keys = json.loads(path.read_text())
    raw = padded(body)
    for place in range(len(raw)):
        other = bytes([*raw[:place], raw[place] ^ 1, *raw[place + 1 :]])
        with pytest.raises(InvalidTag):
            opened(f"{head}.{unpadded(other)}", keys, TENANT)


def test_the_same_secret_is_sealed_differently_each_time(sealer):
    assert len({sealer.seal(Secret(SECRET), TENANT) for _ in range(50)}) == 50


def test_the_context_is_compact_sorted_json():
    assert additional_data('1_"2') == b'{"purpose":"clientSecret","tenantId":"1_\\"2"}'


def test_the_key_file_is_created_once_and_only_its_owner_can_read_it(sealer, path):
    sealer.seal(Secret(SECRET), TENANT)
    first = path.read_bytes()
    KeyFileSealer(path).seal(Secret(SECRET), TENANT)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert path.read_bytes() == first


@pytest.mark.parametrize("shared", [True, False], ids=["one sealer", "a sealer each"])
def test_threads_that_start_together_agree_on_one_key(tmp_path, shared):
    """An import seals in several threads, and its first secrets make the file."""
    for attempt in range(20):
        path = tmp_path / str(attempt) / "sealing-keys.json"
        one = KeyFileSealer(path)
        sealers = [one if shared else KeyFileSealer(path) for _ in range(8)]
        sealed = sealed_at_once(sealers)
        keys = json.loads(path.read_text())
        assert len(keys) == 1
        assert [opened(each, keys, TENANT) for each in sealed] == [SECRET] * 8


def sealed_at_once(sealers):
    start = threading.Barrier(len(sealers))

    def seal(sealer):
        start.wait()
        return sealer.seal(Secret(SECRET), TENANT)

    with ThreadPoolExecutor(len(sealers)) as pool:
        return list(pool.map(seal, sealers))


def test_of_several_keys_the_last_one_seals_and_the_earlier_ones_still_open(sealer, path):
    before = sealer.seal(Secret(SECRET), TENANT)
    keys = json.loads(path.read_text()) | {"newest": unpadded(bytes(range(32)))}
    path.write_text(json.dumps(keys))
    after = sealer.seal(Secret(SECRET), TENANT)
    assert after.startswith("v1.loc.newest.")
    assert opened(before, keys, TENANT) == opened(after, keys, TENANT) == SECRET


GOOD = unpadded(bytes(32))


@pytest.mark.parametrize(
    "text",
    [
        b"", b"{", b"{}", b"[]", b"null", b"7", b'"text"', b"\xff\xfe", b'{"k":"\xc3\xbc"}',
        b'{"k":""}', b'{"k":7}', b'{"k":null}', b'{"k":["AAAA"]}', b'{"k":"AAAA"}', b'{"k":"A"}',
        json.dumps({"k": GOOD[:-2]}).encode(),
        json.dumps({"k": unpadded(bytes(33))}).encode(),
        json.dumps({"old": "AAAA", "new": GOOD}).encode(),
    ],
)  # fmt: skip
def test_a_damaged_key_file_is_refused_and_left_unchanged(sealer, path, text):
    path.parent.mkdir()
    path.write_bytes(text)
    with pytest.raises(KeyFileError) as refused:
        sealer.seal(Secret(SECRET), TENANT)
    assert str(path) in refused.value.reason
    assert refused.value.remedy == "Restore it from a backup."
    with pytest.raises(KeyFileError):
        sealer.rotate()
    assert path.read_bytes() == text


def test_an_unreadable_key_file_is_named(sealer, path):
    path.mkdir(parents=True)
    with pytest.raises(KeyFileError) as refused:
        sealer.seal(Secret(SECRET), TENANT)
    assert (str(path) in refused.value.reason, "data folder" in refused.value.remedy) == (
        True,
        True,
    )


def test_the_error_does_not_reveal_a_damaged_key(sealer, path):
    path.parent.mkdir()
    path.write_text('{"k":"c2VjcmV0LWtleQ"}')
    with pytest.raises(KeyFileError) as refused:
        sealer.seal(Secret(SECRET), TENANT)
    assert "c2VjcmV0" not in "".join(traceback.format_exception(refused.value))


def test_a_new_key_seals_at_once_and_earlier_ones_stay(sealer, path):
    other_process = KeyFileSealer(path)
    before = other_process.seal(Secret(SECRET), TENANT)
    newest = sealer.rotate()
    after = other_process.seal(Secret(SECRET), TENANT)
    keys = json.loads(path.read_text())
    assert list(keys) == sealer.key_ids() == [before.split(".")[2], newest]
    assert after.split(".")[2] == newest
    assert opened(before, keys, TENANT) == opened(after, keys, TENANT) == SECRET
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_the_first_rotation_may_come_before_the_first_secret(sealer, path):
    newest = sealer.rotate()
    assert sealer.seal(Secret(SECRET), TENANT).split(".")[2] == newest


def rotate_often(path) -> None:
    for _ in range(10):
        KeyFileSealer(path).rotate()


def test_processes_that_rotate_together_lose_no_key(sealer, path):
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=rotate_often, args=(path,)) for _ in range(4)]
    for process in processes:
        process.start()
    used = {sealer.seal(Secret(SECRET), TENANT).split(".")[2] for _ in range(200)}
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    assert len(sealer.key_ids()) == 41
    assert used <= set(sealer.key_ids())


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_a_failed_rotation_leaves_the_file_unchanged(sealer, path, failing):
    sealer.rotate()
    before = path.read_bytes()
    # A real obstacle for each step: a limit on the size of files, and a folder in the way.
    if failing == "fsync":
        limited = multiprocessing.get_context("fork").Process(
            target=rotate_without_room, args=(path,)
        )
        limited.start()
        limited.join(60)
        assert limited.exitcode == 0
        assert path.read_bytes() == before
    else:
        path.unlink()
        path.mkdir()
        (path / "in the way").touch()
        with pytest.raises(KeyFileError):
            sealer.rotate()
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def rotate_without_room(path) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20, 20))
    with pytest.raises(KeyFileError):
        KeyFileSealer(path).rotate()


def test_a_key_of_a_file_seals_any_length(path):
    long = Secret("s" * 100_000)
    KeyFileSealer(path).check(long)
    assert is_sealed(KeyFileSealer(path).seal(long, TENANT))


def test_a_key_file_that_was_there_is_not_made_anew(sealer, path):
    """A folder that is gone for a while must come back as it was."""
    sealed = sealer.seal(Secret(SECRET), TENANT)
    path.parent.rename(path.parent.with_name("gone"))
    for _ in range(2):
        with pytest.raises(KeyFileError, match="No such file"):
            sealer.seal(Secret(SECRET), TENANT)
    assert not path.parent.exists()
    path.parent.with_name("gone").rename(path.parent)
    assert sealer.seal(Secret(SECRET), TENANT).split(".")[2] == sealed.split(".")[2]
