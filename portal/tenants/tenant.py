"""A tenant and its parts. They are immutable: a change returns a new tenant."""

import hashlib
import re
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Self

from portal.tenants.life_cycle import ErasedError, NotAllowedError, Status, Verb, status_after
from portal.tenants.validity import PastWindowError, Validity

#: The pattern of an account or company id. Match it with `re.ASCII`.
ID = r"[A-Za-z0-9]{1,40}"
_ID = re.compile(ID, re.ASCII)
CLUSTER_LENGTH = 40
SECRET_LENGTH = 500


def is_id(text: str) -> bool:
    """Whether the text can be an account or company id: 1 to 40 ASCII letters and digits."""
    return _ID.fullmatch(text) is not None


@dataclass(frozen=True, kw_only=True, slots=True)
class Contact:
    """The contact of a tenant, as `portal.contact_readers` read it. `portal.contact_fields`
    describes each field.

    `phone` is E.164 if the number could be read, else the text as it was. `phone_typed` is the
    text that was typed, if it differs. `phone_extension` holds digits.
    """

    company: str = ""
    name: str = ""
    email: str = ""
    phone: str = ""
    phone_typed: str = ""
    phone_extension: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ids:
    """The account and the company in Field Service Management. A pending tenant claims them; an
    activation makes them final."""

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
    """The OAuth client. The secret is sealed (`portal.sealing`) and never shown."""

    id: str = ""
    sealed_secret: str = field(default="", repr=False)
    secret_set_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditInfo:
    """Who changes something, when, and in which request.

    Attributes:
        by: The name, for people to read.
        at: The instant of the request.
        who: The id, which tells two people of one name apart; empty if there is none.
        request_id: The id that the logs have as well; empty outside a request.
    """

    by: str
    at: datetime
    who: str = ""
    request_id: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """The latest change of a tenant. A request with the same `idempotency_key` repeats it."""

    verb: Verb
    by: str
    at: datetime
    who: str = ""
    idempotency_key: str = ""


def idempotency_key_of(
    verb: Verb, audit: AuditInfo, expected_version: int | None, *key_parts: object
) -> str:
    """The idempotency key of a request. It is the same if the same person asks for the same on the
    same version: a double click, or a form that is sent twice.

    The key is stored. It is a hash of the `repr` of the values, so the names of their classes and
    fields are part of it.
    """
    request = (verb.value, audit.who or audit.by, expected_version, key_parts)
    return hashlib.sha256(repr(request).encode()).hexdigest()[:16]


@dataclass(frozen=True, kw_only=True, slots=True)
class Tenant:
    """A tenant, from its sign-up on. `version` is `None` if only the old application has written
    it."""

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
        """Whether the id is final: the one that the downstream application looks up."""
        return "_" in self.id

    @property
    def is_active(self) -> bool:
        return self.status is Status.ACTIVE

    def changed(
        self, verb: Verb, audit: AuditInfo, idempotency_key: str = "", **fields: Any
    ) -> Self:
        """This tenant after `verb`, with these `fields` changed.

        Raises:
            NotAllowedError: The life cycle does not allow it from this status.
        """
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
        """This pending tenant with its final id and a licence.

        Raises:
            NotAllowedError: It is not pending.
            PastWindowError: The validity has no end, or has ended.
        """
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
        """This closed sign-up, pending again.

        Raises:
            NotAllowedError: It is not closed.
            ErasedError: Its personal fields were erased.
        """
        reopened = self.changed(Verb.REOPEN, audit, idempotency_key, reason="", message="")
        if self.erased:
            raise ErasedError
        return reopened

    def released(self, audit: AuditInfo, idempotency_key: str = "") -> Self:
        """This sign-up, no longer set aside but in the queue.

        Raises:
            NotAllowedError: It is not pending, or not set aside.
        """
        if not self.set_aside:
            raise NotAllowedError(Verb.RELEASE, self.status)
        return self.changed(Verb.RELEASE, audit, idempotency_key, set_aside=False)

    def imported(self, audit: AuditInfo, idempotency_key: str = "", **fields: Any) -> Self:
        """This tenant with the `fields` of an imported record. They may include `status`, and the
        record's own `updated_at`.

        Raises:
            NotAllowedError: The life cycle does not allow it from this status.
        """
        changed = self.changed(Verb.IMPORT, audit, idempotency_key)
        return replace(changed, **fields)

    def without_personal_fields(
        self, audit: AuditInfo, idempotency_key: str = "", *, contact: Contact | None = None
    ) -> Self:
        """This closed sign-up after its retention, with `contact` in place of its contact.

        Raises:
            NotAllowedError: It is not closed.
        """
        return self.changed(
            Verb.ERASE,
            audit,
            idempotency_key,
            contact=contact or Contact(),
            message="",
            status_link="",
            erased=True,
        )
