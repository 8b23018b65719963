"""Who set a tenant's status and its window: an import or the old application, or staff.

Both stand in one text on the tenant, as an import left them. What staff decide is noted there
in the same write, since they may decide for what was there before; and what is not as it was
left, staff or somebody else have set. Where nothing stands, staff set both.
"""

from portal.records.access_fields import status_of, validity_of
from portal.records.attributes import IMPORTED_STATE
from portal.stores import Item, Value
from portal.tenants import TRANSITIONS, Tenant, Validity, Verb
from portal.timestamps import format_timestamp

#: Stands where staff decided; no status and no window is written so.
_STAFF = "-"


def set_by_staff(item: Item) -> tuple[bool, bool]:
    """Whether staff set the status, and whether they set the window. A record without `status`
    is as the old application left it."""
    if "status" not in item:
        return False, False
    status, _, validity = str(item.get(IMPORTED_STATE, f"{_STAFF} {_STAFF}")).partition(" ")
    return status != status_of(item).value, validity != _validity_text(validity_of(item))


def imported_state(tenant: Tenant, by_staff: tuple[bool, bool]) -> str:
    """What stands on `tenant`, whose status and window staff have set or not."""
    status_by_staff, validity_by_staff = by_staff
    status = _STAFF if status_by_staff else tenant.status.value
    validity = _STAFF if validity_by_staff else _validity_text(tenant.validity)
    return f"{status} {validity}"


def decided_state(previous: Item, tenant: Tenant, verb: Verb) -> dict[str, Value]:
    """What has to be noted on `tenant`, which was `before` until staff did `verb`."""
    status_by_staff, validity_by_staff = set_by_staff(previous)
    transition = TRANSITIONS[verb]
    by_staff = (
        status_by_staff or transition.sets_status,
        validity_by_staff or transition.sets_validity,
    )
    if all(by_staff) and IMPORTED_STATE not in previous:
        return {}
    return {IMPORTED_STATE: imported_state(tenant, by_staff)}


def _validity_text(validity: Validity) -> str:
    """A date that cannot be read is none."""
    valid_from, valid_to = (
        format_timestamp(end) if end else "" for end in (validity.valid_from, validity.valid_to)
    )
    return f"{valid_from} {valid_to} open" if validity.is_open else f"{valid_from} {valid_to}"
