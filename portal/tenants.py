"""The rules: what a tenant is, who may change it how, and when it may use the application.

Everything here is a value. A change returns a new one, and what may not be raises.
"""

import hashlib
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Self
from zoneinfo import ZoneInfo

#: From this long before its end a licence is called expiring.
EXPIRING = timedelta(days=30)
MILLISECOND = timedelta(milliseconds=1)


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


class BackwardWindowError(RuleError):
    """The window ends before it starts."""


class PastWindowError(RuleError):
    """The window of a new licence is over already."""


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


@dataclass(frozen=True, kw_only=True, slots=True)
class Contact:
    """Whom to talk to, as `portal.contacts` read it.

    `phone` is E.164 where the number could be read, else as written; `phone_typed` is what
    was typed, kept when it differs; `phone_extension` digits.
    """

    company: str
    name: str
    email: str
    phone: str = ""
    phone_typed: str = ""
    phone_extension: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ids:
    """The account and the company in Field Service Management: claimed, or final."""

    account_id: str
    company_id: str
    account_name: str = ""
    company_name: str = ""
    cluster: str = ""

    @property
    def tenant_id(self) -> str:
        return f"{self.account_id}_{self.company_id}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Validity:
    """The licence: from one instant to another, both included.

    An instant that is missing, or that could not be read, is `None`. `open_ended` is set on
    records of the old application, for which a missing end meant "for ever".
    """

    valid_from: datetime | None = None
    valid_to: datetime | None = None
    open_ended: bool = False

    @classmethod
    def of_days(cls, first: date, last: date, zone: ZoneInfo) -> Self:
        """From the first millisecond of `first` to the last of `last`, as clocks in `zone` show.

        `BackwardWindowError`.
        """
        if last < first:
            raise BackwardWindowError
        return cls(
            valid_from=first_instant(first, zone),
            valid_to=first_instant(last + timedelta(days=1), zone) - MILLISECOND,
        )


def first_instant(day: date, zone: ZoneInfo) -> datetime:
    """Of a day in `zone`. Not midnight where clocks go forward at that moment."""
    return datetime.combine(day, time.min, zone).astimezone(UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Client:
    """The OAuth client. The secret is sealed text (`portal.sealing`), never shown to anybody."""

    id: str = ""
    sealed_secret: str = field(default="", repr=False)
    secret_set_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Act:
    """Who changes something (`by` for people to read, `who` to tell people apart), when, and
    in which request."""

    by: str
    at: datetime
    who: str = ""
    request_id: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """The latest change of a tenant. `mark` tells whether a decision is this one again."""

    verb: Verb
    by: str
    at: datetime
    who: str = ""
    mark: str = ""


def mark_of(verb: Verb, act: Act, seen: int | None, *wanted: object) -> str:
    """The same text exactly when the same person asks again for the same thing, having seen
    the same version: a double click, or a form sent twice."""
    asked = (verb.value, act.who or act.by, seen, wanted)
    return hashlib.sha256(repr(asked).encode()).hexdigest()[:16]


@dataclass(frozen=True, kw_only=True, slots=True)
class Tenant:
    """`version` is `None` on a record that only the old application has written."""

    id: str
    status: Status
    version: int | None
    contact: Contact
    ids: Ids | None = None
    validity: Validity = Validity()
    client: Client = Client()
    created_at: datetime | None = None
    updated_at: datetime | None = None
    decision: Decision | None = None
    reason: str = ""
    message: str = ""
    locale: str = ""
    pending_id: str = ""
    status_link: str = ""
    set_aside: bool = False
    erased: bool = False

    @property
    def is_final(self) -> bool:
        """Whether the id is the one that the downstream application looks up."""
        return "_" in self.id

    @property
    def is_active(self) -> bool:
        return self.status is Status.ACTIVE

    def changed(self, verb: Verb, act: Act, mark: str = "", **fields: Any) -> Self:
        """This tenant after `verb`. `NotAllowedError`."""
        return replace(
            self,
            status=status_after(self.status, verb),
            version=(self.version or 0) + 1,
            updated_at=act.at,
            decision=Decision(verb=verb, by=act.by, at=act.at, who=act.who, mark=mark),
            **fields,
        )

    def activated(
        self, act: Act, mark: str = "", *, ids: Ids, validity: Validity, client: Client
    ) -> Self:
        """Bound to its final key. `NotAllowedError`, `PastWindowError`."""
        if validity.valid_to is None or validity.valid_to < act.at:
            raise PastWindowError
        bound = self.changed(
            Verb.ACTIVATE,
            act,
            mark,
            id=ids.tenant_id,
            ids=ids,
            validity=validity,
            client=client,
            pending_id=self.id,
            reason="",
            message="",
            set_aside=False,
        )
        return replace(bound, version=1)

    def reopened(self, act: Act, mark: str = "") -> Self:
        """`NotAllowedError`, `ErasedError`."""
        pending = self.changed(Verb.REOPEN, act, mark, reason="", message="")
        if self.erased:
            raise ErasedError
        return pending

    def released(self, act: Act, mark: str = "") -> Self:
        """Into the queue, from where it was set aside. `NotAllowedError`."""
        if not self.set_aside:
            raise NotAllowedError(Verb.RELEASE, self.status)
        return self.changed(Verb.RELEASE, act, mark, set_aside=False)

    def imported(self, act: Act, mark: str = "", **fields: Any) -> Self:
        """As an export of the old application has it, whatever it changes: `fields` may hold a
        `status`, and an `updated_at` that is the record's own. `NotAllowedError`."""
        changed = self.changed(Verb.IMPORT, act, mark)
        return replace(changed, **fields)

    def without_personal_fields(self, act: Act, mark: str = "") -> Self:
        """What retention leaves of a closed sign-up. `NotAllowedError`."""
        return self.changed(
            Verb.ERASE,
            act,
            mark,
            contact=Contact(company="", name="", email=""),
            message="",
            status_link="",
            erased=True,
        )


class Standing(StrEnum):
    """Whether a tenant may use the application: the answer, and why."""

    VALID = "valid"
    EXPIRING = "expiring"
    SUSPENDED = "suspended"
    PENDING = "pending"
    CLOSED = "closed"
    WINDOW_MISSING = "window_missing"
    NOT_YET_VALID = "not_yet_valid"
    EXPIRED = "expired"


def standing(tenant: Tenant, now: datetime) -> Standing:
    return standing_of(tenant.status, tenant.validity, now)


def standing_of(status: Status, window: Validity, now: datetime) -> Standing:
    """The one place that decides access, exact to the millisecond; both ends are included."""
    if status is not Status.ACTIVE:
        return _CLOSED_DOORS[status]
    if not window.open_ended and (window.valid_from is None or window.valid_to is None):
        return Standing.WINDOW_MISSING
    if window.valid_from is not None and now < window.valid_from:
        return Standing.NOT_YET_VALID
    if window.valid_to is None:
        return Standing.VALID
    if now > window.valid_to:
        return Standing.EXPIRED
    if window.valid_to - now < EXPIRING:
        return Standing.EXPIRING
    return Standing.VALID


_CLOSED_DOORS = {
    Status.PENDING: Standing.PENDING,
    Status.SUSPENDED: Standing.SUSPENDED,
    Status.REJECTED: Standing.CLOSED,
    Status.WITHDRAWN: Standing.CLOSED,
}
