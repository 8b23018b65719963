"""A sign-up that the downstream application sends for its user, with the OAuth client.

The same address has one open sign-up for the same ids: its pending id is made of both. So of two
that arrive together, on whatever machines, one is refused.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count

from portal import records
from portal.onboarding.claims import TooManyClaimsError, claim_changes
from portal.onboarding.decisions import MAX_ATTEMPTS, too_busy
from portal.onboarding.sign_up_limits import SignUpLimits
from portal.sealing import Sealer, Secret
from portal.stores import (
    GSI4,
    KEY,
    Add,
    Change,
    ItemExistsError,
    LimitReachedError,
    Store,
    VersionConflictError,
    find_item,
)
from portal.tenants import Client, Contact, Ids, RuleError, Source, Status, Tenant

#: The latest sign-ups of one address that are looked through. It may send 3 a day.
_ROWS_OF_ADDRESS = 50


@dataclass(eq=False)
class IdsInUseError(RuleError):
    """A tenant has these ids already."""

    tenant: Tenant = field(repr=False)


@dataclass(eq=False)
class OpenSignUpError(RuleError):
    """The same address has an open sign-up for these ids."""

    tenant: Tenant = field(repr=False)


def submit_for_ids(
    store: Store,
    sealer: Sealer,
    *,
    reference: Callable[[int], str],
    ids: Ids,
    contact: Contact,
    client_id: str,
    secret: Secret,
    now: datetime,
    limits: SignUpLimits | None = None,
    network: str = "",
) -> Tenant:
    """Adds a pending tenant, with its client secret sealed for the ids that it names.

    Args:
        reference: Makes the reference of this address's first, second … sign-up for these ids,
            counted from 0. It is the same for the same address and ids, and nobody can guess it.
        limits: If given, they count this sign-up for its network, its address and its ids. What
            goes beyond the limit of all, or of what one network may claim, is set aside.

    Raises:
        IdsInUseError: There is a tenant with these ids.
        OpenSignUpError: The same address has an open sign-up for them.
        SignUpLimitError: The limits refuse it.
        BusyError: Other changes kept interfering.
    """
    tenant = Tenant(
        id="",
        status=Status.PENDING,
        version=1,
        contact=contact,
        ids=ids,
        created_at=now,
        updated_at=now,
    )
    if limits:
        # Before anything else: a flood costs neither reads of the store nor calls to KMS, and
        # cannot try out which ids there are.
        tenant = limits.before(tenant, network, now)
        limits.before_ids(ids, now)
    _refuse_tenant(store, ids)
    _refuse_open_form(store, ids, contact.email)
    tenant_id = _free_id(store, reference)
    sealed = sealer.seal(secret, ids.tenant_id)
    client = Client(id=client_id, sealed_secret=sealed, secret_set_at=now)
    tenant = replace(tenant, id=tenant_id, client=client)
    for _ in range(MAX_ATTEMPTS):
        try:
            counts: list[Change] = []
            if limits:
                counts = [
                    *limits.changes(store, tenant, network, now),
                    limits.counter_of_ids(ids, now),
                ]
            claims = claim_changes(store, None, tenant, limited=limits is not None)
            item = {**records.item_of(tenant), **records.came_by(Source.PROGRAM)}
            store.write([Add(item), *counts, *claims])
        except ItemExistsError as error:
            if error.item_id == tenant.id:
                raise OpenSignUpError(records.tenant_of(error.item)) from error
        except VersionConflictError:
            pass
        except TooManyClaimsError:
            tenant = replace(tenant, set_aside=True)
        except LimitReachedError as error:
            if limits:
                tenant = limits.beyond(store, tenant, network, now, error)
        else:
            return tenant
    raise too_busy()


def _refuse_tenant(store: Store, ids: Ids) -> None:
    item = find_item(store, ids.tenant_id)
    if item is not None:
        raise IdsInUseError(records.tenant_of(item))


def _refuse_open_form(store: Store, ids: Ids, email: str) -> None:
    """An open sign-up of this address that came by the form. The claim, read by its key, says
    whether there is any."""
    if find_item(store, records.claim_id(ids)) is None:
        return
    partition = records.email_partition(email)
    rows = store.query(GSI4, partition, limit=_ROWS_OF_ADDRESS, newest_first=True).items
    for row in rows:
        # The index may lag behind, so the tenant itself decides.
        is_candidate = records.status_of(row) is Status.PENDING and row.get("status")
        item = find_item(store, str(row[KEY])) if is_candidate else None
        if item is None or not records.is_tenant(item):
            continue
        tenant = records.tenant_of(item)
        if tenant.status is Status.PENDING and _has_ids(tenant, ids):
            raise OpenSignUpError(tenant)


def _free_id(store: Store, reference: Callable[[int], str]) -> str:
    """The pending id of this address's next sign-up for these ids: behind those that were closed.

    Raises:
        OpenSignUpError: The latest one is open.
    """
    for number in count():
        tenant_id = records.pending_id(reference(number))
        item = find_item(store, tenant_id)
        if item is None:
            return tenant_id
        # An activated one left a forward. The tenant it leads to may have other ids, or be gone.
        if records.is_tenant(item) and records.status_of(item) is Status.PENDING:
            raise OpenSignUpError(records.tenant_of(item))
    raise AssertionError


def _has_ids(tenant: Tenant, ids: Ids) -> bool:
    return tenant.ids is not None and tenant.ids.tenant_id == ids.tenant_id
