"""Undoes an import, and says row by row what became of it."""

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

import click

from migrations_tools.imports.plain_files import UnusableFileError, file_errors
from migrations_tools.imports.signals import InterruptSafeStore, interruptible
from migrations_tools.imports.standard_output import OutputError, flushed_output, write_output
from migrations_tools.operator_name import operator_name
from migrations_tools.options import MAX_LISTED, printable
from migrations_tools.progress import ProgressLine
from portal.answer_diff import (
    AnswerDiff,
    TooManyLoseError,
    diff_sentence,
    loser_sentence,
    refusal_sentence,
)
from portal.cli import command_errors, error_sentence, read_settings
from portal.imports import (
    UNDO_REASONS,
    UNDONE,
    BeingWrittenError,
    FormerState,
    ImportJob,
    UndoOutcome,
    UndoRefusedError,
    UndoTally,
    UnknownJobError,
    find_job,
    job_to_undo,
    lookup_workers,
    printable_excerpt,
    rows_of_undo,
    rows_to_undo,
    undo_report,
    undo_step,
)
from portal.sealing import SealingStore, open_sealer
from portal.search import MarkingStore
from portal.stores import Store, StoreError, open_store
from portal.tenants import AuditInfo
from portal.timestamps import format_timestamp, utc_now

NEXT_STEP = "Run the command again: it goes on with the other rows."


@dataclass(frozen=True, kw_only=True)
class UndoArguments:
    """The arguments of the command."""

    import_id: str
    dry_run: bool = False
    most_losing: int | None = None
    stops: bool = False
    as_json: bool = False


def run_undo(arguments: UndoArguments) -> bool:
    """Undo an import in the store that the settings name.

    Returns:
        Whether every row went back, or in a dry run would.

    Raises:
        click.ClickException: It was stopped (exit status 1).
        SystemExit: The import cannot be undone (exit status 2).
    """
    settings = read_settings()
    with interruptible(), command_errors(NEXT_STEP), file_errors():
        sealer = open_sealer(settings)
        store = SealingStore(MarkingStore(InterruptSafeStore(open_store(settings))), sealer)
        try:
            workers = lookup_workers(settings)
            return UndoRunner(store, arguments, zone=settings.time_zone, workers=workers).run()
        finally:
            store.close()


class UndoRunner:
    """One run of the command."""

    def __init__(
        self, store: Store, arguments: UndoArguments, *, zone: ZoneInfo, workers: int = 1
    ) -> None:
        self._store = store
        self._arguments = arguments
        self._zone = zone
        self._workers = workers
        self._progress = ProgressLine()
        self._audit = AuditInfo(by=operator_name(), at=utc_now())

    def run(self) -> bool:
        """Whether every row went back, or in a dry run would.

        Raises:
            UnusableFileError: The import cannot be undone.
            click.ClickException: It was stopped; the text says why and how far it came.
        """
        try:
            return self._undo()
        except UnknownJobError as error:
            raise UnusableFileError("No import has this id.") from error
        except BeingWrittenError as error:
            raise UnusableFileError(_being_written(error.job)) from error
        except UndoRefusedError as error:
            raise UnusableFileError(str(error.message)) from error
        except KeyboardInterrupt as error:
            raise self._stopped("Stopped.") from error
        except OutputError as error:
            raise self._stopped(f"The report could not be written ({error}).") from error
        except StoreError as error:
            raise self._stopped(error_sentence(error)) from error
        finally:
            self._progress.clear()

    def _undo(self) -> bool:
        arguments = self._arguments
        job = job_to_undo(
            self._store,
            arguments.import_id,
            self._audit,
            stops=arguments.stops,
            # A refusal below changes nothing, so it does not stop the import either.
            dry_run=True,
        )
        tally = self._tally(job)
        try:
            tally.answers.refuse_more_than(arguments.most_losing)
        except TooManyLoseError as error:
            raise click.ClickException(
                f"{_undone_before(tally)}{refusal_sentence(error)} Look at them with --dry-run."
            ) from error
        if arguments.dry_run:
            return self._report(job, tally)
        job = job_to_undo(self._store, job.id, self._audit, stops=arguments.stops)
        while not (job.undo and job.undo.is_over):
            audit = replace(self._audit, at=utc_now())
            job = undo_step(self._store, job.id, audit, workers=self._workers)
            if job.undo:
                self._progress.update(f"{job.undo.processed:,} of {job.written:,} rows undone")
        if job.undo.ended_by:
            reason = "The former states were removed, since their retention time has ended."
            raise self._stopped(reason)
        return self._report(job, tally)

    def _tally(self, job: ImportJob) -> UndoTally:
        """What undoing the rows that are left would do, and whose answers it changes."""
        before = job.undo.processed if job.undo else 0
        tally = UndoTally(AnswerDiff(now=self._audit.at, zone=self._zone), undone_before=before)
        for row_undo in rows_to_undo(self._store, job, self._audit, workers=self._workers):
            tally.add(row_undo)
            self._progress.update(f"{tally.counts.total():,} of {job.written:,} rows looked at")
        return tally

    # ---- What is printed

    def _report(self, job: ImportJob, tally: UndoTally) -> bool:
        counts, staying = Counter[UndoOutcome](), list[FormerState]()
        rows = self._counted(job, counts, staying)
        with flushed_output():
            if self._arguments.as_json:
                # As a whole or not at all: half a JSON document cannot be read.
                write_output("".join(undo_report(rows, job, tally)))
            else:
                for _ in rows:
                    pass
                self._progress.clear()
                self._print_summary(job, counts, staying, tally)
        return all(outcome in UNDONE for outcome in counts)

    def _counted(
        self, job: ImportJob, counts: Counter[UndoOutcome], staying: list[FormerState]
    ) -> Iterator[FormerState]:
        for row in rows_of_undo(self._store, job, self._audit, workers=self._workers):
            if row.outcome:
                counts[row.outcome] += 1
            if row.outcome not in UNDONE and len(staying) < MAX_LISTED:
                staying.append(row)
            yield row

    def _print_summary(
        self,
        job: ImportJob,
        counts: Counter[UndoOutcome],
        staying: list[FormerState],
        tally: UndoTally,
    ) -> None:
        answers = tally.answers
        go, stay = ("Would go", "Would stay") if self._arguments.dry_run else ("Went", "Stayed")
        back, removed = counts[UndoOutcome.BACK], counts[UndoOutcome.REMOVED]
        stays = counts.total() - back - removed
        click.echo(
            f"Import {job.id} wrote {job.written:,} rows. {go} back to what they were: {back:,}."
            f" {go} away, since they were new: {removed:,}. {stay}: {stays:,}."
        )
        for row in staying:
            click.echo(f"  stays: {printable(row.tenant_id)}: {_reason(row)}")
        if (more := stays - len(staying)) > 0:
            click.echo(f"  and {more:,} more; --json lists all of them.")
        if tally.undone_before:
            click.echo(
                f"Rows that were undone before this run: {tally.undone_before:,}. Of the others:"
            )
        click.echo(diff_sentence(answers))
        for loser in answers.losers:
            click.echo(f"  {loser_sentence(loser, answers)}")
        if (unlisted := answers.losing - len(answers.losers)) > 0:
            click.echo(f"  and {unlisted:,} more; --json names what each row does.")
        if self._arguments.dry_run:
            click.echo("Nothing was changed. Run the command without --dry-run to undo the rows.")

    # ---- Errors

    def _stopped(self, reason: str) -> click.ClickException:
        return click.ClickException(f"{reason} {self._how_far()}".rstrip())

    def _how_far(self) -> str:
        if self._arguments.dry_run:
            return "Nothing was changed."
        with suppress(StoreError, UnknownJobError):
            job = find_job(self._store, self._arguments.import_id)
            if job.undo is None:
                return f"Nothing is undone. {NEXT_STEP}"
            next_step = "" if job.undo.is_over else NEXT_STEP
            return f"{job.undo.processed:,} of {job.written:,} rows are undone. {next_step}"
        return NEXT_STEP


def _undone_before(tally: UndoTally) -> str:
    """Before the sentence that this run wrote nothing."""
    if not tally.undone_before:
        return ""
    return f"Rows that were undone before: {tally.undone_before:,}. This time: "


def _being_written(job: ImportJob) -> str:
    moved_at = format_timestamp(job.moved_at or job.at)
    return (
        f"This import is still being written: its latest rows are of {moved_at}. If nobody writes"
        " it any more, wait a minute and run the command again. To stop it at once and undo what"
        " it wrote, add --stop."
    )


def _reason(row: FormerState) -> str:
    text = UNDO_REASONS[row.outcome] if row.outcome else ""
    who = printable_excerpt(row.by)
    when = format_timestamp(row.at) if row.at else ""
    details = ", ".join(each for each in (who, when) if each)
    return f"{text} ({details})" if details else text
