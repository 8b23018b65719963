"""The life cycle: every status, every verb, and which verb leads where."""

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    PENDING = "pending"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class Verb(StrEnum):
    SUBMIT = "submit"
    ACTIVATE = "activate"
    REJECT = "reject"
    WITHDRAW = "withdraw"
    REOPEN = "reopen"
    SUSPEND = "suspend"
    REINSTATE = "reinstate"
    SET_VALIDITY = "set_validity"
    SET_CLIENT = "set_client"
    EDIT_CONTACT = "edit_contact"
    RELEASE = "release"
    ERASE = "erase"
    IMPORT = "import"


class Reason(StrEnum):
    """Why staff reject or suspend. The words for each are the interface's."""

    NOT_A_CUSTOMER = "not_a_customer"
    DUPLICATE = "duplicate"
    DETAILS_MISSING = "details_missing"
    CONTRACT_ENDED = "contract_ended"
    UNPAID = "unpaid"
    MISUSE = "misuse"
    OTHER = "other"


REJECT_REASONS = (
    Reason.NOT_A_CUSTOMER,
    Reason.DUPLICATE,
    Reason.DETAILS_MISSING,
    Reason.MISUSE,
    Reason.OTHER,
)


SUSPEND_REASONS = (Reason.CONTRACT_ENDED, Reason.UNPAID, Reason.MISUSE, Reason.OTHER)


class RuleError(Exception):
    """A change that the rules do not allow."""

    def __str__(self) -> str:
        # Not Exception's own text, which would show a tenant's contact in a traceback.
        return type(self).__name__


@dataclass(eq=False)
class NotAllowedError(RuleError):
    """The life cycle has no such step: `verb` cannot be done to a tenant that is `status`."""

    verb: Verb
    status: Status


class ErasedError(RuleError):
    """The personal fields were erased, so nothing is left to reopen."""


def status_after(status: Status, verb: Verb) -> Status:
    """The status that `verb` leads to from `status`. `NotAllowedError`."""
    match status, verb:
        case Status.PENDING, Verb.ACTIVATE:
            return Status.ACTIVE
        case Status.PENDING, Verb.REJECT:
            return Status.REJECTED
        case Status.PENDING, Verb.WITHDRAW:
            return Status.WITHDRAWN
        case ((Status.REJECTED | Status.WITHDRAWN), Verb.REOPEN):
            return Status.PENDING
        case Status.ACTIVE, Verb.SUSPEND:
            return Status.SUSPENDED
        case Status.SUSPENDED, Verb.REINSTATE:
            return Status.ACTIVE
        case ((Status.ACTIVE | Status.SUSPENDED), (Verb.SET_VALIDITY | Verb.SET_CLIENT)):
            return status
        case ((Status.PENDING | Status.ACTIVE | Status.SUSPENDED), Verb.EDIT_CONTACT):
            return status
        case ((Status.ACTIVE | Status.SUSPENDED), Verb.IMPORT):
            return status
        case Status.PENDING, Verb.RELEASE:
            return status
        case ((Status.REJECTED | Status.WITHDRAWN), Verb.ERASE):
            return status
        case _:
            raise NotAllowedError(verb, status)
