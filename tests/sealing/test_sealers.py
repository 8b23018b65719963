"""A sealed secret opens by the documented format, and only for its own tenant."""

import json
import multiprocessing
import os
import re
import resource
import signal
import stat
import threading
import traceback

import boto3
import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    NoCredentialsError,
    NoRegionError,
    ReadTimeoutError,
)
from cryptography.exceptions import InvalidTag
from moto import mock_aws

from portal.sealing.sealers import (
    KeyFileError,
    KeyFileSealer,
    KmsSealer,
    Secret,
    SecretTooLongError,
    context_of,
    is_sealed,
    open_sealer,
)
from portal.settings import Settings
from portal.stores.contract import UnavailableError
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
    assert context_of('1_"2') == b'{"purpose":"clientSecret","tenantId":"1_\\"2"}'


def test_the_key_file_is_created_once_and_only_its_owner_can_read_it(sealer, path):
    sealer.seal(Secret(SECRET), TENANT)
    first = path.read_bytes()
    KeyFileSealer(path).seal(Secret(SECRET), TENANT)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert path.read_bytes() == first


def test_threads_that_start_together_agree_on_one_key(path):
    start, sealed = threading.Barrier(8), []

    def seal() -> None:
        start.wait()
        sealed.append(KeyFileSealer(path).seal(Secret(SECRET), TENANT))

    threads = [threading.Thread(target=seal) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    keys = json.loads(path.read_text())
    assert len(keys) == 1
    assert [opened(each, keys, TENANT) for each in sealed] == [SECRET] * 8


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


def test_a_secret_is_not_printed_by_accident():
    secret = Secret(SECRET)
    shown = [repr(secret), str(secret), f"{secret}", repr([secret]), repr({"s": secret})]
    assert not [text for text in shown if "s3cr3t" in text]
    assert secret.reveal() == SECRET
    assert not hasattr(secret, "__dict__")


# ---- Rotation


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


# ---- AWS KMS


@pytest.fixture
def kms(monkeypatch):
    """A client of moto's KMS, and the id of a key."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        client = boto3.client("kms", region_name="eu-central-1")
        yield client, client.create_key()["KeyMetadata"]["KeyId"]


class Recording:
    """A client that records requests, and can do nothing but encrypt."""

    def __init__(self, client) -> None:
        self.client = client
        self.asked = []

    def encrypt(self, **request):
        self.asked.append(request)
        return self.client.encrypt(**request)


def test_kms_seals_for_one_tenant_and_only_encrypts(kms):
    client, key = kms
    recording = Recording(client)
    sealed = KmsSealer(key, lambda: recording).seal(Secret(SECRET), TENANT)
    assert re.fullmatch(r"v1\.kms\.[A-Za-z0-9_-]+", sealed)
    assert is_sealed(sealed)
    context = {"tenantId": TENANT, "purpose": "clientSecret"}
    assert recording.asked == [
        {"KeyId": key, "Plaintext": SECRET.encode(), "EncryptionContext": context}
    ]
    raw = padded(sealed.removeprefix("v1.kms."))
    answer = client.decrypt(CiphertextBlob=raw, EncryptionContext=context)
    assert answer["Plaintext"].decode() == SECRET
    with pytest.raises(ClientError):
        client.decrypt(CiphertextBlob=raw, EncryptionContext=context | {"tenantId": "86810_104349"})


def test_the_settings_choose_the_sealer(kms, tmp_path):
    _, key = kms
    environ = {"PORTAL_DATA_DIR": str(tmp_path), "AWS_REGION": "eu-central-1"}
    own = open_sealer(Settings.from_environment(environ)).seal(Secret(SECRET), TENANT)
    by_kms = open_sealer(Settings.from_environment(environ | {"PORTAL_KMS_KEY_ID": key}))
    assert own.startswith("v1.loc.")
    assert by_kms.seal(Secret(SECRET), TENANT).startswith("v1.kms.")


def test_a_key_file_beside_a_table_logs_a_warning(tmp_path, caplog):
    environ = {"PORTAL_DATA_DIR": str(tmp_path), "USE_DYNAMODB": "true"}
    open_sealer(Settings.from_environment(environ))
    assert "the same on every machine, or set PORTAL_KMS_KEY_ID" in caplog.text
    caplog.clear()
    open_sealer(Settings.from_environment(environ | {"PORTAL_KMS_KEY_ID": "alias/portal"}))
    assert caplog.text == ""


def test_a_secret_that_is_too_long_makes_no_kms_call(kms):
    client, key = kms
    recording = Recording(client)
    sealer = KmsSealer(key, lambda: recording)
    longest = Secret("ü" * 2048)
    assert sealer.seal(longest, TENANT).startswith("v1.kms.")
    for refuses in (sealer.check, lambda secret: sealer.seal(secret, TENANT)):
        with pytest.raises(SecretTooLongError) as caught:
            refuses(Secret("ü" * 2048 + "!"))
        assert "4,096 bytes" in caught.value.reason
        assert "ü" not in f"{caught.value!r} {caught.value.remedy}"
    assert len(recording.asked) == 1


def test_a_key_of_a_file_seals_any_length(path):
    long = Secret("s" * 100_000)
    KeyFileSealer(path).check(long)
    assert is_sealed(KeyFileSealer(path).seal(long, TENANT))


class Refusing:
    def __init__(self, error) -> None:
        self.error = error

    def encrypt(self, **_request):
        raise self.error


def refused(code: str) -> ClientError:
    answer = {
        "Error": {"Code": code, "Message": f"arn:aws:kms:… {SECRET}"},
        "ResponseMetadata": {"RequestId": "request-7"},
    }
    return ClientError(answer, "Encrypt")


@pytest.mark.parametrize(
    ("error", "reason", "remedy"),
    [
        (refused("AccessDeniedException"), "Exception, request request-7", "Allow kms:Encrypt"),
        (refused("NotFoundException"), "NotFoundException", "Check PORTAL_KMS_KEY_ID"),
        (refused("DisabledException"), "DisabledException", "be enabled"),
        (refused("ThrottlingException"), "ThrottlingException", "Try again in a moment"),
        (refused("KMSInternalException"), "KMSInternalException", "AWS's health page"),
        (NoCredentialsError(), "(NoCredentialsError)", "Attach an IAM role"),
        (NoRegionError(), "(NoRegionError)", "Set AWS_REGION"),
        (ConnectTimeoutError(endpoint_url="https://kms"), "(ConnectTimeoutError)", "the network"),
        (ReadTimeoutError(endpoint_url="https://kms"), "(ReadTimeoutError)", "the network"),
    ],
)  # fmt: skip
def test_each_kms_error_has_a_remedy_and_reveals_no_secret(error, reason, remedy):
    with pytest.raises(UnavailableError) as caught:
        KmsSealer("key", lambda: Refusing(error)).seal(Secret(SECRET), TENANT)
    assert reason in caught.value.reason
    assert remedy in caught.value.remedy
    assert "s3cr3t" not in f"{caught.value} {caught.value.reason} {caught.value.remedy}"
    assert "arn:" not in str(caught.value)


def test_each_process_has_its_own_client(kms):
    client, key = kms
    made = []
    sealer = KmsSealer(key, lambda: made.append(os.getpid()) or client)
    for _ in range(3):
        sealer.seal(Secret(SECRET), TENANT)
    assert made == [os.getpid()]
    queue = multiprocessing.get_context("fork").SimpleQueue()

    def in_child() -> None:
        sealer._client_of_process()
        queue.put(made)

    child = multiprocessing.get_context("fork").Process(target=in_child)
    child.start()
    assert queue.get() == [os.getpid(), child.pid]
    child.join(60)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("v1.kms.QUJD", True), ("v1.loc.0a1b2c3d.QUJD-_", True), ("", False), ("s3cr3t", False),
        ("v1.", False), ("v1.secret of mine", False), ("V1.loc.0a1b2c3d.QUJD", False),
        ("v1.loc.0a1b2c3d.QUJD\n", False), (" v1.kms.QUJD", False),
        # Texts that somebody may have typed.
        ("v1.prod.Xy7-secret", False), ("v1.kms.QUJD.QUJD", False), ("v1.loc.QUJD", False),
    ],
)  # fmt: skip
def test_a_text_without_the_tag_is_plaintext(text, expected):
    assert is_sealed(text) is expected
