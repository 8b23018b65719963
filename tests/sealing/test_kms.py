"""KMS: the portal only encrypts, and explains KMS's errors without revealing the secret."""

import multiprocessing
import os
import re

import boto3
import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    NoCredentialsError,
    NoRegionError,
    ReadTimeoutError,
)
from moto import mock_aws

from portal.sealing.contract import Secret, SecretTooLongError, is_sealed
from portal.sealing.factory import open_sealer
from portal.sealing.kms import KmsSealer
from portal.settings import Settings
from portal.stores.contract import UnavailableError
from tests.sealing_key import with_sealing_key
from tests.unseal import padded

SECRET = "s3cr3t of a client, with ü"
TENANT = "86810_104348"


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
        self.asked: list[dict[str, object]] = []

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
    environ = {"PORTAL_DATA_DIR": str(with_sealing_key(tmp_path)), "USE_DYNAMODB": "true"}
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
        (refused("ExpiredTokenException"), "ExpiredTokenException", "Sign in again"),
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
    made: list[int] = []

    def make_client():
        made.append(os.getpid())
        return client

    sealer = KmsSealer(key, make_client)
    for _ in range(3):
        sealer.seal(Secret(SECRET), TENANT)
    assert made == [os.getpid()]
    queue = multiprocessing.get_context("fork").SimpleQueue()

    def in_child() -> None:
        sealer._opener_of_process().get()
        queue.put(made)

    child = multiprocessing.get_context("fork").Process(target=in_child)
    child.start()
    assert queue.get() == [os.getpid(), child.pid]
    child.join(60)
