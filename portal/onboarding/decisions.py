"""How every verb works: load the tenant, check the version, write all or nothing, or try again."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from portal import records
from portal.desk import ended_changes
from portal.onboarding.claims import claim_changes
from portal.onboarding.waiting_times import waiting_changes
from portal.outbox import entries_after
from portal.stores import (
    KEY,
    Add,
    BusyError,
    Change,
    Item,
    ItemExistsError,
    ItemNotFoundError,
    Replace,
    Store,
    VersionConflictError,
)
from portal.tenants import UNDOABLE, AuditInfo, RuleError, Tenant, Verb, idempotency_key_of

#: Attempts to write, since a claim or the tenant may change between reading and writing.
MAX_ATTEMPTS = 8


@dataclass(eq=False)
class UnknownTenantError(Exception):
    """No tenant has this id."""

    tenant_id: str


@dataclass(eq=False)
class StaleError(RuleError):
    """The tenant has another version than the person saw. `tenant` is the current one."""

    tenant: Tenant = field(repr=False)


def find(store: Store, tenant_id: str) -> Tenant:
    """The tenant with this id, or the one that a forward with this id leads to.

    Raises:
        UnknownTenantError: There is no such tenant.
    """
    return load(store, tenant_id).tenant


@dataclass(frozen=True, slots=True)
class Loaded:
    """A tenant, its item, and the idempotency key of the forward that led to it, if one did."""

    tenant: Tenant
    item: Item
    forward_key: str = ""

    def already_applied(self, idempotency_key: str) -> bool:
        """Whether the latest change, or the activation of the sign-up, has this key."""
        decision = self.tenant.decision
        return idempotency_key in (self.forward_key, decision.idempotency_key if decision else "")

    def require_version(self, tenant_id: str, expected_version: int | None) -> Tenant:
        """The tenant, if it has this id and this version.

        Raises:
            StaleError: It has another id or version.
        """
        if self.tenant.id != tenant_id or self.tenant.version != expected_version:
            raise StaleError(self.tenant)
        return self.tenant


def load(store: Store, tenant_id: str) -> Loaded:
    """As `find`, with the item and the key of the forward.

    Raises:
        UnknownTenantError: There is no such tenant.
    """
    try:
        item = records.get_where_it_is(store, tenant_id)
        forward = records.forward_of(item)
        if forward:
            item = records.get_where_it_leads(store, item)
    except ItemNotFoundError as error:
        raise UnknownTenantError(tenant_id) from error
    if not records.is_tenant(item):
        raise UnknownTenantError(tenant_id)
    return Loaded(records.known_tenant_of(item), item, forward.idempotency_key if forward else "")


def decide(
    store: Store,
    tenant_id: str,
    verb: Verb,
    audit: AuditInfo,
    expected_version: int | None,
    *,
    change: Callable[[Tenant, AuditInfo, str], Tenant] | None = None,
    key_parts: tuple[object, ...] = (),
    limited: bool = False,
    extra_changes: Callable[[Store, str], list[Change]] = lambda _store, _tenant_id: [],
    **fields: object,
) -> Tenant:
    """Changes one tenant, and writes its event, its claim and what its customer is told in the
    same write.

    Args:
        change: Returns the changed tenant. If omitted, the `fields` are changed.
        key_parts: Values of the request that are not in `fields`, for the idempotency key.
        limited: Refuse it if too many open sign-ups would claim the same ids.
        extra_changes: Returns what else to write together with the tenant.

    Raises:
        UnknownTenantError: No tenant has this id.
        StaleError: The tenant has another version.
        NotAllowedError: The life cycle does not allow the verb from this status.
        TooManyClaimsError: See `limited`.
        BusyError: Other changes kept interfering.
    """
    idempotency_key = idempotency_key_of(verb, audit, expected_version, *key_parts, *fields.items())
    step = Step(verb, change or partial(_with_fields, verb, fields), limited=limited)
    for _ in range(MAX_ATTEMPTS):
        loaded = load(store, tenant_id)
        if loaded.already_applied(idempotency_key):
            return loaded.tenant
        loaded.require_version(tenant_id, expected_version)
        after, changes = changes_of(
            store, loaded, [step], audit, idempotency_key, keeps_undo=can_undo(verb, audit)
        )
        try:
            waited = waiting_changes(loaded.tenant, audit.at) if verb is Verb.REJECT else ()
            store.write([*changes, *waited, *extra_changes(store, tenant_id)])
        except (VersionConflictError, ItemExistsError):
            continue
        return after
    raise too_busy()


def _with_fields(
    verb: Verb, fields: Mapping[str, object], tenant: Tenant, audit: AuditInfo, key: str
) -> Tenant:
    return tenant.changed(verb, audit, key, **fields)


@dataclass(frozen=True, slots=True)
class Step:
    """One verb. `change` takes a tenant, who acts, and the idempotency key.

    `limited`: it is refused if too many open sign-ups would claim the same ids."""

    verb: Verb
    change: Callable[[Tenant, AuditInfo, str], Tenant]
    limited: bool = False


def can_undo(verb: Verb, audit: AuditInfo) -> bool:
    """Whether this decision can be undone: staff can be told apart, customers cannot."""
    return bool(audit.who) and verb in UNDOABLE


def changes_of(
    store: Store,
    loaded: Loaded,
    steps: Sequence[Step],
    audit: AuditInfo,
    idempotency_key: str,
    *,
    keeps_undo: bool = False,
) -> tuple[Tenant, list[Change]]:
    """The tenant after these steps, and what to write: the tenant, the claim, and for each step an
    event and what the customer is told; and who looked after it does so no more.

    Args:
        keeps_undo: Write what undoing needs, and hold the mail for a moment.

    Raises:
        RuleError: The rules do not allow one of the steps.
        TooManyClaimsError: See `Step`.
    """
    tenant, item = loaded.tenant, loaded.item
    events: list[Change] = []
    for step in steps:
        tenant = step.change(tenant, audit, idempotency_key)
        before, item = item, records.item_of(tenant, item)
        told = entries_after(step.verb, tenant, audit.at, is_held=keeps_undo)
        if keeps_undo:
            item = records.with_undo(before, item, mail_ids(told))
        event = records.event_item(tenant.id, step.verb, audit, before, item, reason=tenant.reason)
        events += [Add(event), *told]
    replaced = Replace(item, loaded.tenant.version, read=loaded.item)
    limited = any(step.limited for step in steps)
    claims = claim_changes(store, loaded.tenant, tenant, limited=limited)
    ended = ended_changes(store, loaded.tenant, tenant, audit)
    return tenant, [replaced, *events, *claims, *ended]


def mail_ids(changes: Sequence[Change]) -> list[str]:
    """The entries of the outbox among these changes."""
    added = [str(change.item[KEY]) for change in changes if isinstance(change, Add)]
    return [item_id for item_id in added if records.item_kind(item_id) == "mail"]


def too_busy() -> BusyError:
    return BusyError(reason="Others kept changing the same record.")
