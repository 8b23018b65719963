"""Moving records in: a file is read, validated, planned against the store, and applied.

    model/       what all steps share: fields, entries, rows, messages, errors
    tables/      the table of the old application as a file
    streaming/   bytes -> one JSON value after another, in little memory
    reading/     these -> one `Entry` after another, whatever the format of the file
    browsers/    the profile of a browser -> likewise
    validation/  an `Entry` -> a `Candidate`, or every reason why it is invalid
    planning/    candidates, compared with the store -> one `PlanRow` after another
    jobs/        an import in the store: created from a plan, applied step by step, retained
    undo/        what an import wrote goes back to what it was before
    reports/     rows as JSON and CSV, and the export of tenants

The page, the command and the API use the same functions, all through this door.
"""

from portal.imports.browsers import is_browser_storage, open_browser_storage
from portal.imports.jobs import (
    UNDONE,
    UNKNOWN_LOSING,
    AccessChange,
    FormerState,
    ImportJob,
    JobState,
    RowPosition,
    UnconfirmedJobError,
    UndoOutcome,
    UndoProgress,
    UnknownJobError,
    apply_step,
    create_job,
    end_job,
    find_job,
    list_jobs,
    page_of_rows,
    remove_rows_before,
    rows_of_job,
)
from portal.imports.model import (
    FAILED_KINDS,
    KEY_PREFIX,
    SECRET_FIELD,
    WRITTEN_KINDS,
    AllowedChange,
    FieldChange,
    FieldMessage,
    ImportOptions,
    Message,
    PlaceSummary,
    PlanRow,
    Policy,
    RefusedFileError,
    RowKind,
    file_is_compressed,
    file_too_large,
    printable_excerpt,
    size_in_words,
)
from portal.imports.planning import (
    Lookup,
    PlaceChoiceError,
    Plan,
    StagedEntries,
    lookup_workers,
)
from portal.imports.reading import EntryReader, EntrySource, FileFormat
from portal.imports.reports import (
    CSV_START,
    export_tenant,
    guarded_line,
    job_summary,
    places_as_json,
    plan_summary,
    reimport_problem,
    report_as_csv,
    report_as_json,
)
from portal.imports.streaming import (
    Limits,
    Readable,
    StrictJsonError,
    decode_json,
    no_disk_space_error,
)
from portal.imports.undo import (
    UNDO_REASONS,
    BeingWrittenError,
    RowUndo,
    UndoRefusedError,
    UndoTally,
    job_to_undo,
    page_of_undo,
    refuse_undo,
    rows_of_undo,
    rows_to_undo,
    undo_refusal,
    undo_report,
    undo_step,
)

__all__ = [
    "CSV_START", "FAILED_KINDS", "KEY_PREFIX", "SECRET_FIELD", "UNDONE", "UNDO_REASONS",
    "UNKNOWN_LOSING", "WRITTEN_KINDS", "AccessChange", "AllowedChange", "BeingWrittenError",
    "EntryReader", "EntrySource", "FieldChange", "FieldMessage", "FileFormat", "FormerState",
    "ImportJob", "ImportOptions", "JobState", "Limits", "Lookup", "Message", "PlaceChoiceError",
    "PlaceSummary", "Plan", "PlanRow", "Policy", "Readable", "RefusedFileError", "RowKind",
    "RowPosition", "RowUndo", "StagedEntries", "StrictJsonError", "UnconfirmedJobError",
    "UndoOutcome", "UndoProgress", "UndoRefusedError", "UndoTally", "UnknownJobError", "apply_step",
    "create_job", "decode_json", "end_job", "export_tenant", "file_is_compressed", "file_too_large",
    "find_job", "guarded_line", "is_browser_storage", "job_summary", "job_to_undo", "list_jobs",
    "lookup_workers", "no_disk_space_error", "open_browser_storage", "page_of_rows", "page_of_undo",
    "places_as_json", "plan_summary", "printable_excerpt", "refuse_undo", "reimport_problem",
    "remove_rows_before", "report_as_csv", "report_as_json", "rows_of_job", "rows_of_undo",
    "rows_to_undo", "size_in_words", "undo_refusal", "undo_report", "undo_step",
]  # fmt: skip
