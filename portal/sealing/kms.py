"""Seals with a key of AWS KMS."""

import os
import threading
from collections.abc import Callable
from typing import Any

from portal.sealing.contract import (
    Secret,
    SecretTooLongError,
    base64url_encode,
    encryption_context,
)
from portal.stores import UnavailableError

#: KMS's limit for `Encrypt`.
_MAX_BYTES = 4096


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
                EncryptionContext=encryption_context(tenant_id),
            )
        except (ClientError, BotoCoreError) as error:
            raise _unavailable(error) from error
        return f"v1.kms.{base64url_encode(response['CiphertextBlob'])}"

    def check(self, secret: Secret) -> None:
        """As in `Sealer`."""
        if len(secret.reveal().encode()) > _MAX_BYTES:
            raise SecretTooLongError(
                reason=f"The client secret is longer than the {_MAX_BYTES:,} bytes that KMS seals.",
                remedy="Set another client secret.",
            )

    def _client_of_process(self) -> Any:
        # After a fork, parent and child would share connections.
        with self._lock:
            if self._client is None or self._client_pid != os.getpid():
                self._client, self._client_pid = self._make_client(), os.getpid()
            return self._client


def kms_client_maker(region: str) -> Callable[[], Any]:
    """Makes boto3 clients for KMS. An empty `region`: as AWS's own configuration says."""

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
_REMEDIES = {
    "AccessDeniedException": "Allow kms:Encrypt on the key to the portal's role, in its IAM policy"
    " and in the key's own policy.",
    "NotFoundException": _CHECK_KEY_ID,
    "DisabledException": _CHECK_KEY_ID,
    "KMSInvalidStateException": _CHECK_KEY_ID,
    "InvalidKeyUsageException": _CHECK_KEY_ID,
    "ValidationException": _CHECK_KEY_ID,
    "ThrottlingException": "Try again in a moment. If it goes on, raise the quota of KMS requests.",
}


def _unavailable(error: Exception) -> UnavailableError:
    """Our error, without AWS's texts, which name roles and keys."""
    from portal.stores.dynamodb import shared_remedy  # noqa: PLC0415 - only after an error

    # A timeout has the attribute, too, with the value None.
    response: dict[str, Any] = getattr(error, "response", None) or {}
    code = response.get("Error", {}).get("Code", type(error).__name__)
    request_id = response.get("ResponseMetadata", {}).get("RequestId", "")
    return UnavailableError(
        reason=f"KMS did not seal the client secret ({code}"
        + (f", request {request_id})." if request_id else ")."),
        remedy=_REMEDIES.get(code)
        or shared_remedy(error)
        or "Check the network, AWS_REGION and AWS's health page. Then try again.",
    )
