"""What is heard of a mail after it was sent, by whichever way: a bounce message, or Amazon SES."""

import hashlib
import re
from dataclasses import dataclass

from portal.mail.messages import Problem

#: The reason of a mail that arrived, as far as anybody can say. It is stored.
DELIVERED = "delivered"

_CODE = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
#: RFC 3463: the subject and the detail of a status.
_PROBLEMS = (
    (re.compile(r"\.1\.(1|2|3|6|10)$"), Problem.NO_SUCH_ADDRESS),
    (re.compile(r"\.2\.1$"), Problem.NO_SUCH_ADDRESS),
    (re.compile(r"\.2\.2$"), Problem.MAILBOX_FULL),
    (re.compile(r"\.7\."), Problem.BLOCKED),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """A report on a mail: that it did not arrive, or that another server has taken it.

    Attributes:
        id: The same if the notice comes again.
        key: Of the mail, `records.outbox_key`.
        is_hard: It never will arrive; otherwise: not so far, or not for now.
        reason: A problem and a code, as in `MailError.reason`. Never what the other server wrote,
            which may repeat the address. `DELIVERED`: the server of the addressee has taken it.
    """

    id: str
    key: str
    is_hard: bool
    reason: str


def notice_id(text: bytes) -> str:
    """A short fingerprint: what others call their notices has any length."""
    return hashlib.sha256(text).hexdigest()[:16]


def code_in(text: str) -> str:
    """The first enhanced status code in a text, such as `5.1.1`; empty if there is none."""
    found = _CODE.search(text)
    return found[0] if found else ""


def reason_of(code: str) -> str:
    """The reason for an enhanced status code, which may be empty."""
    problem = next((each for pattern, each in _PROBLEMS if pattern.search(code)), None)
    return f"{(problem or Problem.NOT_DELIVERED).value} {code}".rstrip()
