"""Several changes of one tenant in one write, as a program asks for them.

Each goes through its verb, in a fixed order, and has its event. What is asked for and is so already
changes nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from portal.onboarding.decisions import MAX_ATTEMPTS, StaleError, Step, changes_of, load, too_busy
from portal.onboarding.licences import with_names
from portal.stores import Item, ItemExistsError, Store, VersionConflictError
from portal.tenants import (
    AuditInfo,
    NotAllowedError,
    Reason,
    Status,
    Tenant,
    Verb,
    idempotency_key_of,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class TenantChanges:
    """What is asked for. What is `None`, or not named, stays as it is.

    contact: attributes of `Contact`.
    names: attributes of `Ids`: the names and the cluster, never an id.
    """

    contact: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    client_id: str | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    is_active: bool | None = None


def change_tenant(
    store: Store,
    tenant_id: str,
    changes: TenantChanges,
    *,
    audit: AuditInfo,
    is_expected: Callable[[Item], bool] = lambda _item: True,
) -> tuple[Tenant, bool]:
    """Makes all the changes, or none. A change of somebody else in between is kept: the changes are
    made to the tenant as it is then.

    Args:
        is_expected: Whether the item is the one that the caller wants to change.

    Returns:
        The tenant, and whether anything was changed.

    Raises:
        UnknownTenantError: No tenant has this id.
        StaleError: The item is not the expected one, or the tenant has another id by now.
        NotAllowedError: The status of the tenant does not allow one of the changes.
        BackwardWindowError: The validity would end before it starts.
        ClusterError: The cluster is no host label.
        BusyError: Other changes kept interfering.
    """
    for _ in range(MAX_ATTEMPTS):
        loaded = load(store, tenant_id)
        tenant = loaded.tenant
        if tenant.id != tenant_id or not is_expected(loaded.item):
            raise StaleError(tenant)
        steps = _steps(tenant, changes)
        if not steps:
            return tenant, False
        verbs = [step.verb for step in steps]
        key = idempotency_key_of(verbs[-1], audit, tenant.version, changes)
        after, writes = changes_of(store, loaded, steps, audit, key)
        try:
            store.write(writes)
        except (VersionConflictError, ItemExistsError):
            continue
        return after, True
    raise too_busy()


def _steps(tenant: Tenant, asked: TenantChanges) -> list[Step]:
    """The verbs that lead from this tenant to what is asked for.

    Raises:
        NotAllowedError: `is_active` is asked of a sign-up.
    """
    steps = []
    contact = replace(tenant.contact, **asked.contact)
    if contact != tenant.contact:
        steps.append(_step(Verb.EDIT_CONTACT, contact=contact))
    names = {
        name: text
        for name, text in asked.names.items()
        if tenant.ids is None or getattr(tenant.ids, name) != text
    }
    if names:
        steps.append(
            Step(Verb.EDIT_NAMES, lambda now, audit, key: with_names(now, audit, key, **names))
        )
    if asked.client_id is not None and asked.client_id != tenant.client.id:
        client = replace(tenant.client, id=asked.client_id)
        steps.append(_step(Verb.SET_CLIENT, client=client))
    validity = tenant.validity.with_instants(asked.valid_from, asked.valid_to)
    if validity != tenant.validity:
        steps.append(_step(Verb.SET_VALIDITY, validity=validity))
    # Last: an active and a suspended tenant allow all of the others.
    if asked.is_active is not None:
        verb = Verb.REINSTATE if asked.is_active else Verb.SUSPEND
        if tenant.status not in (Status.ACTIVE, Status.SUSPENDED):
            raise NotAllowedError(verb, tenant.status)
        if asked.is_active != tenant.is_active:
            reason = "" if asked.is_active else Reason.API.value
            steps.append(_step(verb, reason=reason))
    return steps


def _step(verb: Verb, **fields: object) -> Step:
    return Step(verb, lambda tenant, audit, key: tenant.changed(verb, audit, key, **fields))
