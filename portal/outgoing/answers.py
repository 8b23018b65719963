"""What a request comes to: an answer, or a problem."""

from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a machine answered. A redirect is an answer: it is not followed.

    Attributes:
        content_type: In lower case, without parameters; empty if there is none.
        retry_after: The header `Retry-After` as it came; empty if there is none.
        body: Empty if nobody wanted to read it.
    """

    status: int
    content_type: str
    body: bytes = field(repr=False)
    retry_after: str = ""


class CallProblem(StrEnum):
    """What hindered the answer."""

    BUSY = "busy"
    """Too many calls are running. Nothing was sent."""
    UNREACHABLE = "unreachable"
    """No name, no route, no connection, or one that broke."""
    PRIVATE = "private"
    """The name leads into an inner network, perhaps beside others. Nothing was sent."""
    CERTIFICATE = "certificate"
    """TLS failed: mostly, the certificate is not that of the host."""
    SLOW = "slow"
    TOO_LARGE = "too-large"
    NO_HTTP = "no-http"
    """The answer is no HTTP, or is compressed though that was not asked for."""


class CallError(Exception):
    """There is no answer. The error holds nothing of the request."""

    def __init__(self, problem: CallProblem) -> None:
        super().__init__(problem.value)
        self.problem = problem
