"""The rows that an import wrote, each with what became of it, or would become of it now. Writes
nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from portal.imports.jobs import FormerState, ImportJob, read_states
from portal.imports.undo.row_undo import RowUndo, row_undos_of
from portal.stores import Store
from portal.tenants import AuditInfo

#: The item of former states, and the row in it.
UndoPosition = tuple[int, int]


def rows_of_undo(
    store: Store, job: ImportJob, audit: AuditInfo, *, workers: int = 1
) -> Iterator[FormerState]:
    """All rows, in the order in which they were written. As `rows_to_undo`."""
    for _, rows in _stored_rows(store, job, (0, 0)):
        yield from _with_outcomes(store, rows, audit, workers)


def rows_to_undo(
    store: Store, job: ImportJob, audit: AuditInfo, *, workers: int = 1
) -> Iterator[RowUndo]:
    """What would become of each row that is not undone yet, with the tenant before and after. One
    item is read for each tenant, up to three more for one that the import made, many at once; and
    the store is asked twice for each such tenant.

    audit: who would undo it, and when: the answers are those of that time.
    workers: threads that ask the store, see `lookup_workers`.
    """
    audit = replace(audit, request_id=job.id)
    for _, rows in _stored_rows(store, job, (0, 0)):
        left = [row for row in rows if row.outcome is None]
        yield from row_undos_of(store, left, audit, workers=workers)


def page_of_undo(
    store: Store,
    job: ImportJob,
    audit: AuditInfo,
    *,
    after: UndoPosition = (0, 0),
    limit: int = 50,
    workers: int = 1,
) -> tuple[list[FormerState], UndoPosition | None]:
    """The next rows, and where the next page begins; `None` if it would be empty."""
    page: list[FormerState] = []
    for (item, offset), rows in _stored_rows(store, job, after):
        if len(page) == limit:
            return page, (item, offset)
        taken = rows[: limit - len(page)]
        page += _with_outcomes(store, taken, audit, workers)
        if len(taken) < len(rows):
            return page, (item, offset + len(taken))
    return page, None


def _with_outcomes(
    store: Store, rows: Sequence[FormerState], audit: AuditInfo, workers: int
) -> Iterator[FormerState]:
    left = [row for row in rows if row.outcome is None]
    undos = row_undos_of(store, left, audit, workers=workers)
    would = {undo.row.tenant_id: undo.row for undo in undos}
    return (would.get(row.tenant_id, row) for row in rows)


def _stored_rows(
    store: Store, job: ImportJob, after: UndoPosition
) -> Iterator[tuple[UndoPosition, Sequence[FormerState]]]:
    """The rows of each item from a position on, and the position of the first of them."""
    first, offset = after
    for item in range(first, job.former_items or 0):
        yield (item, offset), read_states(store, job.id, item).rows[offset:]
        offset = 0
