"""Verbs for sign-ups: submit, edit_contact, withdraw, reject, reopen, release."""

from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from portal import records
from portal.mail import Kind
from portal.onboarding.claims import TooManyClaimsError, claim_changes
from portal.onboarding.decisions import (
    MAX_ATTEMPTS,
    UnknownTenantError,
    decide,
    find,
    too_busy,
)
from portal.onboarding.follow_ups import AskedAlreadyError, follow_up_changes
from portal.onboarding.proof_mails import ProofMails
from portal.onboarding.sign_up_limits import (
    ProofNeededError,
    SignUpLimitError,
    SignUpLimits,
    SpentProofError,
)
from portal.outbox import entries_of
from portal.proof_of_work import Proof
from portal.stores import (
    Add,
    Change,
    Count,
    Item,
    ItemExistsError,
    LimitReachedError,
    Store,
    StoreError,
    VersionConflictError,
)
from portal.tenants import (
    AuditInfo,
    Contact,
    Ids,
    Question,
    Reason,
    ShellProof,
    Source,
    Status,
    Tenant,
    Verb,
)


def submit(
    store: Store,
    *,
    reference: str,
    contact: Contact,
    claims: Ids | None,
    status_link: str,
    now: datetime,
    locale: str = "",
    set_aside: bool = False,
    too_fast: bool = False,
    limits: SignUpLimits | None = None,
    network: str = "",
    proof: Proof | None = None,
    ask_for_proof: bool = False,
    proof_mails: ProofMails | None = None,
    waits_for_address: bool = False,
    email_confirmed_at: datetime | None = None,
    shell_proof: ShellProof | None = None,
    follows: str = "",
    renews: str = "",
    question: Question | None = None,
) -> Tenant:
    """Adds a pending tenant. `reference` comes signed with the form. So a form that is sent twice
    adds nothing, and returns the tenant of the first time, whatever the limits say.

    Args:
        limits: If given, they count this sign-up, sent by a client of `network`. What goes beyond
            some of them is set aside.
        proof: A proof of work, with which it is accepted although more come than usual.
        ask_for_proof: Raise `ProofNeededError` instead of setting it aside without a proof.
        proof_mails: If given, they count the mail that is sent. Without them it always has the link
            that proves the address.
        waits_for_address: It gets into the queue only when the customer has proved the address.
        email_confirmed_at: When the customer proved the address, before this sign-up.
        shell_proof: What the shell has proved of the `claims`.
        follows: The id of the tenant whose customer asks again.
        renews: The id of the tenant that the customer asks to renew.
        question: What the customer was told with a refusal, and has answered with this sign-up.

    Raises:
        ProofNeededError: See `ask_for_proof`.
        SpentProofError: The proof was used for another sign-up.
        SignUpLimitError: The limits refuse it.
        AskedAlreadyError: A request that follows the same tenant is pending.
        BusyError: Other changes kept interfering.
    """
    tenant = Tenant(
        id=records.pending_id(reference),
        status=Status.PENDING,
        version=1,
        contact=contact,
        ids=claims,
        created_at=now,
        updated_at=now,
        locale=locale,
        status_link=status_link,
        set_aside=set_aside,
        waits_for_address=waits_for_address and not set_aside and email_confirmed_at is None,
        email_confirmed_at=email_confirmed_at,
        shell_proof=shell_proof if claims else None,
        too_fast=too_fast,
        follows=follows,
        renews=renews,
        question=question,
    )
    try:
        added = _add(
            store, tenant, now, limits, network,
            proof=proof, ask=ask_for_proof, mails=proof_mails,
        )  # fmt: skip
    except (SignUpLimitError, ProofNeededError, SpentProofError):
        with suppress(UnknownTenantError):
            return find(store, tenant.id)
        raise
    except AskedAlreadyError as asked:
        if asked.tenant.id != tenant.id:
            raise
        return asked.tenant
    if limits:
        # The sign-up is saved, whatever comes of this.
        with suppress(StoreError):
            limits.remove_old_counters(store, now)
    return added


def _item_of(tenant: Tenant) -> Item:
    """Its ids come from inside Field Service Management, unless it follows another tenant."""
    is_own = bool(tenant.ids) and not (tenant.follows or tenant.renews)
    source = Source.SHELL if is_own else Source.FORM
    return {**records.item_of(tenant), **records.came_by(source)}


def _add(
    store: Store,
    tenant: Tenant,
    now: datetime,
    limits: SignUpLimits | None = None,
    network: str = "",
    *,
    proof: Proof | None = None,
    ask: bool = False,
    mails: ProofMails | None = None,
) -> Tenant:
    # What is set aside anyway has been found out already, and shall not notice.
    asks = limits is not None and ask and proof is None and not tenant.set_aside
    if limits:
        tenant = _without_wait(limits.before(tenant, network, now, proof))
    # Nobody has to prove an address twice.
    kind = Kind.RECEIVED_AGAIN if tenant.email_confirmed_at else Kind.RECEIVED
    for _ in range(MAX_ATTEMPTS):
        if asks and limits and limits.asks_for_proof(now):
            raise ProofNeededError
        try:
            # No stranger who claims the same ids can keep the customer of a tenant from renewing.
            is_limited = limits is not None and not tenant.renews
            changes = claim_changes(store, None, tenant, limited=is_limited)
            changes += follow_up_changes(store, tenant, now)
            counts = limits.changes(store, tenant, network, now, proof) if limits else []
            told = _told(kind, tenant, now, counts, mails) + _said(tenant, now)
            # First whether the form was sent before: then the limits do not matter.
            store.write([Add(_item_of(tenant)), *changes, *told])
        except ItemExistsError as error:
            if error.item_id == tenant.id:
                return find(store, tenant.id)
            if proof and error.item_id == records.spent_proof_id(proof.nonce):
                raise SpentProofError from error
        except VersionConflictError:
            pass
        except TooManyClaimsError:
            tenant = replace(tenant, set_aside=True, waits_for_address=False)
        except LimitReachedError as error:
            if mails and mails.is_used_up(error, tenant.contact.email, now):
                kind = Kind.RECEIVED_AGAIN
            elif limits:
                tenant = _without_wait(limits.beyond(store, tenant, network, now, error))
        else:
            return tenant
    raise too_busy()


def _without_wait(tenant: Tenant) -> Tenant:
    """It need not wait for the proof of an address that is proved."""
    if tenant.email_confirmed_at and tenant.waits_for_address:
        return replace(tenant, set_aside=False, waits_for_address=False)
    return tenant


def _said(tenant: Tenant, now: datetime) -> list[Change]:
    """The answer that came with a sign-up, for its history."""
    if tenant.question is None:
        return []
    audit = AuditInfo(by="customer", at=now)
    return [Add(records.said_item(tenant.id, Verb.SUBMIT, audit, tenant.question.answer))]


def _told(
    kind: Kind,
    tenant: Tenant,
    now: datetime,
    counts: list[Count | Add],
    mails: ProofMails | None,
) -> list[Change]:
    """The mail of a sign-up, and what counts both."""
    told = entries_of(kind, tenant, now)
    if mails and told and kind is Kind.RECEIVED:
        told = mails.marked(told, tenant.contact.email)
        counts = mails.with_count(counts, tenant.contact.email, now)
    return [*counts, *told]


def withdraw(
    store: Store, tenant_id: str, *, expected_version: int | None, audit: AuditInfo
) -> Tenant:
    """Withdraws a pending sign-up, for its customer.

    Raises:
        UnknownTenantError: No tenant has this id.
        StaleError: The tenant has another version.
        NotAllowedError: The tenant is not pending.
        BusyError: Other changes kept interfering.
    """
    return decide(store, tenant_id, Verb.WITHDRAW, audit, expected_version)


def edit_contact(
    store: Store,
    tenant_id: str,
    *,
    expected_version: int | None,
    audit: AuditInfo,
    contact: Contact,
) -> Tenant:
    """Sets another contact.

    Raises:
        UnknownTenantError: No tenant has this id.
        StaleError: The tenant has another version.
        NotAllowedError: The tenant is closed.
        BusyError: Other changes kept interfering.
    """
    return decide(store, tenant_id, Verb.EDIT_CONTACT, audit, expected_version, contact=contact)


def reject(
    store: Store,
    tenant_id: str,
    *,
    expected_version: int | None,
    audit: AuditInfo,
    reason: Reason,
    message: str = "",
) -> Tenant:
    """Rejects a pending sign-up. The customer reads `message`, which may be empty.

    Raises:
        UnknownTenantError: No tenant has this id.
        StaleError: The tenant has another version.
        NotAllowedError: The tenant is not pending.
        BusyError: Other changes kept interfering.
    """
    return decide(
        store, tenant_id, Verb.REJECT, audit, expected_version, reason=reason.value, message=message
    )


def rejected(tenant: Tenant, audit: AuditInfo, *, reason: Reason, message: str = "") -> Tenant:
    """The sign-up as `reject` would leave it. Nothing is saved.

    Raises:
        NotAllowedError: It is not pending.
    """
    return tenant.changed(Verb.REJECT, audit, reason=reason.value, message=message)


def reopen(
    store: Store, tenant_id: str, *, expected_version: int | None, audit: AuditInfo
) -> Tenant:
    """Makes a rejected or withdrawn sign-up pending again.

    Raises:
        UnknownTenantError: No tenant has this id.
        StaleError: The tenant has another version.
        NotAllowedError: The tenant is neither rejected nor withdrawn.
        ErasedError: Its personal fields were erased.
        BusyError: Other changes kept interfering.
    """
    return decide(store, tenant_id, Verb.REOPEN, audit, expected_version, change=Tenant.reopened)


def release(
    store: Store, tenant_id: str, *, expected_version: int | None, audit: AuditInfo
) -> Tenant:
    """Moves a sign-up that was set aside as suspicious into the queue.

    Raises:
        UnknownTenantError: No tenant has this id.
        StaleError: The tenant has another version.
        NotAllowedError: The tenant is not pending, or not set aside.
        BusyError: Other changes kept interfering.
    """
    return decide(store, tenant_id, Verb.RELEASE, audit, expected_version, change=Tenant.released)
