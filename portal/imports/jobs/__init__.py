"""An import as it is stored, and what happens to it.

job         its state, options and counts; finding, listing and ending it
row_chunks  its rows, some hundred in one item
create      a plan -> a stored job
apply       writes the rows, step by step
row_writes  what is written for one row, or its new kind
retention   removes the rows of old jobs
"""

from portal.imports.jobs.apply import apply_step
from portal.imports.jobs.create import create_job
from portal.imports.jobs.job import (
    UNKNOWN_LOSING,
    ImportJob,
    JobState,
    RowPosition,
    UnconfirmedJobError,
    UnknownJobError,
    end_job,
    find_job,
    list_jobs,
)
from portal.imports.jobs.retention import remove_rows_before
from portal.imports.jobs.row_chunks import page_of_rows, rows_of_job

__all__ = [
    "UNKNOWN_LOSING", "ImportJob", "JobState", "RowPosition", "UnconfirmedJobError",
    "UnknownJobError", "apply_step", "create_job", "end_job", "find_job", "list_jobs",
    "page_of_rows", "remove_rows_before", "rows_of_job",
]  # fmt: skip
