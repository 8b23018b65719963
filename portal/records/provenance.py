"""Whether staff set the status and the validity of a tenant, or an import or the old application.

The attribute `importedState` holds both as the latest import stored them, in one text:
"<status> <validity>". A decision of staff writes "-" in the place of what it sets, in the same
write: staff may decide on the very value that the import stored, so comparing is not enough. If
status or validity differ from the stored text, treat them as set by staff. Without a stored text,
treat both so.
"""

from portal.records.access_fields import status_of, validity_of
from portal.records.attributes import IMPORTED_STATE
from portal.stores import Item, Value
from portal.tenants import TRANSITIONS, Tenant, Validity, Verb
from portal.timestamps import format_timestamp

#: In the place of what staff set. No status and no validity has this text.
_STAFF = "-"


def set_by_staff(item: Item) -> tuple[bool, bool]:
    """Whether staff set the status, and whether they set the validity. Without a `status`, the item
    is from the old application, and staff set neither; unless an operator has said that it never
    ends."""
    if "status" not in item:
        return False, item.get("openEnded") is True
    stored_status, _, stored_validity = str(
        item.get(IMPORTED_STATE, f"{_STAFF} {_STAFF}")
    ).partition(" ")
    return (
        stored_status != status_of(item).value,
        stored_validity != _validity_text(validity_of(item)),
    )


def imported_state(tenant: Tenant, by_staff: tuple[bool, bool]) -> str:
    """The value of `importedState`. `by_staff`: whether staff set the status, and the validity."""
    status_by_staff, validity_by_staff = by_staff
    status = _STAFF if status_by_staff else tenant.status.value
    validity = _STAFF if validity_by_staff else _validity_text(tenant.validity)
    return f"{status} {validity}"


def decided_state(previous: Item, tenant: Tenant, verb: Verb) -> dict[str, Value]:
    """What to store with `tenant` after staff did `verb`; `previous` is the item before the change.
    Empty if staff have set both and no text is stored yet."""
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
    """A date that could not be read is written as a missing one."""
    valid_from, valid_to = (
        format_timestamp(end) if end else "" for end in (validity.valid_from, validity.valid_to)
    )
    return f"{valid_from} {valid_to} open" if validity.is_open else f"{valid_from} {valid_to}"
