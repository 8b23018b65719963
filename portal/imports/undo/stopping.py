"""Stops an import that is still being written, so that what it wrote can be undone: the process
that wrote it may have been killed."""

from dataclasses import replace
from datetime import timedelta

from portal.imports.jobs import ImportJob, JobState, end_job, ended_job, find_job
from portal.imports.undo.refusals import UndoRefusedError, refuse_undo
from portal.stores import Store
from portal.tenants import AuditInfo

#: An import that somebody writes moves several times a minute, also into a busy store.
UNATTENDED_AFTER = timedelta(minutes=1)


class BeingWrittenError(UndoRefusedError):
    """Rows of the import were written within the last minute. `job` says when and by whom."""

    def __init__(self, refused: UndoRefusedError, job: ImportJob) -> None:
        super().__init__(refused.message)
        self.job = job


def job_to_undo(
    store: Store, import_id: str, audit: AuditInfo, *, stops: bool = False, dry_run: bool = False
) -> ImportJob:
    """The import, which can be undone. If it is still being written, and no row was for a minute,
    it is stopped for good; whoever writes it all the same is told so.

    audit: who undoes it, and when.
    stops: whether it is stopped in any case.
    dry_run: it is not stopped, and returned as it would be if it was.

    Raises:
        UnknownJobError: no import has this id.
        BeingWrittenError: somebody may be writing it.
        UndoRefusedError: it cannot be undone for another reason.
        StoreError: as of the store.
    """
    job = find_job(store, import_id)
    if job.state is JobState.APPLYING:
        is_unattended = audit.at - (job.moved_at or job.at) >= UNATTENDED_AFTER
        if stops or is_unattended:
            audit = replace(audit, request_id=job.id)
            job = ended_job(job, audit) if dry_run else end_job(store, import_id, audit)
    try:
        refuse_undo(job)
    except UndoRefusedError as refused:
        if job.state is JobState.APPLYING:
            raise BeingWrittenError(refused, job) from refused
        raise
    return job
