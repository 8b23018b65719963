"""Explains AWS's errors: a name for each failure, a reason for the log, and a remedy for the
operator.

AWS's own texts are not passed on, since they may hold keys of items. This module does not import
boto3: it recognises errors by their code, or by the name of their class.
"""

from dataclasses import dataclass
from typing import Any, Literal

FailureName = Literal[
    "denied", "no-table", "no-index", "throttled", "conflict", "lost", "unreached",
    "no-credentials", "bad-credentials", "expired", "clock", "no-region", "too-large",
    "table-key", "configuration",
]  # fmt: skip

#: Failures that pass by themselves, so that the same call may succeed later.
RETRYABLE: frozenset[FailureName] = frozenset({"throttled", "conflict", "lost", "unreached"})

#: Failures that have the same cause and remedy at every AWS service.
_OF_EVERY_SERVICE: frozenset[FailureName] = frozenset({
    "no-credentials", "bad-credentials", "expired", "clock", "no-region", "configuration",
})  # fmt: skip

DEPLOY = "python -m migrations_tools table deploy ENV REGION"


@dataclass(frozen=True, slots=True)
class Failure:
    """`reason` and `remedy` may hold `{operation}`, `{table}` and `{region}`."""

    name: FailureName
    reason: str
    remedy: str


_DENIED = Failure(
    "denied",
    "AWS denied {operation} on the table {table}.",
    "Allow it in the IAM policy of the portal's role, for the table and its index/*. Check that"
    " the credentials belong to that role, and that the table is in {region}."
    " `portal doctor` tries each permission.",
)
_NO_TABLE = Failure(
    "no-table",
    "There is no table {table} in {region}.",
    f"Check TENANT_TABLE_NAME and AWS_REGION, or deploy the table: {DEPLOY}",
)
_NO_INDEX = Failure(
    "no-index",
    "The table {table} lacks an index that {operation} needs.",
    f"Update the table: {DEPLOY}",
)
_THROTTLED = Failure(
    "throttled",
    "DynamoDB throttles {operation} on the table {table}.",
    "Look at ThrottledRequests and the consumed capacity in CloudWatch. Raise the table's"
    " capacity, or use on-demand mode.",
)
_CONFLICT = Failure(
    "conflict", "Others keep writing the same items of {table}.", "Try again in a moment."
)
_LOST = Failure(
    "lost",
    "DynamoDB did not answer {operation} on the table {table}.",
    "Try again. If it goes on, check the network and AWS's health page for {region}.",
)
_UNREACHED = Failure(
    "unreached",
    "DynamoDB cannot be reached for {operation} on the table {table} in {region}.",
    "Check AWS_REGION, AWS_ENDPOINT_URL_DYNAMODB and the network: DNS, proxy, VPC endpoint.",
)
_NO_CREDENTIALS = Failure(
    "no-credentials",
    "No AWS credentials were found.",
    "Attach an IAM role to this machine, or set access keys in the environment or with"
    " `aws configure`.",
)
_BAD_CREDENTIALS = Failure(
    "bad-credentials",
    "AWS does not accept the credentials.",
    "Replace the access key, or attach the portal's IAM role to this machine.",
)
_EXPIRED = Failure(
    "expired",
    "The AWS credentials have expired.",
    "Sign in again, or let an IAM role renew them. Then restart the portal.",
)
_CLOCK = Failure(
    "clock",
    "AWS rejects the time in the signature: the clock of this machine is wrong.",
    "Set the clock, and keep it right with NTP.",
)
_NO_REGION = Failure(
    "no-region",
    "No AWS region is set for the table {table}, or the one that is set does not exist.",
    "Set AWS_REGION, for example to eu-central-1.",
)
_TOO_LARGE = Failure(
    "too-large",
    "An item is larger than 400 KB, or a write is larger than 4 MB: DynamoDB's limits.",
    "Shorten the texts, or write fewer items at once.",
)
_TABLE_KEY = Failure(
    "table-key",
    "DynamoDB cannot use the key that encrypts the table {table}.",
    "Enable the table's KMS key, and let the portal's role use it.",
)
_CONFIGURATION = Failure(
    "configuration",
    "The AWS configuration of this machine cannot be used.",
    "Check AWS_PROFILE and the files config and credentials in the folder .aws.",
)

_BY_CODE = {
    **dict.fromkeys(("AccessDeniedException", "AccessDenied", "UnauthorizedOperation"), _DENIED),
    "ResourceNotFoundException": _NO_TABLE,
    **dict.fromkeys(
        (
            "ProvisionedThroughputExceededException", "ProvisionedThroughputExceeded",
            "ThrottlingException", "ThrottlingError", "Throttling", "RequestLimitExceeded",
            "TooManyRequestsException", "LimitExceededException",
        ),
        _THROTTLED,
    ),
    **dict.fromkeys(
        ("TransactionConflictException", "TransactionConflict", "TransactionInProgressException",
         "ReplicatedWriteConflictException"),
        _CONFLICT,
    ),
    **dict.fromkeys(
        ("UnrecognizedClientException", "InvalidSignatureException", "InvalidClientTokenId",
         "InvalidAccessKeyId", "IncompleteSignature", "IncompleteSignatureException",
         "MissingAuthenticationToken", "MissingAuthenticationTokenException",
         "SignatureDoesNotMatch"),
        _BAD_CREDENTIALS,
    ),
    **dict.fromkeys(("ExpiredTokenException", "ExpiredToken"), _EXPIRED),
    **dict.fromkeys(("RequestTimeTooSkewed", "RequestExpired"), _CLOCK),
    "InaccessibleEncryptionCredentialsException": _TABLE_KEY,
    "ItemCollectionSizeLimitExceeded": _TOO_LARGE,
}  # fmt: skip

#: Fragments of messages of `ValidationException`, which has no finer codes.
_BY_MESSAGE = {
    "does not have the specified index": _NO_INDEX,
    "size has exceeded the maximum": _TOO_LARGE,
    "size to update has exceeded": _TOO_LARGE,
    "cannot exceed the maximum allowed size": _TOO_LARGE,
}

#: By the name of a class of botocore's own errors, or of one of its base classes.
_BY_CLASS = {
    "ReadTimeoutError": _LOST,
    **dict.fromkeys(
        ("ConnectTimeoutError", "EndpointConnectionError", "ProxyConnectionError"), _UNREACHED
    ),
    # The connection broke after the request may have been sent. TLS, too, may fail that late.
    **dict.fromkeys(
        ("ConnectionError", "HTTPClientError", "IncompleteReadError", "SSLError"), _LOST
    ),
    **dict.fromkeys(("NoCredentialsError", "PartialCredentialsError"), _NO_CREDENTIALS),
    **dict.fromkeys(
        ("CredentialRetrievalError", "MetadataRetrievalError", "UnknownCredentialError"),
        _NO_CREDENTIALS,
    ),
    **dict.fromkeys(("TokenRetrievalError", "SSOError", "LoginError"), _EXPIRED),
    **dict.fromkeys(
        ("NoRegionError", "InvalidRegionError", "UnknownRegionError", "UnknownEndpointError",
         "EndpointProviderError"),
        _NO_REGION,
    ),
    **dict.fromkeys(
        ("ProfileNotFound", "ConfigNotFound", "ConfigParseError", "InvalidConfigError"),
        _CONFIGURATION,
    ),
}  # fmt: skip


#: OpenSSL's name for a certificate of an unknown authority. Then nothing was sent.
_UNTRUSTED_CERTIFICATE = "CERTIFICATE_VERIFY_FAILED"


def classify_error(error: Exception) -> Failure | None:
    """The failure behind an error of botocore; `None` if this module does not know it."""
    response: dict[str, Any] | None = getattr(error, "response", None)
    if isinstance(response, dict):
        return _classify_response(response)
    if _UNTRUSTED_CERTIFICATE in str(error):
        return _UNREACHED
    classes = (kind.__name__ for kind in type(error).__mro__)
    return next((_BY_CLASS[name] for name in classes if name in _BY_CLASS), None)


def shared_remedy(error: Exception) -> str | None:
    """The remedy for a failure that may happen at any AWS service, such as no credentials."""
    failure = classify_error(error)
    return failure.remedy if failure and failure.name in _OF_EVERY_SERVICE else None


def classify_code(code: str) -> Failure | None:
    """The failure behind AWS's error code."""
    return _BY_CODE.get(code)


def classify_message(text: str) -> Failure | None:
    """The failure behind the message of a `ValidationException`."""
    return next((failure for fragment, failure in _BY_MESSAGE.items() if fragment in text), None)


def _classify_response(response: dict[str, Any]) -> Failure | None:
    code = response.get("Error", {}).get("Code", "")
    text = response.get("Error", {}).get("Message", "")
    if "Signature expired" in text or "Signature not yet current" in text:
        return _CLOCK
    if code == "ValidationException":
        return classify_message(text)
    if code in _BY_CODE:
        return _BY_CODE[code]
    # The write may have succeeded or not.
    if response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= 500:
        return _LOST
    return None
