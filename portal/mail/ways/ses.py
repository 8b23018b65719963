"""Hands mail to Amazon SES."""

from collections.abc import Callable, Mapping
from typing import Any

from portal.mail.messages import MailError, OutgoingMail, Problem, Retry
from portal.stores import clear_deadline, set_deadline
from portal.stores.aws import ClientOpener, IncompleteAnswerError, make_aws_client

#: Nothing was sent, and a moment later it may be.
_SOON = frozenset({"TooManyRequestsException", "ThrottlingException"})
#: The request itself is wrong, so it would be the next time.
_NEVER = frozenset({"BadRequestException", "ValidationException"})


class AmazonSes:
    """SES, by its API v2. Needs the permission `ses:SendEmail` only.

    Args:
        make_client: Makes a client of the SDK for `sesv2`.
    """

    name = "ses"

    def __init__(self, make_client: Callable[[], Any]) -> None:
        self._opener = ClientOpener(make_client)

    def send(self, mail: OutgoingMail, *, seconds: float) -> None:
        """As in `Way`."""
        if mail.needs_smtputf8:
            # SES knows no addresses whose part before the "@" is not ASCII.
            raise MailError(retry=Retry.NEVER, problem=Problem.NO_SMTPUTF8)
        set_deadline(seconds=seconds)
        try:
            self._send(mail)
        finally:
            clear_deadline()

    def _send(self, mail: OutgoingMail) -> None:
        try:
            client = self._opener.get()
        except Exception as error:
            raise _failed(error, sent=False) from error
        try:
            answer = client.send_email(
                FromEmailAddress=mail.sender,
                Destination={"ToAddresses": [mail.recipient]},
                Content={"Raw": {"Data": mail.content}},
            )
        except Exception as error:
            # The SDK raises errors of its own, of the operating system, and of Python.
            from portal.stores.dynamodb import is_of_credentials  # noqa: PLC0415 - only after one

            if is_of_credentials(error):
                self._opener.forget(client)
            raise _failed(error, sent=True) from error
        if not answer.get("MessageId"):
            raise MailError(retry=Retry.LATER, problem=Problem.UNKNOWN) from IncompleteAnswerError(
                "no MessageId"
            )


def _failed(error: Exception, *, sent: bool) -> MailError:
    """`sent`: whether the request may have left this machine."""
    from portal.stores.dynamodb import code_of  # noqa: PLC0415 - only after an error

    code = code_of(error)
    response = getattr(error, "response", None)
    if response and sent and _failed_inside(response):
        # All others would fare the same now. None of them is sent so that nobody knows.
        return MailError(retry=Retry.LATER, problem=Problem.UNKNOWN, detail=code, of_server=True)
    if response:
        retry = Retry.SOON if code in _SOON else Retry.NEVER if code in _NEVER else Retry.LATER
        return MailError(
            retry=retry, problem=Problem.AWS, detail=code, of_server=retry is not Retry.NEVER
        )
    if sent and not _never_left(error):
        return MailError(retry=Retry.LATER, problem=Problem.UNKNOWN, detail=code)
    return MailError(retry=Retry.SOON, problem=Problem.UNREACHABLE, detail=code, of_server=True)


def _failed_inside(response: Mapping[str, Any]) -> bool:
    """Whether SES, or something in front of it, failed with the request in its hands. SES may have
    taken the mail before."""
    return int(response.get("ResponseMetadata", {}).get("HTTPStatusCode") or 0) >= 500


def _never_left(error: Exception) -> bool:
    from botocore.exceptions import (  # noqa: PLC0415 - 0.4 s, and only after an error
        ConnectTimeoutError,
        EndpointConnectionError,
        NoCredentialsError,
    )

    return isinstance(error, ConnectTimeoutError | EndpointConnectionError | NoCredentialsError)


def ses_client_maker(region: str, endpoint: str | None = None) -> Callable[[], Any]:
    """Makes clients for SES. An empty `region`: as AWS's own configuration says."""

    def make_client() -> Any:
        from botocore.config import Config  # noqa: PLC0415 - 0.4 s, and most portals use no SES

        config = Config(
            connect_timeout=3,
            read_timeout=15,
            # SES cannot tell the same mail twice from two mails. The outbox tries again.
            retries={"total_max_attempts": 1, "mode": "standard"},
        )
        return make_aws_client("sesv2", region=region or None, config=config, endpoint=endpoint)

    return make_client
