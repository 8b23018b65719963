"""Damaged and cut answers of KMS, and those of something else: nothing is sealed with them."""

from collections.abc import Iterator

import pytest

from portal.sealing.contract import Secret, is_sealed
from portal.sealing.kms import KmsSealer, kms_client_maker
from portal.stores import UnavailableError
from tests.dynamodb_engine import CREDENTIALS, REGION, Engine
from tests.fault_proxy import SPOILED, Between, Spoil, Trouble, always, between, first

SECRET = Secret("s3cr3t of a client")

#: KMS sends no checksum, so a digit that changed inside the ciphertext cannot be told; TLS does.
SPOILED_OF_KMS: dict[str, Trouble] = {
    **{name: spoil for name, spoil in SPOILED.items() if name != "another digit"},
    "shortened": Spoil(lambda body: body[: len(body) // 2], checksum=False),
    "an empty ciphertext": Spoil(
        lambda _body: b'{"CiphertextBlob":"","KeyId":"k"}', checksum=False
    ),
    "a short ciphertext": Spoil(
        lambda _body: b'{"CiphertextBlob":"YWJj","KeyId":"k"}', checksum=False
    ),
    "no key": Spoil(lambda body: body.replace(b'"KeyId"', b'"OtherId"'), checksum=False),
    "a page with a status of its own": Spoil(
        lambda _body: b"<h1>Bad gateway</h1>", checksum=False, status=502
    ),
}
each_spoil = pytest.mark.parametrize("spoil", SPOILED_OF_KMS.values(), ids=SPOILED_OF_KMS)


@pytest.fixture
def proxy(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Between]:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    with between(engine.url) as here:
        monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", here.url)
        yield here


@pytest.fixture
def sealer(proxy: Between) -> KmsSealer:
    del proxy
    return KmsSealer("alias/portal", kms_client_maker(REGION))


@each_spoil
def test_it_is_asked_for_again(spoil: Trouble, sealer: KmsSealer, proxy: Between) -> None:
    proxy.plan = first(1, spoil)
    assert is_sealed(sealer.seal(SECRET, "1_2"))
    assert len(proxy.operations) == 2


@each_spoil
def test_it_seals_nothing(spoil: Trouble, sealer: KmsSealer, proxy: Between) -> None:
    proxy.plan = always(spoil)
    with pytest.raises(UnavailableError) as caught:
        sealer.seal(SECRET, "1_2")
    assert len(proxy.operations) == 2
    assert "IncompleteAnswerError" in caught.value.reason
    assert "s3cr3t" not in f"{caught.value!r} {caught.value.remedy}"
