"""Explains AWS's errors: which failure is behind an error.

AWS's own texts are not passed on, since they may hold keys of items. This module does not import
boto3: it recognises errors by their code, or by the name of their class.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from portal.stores.aws import OpeningFailedError
from portal.stores.dynamodb import failures
from portal.stores.dynamodb.failures import Failure

_BY_CODE = {
    **dict.fromkeys(
        ("AccessDeniedException", "AccessDenied", "UnauthorizedOperation"), failures.DENIED
    ),
    "ResourceNotFoundException": failures.NO_TABLE,
    **dict.fromkeys(
        (
            "ProvisionedThroughputExceededException", "ProvisionedThroughputExceeded",
            "ThrottlingException", "ThrottlingError", "Throttling", "RequestLimitExceeded",
            "TooManyRequestsException", "LimitExceededException",
        ),
        failures.THROTTLED,
    ),
    **dict.fromkeys(
        ("TransactionConflictException", "TransactionConflict", "TransactionInProgressException",
         "ReplicatedWriteConflictException"),
        failures.CONFLICT,
    ),
    **dict.fromkeys(
        ("UnrecognizedClientException", "InvalidSignatureException", "InvalidClientTokenId",
         "InvalidAccessKeyId", "IncompleteSignature", "IncompleteSignatureException",
         "MissingAuthenticationToken", "MissingAuthenticationTokenException",
         "SignatureDoesNotMatch"),
        failures.BAD_CREDENTIALS,
    ),
    **dict.fromkeys(("ExpiredTokenException", "ExpiredToken"), failures.EXPIRED),
    **dict.fromkeys(("RequestTimeTooSkewed", "RequestExpired"), failures.CLOCK),
    "InaccessibleEncryptionCredentialsException": failures.TABLE_KEY,
    "ItemCollectionSizeLimitExceeded": failures.TOO_LARGE,
    "UnknownOperationException": failures.NO_OPERATION,
}  # fmt: skip

#: Fragments of messages of `ValidationException`, which has no finer codes.
_BY_MESSAGE = {
    "does not have the specified index": failures.NO_INDEX,
    "does not project": failures.INDEX_COLUMNS,
    "backfilling global secondary index": failures.INDEX_NOT_READY,
    "size has exceeded the maximum": failures.TOO_LARGE,
    "size to update has exceeded": failures.TOO_LARGE,
    "cannot exceed the maximum allowed size": failures.TOO_LARGE,
}

#: By the name of a class of botocore's own errors, or of one of its base classes.
_BY_CLASS = {
    "ReadTimeoutError": failures.LOST,
    **dict.fromkeys(
        ("ConnectTimeoutError", "EndpointConnectionError", "ProxyConnectionError"),
        failures.UNREACHED,
    ),
    # The connection broke after the request may have been sent. TLS, too, may fail that late.
    **dict.fromkeys(
        ("ConnectionError", "HTTPClientError", "IncompleteReadError", "SSLError"), failures.LOST
    ),
    **dict.fromkeys(("NoCredentialsError", "PartialCredentialsError"), failures.NO_CREDENTIALS),
    **dict.fromkeys(
        ("CredentialRetrievalError", "MetadataRetrievalError", "UnknownCredentialError"),
        failures.NO_CREDENTIALS,
    ),
    **dict.fromkeys(("TokenRetrievalError", "SSOError", "LoginError"), failures.EXPIRED),
    **dict.fromkeys(
        ("NoRegionError", "InvalidRegionError", "UnknownRegionError", "UnknownEndpointError",
         "EndpointProviderError"),
        failures.NO_REGION,
    ),
    **dict.fromkeys(
        ("ProfileNotFound", "ConfigNotFound", "ConfigParseError", "InvalidConfigError",
         "MissingDependencyException", "InvalidDefaultsMode", "InvalidRetryConfigurationError"),
        failures.CONFIGURATION,
    ),
    "IncompleteAnswerError": failures.NOT_WHOLE,
    "NoTimeError": failures.NO_TIME,
    "NotYetError": failures.LATE_CREDENTIALS,
}  # fmt: skip


#: OpenSSL's name for a certificate of an unknown authority. Then nothing was sent.
_UNTRUSTED_CERTIFICATE = "CERTIFICATE_VERIFY_FAILED"


def failure_of(error: Exception, cancellations: Sequence[tuple[str, str]] = ()) -> Failure:
    """The failure behind any error of a call, also behind one that nobody expected.

    Args:
        cancellations: Code and message of each change of a cancelled transaction that failed.
    """
    if cancellations:
        code, _ = cancellations[0]
        if code == "ValidationError":
            return (
                classify_message(" ".join(text for _, text in cancellations)) or failures.UNEXPECTED
            )
        return _BY_CODE.get(code, failures.UNEXPECTED)
    known = classify_error(error)
    if known is not None:
        return known
    return (
        failures.UNEXPECTED
        if isinstance(getattr(error, "response", None), dict)
        else failures.UNEXPECTED_ERROR
    )


def classify_error(error: Exception) -> Failure | None:
    """The failure behind an error of the SDK; `None` if this module does not know it."""
    if isinstance(error, OpeningFailedError):
        # Nothing was sent.
        unknown = (
            failures.UNUSABLE_CREDENTIALS
            if error.stage == "credentials"
            else failures.CONFIGURATION
        )
        found = _of_opening(error.reason) or unknown
        # AWS itself has not been asked, so nobody knows whether it accepts them.
        return replace(found, name="no-credentials") if found.name == "expired" else found
    response: dict[str, Any] | None = getattr(error, "response", None)
    if isinstance(response, dict):
        return _classify_response(response)
    text = str(error)
    if _UNTRUSTED_CERTIFICATE in text:
        return failures.UNREACHED
    if "AccountIdEndpointMode" in text:
        return failures.NO_ACCOUNT
    classes = (kind.__name__ for kind in type(error).__mro__)
    return next((_BY_CLASS[name] for name in classes if name in _BY_CLASS), None)


def _of_opening(reason: Exception) -> Failure | None:
    if isinstance(reason, OpeningFailedError):
        return classify_error(reason)
    if isinstance(reason, RuntimeError) and "expired" in str(reason):
        # The SDK has no class for credentials that are renewed, and are expired nevertheless.
        return failures.EXPIRED
    known = classify_error(reason)
    # What could not be reached is the source of the credentials, not the service.
    return known if known and known.name in failures.OF_EVERY_SERVICE else None


def code_of(error: Exception) -> str:
    """AWS's error code; otherwise the class of the error, which names no value."""
    if isinstance(error, OpeningFailedError):
        return code_of(error.reason)
    response = getattr(error, "response", None)
    code = response.get("Error", {}).get("Code") if isinstance(response, dict) else None
    return str(code or type(error).__name__)


def is_retryable(error: Exception) -> bool:
    """Whether the same call may succeed a moment later."""
    return failure_of(error).name in failures.RETRYABLE


def is_of_credentials(error: Exception) -> bool:
    """Whether credentials have to be looked up again before the next call."""
    return failure_of(error).name in failures.OF_CREDENTIALS


def shared_remedy(error: Exception) -> str | None:
    """The remedy for a failure that may happen at any AWS service, such as no credentials."""
    failure = classify_error(error)
    return failure.remedy if failure and failure.name in failures.OF_EVERY_SERVICE else None


def classify_message(text: str) -> Failure | None:
    """The failure behind the message of a `ValidationException`."""
    return next((failure for fragment, failure in _BY_MESSAGE.items() if fragment in text), None)


def _classify_response(response: dict[str, Any]) -> Failure | None:
    code = response.get("Error", {}).get("Code", "")
    text = response.get("Error", {}).get("Message", "")
    if "Signature expired" in text or "Signature not yet current" in text:
        return failures.CLOCK
    if code == "ValidationException":
        return classify_message(text)
    if code in _BY_CODE:
        return _BY_CODE[code]
    # The write may have succeeded or not.
    if response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= 500:
        return failures.LOST
    return None
