"""Why an import cannot be undone."""

from portal.imports.jobs import ImportJob, JobState
from portal.imports.model import Message

_NOT_WRITTEN = Message("This import is not written yet. Discard its plan instead.")
_BEING_WRITTEN = Message(
    "This import is still being written. Stop it first; then what it wrote can be undone."
)
_NOTHING_WRITTEN = Message("This import wrote nothing, so there is nothing to undo.")
_REMOVED = Message(
    "What was there before this import was removed, since its retention time has ended. So it"
    " cannot be undone."
)
_NOT_KEPT = Message(
    "An earlier version of the portal wrote this import, and did not keep what was there before. So"
    " it cannot be undone."
)


class UndoRefusedError(Exception):
    """The import cannot be undone. `message` says why."""

    def __init__(self, message: Message) -> None:
        super().__init__(message)
        self.message = message


def undo_refusal(job: ImportJob) -> Message | None:
    """Why nobody can begin to undo the import, or go on; `None` if somebody can."""
    if job.undo and job.undo.is_over:
        return Message(
            "%(who)s has undone this import already. To write its rows again, import the file"
            " again.",
            who=job.undo.by,
        )
    if job.state is JobState.PLANNED:
        return _NOT_WRITTEN
    if job.state is JobState.APPLYING:
        return _BEING_WRITTEN
    if not job.written:
        return _NOTHING_WRITTEN
    if job.former_items is None:
        return _NOT_KEPT
    return None if job.rows_kept else _REMOVED


def refuse_undo(job: ImportJob) -> None:
    """Raises:
    UndoRefusedError: Nobody can undo the import.
    """
    if refusal := undo_refusal(job):
        raise UndoRefusedError(refusal)
