"""Whether a tenant may use the application, and why."""

from datetime import datetime, timedelta
from enum import StrEnum

from portal.tenants.life_cycle import Status
from portal.tenants.tenant import Tenant
from portal.tenants.validity import Validity

#: A licence is expiring when less than this is left of it: for programs always, on the pages of
#: staff unless a setting says otherwise.
EXPIRING = timedelta(days=30)


class AccessStatus(StrEnum):
    """Whether a tenant has access, and why. Only `VALID` and `EXPIRING` give access."""

    VALID = "valid"
    EXPIRING = "expiring"
    SUSPENDED = "suspended"
    PENDING = "pending"
    CLOSED = "closed"
    WINDOW_MISSING = "window_missing"
    NOT_YET_VALID = "not_yet_valid"
    EXPIRED = "expired"


def standing(tenant: Tenant, now: datetime, expiring: timedelta = EXPIRING) -> AccessStatus:
    """The access status of a tenant at the instant `now`."""
    return access_status(tenant.status, tenant.validity, now, expiring)


def access_status(
    status: Status, validity: Validity, now: datetime, expiring: timedelta = EXPIRING
) -> AccessStatus:
    """The access status by status and validity, exact to the millisecond; the first and the last
    instant are included. Nothing else decides access."""
    if status is not Status.ACTIVE:
        return _NOT_ACTIVE[status]
    if not validity.open_ended and (validity.valid_from is None or validity.valid_to is None):
        return AccessStatus.WINDOW_MISSING
    if validity.valid_from is not None and now < validity.valid_from:
        return AccessStatus.NOT_YET_VALID
    if validity.valid_to is None:
        return AccessStatus.VALID
    if now > validity.valid_to:
        return AccessStatus.EXPIRED
    if validity.valid_to - now < expiring:
        return AccessStatus.EXPIRING
    return AccessStatus.VALID


_NOT_ACTIVE = {
    Status.PENDING: AccessStatus.PENDING,
    Status.SUSPENDED: AccessStatus.SUSPENDED,
    Status.REJECTED: AccessStatus.CLOSED,
    Status.WITHDRAWN: AccessStatus.CLOSED,
}
