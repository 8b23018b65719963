"""What applying a plan writes for one row: a tenant and its event; or, if the store has changed
since the plan was made, the row's new kind."""

from collections.abc import Sequence
from dataclasses import replace

from portal import records
from portal.imports.jobs.former_states import FormerState, former_state
from portal.imports.model import Candidate, FieldMessage, FieldValue, Message, PlanRow, RowKind
from portal.imports.planning import (
    NO_LICENCE,
    VALIDITY_FIELDS,
    Licence,
    changed_item,
    changes_between,
    digest_of,
    licence_after,
    new_tenant,
)
from portal.stores import Add, Change, Item, ItemNotFoundError, Replace, Store, version_of
from portal.tenants import AuditInfo, Tenant, Verb


class RowWrite:
    """One row of a commit.

    changes: of the store; empty if the row is reclassified.
    licence: that the row gives.
    former: the tenant's state before, to be kept; `None` if the row is reclassified.
    reclassified: the row with its new kind, if it is not written as planned.
    """

    def __init__(
        self,
        row: PlanRow,
        changes: Sequence[Change],
        licence: Licence,
        former: FormerState | None = None,
    ) -> None:
        self.row = row
        self.changes = changes
        self.licence = licence
        self.former = former
        self.reclassified: PlanRow | None = None

    def reclassify(self, item: Item | None) -> None:
        """The store is not as the plan saw it. `item`: what it has now."""
        self.changes, self.licence, self.former = (), NO_LICENCE, None
        row = replace(self.row, sealed_secret="", secret_fingerprint="")
        if item is not None and _is_in_store(row, item):
            self.reclassified = replace(row, kind=RowKind.SAME, changes=())
        else:
            message = Message(
                "The tenant changed in the store after the plan was made and is kept as it is. To"
                " compare again, import the file again."
            )
            reasons = (FieldMessage("", message),)
            self.reclassified = replace(row, kind=RowKind.CONFLICT, reasons=reasons)


def _is_in_store(row: PlanRow, item: Item) -> bool:
    """Whether the item has exactly the row's values: somebody else imported the same."""
    candidate = Candidate(
        id=row.tenant_id,
        values=row.values,
        updated_at=str(row.values.get("updatedAt", "")),
        email_in_file=row.email_in_file,
    )
    # The row's secret is sealed by now and cannot be compared: it counts as another one.
    return row.secret != "set" and not changes_between(candidate, item)  # noqa: S105 - a word


def write_new(row: PlanRow, audit: AuditInfo) -> RowWrite:
    """`audit`: its `request_id` is the import's id."""
    tenant = new_tenant(row, audit)
    item = {**records.item_of(tenant), **_import_attributes(tenant, row, audit, (False, False))}
    event = records.event_item(row.tenant_id, Verb.IMPORT, audit, None, item)
    return RowWrite(row, [Add(item), Add(event)], row.values, former_state(row.number, None, item))


def write_update(store: Store, row: PlanRow, audit: AuditInfo) -> RowWrite:
    """`audit`: its `request_id` is the import's id."""
    try:
        before = store.get(row.tenant_id)
    except ItemNotFoundError:
        return _reclassified(row, None)
    # The old application changes items without changing their version: the digest shows it.
    if version_of(before) != row.expected_version or digest_of(before) != row.item_digest:
        return _reclassified(row, before)
    changed = {change.field for change in row.changes}
    tenant, changed_row = changed_item(row, before, audit)
    status_by_staff, validity_by_staff = records.set_by_staff(before)
    by_staff = (
        status_by_staff and "isActive" not in changed,
        validity_by_staff and not changed & VALIDITY_FIELDS,
    )
    item = {**changed_row, **_import_attributes(tenant, row, audit, by_staff)}
    event = records.event_item(row.tenant_id, Verb.IMPORT, audit, before, item)
    changes: list[Change] = [Replace(item, row.expected_version, read=before), Add(event)]
    former = former_state(row.number, before, item)
    return RowWrite(row, changes, licence_after(row.values, before), former)


def _reclassified(row: PlanRow, item: Item | None) -> RowWrite:
    write = RowWrite(row, (), NO_LICENCE)
    write.reclassify(item)
    return write


def _import_attributes(
    tenant: Tenant, row: PlanRow, audit: AuditInfo, by_staff: tuple[bool, bool]
) -> dict[str, FieldValue]:
    """Attributes that tell a later import what this one left.

    by_staff: whether status and validity are still as staff set them.
    """
    attributes: dict[str, FieldValue] = {
        records.IMPORT_ID: audit.request_id,
        records.IMPORTED_STATE: records.imported_state(tenant, by_staff),
    }
    if row.secret_fingerprint:
        attributes[records.SECRET_FINGERPRINT] = row.secret_fingerprint
    return attributes
