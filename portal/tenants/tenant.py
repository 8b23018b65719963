"""A tenant, its contact and its client. They are immutable: a change returns a new tenant."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Self

from portal.tenants.audit import AuditInfo, Decision
from portal.tenants.cluster import ClusterError, cluster_of, is_cluster
from portal.tenants.ids import Ids
from portal.tenants.life_cycle import (
    CLOSED,
    ErasedError,
    NotAllowedError,
    Status,
    Verb,
    status_after,
)
from portal.tenants.question import Question
from portal.tenants.shell_proof import ShellProof
from portal.tenants.validity import PastWindowError, Validity

SECRET_LENGTH = 500
#: The latest times with other ids that a tenant remembers.
_MOST_STAYS = 6


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

    def has_email(self, email: str) -> bool:
        """Whether this is its address. Case does not matter. `lower` and not `casefold`, which
        makes `ss` of `ß`: that would be a domain of somebody else."""
        return self.email.lower() == email.lower()


@dataclass(frozen=True, kw_only=True, slots=True)
class Client:
    """The OAuth client. The secret is sealed (`portal.sealing`) and never shown."""

    id: str = ""
    sealed_secret: str = field(default="", repr=False)
    secret_set_at: datetime | None = None


#: A tenant with one of these has, or had, a licence.
_LICENSED = frozenset({Status.ACTIVE, Status.SUSPENDED})
#: They may give access, so somebody has to be there who hears of it.
_NEEDS_CONTACT = frozenset({Verb.SET_VALIDITY, Verb.RENEW, Verb.REINSTATE})


@dataclass(frozen=True, slots=True)
class Stay:
    """A time in which a tenant had this id. Before `since` and after `until` it may have been
    another one's; `None`: it was not."""

    id: str
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Tenant:
    """A tenant, from its sign-up on. `version` is `None` if only the old application has written
    it. `follows`: the tenant whose customer asked again with this sign-up; `renews`: the one that
    the customer asks to renew. `was_reopened`: the sign-up was decided on before. `ended_link`:
    stands for the latest time that the customer ended the link to the status page. `id_since`:
    since when it has its final id; `None` if nobody had that before. `former_ids`: the final ids
    that it had before, the latest first."""

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
    ended_link: str = ""
    follows: str = ""
    renews: str = ""
    set_aside: bool = False
    waits_for_address: bool = False
    too_fast: bool = False
    email_confirmed_at: datetime | None = None
    shell_proof: ShellProof | None = None
    question: Question | None = None
    was_reopened: bool = False
    erased: bool = False
    erased_at: datetime | None = None
    id_since: datetime | None = None
    former_ids: tuple[Stay, ...] = ()

    @property
    def is_final(self) -> bool:
        """Whether the id is final: the one that the downstream application looks up."""
        return "_" in self.id

    @property
    def stays(self) -> tuple[Stay, ...]:
        """Under which ids, and when, its events, notes and mails were written."""
        sign_up = (Stay(self.pending_id),) if self.pending_id else ()
        return (Stay(self.id, self.id_since), *self.former_ids, *sign_up)

    def stays_after(self, at: datetime) -> tuple[Stay, ...]:
        """`former_ids` when it leaves its id at this moment."""
        return (Stay(self.id, self.id_since, at), *self.former_ids)[:_MOST_STAYS]

    @property
    def is_active(self) -> bool:
        return self.status is Status.ACTIVE

    @property
    def may_get_new_link(self) -> bool:
        """Whether the customer ended the link to the status page, and had proved the address."""
        return not self.status_link and self.email_confirmed_at is not None

    @property
    def is_closed(self) -> bool:
        """Whether it is a sign-up that was rejected or withdrawn."""
        return self.status in CLOSED

    @property
    def is_queued(self) -> bool:
        """Whether it is a sign-up in the queue."""
        is_aside = self.set_aside or self.waits_for_address
        return self.status is Status.PENDING and not is_aside

    @property
    def is_doubtful(self) -> bool:
        """Whether it is a sign-up that was set aside and that only staff can move into the queue.
        Nobody writes to its address, which may be somebody else's."""
        return self.status is Status.PENDING and self.set_aside and not self.waits_for_address

    def changed(
        self, verb: Verb, audit: AuditInfo, idempotency_key: str = "", **fields: Any
    ) -> Self:
        """This tenant after `verb`, with these `fields` changed.

        A host that an earlier version or the old application stored as the cluster is cut down to
        its label, since other programs read it in the table.

        Raises:
            NotAllowedError: The life cycle does not allow it from this status.
            ErasedError: Its personal fields were erased: nobody could be told of a new licence.
        """
        status = status_after(self.status, verb)
        if self.erased and verb in _NEEDS_CONTACT:
            raise ErasedError
        if self.erased and verb is Verb.EDIT_CONTACT:
            fields = {"erased": False, "erased_at": None} | fields
        if self.ids and (label := cluster_of(self.ids.cluster)):
            fields = {"ids": replace(self.ids, cluster=label)} | fields
        return replace(
            self._with_fields(fields),
            status=status,
            version=(self.version or 0) + 1,
            updated_at=audit.at,
            decision=Decision(
                verb=verb, by=audit.by, at=audit.at, who=audit.who, idempotency_key=idempotency_key
            ),
        )

    def _with_fields(self, fields: Mapping[str, Any]) -> Self:
        """Another address is not the one that was confirmed, and other ids are not those that the
        shell has proved."""
        contact: Contact = fields.get("contact", self.contact)
        is_same = contact.has_email(self.contact.email)
        confirmed_at = self.email_confirmed_at if is_same else None
        ids: Ids | None = fields.get("ids", self.ids)
        proof = self.shell_proof if ids and ids.is_same_company(self.ids) else None
        return replace(self, **{"email_confirmed_at": confirmed_at, "shell_proof": proof, **fields})

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
            ClusterError: The ids have no cluster, or one that is no host label.
        """
        if validity.valid_to is None or validity.valid_to < audit.at:
            raise PastWindowError
        if not is_cluster(ids.cluster):
            raise ClusterError
        bound = self.changed(
            Verb.ACTIVATE,
            audit,
            idempotency_key,
            id=ids.tenant_id,
            ids=ids,
            validity=validity,
            client=client,
            pending_id=self.id,
            id_since=audit.at,
            reason="",
            message="",
            set_aside=False,
            waits_for_address=False,
            too_fast=False,
            question=None,
            was_reopened=False,
            renews="",
        )
        return replace(bound, version=1)

    def reopened(self, audit: AuditInfo, idempotency_key: str = "") -> Self:
        """This closed sign-up, pending again.

        Raises:
            NotAllowedError: It is not closed.
            ErasedError: Its personal fields were erased.
        """
        reopened = self.changed(
            Verb.REOPEN, audit, idempotency_key, reason="", message="", was_reopened=True
        )
        if self.erased:
            raise ErasedError
        return reopened

    def released(self, audit: AuditInfo, idempotency_key: str = "") -> Self:
        """This sign-up, no longer set aside but in the queue.

        Raises:
            NotAllowedError: It is not pending, or not set aside.
        """
        if self.is_queued:
            raise NotAllowedError(Verb.RELEASE, self.status)
        return self.changed(
            Verb.RELEASE, audit, idempotency_key, set_aside=False, waits_for_address=False
        )

    def with_confirmed_email(
        self, audit: AuditInfo, idempotency_key: str = "", *, is_doubtful: bool = False
    ) -> Self:
        """This tenant, whose customer has proved the address. A sign-up that waited for that is in
        the queue now.

        Args:
            is_doubtful: There is another reason to set the sign-up aside.

        Raises:
            NotAllowedError: It is closed.
        """
        aside = is_doubtful if self.waits_for_address else self.set_aside
        return self.changed(
            Verb.CONFIRM_EMAIL,
            audit,
            idempotency_key,
            email_confirmed_at=audit.at,
            set_aside=aside,
            waits_for_address=False,
        )

    def asked(self, audit: AuditInfo, idempotency_key: str = "", *, question: Question) -> Self:
        """This pending sign-up with a question to its customer, in place of an earlier one.

        Raises:
            NotAllowedError: It is not pending, or doubtful: its customer would not be told.
        """
        if self.is_doubtful:
            raise NotAllowedError(Verb.QUESTION, self.status)
        return self.changed(Verb.QUESTION, audit, idempotency_key, question=question)

    def answered(
        self, audit: AuditInfo, idempotency_key: str = "", *, answer: str, contact: Contact
    ) -> Self:
        """This pending sign-up with the answer of its customer.

        Raises:
            NotAllowedError: It is not pending, or no question waits for an answer.
        """
        if self.question is None or not self.question.is_open:
            raise NotAllowedError(Verb.ANSWER, self.status)
        return self.changed(
            Verb.ANSWER,
            audit,
            idempotency_key,
            contact=contact,
            question=self.question.answered(answer, audit.at),
        )

    def imported(self, audit: AuditInfo, idempotency_key: str = "", **fields: Any) -> Self:
        """This tenant with the `fields` of an imported record. They may include `status`, and the
        record's own `updated_at`.

        Raises:
            NotAllowedError: The life cycle does not allow it from this status.
        """
        changed = self.changed(Verb.IMPORT, audit, idempotency_key)
        return changed._with_fields(fields)

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
            client=Client(),
            question=None,
            status_link="",
            erased=True,
        )

    def has_ended_before(self, instant: datetime) -> bool:
        """Whether its licence ended before this instant, and only staff can give it another one.
        A tenant whose window is not whole may be valid for another reader of the table."""
        start, end = self.validity.valid_from, self.validity.valid_to
        if start is None or end is None or self.validity.open_ended:
            return False
        has_ended = start <= end < instant
        is_asked = self.question is not None and self.question.is_open
        return has_ended and self.status in _LICENSED and not is_asked

    def ended_without_personal_fields(
        self, audit: AuditInfo, idempotency_key: str = "", *, contact: Contact
    ) -> Self:
        """This tenant, whose licence ended long ago, with `contact` in place of its contact. Ids,
        window, status and client stay: the downstream application reads them.

        No life cycle leads here: nobody chooses it for one tenant, see `has_ended_before`.
        """
        return replace(
            self,
            version=(self.version or 0) + 1,
            updated_at=audit.at,
            decision=Decision(
                verb=Verb.ERASE,
                by=audit.by,
                at=audit.at,
                who=audit.who,
                idempotency_key=idempotency_key,
            ),
            contact=contact,
            message="",
            question=None,
            status_link="",
            email_confirmed_at=None,
            erased=True,
            erased_at=audit.at,
        )
