"""The rows that an import wrote, each with what became of it, or would become of it now. Writes
nothing."""

from collections.abc import Iterator
from dataclasses import replace

from portal.imports.jobs import FormerState, ImportJob, read_states
from portal.imports.undo.row_undo import RowUndo, row_undo_of
from portal.stores import Store
from portal.tenants import AuditInfo

#: The item of former states, and the row in it.
UndoPosition = tuple[int, int]


def rows_of_undo(store: Store, job: ImportJob, audit: AuditInfo) -> Iterator[FormerState]:
    """All rows, in the order in which they were written. As `rows_to_undo`."""
    for _, row in _stored_rows(store, job, (0, 0)):
        yield row if row.outcome else row_undo_of(store, row, audit).row


def rows_to_undo(store: Store, job: ImportJob, audit: AuditInfo) -> Iterator[RowUndo]:
    """What would become of each row that is not undone yet, with the tenant before and after. One
    read for each tenant, and up to five more for one that the import made.

    audit: who would undo it, and when: the answers are those of that time.
    """
    audit = replace(audit, request_id=job.id)
    for _, row in _stored_rows(store, job, (0, 0)):
        if row.outcome is None:
            yield row_undo_of(store, row, audit)


def page_of_undo(
    store: Store,
    job: ImportJob,
    audit: AuditInfo,
    *,
    after: UndoPosition = (0, 0),
    limit: int = 50,
) -> tuple[list[FormerState], UndoPosition | None]:
    """The next rows, and where the next page begins; `None` if it would be empty."""
    page: list[FormerState] = []
    for position, row in _stored_rows(store, job, after):
        if len(page) == limit:
            return page, position
        page.append(row if row.outcome else row_undo_of(store, row, audit).row)
    return page, None


def _stored_rows(
    store: Store, job: ImportJob, after: UndoPosition
) -> Iterator[tuple[UndoPosition, FormerState]]:
    first, offset = after
    for item in range(first, job.former_items or 0):
        rows = read_states(store, job.id, item).rows
        for number in range(offset, len(rows)):
            yield (item, number), rows[number]
        offset = 0
