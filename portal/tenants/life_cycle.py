"""The life cycle: statuses, verbs, reasons, and the status that each verb leads to."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    PENDING = "pending"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


#: Of sign-ups that are over: staff have rejected them, or their customers have withdrawn them.
CLOSED = (Status.REJECTED, Status.WITHDRAWN)


class Verb(StrEnum):
    SUBMIT = "submit"
    ACTIVATE = "activate"
    REJECT = "reject"
    WITHDRAW = "withdraw"
    REOPEN = "reopen"
    SUSPEND = "suspend"
    REINSTATE = "reinstate"
    SET_VALIDITY = "set_validity"
    RENEW = "renew"
    SET_CLIENT = "set_client"
    EDIT_NAMES = "edit_names"
    EDIT_CONTACT = "edit_contact"
    SET_IDS = "set_ids"
    UNDO = "undo"
    RELEASE = "release"
    QUESTION = "question"
    ANSWER = "answer"
    CONFIRM_EMAIL = "confirm_email"
    END_LINK = "end_link"
    NEW_LINK = "new_link"
    ERASE = "erase"
    IMPORT = "import"
    KEEP = "keep"


class Reason(StrEnum):
    """Why staff reject or suspend, or that a program suspended. The pages have a text for each."""

    NOT_A_CUSTOMER = "not_a_customer"
    DUPLICATE = "duplicate"
    DETAILS_MISSING = "details_missing"
    CONTRACT_ENDED = "contract_ended"
    UNPAID = "unpaid"
    MISUSE = "misuse"
    OTHER = "other"
    API = "api"


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
        # Exception's own text holds the arguments: a traceback would show a tenant's contact.
        return type(self).__name__


@dataclass(eq=False)
class NotAllowedError(RuleError):
    """The life cycle does not allow `verb` for a tenant that is `status`."""

    verb: Verb
    status: Status


class ErasedError(RuleError):
    """The personal fields were erased, so the sign-up cannot be reopened."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Transition:
    """The statuses that a verb leads to.

    Attributes:
        leads: Status before the verb -> status after it. No other status allows the verb.
        sets_status: Staff decide on the status with this verb. An import keeps their decision
            unless its user allows the change (`portal.records.provenance`).
        sets_validity: The same for the validity.
    """

    leads: Mapping[Status, Status]
    sets_status: bool = False
    sets_validity: bool = False


def _unchanged(*statuses: Status) -> Mapping[Status, Status]:
    return {status: status for status in statuses}


#: The transition of every verb.
TRANSITIONS: Mapping[Verb, Transition] = {
    # Creates a tenant, so there is no status before it.
    Verb.SUBMIT: Transition(leads={}),
    Verb.ACTIVATE: Transition(
        leads={Status.PENDING: Status.ACTIVE}, sets_status=True, sets_validity=True
    ),
    Verb.REJECT: Transition(leads={Status.PENDING: Status.REJECTED}),
    Verb.WITHDRAW: Transition(leads={Status.PENDING: Status.WITHDRAWN}),
    Verb.REOPEN: Transition(leads=dict.fromkeys(CLOSED, Status.PENDING)),
    Verb.SUSPEND: Transition(leads={Status.ACTIVE: Status.SUSPENDED}, sets_status=True),
    Verb.REINSTATE: Transition(leads={Status.SUSPENDED: Status.ACTIVE}, sets_status=True),
    Verb.SET_VALIDITY: Transition(
        leads=_unchanged(Status.ACTIVE, Status.SUSPENDED), sets_validity=True
    ),
    Verb.RENEW: Transition(leads=_unchanged(Status.ACTIVE, Status.SUSPENDED), sets_validity=True),
    Verb.SET_CLIENT: Transition(leads=_unchanged(Status.ACTIVE, Status.SUSPENDED)),
    Verb.EDIT_NAMES: Transition(leads=_unchanged(Status.ACTIVE, Status.SUSPENDED)),
    Verb.EDIT_CONTACT: Transition(
        leads=_unchanged(Status.PENDING, Status.ACTIVE, Status.SUSPENDED)
    ),
    Verb.SET_IDS: Transition(leads=_unchanged(Status.ACTIVE, Status.SUSPENDED)),
    # It restores the status from before the decision that it undoes.
    Verb.UNDO: Transition(leads={}),
    Verb.IMPORT: Transition(leads=_unchanged(Status.ACTIVE, Status.SUSPENDED)),
    # An operator says that an incomplete row of the old application is right as it is.
    Verb.KEEP: Transition(leads=_unchanged(Status.ACTIVE, Status.SUSPENDED), sets_validity=True),
    Verb.RELEASE: Transition(leads=_unchanged(Status.PENDING)),
    Verb.QUESTION: Transition(leads=_unchanged(Status.PENDING)),
    Verb.ANSWER: Transition(leads=_unchanged(Status.PENDING)),
    Verb.CONFIRM_EMAIL: Transition(
        leads=_unchanged(Status.PENDING, Status.ACTIVE, Status.SUSPENDED)
    ),
    Verb.END_LINK: Transition(leads=_unchanged(*Status)),
    Verb.NEW_LINK: Transition(leads=_unchanged(*Status)),
    Verb.ERASE: Transition(leads=_unchanged(*CLOSED)),
}


#: Whoever has decided so may undo it, until somebody else changes the tenant.
UNDOABLE = frozenset({
    Verb.ACTIVATE, Verb.REJECT, Verb.REOPEN, Verb.SUSPEND, Verb.REINSTATE, Verb.SET_VALIDITY,
    Verb.RENEW, Verb.SET_CLIENT, Verb.EDIT_NAMES, Verb.EDIT_CONTACT, Verb.SET_IDS, Verb.RELEASE,
    Verb.QUESTION,
})  # fmt: skip


def can(status: Status, verb: Verb) -> bool:
    """Whether the life cycle allows `verb` from `status`."""
    return status in TRANSITIONS[verb].leads


def status_after(status: Status, verb: Verb) -> Status:
    """The status that `verb` leads to from `status`.

    Raises:
        NotAllowedError: The life cycle does not allow `verb` from `status`.
    """
    if not can(status, verb):
        raise NotAllowedError(verb, status)
    return TRANSITIONS[verb].leads[status]
