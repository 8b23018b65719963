"""Reads files, plans their import, and applies the plan."""

import secrets
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext, suppress
from dataclasses import dataclass, replace
from datetime import datetime

import click

from migrations_tools.imports.file_entries import choose_places, read_files
from migrations_tools.imports.plain_files import (
    AtomicFile,
    UnusableFileError,
    file_errors,
    open_output,
)
from migrations_tools.imports.signals import InterruptSafeStore, interruptible
from migrations_tools.imports.standard_output import OutputError
from migrations_tools.imports.summary import Summary
from migrations_tools.operator_name import operator_name
from migrations_tools.progress import ProgressLine
from portal.answer_diff import TooManyLoseError
from portal.cli import command_errors, error_sentence, read_settings, refused_losses
from portal.imports import (
    AllowedChange,
    ImportJob,
    ImportOptions,
    JobState,
    Lookup,
    Plan,
    PlanRow,
    Policy,
    StagedEntries,
    apply_step,
    create_job,
    end_job,
    find_job,
    lookup_workers,
    printable_excerpt,
    rows_of_job,
)
from portal.sealing import Sealer, SealingStore, SecretFingerprints, open_sealer
from portal.search import MarkingStore
from portal.settings import Settings, SettingsError
from portal.signing_keys import SECRET_KEY_FILE, resolve_secret_keys
from portal.stores import (
    NOTHING_SAVED,
    OUTCOME_UNKNOWN,
    BusyError,
    Store,
    StoreError,
    UnavailableError,
    open_store,
)
from portal.tenants import AuditInfo
from portal.timestamps import utc_now

NEXT_STEP = "Run the command again: rows that are in the store show as same."

_BAR_LENGTH = 30
#: What a store says about the failed write. About the whole import it would be wrong: the number
#: of written rows is said instead.
_OUTCOMES_OF_ONE_WRITE = (f" {NOTHING_SAVED}", f" {OUTCOME_UNKNOWN}")


@dataclass(frozen=True, kw_only=True)
class ImportArguments:
    """The arguments of the command."""

    files: Sequence[str]
    origins: Sequence[str] = ()
    policy: Policy = Policy.SKIP
    allowed: frozenset[AllowedChange] = frozenset()
    dry_run: bool = False
    report: str | None = None
    lookup: Lookup | None = None
    show_answers: bool = False
    most_losing: int | None = None
    as_json: bool = False


def run_import(arguments: ImportArguments) -> bool:
    """Import files into the store that the settings name.

    Returns:
        Whether all rows are written, or in a dry run would be.

    Raises:
        click.ClickException: The import was stopped (exit status 1).
        SystemExit: A file cannot be used (exit status 2).
    """
    settings = read_settings()
    with interruptible(), command_errors(NEXT_STEP), file_errors(), refused_losses():
        sealer = open_sealer(settings)
        store = SealingStore(MarkingStore(InterruptSafeStore(open_store(settings))), sealer)
        try:
            return ImportRunner(store, sealer, settings, arguments).run()
        finally:
            store.close()


class ImportRunner:
    """One run of the command."""

    def __init__(
        self, store: Store, sealer: Sealer, settings: Settings, arguments: ImportArguments
    ) -> None:
        self._store = store
        self._sealer = sealer
        self._settings = settings
        self._arguments = arguments
        self._progress = ProgressLine()
        self._job: ImportJob | None = None

    def run(self) -> bool:
        """Whether all rows are written, or in a dry run would be.

        Raises:
            UnusableFileError: A file cannot be used.
            click.ClickException: The import was stopped; the text says why and how far it came.
        """
        try:
            return self._import()
        except KeyboardInterrupt as error:
            self._end_job()
            raise self._stopped("Stopped.") from error
        except OutputError as error:
            raise self._not_reported(error) from error
        except (UnavailableError, BusyError) as error:
            reason = error_sentence(error)
            for outcome in _OUTCOMES_OF_ONE_WRITE:
                reason = reason.replace(outcome, "")
            raise self._stopped(reason) from error
        except StoreError as error:
            raise self._stopped(self._conflict_reason()) from error
        finally:
            self._progress.clear()

    def _import(self) -> bool:
        arguments = self._arguments
        with ExitStack() as stack:
            report = stack.enter_context(self._open_report())
            entries = stack.enter_context(
                read_files(
                    arguments.files, self._settings, self._show_entries_read, self._progress.clear
                )
            )
            self._progress.clear()
            choose_places(entries, arguments.origins, as_json=arguments.as_json)
            now = utc_now()
            plan = self._plan(entries, now, seals=not arguments.dry_run)
            if arguments.dry_run:
                is_complete = self._report_rows(plan, iter(plan), report)
                plan.answers.refuse_more_than(arguments.most_losing)
                return is_complete
            audit = AuditInfo(by=operator_name(), at=now)
            names = [name for name in arguments.files if name != "-"]
            try:
                job = self._job = create_job(
                    self._store, plan, audit, file_names=names, most_losing=arguments.most_losing
                )
            except TooManyLoseError:
                if arguments.as_json or report:
                    # A program learns who would lose access. The rows were removed: once more.
                    again = self._plan(entries, now, seals=False)
                    self._report_rows(again, iter(again), report)
                raise
            self._say_id(job)
            while job.is_open:
                audit = replace(audit, at=utc_now())
                job = self._job = apply_step(self._store, job.id, audit)
                self._progress.update(_bar(job.processed, job.to_write))
            if not job.rows_kept:
                # A report without rows would look as if the file had none.
                raise self._stopped(_end_reason(job))
            is_complete = self._report_rows(plan, rows_of_job(self._store, job), report)
        if job.state is not JobState.DONE:
            raise self._stopped(_end_reason(job))
        return is_complete

    def _plan(self, entries: StagedEntries, now: datetime, *, seals: bool) -> Plan:
        arguments = self._arguments
        plan = Plan(
            entries,
            self._store,
            self._fingerprints(),
            ImportOptions(policy=arguments.policy, allowed=arguments.allowed),
            now=now,
            sealer=self._sealer if seals else None,
            workers=lookup_workers(self._settings),
            zone=self._settings.time_zone,
            lookup=arguments.lookup,
        )
        plan.progress = lambda n: self._progress.update(_bar(n, entries.size, "planned"))
        return plan

    # ---- Input and output

    def _open_report(self) -> AbstractContextManager[AtomicFile | None]:
        arguments = self._arguments
        if arguments.report is None:
            return nullcontext(None)
        return open_output(
            arguments.report, data_dir=self._settings.data_dir, inputs=arguments.files
        )

    def _show_entries_read(self, number: int) -> None:
        self._progress.update(f"{number:,} entries read")

    def _say_id(self, job: ImportJob) -> None:
        """It is needed to undo what was written, also if this process is killed."""
        self._progress.clear()
        # Somebody who cannot read it wants the rows all the same.
        with suppress(OSError):
            click.echo(f"Import {job.id}.", err=True)

    def _fingerprints(self) -> SecretFingerprints:
        settings = self._settings
        no_key = settings.store == "json" and not (settings.data_dir / SECRET_KEY_FILE).exists()
        if self._arguments.dry_run and no_key and settings.configured_secret_key is None:
            # A dry run creates no key. Without one, no fingerprint can have been stored yet, so
            # any key will do.
            return SecretFingerprints([secrets.token_hex(16)])
        try:
            return SecretFingerprints(resolve_secret_keys(settings))
        except SettingsError as error:
            raise UnusableFileError(str(error)) from error

    def _report_rows(self, plan: Plan, rows: Iterator[PlanRow], report: AtomicFile | None) -> bool:
        arguments = self._arguments
        summary = Summary(
            arguments.files,
            plan,
            self._job,
            shows_answers=arguments.show_answers,
            is_dry_run=arguments.dry_run,
        )
        summary.write(rows, report, self._progress, as_json=arguments.as_json)
        return summary.is_complete

    # ---- Errors

    def _end_job(self) -> None:
        """Run again, the command makes another import, so nobody goes on with this one. What it
        wrote can be undone at once."""
        with suppress(StoreError, KeyboardInterrupt):
            if self._job is not None:
                end_job(self._store, self._job.id, AuditInfo(by=operator_name(), at=utc_now()))

    def _stopped(self, reason: str) -> click.ClickException:
        return click.ClickException(f"{reason} {self._rows_written()}")

    def _not_reported(self, error: OutputError) -> click.ClickException:
        if self._job is None:
            return click.ClickException(
                f"Nothing was changed, and the report could not be written ({error})."
            )
        return click.ClickException(
            f"{self._job.written:,} rows are written, but the report could not be written"
            f" ({error}). Import {self._job.id}."
        )

    def _conflict_reason(self) -> str:
        with suppress(StoreError):
            if self._job and not (job := find_job(self._store, self._job.id)).rows_kept:
                return _end_reason(job)
        return "Others keep changing the same data."

    def _rows_written(self) -> str:
        if self._arguments.dry_run:
            return "Nothing was changed."
        if self._job is None:
            return "No row is written. Run the command again."
        try:
            job, at_least = find_job(self._store, self._job.id), ""
        except StoreError:
            # At least the steps that ended in this process are known.
            job, at_least = self._job, "At least "
        number = f"{at_least}{job.written:,} of {job.to_write:,}"
        return f"{number} rows are written. Import {job.id}. {NEXT_STEP}"


def _end_reason(job: ImportJob) -> str:
    if job.state is JobState.DONE:
        return "Its rows were removed before they could be reported."
    return f"{printable_excerpt(job.ended_by)} ended the import."


def _bar(number: int, total: int, verb: str = "written") -> str:
    filled = _BAR_LENGTH * number // total if total else _BAR_LENGTH
    bar = "#" * filled + "." * (_BAR_LENGTH - filled)
    return f"[{bar}] {number:,} of {total:,} rows {verb}"
