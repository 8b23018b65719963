"""A tenant and all that belongs to it. A change returns a new one, and what may not be raises."""

import hashlib
import re
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Self

from portal.tenants.life_cycle import ErasedError, NotAllowedError, Status, Verb, status_after
from portal.tenants.validity import PastWindowError, Validity

#: An account or company id, to be matched in ASCII.
ID = r"[A-Za-z0-9]{1,40}"
_ID = re.compile(ID, re.ASCII)
CLUSTER_LENGTH = 40
SECRET_LENGTH = 500


def is_id(text: str) -> bool:
    """Whether it may be an account or company id: letters and digits, at most 40."""
    return _ID.fullmatch(text) is not None


@dataclass(frozen=True, kw_only=True, slots=True)
class Contact:
    """Whom to talk to, as `portal.contacts` read it. `portal.contact_fields` describes each field.

    `phone` is E.164 where the number could be read, else as written; `phone_typed` is what
    was typed, kept when it differs; `phone_extension` digits.
    """

    company: str = ""
    name: str = ""
    email: str = ""
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
class Client:
    """The OAuth client. The secret is sealed text (`portal.sealing`), never shown to anybody."""

    id: str = ""
    sealed_secret: str = field(default="", repr=False)
    secret_set_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditInfo:
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
    idempotency_key: str = ""


def idempotency_key_of(
    verb: Verb, audit: AuditInfo, expected_version: int | None, *key_parts: object
) -> str:
    """The same text exactly when the same person asks again for the same thing, having seen
    the same version: a double click, or a form sent twice."""
    request = (verb.value, audit.who or audit.by, expected_version, key_parts)
    return hashlib.sha256(repr(request).encode()).hexdigest()[:16]


@dataclass(frozen=True, kw_only=True, slots=True)
class Tenant:
    """`version` is `None` on a record that only the old application has written."""

    id: str
    status: Status
    version: int | None
    contact: Contact
    ids: Ids | None = None
    validity: Validity = Validity()  # noqa: RUF009 - it is frozen
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

    def changed(
        self, verb: Verb, audit: AuditInfo, idempotency_key: str = "", **fields: Any
    ) -> Self:
        """This tenant after `verb`. `NotAllowedError`."""
        return replace(
            self,
            status=status_after(self.status, verb),
            version=(self.version or 0) + 1,
            updated_at=audit.at,
            decision=Decision(
                verb=verb, by=audit.by, at=audit.at, who=audit.who, idempotency_key=idempotency_key
            ),
            **fields,
        )

    def activated(
        self,
        audit: AuditInfo,
        idempotency_key: str = "",
        *,
        ids: Ids,
        validity: Validity,
        client: Client,
    ) -> Self:
        """Bound to its final key. `NotAllowedError`, `PastWindowError`."""
        if validity.valid_to is None or validity.valid_to < audit.at:
            raise PastWindowError
        bound = self.changed(
            Verb.ACTIVATE,
            audit,
            idempotency_key,
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

    def reopened(self, audit: AuditInfo, idempotency_key: str = "") -> Self:
        """`NotAllowedError`, `ErasedError`."""
        reopened = self.changed(Verb.REOPEN, audit, idempotency_key, reason="", message="")
        if self.erased:
            raise ErasedError
        return reopened

    def released(self, audit: AuditInfo, idempotency_key: str = "") -> Self:
        """Into the queue, from where it was set aside. `NotAllowedError`."""
        if not self.set_aside:
            raise NotAllowedError(Verb.RELEASE, self.status)
        return self.changed(Verb.RELEASE, audit, idempotency_key, set_aside=False)

    def imported(self, audit: AuditInfo, idempotency_key: str = "", **fields: Any) -> Self:
        """As an export of the old application has it, whatever it changes: `fields` may hold a
        `status`, and an `updated_at` that is the record's own. `NotAllowedError`."""
        changed = self.changed(Verb.IMPORT, audit, idempotency_key)
        return replace(changed, **fields)

    def without_personal_fields(
        self, audit: AuditInfo, idempotency_key: str = "", *, contact: Contact | None = None
    ) -> Self:
        """What retention leaves of a closed sign-up: `contact` without personal fields.
        `NotAllowedError`."""
        return self.changed(
            Verb.ERASE,
            audit,
            idempotency_key,
            contact=contact or Contact(),
            message="",
            status_link="",
            erased=True,
        )
