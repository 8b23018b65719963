"""An import as it is stored, and what happens to it.

job         its state, options and counts; finding, listing and ending it
row_chunks  its rows, some hundred in one item
create      a plan -> a stored job
apply       writes the rows, step by step
row_writes  what is written for one row, or its new kind
retention   removes the rows of old jobs
former_states  what each tenant was before, kept with the write
undo_progress  how far a job is undone, and what became of its rows
"""

from portal.imports.jobs.apply import apply_step
from portal.imports.jobs.create import create_job
from portal.imports.jobs.former_states import (
    FormerState,
    FormerStates,
    read_states,
    states_item,
)
from portal.imports.jobs.job import (
    UNKNOWN_LOSING,
    ImportJob,
    JobState,
    RowPosition,
    UnconfirmedJobError,
    UnknownJobError,
    end_job,
    ended_job,
    find_job,
    job_item,
    list_jobs,
)
from portal.imports.jobs.retention import remove_rows_before
from portal.imports.jobs.row_chunks import page_of_rows, rows_of_job
from portal.imports.jobs.undo_progress import UNDONE, AccessChange, UndoOutcome, UndoProgress

__all__ = [
    "UNDONE", "UNKNOWN_LOSING", "AccessChange", "FormerState", "FormerStates", "ImportJob",
    "JobState", "RowPosition", "UnconfirmedJobError", "UndoOutcome", "UndoProgress",
    "UnknownJobError", "apply_step", "create_job", "end_job", "ended_job", "find_job", "job_item",
    "list_jobs", "page_of_rows", "read_states", "remove_rows_before", "rows_of_job", "states_item",
]  # fmt: skip
