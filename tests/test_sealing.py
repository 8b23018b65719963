"""A sealed secret opens with the documented format, for its own tenant, and nowhere else."""

import base64
import json
import re
import stat
import threading
import traceback

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from portal.sealing import KeyFileError, KeyFileSealer, Secret, context_of

SECRET = "s3cr3t of a client, with ü"
TENANT = "86810_104348"


def unpadded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def padded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def opened(sealed: str, keys: dict[str, str], tenant_id: str) -> str:
    """As another program would open it: from the documentation alone."""
    version, kind, key_id, body = sealed.split(".")
    assert (version, kind) == ("v1", "loc")
    raw = padded(body)
    context = f'{{"purpose":"clientSecret","tenantId":"{tenant_id}"}}'.encode()
    return AESGCM(padded(keys[key_id])).decrypt(raw[:12], raw[12:], context).decode()


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


def test_no_tampered_byte_opens(sealer, path):
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


def test_what_it_is_bound_to_is_compact_sorted_json():
    assert context_of('1_"2') == b'{"purpose":"clientSecret","tenantId":"1_\\"2"}'


def test_the_key_file_is_for_its_owner_alone_and_is_made_once(sealer, path):
    sealer.seal(Secret(SECRET), TENANT)
    first = path.read_bytes()
    KeyFileSealer(path).seal(Secret(SECRET), TENANT)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert path.read_bytes() == first


def test_makers_at_once_agree_on_one_key(path):
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
def test_a_damaged_key_file_is_refused_by_name_and_left_as_it_is(sealer, path, text):
    path.parent.mkdir()
    path.write_bytes(text)
    with pytest.raises(KeyFileError, match=r"sealing-keys\.json .* Restore it\."):
        sealer.seal(Secret(SECRET), TENANT)
    assert path.read_bytes() == text


def test_no_damaged_key_is_told_by_the_refusal(sealer, path):
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
