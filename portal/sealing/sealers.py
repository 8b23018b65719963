"""Seals (encrypts) the client secret, so that a copy of the store does not reveal it.

A sealed secret is a text with a tag, which other programs can open. It is bound to the tenant's
final id:

- `v1.kms.<base64url of the KMS ciphertext>`, with the encryption context
  `{tenantId, purpose: "clientSecret"}`;
- without a KMS key, `v1.loc.<key id>.<base64url of nonce, ciphertext and tag>`: AES-256-GCM under
  a key of the key file, with that context as additional data.

The portal only seals, and never opens.
"""

import base64
import json
import logging
import os
import re
import secrets
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from portal.atomic_files import create_exclusive, file_lock, replace_atomically
from portal.settings import Settings
from portal.stores import UnavailableError

logger = logging.getLogger(__name__)

SEALING_KEYS_FILE = "sealing-keys.json"
_PURPOSE = "clientSecret"
#: Version, kind and content. Every other text is a plaintext secret of the old application.
_SEALED = re.compile(r"v1\.(kms|loc\.[A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+")
_NONCE_BYTES = 12
_KEY_BYTES = 32
#: KMS's limit for `Encrypt`.
_KMS_MAX_BYTES = 4096


class Secret:
    """A client secret that is not sealed yet. Printing or logging it does not reveal it.

    `fingerprint` distinguishes it from other secrets, and does not help to guess it.
    """

    __slots__ = ("_text", "fingerprint")

    def __init__(self, text: str, fingerprint: str = "") -> None:
        self._text = text
        self.fingerprint = fingerprint

    def __repr__(self) -> str:
        return "Secret(…)"

    def reveal(self) -> str:
        """The secret as text."""
        return self._text


class SecretTooLongError(UnavailableError):
    """The secret is too long for the sealer.

    Forms and imports accept no secret that long, but the old application may have stored one.
    """


class Sealer(Protocol):
    """Seals client secrets."""

    def seal(self, secret: Secret, tenant_id: str) -> str:
        """The sealed secret, bound to the final id of its tenant.

        Raises:
            SecretTooLongError: The secret is too long.
            UnavailableError: The key cannot be used.
        """

    def check(self, secret: Secret) -> None:
        """Check the length locally; makes no KMS call.

        Raises:
            SecretTooLongError: The secret is too long.
        """


def open_sealer(settings: Settings) -> Sealer:
    """The sealer that the settings choose. It uses its key on the first call, not before."""
    if settings.kms_key_id:
        return KmsSealer(settings.kms_key_id, _kms_client_maker(settings.aws_region))
    path = settings.data_dir / SEALING_KEYS_FILE
    if settings.store == "dynamodb":
        logger.warning(
            "Client secrets are sealed with the key file %s. Keep it as long as the table, the same"
            " on every machine, or set PORTAL_KMS_KEY_ID.",
            path,
        )
    return KeyFileSealer(path)


def is_sealed(text: str) -> bool:
    """Whether the text is a sealed secret and not a plaintext one."""
    return _SEALED.fullmatch(text) is not None


# ---- The key file


class KeyFileError(UnavailableError):
    """The key file cannot be read or created, or is damaged."""


class KeyFileSealer:
    """Seals with the newest key of a file, which it creates on first use (mode 0600).

    The file is JSON, `{"<key id>": "<base64url of 32 bytes>", …}`, with the newest key last.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._newest: tuple[object, str, bytes] = (None, "", b"")

    def seal(self, secret: Secret, tenant_id: str) -> str:
        """As in `Sealer`. `KeyFileError` if the file cannot be used."""
        key_id, key = self._newest_key()
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = AESGCM(key).encrypt(nonce, secret.reveal().encode(), context_of(tenant_id))
        return f"v1.loc.{key_id}.{_base64url_encode(nonce + sealed)}"

    def check(self, secret: Secret) -> None:
        """A key of a file seals secrets of any length."""

    def _newest_key(self) -> tuple[str, bytes]:
        """Id and bytes of the newest key.

        Looks for a new file on every call, so that a new key is used at once in every process.
        Reads the file only if it is another one: an import seals many secrets.
        """
        try:
            status = self._path.stat()
            state = (status.st_ino, status.st_mtime_ns, status.st_size)
        except OSError:
            state = None
        newest = self._newest
        if state is None or newest[0] != state:
            key_id, key = list(self._keys().items())[-1]
            # The state from before reading: a file that came meanwhile is read next time.
            self._newest = newest = (state, key_id, key)
        return newest[1:]

    def rotate(self) -> str:
        """Add a key, which seals from now on. Returns its id.

        The earlier keys stay, since other programs need them to open what they sealed.

        Raises:
            KeyFileError: The file cannot be used.
        """
        try:
            with file_lock(self._path):
                keys = {key_id: _base64url_encode(key) for key_id, key in self._keys().items()}
                newest = _new_key_id(keys)
                keys[newest] = _base64url_encode(secrets.token_bytes(_KEY_BYTES))
                replace_atomically(self._path, json.dumps(keys) + "\n")
        except OSError as error:
            raise self._inaccessible(error) from error
        return newest

    def key_ids(self) -> list[str]:
        """The ids of all keys, the oldest first. `KeyFileError` if the file cannot be used."""
        return list(self._keys())

    def _keys(self) -> dict[str, bytes]:
        try:
            try:
                raw = self._path.read_bytes()
            except FileNotFoundError:
                key = {_new_key_id(()): _base64url_encode(secrets.token_bytes(_KEY_BYTES))}
                create_exclusive(self._path, json.dumps(key) + "\n")
                raw = self._path.read_bytes()
        except OSError as error:
            raise self._inaccessible(error) from error
        try:
            text = raw.decode("ascii")
            keys = {key_id: _base64url_decode(key) for key_id, key in json.loads(text).items()}
        except (ValueError, AttributeError, TypeError) as error:
            raise self._invalid("is not a key file") from error
        if not keys or any(len(key) != _KEY_BYTES for key in keys.values()):
            raise self._invalid("holds no usable key")
        return keys

    def _invalid(self, problem: str) -> KeyFileError:
        return KeyFileError(reason=f"{self._path} {problem}.", remedy="Restore it from a backup.")

    def _inaccessible(self, error: OSError) -> KeyFileError:
        return KeyFileError(
            reason=f"{self._path} cannot be read or created ({error.strerror}).",
            remedy="Let the portal read and write its data folder.",
        )


def context_of(tenant_id: str) -> bytes:
    """The additional data: tenant and purpose, as compact, sorted JSON."""
    context = {"purpose": _PURPOSE, "tenantId": tenant_id}
    return json.dumps(context, separators=(",", ":"), sort_keys=True).encode()


def _new_key_id(existing: "dict[str, str] | tuple[()]") -> str:
    while (key_id := secrets.token_hex(4)) in existing:
        pass
    return key_id


def _base64url_encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _base64url_decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


# ---- AWS KMS


class KmsSealer:
    """Seals with a key of AWS KMS, which never leaves KMS. Needs the permission `kms:Encrypt` only.

    `make_client` returns a boto3 client for KMS. It is called once per process, on first use.
    """

    def __init__(self, key_id: str, make_client: Callable[[], Any]) -> None:
        self._key_id = key_id
        self._make_client = make_client
        self._lock = threading.Lock()
        self._client: Any = None
        self._client_pid = 0

    def seal(self, secret: Secret, tenant_id: str) -> str:
        """As in `Sealer`."""
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - takes 0.4 s

        self.check(secret)
        try:
            response = self._client_of_process().encrypt(
                KeyId=self._key_id,
                Plaintext=secret.reveal().encode(),
                EncryptionContext={"tenantId": tenant_id, "purpose": _PURPOSE},
            )
        except (ClientError, BotoCoreError) as error:
            raise _kms_error(error) from error
        return f"v1.kms.{_base64url_encode(response['CiphertextBlob'])}"

    def check(self, secret: Secret) -> None:
        """As in `Sealer`."""
        if len(secret.reveal().encode()) > _KMS_MAX_BYTES:
            raise SecretTooLongError(
                reason=f"The client secret is longer than the {_KMS_MAX_BYTES:,} bytes"
                " that KMS seals.",
                remedy="Set another client secret.",
            )

    def _client_of_process(self) -> Any:
        # After a fork, parent and child would share connections.
        with self._lock:
            if self._client is None or self._client_pid != os.getpid():
                self._client, self._client_pid = self._make_client(), os.getpid()
            return self._client


def _kms_client_maker(region: str) -> Callable[[], Any]:
    def make_client() -> Any:
        import boto3  # noqa: PLC0415 - takes 0.4 s, and most portals never seal with KMS
        from botocore.config import Config  # noqa: PLC0415 - comes with boto3

        config = Config(
            connect_timeout=1, read_timeout=3, retries={"total_max_attempts": 2, "mode": "standard"}
        )
        return boto3.client("kms", region_name=region or None, config=config)

    return make_client


_CHECK_KEY_ID = (
    "Check PORTAL_KMS_KEY_ID and AWS_REGION: the key must exist, be enabled, and be for encryption."
)
_KMS_REMEDIES = {
    "AccessDeniedException": "Allow kms:Encrypt on the key to the portal's role, in its IAM policy"
    " and in the key's own policy.",
    "NotFoundException": _CHECK_KEY_ID,
    "DisabledException": _CHECK_KEY_ID,
    "KMSInvalidStateException": _CHECK_KEY_ID,
    "InvalidKeyUsageException": _CHECK_KEY_ID,
    "ValidationException": _CHECK_KEY_ID,
    "ThrottlingException": "Try again in a moment. If it goes on, raise the quota of KMS requests.",
    "NoCredentialsError": "Attach an IAM role to this machine, or set access keys in the"
    " environment or with `aws configure`.",
    "NoRegionError": "Set AWS_REGION, for example to eu-central-1.",
}


def _kms_error(error: Exception) -> UnavailableError:
    """Our error, without AWS's texts, which name roles and keys."""
    # A timeout has the attribute, too, with the value None.
    response: dict[str, Any] = getattr(error, "response", None) or {}
    code = response.get("Error", {}).get("Code", type(error).__name__)
    request_id = response.get("ResponseMetadata", {}).get("RequestId", "")
    return UnavailableError(
        reason=f"KMS did not seal the client secret ({code}"
        + (f", request {request_id})." if request_id else ")."),
        remedy=_KMS_REMEDIES.get(
            code, "Check the network, AWS_REGION and AWS's health page. Then try again."
        ),
    )
