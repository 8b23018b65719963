"""When a tenant may use the application."""

from datetime import datetime, timedelta
from enum import StrEnum

from portal.tenants.life_cycle import Status
from portal.tenants.tenant import Tenant
from portal.tenants.validity import Validity

#: From this long before its end a licence is called expiring.
EXPIRING = timedelta(days=30)


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
