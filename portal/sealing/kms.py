"""Seals with a key of AWS KMS."""

import os
import threading
from collections.abc import Callable, Mapping
from typing import Any

from portal.sealing.contract import (
    Secret,
    SecretTooLongError,
    base64url_encode,
    encryption_context,
)
from portal.stores import UnavailableError, remaining_seconds
from portal.stores.aws import (
    SHORTEST_CALL_SECONDS,
    ClientOpener,
    IncompleteAnswerError,
    make_aws_client,
    require_time,
)

#: KMS's limit for `Encrypt`.
_MAX_BYTES = 4096
_MAX_ATTEMPTS = 2


class KmsSealer:
    """Seals with a key of AWS KMS, which never leaves KMS. Needs the permission `kms:Encrypt` only.

    `make_client` returns a boto3 client for KMS. It is called once per process, on first use, and
    again after the credentials failed.
    """

    def __init__(self, key_id: str, make_client: Callable[[], Any]) -> None:
        self._key_id = key_id
        self._make_client = make_client
        self._lock = threading.Lock()
        self._opener: ClientOpener | None = None
        self._opener_pid = 0

    def seal(self, secret: Secret, tenant_id: str) -> str:
        """As in `Sealer`."""
        self.check(secret)
        request = {
            "KeyId": self._key_id,
            "Plaintext": secret.reveal().encode(),
            "EncryptionContext": encryption_context(tenant_id),
        }
        # Sealing changes nothing, so it may always be tried again.
        for attempt in range(1, _MAX_ATTEMPTS + 1):
            try:
                return f"v1.kms.{base64url_encode(self._encrypt(request))}"
            except Exception as error:
                # The SDK raises errors of its own, of the operating system, and of Python.
                from portal.stores.dynamodb import is_retryable  # noqa: PLC0415 - only after one

                out_of_time = remaining_seconds(1.0) < SHORTEST_CALL_SECONDS
                if attempt == _MAX_ATTEMPTS or out_of_time or not is_retryable(error):
                    raise _unavailable(error) from error
        raise AssertionError("the last attempt returns or raises")

    def _encrypt(self, request: Mapping[str, Any]) -> bytes:
        """The ciphertext.

        Raises:
            IncompleteAnswerError: The answer holds none, or is one to another request.
            Exception: Any error of the SDK.
        """
        opener = self._opener_of_process()
        client = opener.get()
        require_time()
        try:
            response = client.encrypt(**request)
        except Exception as error:
            from portal.stores.dynamodb import is_of_credentials  # noqa: PLC0415 - only after one

            if is_of_credentials(error):
                opener.forget(client)
            raise
        ciphertext = response.get("CiphertextBlob")
        # Each ciphertext also names its key, so it is longer than what was sealed.
        if not isinstance(ciphertext, bytes) or len(ciphertext) <= len(request["Plaintext"]):
            raise IncompleteAnswerError("no CiphertextBlob")
        if not response.get("KeyId"):
            raise IncompleteAnswerError("no KeyId")
        return ciphertext

    def check(self, secret: Secret) -> None:
        """As in `Sealer`."""
        if len(secret.reveal().encode()) > _MAX_BYTES:
            raise SecretTooLongError(
                reason=f"The client secret is longer than the {_MAX_BYTES:,} bytes that KMS seals.",
                remedy="Set another client secret.",
            )

    def _opener_of_process(self) -> ClientOpener:
        # After a fork, parent and child would share connections.
        with self._lock:
            if self._opener is None or self._opener_pid != os.getpid():
                self._opener, self._opener_pid = ClientOpener(self._make_client), os.getpid()
            return self._opener


def kms_client_maker(region: str) -> Callable[[], Any]:
    """Makes boto3 clients for KMS. An empty `region`: as AWS's own configuration says."""

    def make_client() -> Any:
        from botocore.config import Config  # noqa: PLC0415 - 0.4 s, and most portals never use KMS

        config = Config(
            connect_timeout=1, read_timeout=3, retries={"total_max_attempts": 1, "mode": "standard"}
        )
        return make_aws_client("kms", region=region or None, config=config)

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
    from portal.stores.dynamodb import code_of, shared_remedy  # noqa: PLC0415 - only after an error

    # A timeout has the attribute, too, with the value None.
    response: dict[str, Any] = getattr(error, "response", None) or {}
    code = code_of(error)
    request_id = response.get("ResponseMetadata", {}).get("RequestId", "")
    return UnavailableError(
        reason=f"KMS did not seal the client secret ({code}"
        + (f", request {request_id})." if request_id else ")."),
        remedy=_REMEDIES.get(code)
        or shared_remedy(error)
        or "Check the network, AWS_REGION and AWS's health page. Then try again.",
    )
