"""The verbs: everything that changes a tenant goes through here, whoever asks for it.

Each verb takes the version that its person saw (`seen`; `None`: the old application wrote the
record). Asked again for what it has just done, it changes nothing and answers the same;
asked on a version that is no longer there, it raises `StaleError` with the tenant as it is.
The tenant, its event, its claim and its forward are one all-or-nothing write.
"""

import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from portal import listings, records
from portal.sealing import Sealer, Secret
from portal.stores.contract import (
    Add,
    AlreadyThereError,
    BusyError,
    Change,
    ChangedMeanwhileError,
    Item,
    NotThereError,
    Remove,
    Replace,
    Store,
)
from portal.stores.table import GSI2, KEY
from portal.tenants import (
    Act,
    Client,
    Contact,
    Ids,
    NotAllowedError,
    Reason,
    RuleError,
    Status,
    Tenant,
    Validity,
    Verb,
    mark_of,
)

#: How often a write is tried again after somebody else moved a claim or decided meanwhile.
TRIES = 8
#: As many notes as one write removes together with what they are about.
_MOST_NOTES = 90


@dataclass(eq=False)
class UnknownTenantError(Exception):
    """No tenant has this id."""

    tenant_id: str


@dataclass(eq=False)
class StaleError(RuleError):
    """The tenant is not as the person saw it: `tenant` is how it is now."""

    tenant: Tenant = field(repr=False)


@dataclass(eq=False)
class TenantExistsError(RuleError):
    """The final key is taken: `existing` holds it. Its validity can be set instead."""

    pending: Tenant = field(repr=False)
    existing: Tenant = field(repr=False)


def find(store: Store, tenant_id: str) -> Tenant:
    """The tenant with this id, or the one it was activated as. `UnknownTenantError`."""
    return _load(store, tenant_id).tenant


# ---- The customer


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
) -> Tenant:
    """A new pending tenant. `reference` comes signed with the form, so that sending the form
    twice adds nothing: the tenant that is there already is the answer."""
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
    )
    for _ in range(TRIES):
        try:
            store.write([Add(records.item_of(tenant)), *_claim_changes(store, None, tenant)])
        except AlreadyThereError as refused:
            if refused.tenant_id == tenant.id:
                return find(store, tenant.id)
        except ChangedMeanwhileError:
            pass
        else:
            return tenant
    raise _too_busy()


def withdraw(store: Store, tenant_id: str, *, seen: int | None, act: Act) -> Tenant:
    """The customer takes a pending sign-up back."""
    return _decide(store, tenant_id, Verb.WITHDRAW, act, seen)


def edit_contact(
    store: Store, tenant_id: str, *, seen: int | None, act: Act, contact: Contact
) -> Tenant:
    """Other contact details, for a tenant that is not closed."""
    return _decide(store, tenant_id, Verb.EDIT_CONTACT, act, seen, contact=contact)


# ---- Staff: a pending sign-up


def activate(
    store: Store,
    sealer: Sealer,
    tenant_id: str,
    *,
    seen: int | None,
    act: Act,
    ids: Ids,
    validity: Validity,
    client_id: str = "",
    secret: Secret | None = None,
) -> Tenant:
    """Binds a pending tenant to its final key, with a licence.

    `TenantExistsError` if the key is taken: see `renew_instead`. `PastWindowError`.
    """
    mark = mark_of(Verb.ACTIVATE, act, seen, ids, validity, client_id, _mark_of_secret(secret))
    client = Client(id=client_id)
    if secret:
        sealed = sealer.seal(secret, ids.tenant_id)
        client = Client(id=client_id, sealed_secret=sealed, secret_set_at=act.at)
    for _ in range(TRIES):
        loaded = _load(store, tenant_id)
        if loaded.was_made(mark):
            return loaded.tenant
        pending = loaded.seen_as(tenant_id, seen)
        active = pending.activated(act, mark, ids=ids, validity=validity, client=client)
        item = records.item_of(active)
        try:
            store.write([
                Replace(records.forward_item(pending, active.id, mark), seen),
                Add(item),
                Add(records.event_item(active.id, Verb.ACTIVATE, act, loaded.item, item)),
                *_claim_changes(store, pending, None),
            ])  # fmt: skip
        except AlreadyThereError as refused:
            if refused.tenant_id == active.id:
                existing = records.tenant_of(refused.item)
                raise TenantExistsError(pending, existing) from refused
        except ChangedMeanwhileError:
            pass
        else:
            return active
    raise _too_busy()


def renew_instead(
    store: Store,
    tenant_id: str,
    *,
    seen: int | None,
    act: Act,
    existing_id: str,
    existing_seen: int | None,
    validity: Validity,
) -> Tenant:
    """Closes a pending sign-up towards the tenant that the account already has, and gives
    that one the new window. Answers the existing tenant."""
    mark = mark_of(Verb.ACTIVATE, act, seen, existing_id, existing_seen, validity)
    for _ in range(TRIES):
        loaded = _load(store, tenant_id)
        if loaded.was_made(mark):
            return loaded.tenant
        pending = loaded.seen_as(tenant_id, seen)
        # The life cycle has to let the sign-up go before anything is done elsewhere.
        pending.changed(Verb.ACTIVATE, act)
        other = _load(store, existing_id)
        existing = other.seen_as(existing_id, existing_seen)
        renewed = existing.changed(Verb.SET_VALIDITY, act, mark, validity=validity)
        item = records.item_of(renewed, other.item)
        try:
            store.write([
                Replace(records.forward_item(pending, existing_id, mark), seen),
                Replace(item, existing_seen, read=other.item),
                Add(records.event_item(existing_id, Verb.SET_VALIDITY, act, other.item, item)),
                *_claim_changes(store, pending, None),
            ])  # fmt: skip
        except (ChangedMeanwhileError, AlreadyThereError):
            continue
        return renewed
    raise _too_busy()


def reject(
    store: Store, tenant_id: str, *, seen: int | None, act: Act, reason: Reason, message: str = ""
) -> Tenant:
    """`message`: words for the customer, may be empty."""
    return _decide(store, tenant_id, Verb.REJECT, act, seen, reason=reason.value, message=message)


def reopen(store: Store, tenant_id: str, *, seen: int | None, act: Act) -> Tenant:
    """Undoes a rejection or a withdrawal. `ErasedError`."""
    return _decide(store, tenant_id, Verb.REOPEN, act, seen, change=Tenant.reopened)


def release(store: Store, tenant_id: str, *, seen: int | None, act: Act) -> Tenant:
    """Moves a sign-up that was set aside as suspicious into the queue."""
    return _decide(store, tenant_id, Verb.RELEASE, act, seen, change=Tenant.released)


# ---- Staff: a tenant with its final key


def suspend(store: Store, tenant_id: str, *, seen: int | None, act: Act, reason: Reason) -> Tenant:
    """Access stops at once; the window keeps running."""
    return _decide(store, tenant_id, Verb.SUSPEND, act, seen, reason=reason.value)


def reinstate(store: Store, tenant_id: str, *, seen: int | None, act: Act) -> Tenant:
    """Back to active with the window unchanged, even if it has passed."""
    return _decide(store, tenant_id, Verb.REINSTATE, act, seen, reason="")


def set_validity(
    store: Store, tenant_id: str, *, seen: int | None, act: Act, validity: Validity
) -> Tenant:
    """Another window. It may be over: that ends a licence."""
    return _decide(store, tenant_id, Verb.SET_VALIDITY, act, seen, validity=validity)


def set_client(
    store: Store,
    sealer: Sealer,
    tenant_id: str,
    *,
    seen: int | None,
    act: Act,
    client_id: str,
    secret: Secret | None,
) -> Tenant:
    """Another OAuth client; without `secret` the sealed one stays."""
    sealed = sealer.seal(secret, tenant_id) if secret else ""

    def change(tenant: Tenant, act: Act, mark: str) -> Tenant:
        client = Client(
            id=client_id,
            sealed_secret=sealed or tenant.client.sealed_secret,
            secret_set_at=act.at if sealed else tenant.client.secret_set_at,
        )
        return tenant.changed(Verb.SET_CLIENT, act, mark, client=client)

    return _decide(
        store,
        tenant_id,
        Verb.SET_CLIENT,
        act,
        seen,
        change=change,
        wanted=(client_id, _mark_of_secret(secret)),
    )


def add_note(store: Store, tenant_id: str, *, act: Act, text: str, after: str = "") -> None:
    """A note of staff. It changes nothing of the tenant, so it needs no version.
    `after` says when the newest note that its page showed was written: so a form that is sent
    twice is one note, and the same words later on are another."""
    tenant = find(store, tenant_id)
    with suppress(AlreadyThereError):
        store.write([Add(records.note_item(tenant.id, act, text, after))])


# ---- Operators: retention


def erase(store: Store, tenant_id: str, *, seen: int | None, act: Act) -> Tenant:
    """Erases the personal fields of a closed sign-up, and the notes about it."""
    return _decide(
        store,
        tenant_id,
        Verb.ERASE,
        act,
        seen,
        change=Tenant.without_personal_fields,
        also=_without_notes,
    )


def _without_notes(store: Store, tenant_id: str) -> list[Change]:
    notes = store.query(GSI2, records.notes_partition(tenant_id), limit=_MOST_NOTES).items
    return [Remove(str(note[KEY]), 1) for note in notes]


def erase_closed_before(store: Store, instant: datetime, act: Act) -> int:
    """Erases every sign-up that was rejected or withdrawn before `instant`; answers how many.
    It may be stopped anywhere and run again."""
    due = [str(row[KEY]) for row in listings.closed_before(store, instant)]
    erased = 0
    for tenant_id in due:
        tenant = find(store, tenant_id)
        # Somebody may reopen one meanwhile: then it is not due any more.
        with suppress(StaleError, NotAllowedError):
            if not tenant.erased:
                erase(store, tenant_id, seen=tenant.version, act=act)
                erased += 1
            # One write takes so many notes; the few sign-ups with more get more writes.
            while notes := _without_notes(store, tenant_id):
                store.write(notes)
    return erased


# ---- How every verb works


@dataclass(frozen=True, slots=True)
class _Loaded:
    """A tenant as it was found, and the mark of the forward that led to it, if one did."""

    tenant: Tenant
    item: Item
    forward_mark: str = ""

    def was_made(self, mark: str) -> bool:
        decision = self.tenant.decision
        return mark in (self.forward_mark, decision.mark if decision else "")

    def seen_as(self, tenant_id: str, seen: int | None) -> Tenant:
        """The tenant, if it is what its person saw. `StaleError`."""
        if self.tenant.id != tenant_id or self.tenant.version != seen:
            raise StaleError(self.tenant)
        return self.tenant


def _mark_of_secret(secret: Secret | None) -> str | None:
    return secret.mark if secret else None


def _load(store: Store, tenant_id: str) -> _Loaded:
    try:
        item = store.get(tenant_id)
        forward = records.forward_of(item)
        if forward:
            item = store.get(forward.to)
    except NotThereError as error:
        raise UnknownTenantError(tenant_id) from error
    if not records.is_tenant(item):
        raise UnknownTenantError(tenant_id)
    return _Loaded(records.tenant_of(item), item, forward.mark if forward else "")


def _decide(
    store: Store,
    tenant_id: str,
    verb: Verb,
    act: Act,
    seen: int | None,
    *,
    change: Callable[[Tenant, Act, str], Tenant] | None = None,
    wanted: tuple[object, ...] = (),
    also: Callable[[Store, str], list[Change]] = lambda _store, _tenant_id: [],
    **fields: object,
) -> Tenant:
    """Makes one change of one tenant, with its event and its claim, and what goes `also`.

    `change` works out the tenant afterwards; without one `fields` are what changes.
    """
    mark = mark_of(verb, act, seen, *wanted, *fields.items())
    for _ in range(TRIES):
        loaded = _load(store, tenant_id)
        if loaded.was_made(mark):
            return loaded.tenant
        before = loaded.seen_as(tenant_id, seen)
        after = change(before, act, mark) if change else before.changed(verb, act, mark, **fields)
        item = records.item_of(after, loaded.item)
        event = records.event_item(after.id, verb, act, loaded.item, item, reason=after.reason)
        try:
            store.write([
                Replace(item, seen, read=loaded.item),
                Add(event),
                *_claim_changes(store, before, after),
                *also(store, tenant_id),
            ])  # fmt: skip
        except (ChangedMeanwhileError, AlreadyThereError):
            continue
        return after
    raise _too_busy()


def _claim_changes(store: Store, before: Tenant | None, after: Tenant | None) -> list[Change]:
    """The claim on the ids that a pending tenant names, counted up or down with it."""
    old, new = _claimed(before), _claimed(after)
    if old == new:
        return []
    counted = [_count_claim(store, ids, step) for ids, step in ((old, -1), (new, 1)) if ids]
    return [change for change in counted if change]


def _claimed(tenant: Tenant | None) -> Ids | None:
    if tenant and tenant.status is Status.PENDING and not tenant.set_aside:
        return tenant.ids
    return None


def _count_claim(store: Store, ids: Ids, step: int) -> Change | None:
    try:
        item = store.get(records.claim_id(ids))
    except NotThereError:
        # Not from 1: a claim that went and came back must not pass for the one that was seen.
        first = secrets.randbits(40)
        return Add(records.claim_item(ids, 1, first)) if step > 0 else None
    count, version = int(item["count"]) + step, int(item["version"])
    if count <= 0:
        return Remove(records.claim_id(ids), version)
    return Replace(records.claim_item(ids, count, version + 1), version)


def _too_busy() -> BusyError:
    return BusyError(reason="Others kept changing the same record.")
