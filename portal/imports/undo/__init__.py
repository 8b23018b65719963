"""Undoing an import: each row that it wrote goes back to what it was before, unless somebody has
changed the tenant since.

row_undo   what becomes of a row, and what to write for it
steps      undoes rows, some at a time; begun by one, continued by anybody
refusals   why an import cannot be undone
stopping   stops one that nobody writes any more
rows       all rows with what became, or would become, of them
report     the same as JSON
"""

from portal.imports.undo.refusals import UndoRefusedError, refuse_undo, undo_refusal
from portal.imports.undo.report import UNDO_REASONS, UndoTally, undo_report
from portal.imports.undo.row_undo import RowUndo
from portal.imports.undo.rows import page_of_undo, rows_of_undo, rows_to_undo
from portal.imports.undo.steps import undo_step
from portal.imports.undo.stopping import BeingWrittenError, job_to_undo

__all__ = [
    "UNDO_REASONS", "BeingWrittenError", "RowUndo", "UndoRefusedError", "UndoTally", "job_to_undo",
    "page_of_undo", "refuse_undo", "rows_of_undo", "rows_to_undo", "undo_refusal", "undo_report",
    "undo_step",
]  # fmt: skip
