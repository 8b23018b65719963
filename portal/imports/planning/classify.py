"""Which kind of row an entry becomes: the candidate, the stored item and the options decide."""

from collections.abc import Sequence
from typing import NamedTuple

from portal import records
from portal.imports.model import (
    SECRET_FIELD,
    AllowedChange,
    Candidate,
    FieldChange,
    FieldMessage,
    ImportOptions,
    Message,
    Policy,
    RowKind,
)
from portal.imports.planning.diff import (
    changes_between,
    differing_fields,
    is_newer,
    licence_after,
)
from portal.imports.planning.licence_totals import NO_LICENCE, Licence
from portal.sealing import SecretFingerprints
from portal.stores import Item, version_of
from portal.tenants import Gap, Status

_KEPT_BY_POLICY = Message(
    "The tenant is already in the store with other values, which are kept. To replace them,"
    " choose another policy."
)
_SUSPENDED = Message(
    "The tenant is suspended in the store. An import makes it active only if changes of a status"
    " are allowed."
)
_STATUS_BY_STAFF = Message(
    "Staff set the status. An import changes it only if changes of a status are allowed."
)
_VALIDITY_BY_STAFF = Message(
    "Staff set the validity. An import changes it only if changes of a validity are allowed."
)
_END_IS_MISSING = Message(
    "The old application saved no end. An import makes this tenant valid without an end only if"
    " changes of a validity are allowed."
)
_ERASED = Message(
    "The personal details of this tenant were erased, since its licence ended long ago. An import"
    " does not bring them back. If it is a customer again, enter a contact on its page first."
)
_NOT_NEWER = Message("The record in the store is as new or newer and is kept.")
#: No policy changes a tenant with one of these statuses.
_CLOSED = {
    Status.PENDING: Message("The tenant is pending in the store and is not changed."),
    Status.REJECTED: Message("The tenant is rejected in the store and is not changed."),
    Status.WITHDRAWN: Message("The tenant is withdrawn in the store and is not changed."),
}


class Outcome(NamedTuple):
    """What becomes of an entry. The fields are those of `PlanRow`; `licence` is that of the
    tenant once the row is written, `NO_LICENCE` if it is not written."""

    kind: RowKind
    secret: str = ""
    changes: tuple[FieldChange, ...] = ()
    reasons: tuple[FieldMessage, ...] = ()
    expected_version: int | None = None
    item_digest: str = ""
    licence: Licence = NO_LICENCE


def classify(
    candidate: Candidate,
    item: Item | None,
    options: ImportOptions,
    fingerprints: SecretFingerprints,
) -> Outcome:
    """`item`: the stored tenant with the candidate's id."""
    secret = "set" if candidate.secret else "missing"
    if item is None:
        return Outcome(RowKind.NEW, secret, licence=candidate.values)
    changes = changes_between(candidate, item)
    if candidate.secret and fingerprints.same(item, candidate.id, candidate.secret):
        secret = "unchanged"  # noqa: S105 - a word about a secret
    elif candidate.secret:
        old = "set" if item.get(records.SECRET) else "missing"
        changes.append(FieldChange(SECRET_FIELD, old, "set"))
    if not changes:
        return Outcome(RowKind.SAME, secret)
    outcome = Outcome(RowKind.CONFLICT, secret, tuple(changes))
    if reasons := _reasons_to_keep(candidate, item, changes, options):
        return outcome._replace(reasons=tuple(reasons))
    return outcome._replace(
        kind=RowKind.UPDATE,
        expected_version=version_of(item),
        item_digest=digest_of(item),
        licence=licence_after(candidate.values, item),
    )


def duplicate(candidate: Candidate, newest: Candidate, number: int, place: str) -> Outcome:
    """Of an entry whose tenant has a newer entry, or an equally new one before it.

    newest, number, place: that entry's candidate and number, and its place if it is another one.
    """
    names = differing_fields(candidate, newest)
    if place and not names:
        message = Message(
            "Row %(row)s, of %(place)s, is for the same tenant, is not older, and counts instead of"
            " this row.",
            row=str(number), place=place,
        )  # fmt: skip
    elif place:
        message = Message(
            "Row %(row)s, of %(place)s, is for the same tenant, is not older, and counts instead of"
            " this row. It differs in %(fields)s.",
            row=str(number), place=place, fields=", ".join(names),
        )  # fmt: skip
    elif not names:
        message = Message(
            "Row %(row)s is for the same tenant, is not older, and counts instead of this row.",
            row=str(number),
        )
    else:
        message = Message(
            "Row %(row)s is for the same tenant, is not older, and counts instead of this row. It"
            " differs in %(fields)s.",
            row=str(number), fields=", ".join(names),
        )  # fmt: skip
    return Outcome(RowKind.DUPLICATE, reasons=(FieldMessage("", message),))


def held_back(outcome: Outcome, number: int, place: str) -> Outcome:
    """Of an entry whose tenant has a newer entry that is invalid. The older entry is not written:
    the newer one may say otherwise whether the tenant is active.

    number, place: of the invalid entry; the place only if it is another one.
    """
    message = Message(
        "Row %(row)s is for the same tenant and is newer, but cannot be imported. Correct it"
        " first.",
        row=str(number),
    )
    if place:
        message = Message(
            "Row %(row)s, of %(place)s, is for the same tenant and is newer, but cannot be"
            " imported. Correct it first.",
            row=str(number), place=place,
        )  # fmt: skip
    reasons = (FieldMessage("", message), *outcome.reasons)
    return Outcome(RowKind.CONFLICT, outcome.secret, outcome.changes, reasons)


def _reasons_to_keep(
    candidate: Candidate, item: Item, changes: Sequence[FieldChange], options: ImportOptions
) -> list[FieldMessage]:
    """Why the stored tenant is not updated; empty if it is."""
    status = records.status_of(item)
    if status not in (Status.ACTIVE, Status.SUSPENDED):
        return [FieldMessage("", _CLOSED[status])]
    if records.is_ended_and_erased(item):
        return [FieldMessage("", _ERASED)]
    if options.policy is Policy.SKIP:
        return [FieldMessage("", _KEPT_BY_POLICY)]
    reasons = []
    changed = {change.field for change in changes}
    status_by_staff, validity_by_staff = records.set_by_staff(item)
    if "isActive" in changed and AllowedChange.STATUS not in options.allowed:
        if candidate.values["isActive"] is True:
            reasons.append(FieldMessage("isActive", _SUSPENDED))
        elif status_by_staff:
            reasons.append(FieldMessage("isActive", _STATUS_BY_STAFF))
    validity_changes = [name for name in ("validTo", "validFrom", "openEnded") if name in changed]
    if validity_changes and validity_by_staff and AllowedChange.VALIDITY not in options.allowed:
        reasons.append(FieldMessage(validity_changes[0], _VALIDITY_BY_STAFF))
    elif _never_ends_unasked(candidate, item) and AllowedChange.VALIDITY not in options.allowed:
        reasons.append(FieldMessage("openEnded", _END_IS_MISSING))
    if options.policy is Policy.NEWER_WINS and not is_newer(candidate, records.tenant_of(item)):
        reasons.append(FieldMessage("updatedAt", _NOT_NEWER))
    return reasons


def _never_ends_unasked(candidate: Candidate, item: Item) -> bool:
    """Whether the row would make a tenant valid for ever that merely lacks its end. Exports once
    called such tenants open-ended."""
    values = candidate.values
    says_so = values.get("openEnded") is True and "validTo" not in values
    return says_so and Gap.END in records.open_gaps(item)


def digest_of(item: Item) -> str:
    """Shows a change of an item that has no version, or whose version did not change."""
    return records.written_digest(item)
