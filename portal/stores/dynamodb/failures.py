"""The failures of a call to DynamoDB: the name of each, a reason for the log, and a remedy for the
operator."""

from dataclasses import dataclass
from typing import Literal

FailureName = Literal[
    "denied", "no-table", "no-index", "throttled", "conflict", "lost", "unreached",
    "no-credentials", "bad-credentials", "expired", "clock", "no-region", "too-large",
    "table-key", "configuration", "index-not-ready", "index-columns", "no-operation",
    "no-time", "unexpected",
]  # fmt: skip

#: Failures that pass by themselves, so that the same call may succeed later.
RETRYABLE: frozenset[FailureName] = frozenset({"throttled", "conflict", "lost", "unreached"})

#: Failures that have the same cause and remedy at every AWS service.
OF_EVERY_SERVICE: frozenset[FailureName] = frozenset({
    "no-credentials", "bad-credentials", "expired", "clock", "no-region", "configuration",
})  # fmt: skip

#: Failures after which credentials are looked up again.
OF_CREDENTIALS: frozenset[FailureName] = frozenset({"no-credentials", "bad-credentials", "expired"})

DEPLOY = "python -m migrations_tools table deploy ENV REGION"


@dataclass(frozen=True, slots=True)
class Failure:
    """`reason` and `remedy` may hold `{operation}`, `{table}`, `{region}` and `{host}`."""

    name: FailureName
    reason: str
    remedy: str


DENIED = Failure(
    "denied",
    "AWS denied {operation} on the table {table}.",
    "Allow it in the IAM policy of the portal's role, for the table and its index/*. Check that"
    " the credentials belong to that role, and that the table is in {region}."
    " `portal doctor` tries each permission.",
)
NO_TABLE = Failure(
    "no-table",
    "There is no table {table} in {region}.",
    f"Check TENANT_TABLE_NAME and AWS_REGION, or deploy the table: {DEPLOY}",
)
NO_INDEX = Failure(
    "no-index",
    "The table {table} lacks an index that {operation} needs.",
    f"Update the table: {DEPLOY}",
)
INDEX_NOT_READY = Failure(
    "index-not-ready",
    "DynamoDB is still making an index of the table {table}.",
    "Wait: nothing else has to be done. `python -m migrations_tools table plan` says which index it"
    " is. Until then lists and searches that need it do not work.",
)
INDEX_COLUMNS = Failure(
    "index-columns",
    "An index of the table {table} lacks columns that lists show.",
    f"Delete that index in the AWS console, then have it made as the portal needs it: {DEPLOY}",
)
NO_OPERATION = Failure(
    "no-operation",
    "{host} does not offer {operation} on the table {table}.",
    "Use DynamoDB, or an engine that offers it. A global table with multi-Region strong consistency"
    " has no transactions: use one with eventual consistency.",
)
THROTTLED = Failure(
    "throttled",
    "DynamoDB throttles {operation} on the table {table}.",
    "Look at ThrottledRequests and the consumed capacity in CloudWatch. Raise the table's"
    " capacity, or use on-demand mode.",
)
CONFLICT = Failure(
    "conflict", "Others keep writing the same items of {table}.", "Try again in a moment."
)
LOST = Failure(
    "lost",
    "DynamoDB did not answer {operation} on the table {table}.",
    "Try again. If it goes on, check the network and AWS's health page for {region}.",
)
NOT_WHOLE = Failure(
    "lost",
    "What {host} answered to {operation} on the table {table} is damaged, or is no answer of"
    " DynamoDB.",
    "Try again. If it goes on, check what stands between: a proxy, a captive portal,"
    " AWS_ENDPOINT_URL_DYNAMODB.",
)
NO_TIME = Failure(
    "no-time",
    "The request had no time left for {operation} on the table {table}.",
    "Try again. If it goes on, check the network, and the load of this machine.",
)
UNREACHED = Failure(
    "unreached",
    "DynamoDB cannot be reached at {host} for {operation} on the table {table} in {region}.",
    "Check AWS_REGION, AWS_ENDPOINT_URL_DYNAMODB and the network: DNS, proxy, VPC endpoint.",
)
NO_CREDENTIALS = Failure(
    "no-credentials",
    "No AWS credentials were found.",
    "Attach an IAM role to this machine, or set access keys in the environment or with"
    " `aws configure`.",
)
UNUSABLE_CREDENTIALS = Failure(
    "no-credentials",
    "The AWS credentials could not be fetched.",
    "Check AWS_PROFILE, AWS_WEB_IDENTITY_TOKEN_FILE and the other variables whose names begin with"
    " AWS_, and the files config and credentials in the folder .aws: a file that is named there may"
    " be missing, or credential_process may not answer as it should.",
)
LATE_CREDENTIALS = Failure(
    "no-credentials",
    "The AWS credentials did not come in time.",
    "Check where they come from: the network to STS and to the metadata service, or the program"
    " that credential_process names. They are used as soon as they come.",
)
BAD_CREDENTIALS = Failure(
    "bad-credentials",
    "AWS does not accept the credentials.",
    "Replace the access key, or attach the portal's IAM role to this machine.",
)
EXPIRED = Failure(
    "expired",
    "The AWS credentials have expired.",
    "Sign in again, or let an IAM role renew them. The portal looks for them at each call; restart"
    " it if they are in its environment.",
)
CLOCK = Failure(
    "clock",
    "AWS rejects the time in the signature: the clock of this machine is wrong.",
    "Set the clock, and keep it right with NTP.",
)
NO_REGION = Failure(
    "no-region",
    "No AWS region is set for the table {table}, or the one that is set does not exist.",
    "Set AWS_REGION, for example to eu-central-1.",
)
TOO_LARGE = Failure(
    "too-large",
    "An item is larger than 400 KB, or a write is larger than 4 MB: DynamoDB's limits.",
    "Shorten the texts, or write fewer items at once.",
)
TABLE_KEY = Failure(
    "table-key",
    "DynamoDB cannot use the key that encrypts the table {table}.",
    "Enable the table's KMS key, and let the portal's role use it.",
)
CONFIGURATION = Failure(
    "configuration",
    "The AWS configuration of this machine cannot be used.",
    "Check AWS_PROFILE and the other variables whose names begin with AWS_, and the files config"
    " and credentials in the folder .aws. A missing dependency: pip install 'botocore[crt]'.",
)
NO_ACCOUNT = Failure(
    "configuration",
    "AWS_ACCOUNT_ID_ENDPOINT_MODE is `required`, but the account is not known, or FIPS is on.",
    "Set AWS_ACCOUNT_ID and leave FIPS off, or set AWS_ACCOUNT_ID_ENDPOINT_MODE to `preferred`.",
)
UNEXPECTED = Failure(
    "unexpected",
    "AWS refused {operation} on the table {table} for a reason that the portal does not know.",
    "Look the code up in the documentation of DynamoDB. AWS's support can look up the request.",
)
#: The SDK failed after it may have sent the request, so a write may have succeeded or not.
UNEXPECTED_ERROR = Failure(
    "lost",
    "The SDK of AWS failed at {operation} on the table {table}.",
    "Try again. If it goes on, check the versions of boto3 and botocore.",
)
