"""A customer asks again from the status page: for access after a refusal or a withdrawal, or to
renew an access that ends soon or has ended. The details come from the store, not from the page."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from portal import records
from portal.onboarding.decisions import UnknownTenantError, find
from portal.stores import Add, Change, Item, ItemNotFoundError, Replace, Store, find_item
from portal.tenants import Status, Tenant

#: So long before its end, a customer can ask to renew an access.
RENEWAL_TIME = timedelta(days=60)


@dataclass(eq=False)
class AskedAlreadyError(Exception):
    """The request `tenant`, which follows the same one, waits for a decision."""

    tenant: Tenant = field(repr=False)


def may_ask_to_renew(tenant: Tenant, now: datetime) -> bool:
    """Whether the access has ended, or ends soon."""
    end, start = tenant.validity.valid_to, tenant.validity.valid_from
    has_begun = start is None or start <= now
    return tenant.is_active and has_begun and end is not None and end - now <= RENEWAL_TIME


def may_ask_again(tenant: Tenant, now: datetime) -> bool:
    """Whether a new request may follow this one."""
    if tenant.is_closed:
        return not tenant.erased
    return may_ask_to_renew(tenant, now)


@dataclass(frozen=True, kw_only=True, slots=True)
class FollowUp:
    """A request that follows another one.

    Attributes:
        sign_up_id: The id that it had first.
        asked_at: When it was made.
        tenant: What it is by now: the sign-up, the tenant that it became, or the one that staff
            closed it towards.
    """

    sign_up_id: str
    asked_at: datetime | None
    tenant: Tenant = field(repr=False)

    @property
    def is_approved(self) -> bool:
        return self.tenant.status in (Status.ACTIVE, Status.SUSPENDED)


def latest_follow_up(store: Store, tenant: Tenant) -> FollowUp | None:
    """The latest request that follows this tenant. `None` if there is none, if it was erased, or
    if staff have renewed the tenant with it."""
    return follow_up_in(store, find_item(store, records.follow_up_id(tenant.id)), tenant)


def follow_up_in(store: Store, item: Item | None, tenant: Tenant) -> FollowUp | None:
    """As `latest_follow_up`, of the item with `records.follow_up_id`."""
    if item is None:
        return None
    follow_up = _follow_up(store, item)
    return None if follow_up and follow_up.tenant.id == tenant.id else follow_up


def _follow_up(store: Store, item: Item) -> FollowUp | None:
    stored = records.follow_up_of(item)
    try:
        tenant = find(store, stored.to)
    except UnknownTenantError:
        # Retention has removed it.
        return None
    if tenant.erased:
        return None
    return FollowUp(sign_up_id=stored.to, asked_at=stored.at, tenant=tenant)


def follow_up_changes(store: Store, tenant: Tenant, now: datetime) -> list[Change]:
    """What to write together with a request, so that it follows another one.

    Raises:
        AskedAlreadyError: Another one follows it already, and is pending.
    """
    if not tenant.follows:
        return []
    try:
        item = store.get(records.follow_up_id(tenant.follows))
    except ItemNotFoundError:
        return [Add(records.follow_up_item(tenant.follows, tenant.id, now, 1))]
    earlier = _follow_up(store, item)
    if earlier and earlier.tenant.status is Status.PENDING:
        raise AskedAlreadyError(earlier.tenant)
    version = int(item["version"])
    return [Replace(records.follow_up_item(tenant.follows, tenant.id, now, version + 1), version)]
