"""`python -m migrations_tools import`: reads files, plans them, and writes the plan."""

import getpass
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace

import click

from migrations_tools.imports.output import OutputError
from migrations_tools.imports.special_files import (
    AtomicFile,
    UnusableFileError,
    name_shown,
    opened,
    written,
)
from migrations_tools.imports.summary import Summary
from migrations_tools.pace import ProgressLine
from portal.imports import (
    ImportJob,
    ImportOptions,
    JobState,
    Limits,
    Plan,
    PlanRow,
    RefusedFileError,
    StagedEntries,
    apply_step,
    create_job,
    find_job,
    lookup_workers,
    printable_excerpt,
    rows_of_job,
)
from portal.sealing import Sealer, SecretFingerprints
from portal.settings import Settings, SettingsError
from portal.signing_keys import SECRET_KEY_FILE, resolve_secret_keys
from portal.stores import (
    BusyError,
    Store,
    StoreError,
    UnavailableError,
)
from portal.tenants import AuditInfo
from portal.timestamps import utc_now

_BAR = 30
_AGAIN = "Run it again: what is in the store shows as same."
#: What a store says of one write; of an import it would be wrong, and it is told how many are in.
_OF_ONE_WRITE = (
    " Nothing was saved.",
    " It is not certain that nothing was saved: look again before repeating it.",
    " It is not certain whether it was saved: look again before repeating it.",
)


@dataclass(frozen=True, kw_only=True)
class ImportCommand:
    """What the command was asked for."""

    files: Sequence[str]
    choice: ImportOptions
    dry_run: bool
    report: str | None
    as_json: bool


class Importing:
    """One run of the command. `UnusableFileError`; `ClickException` with how far it came."""

    def __init__(
        self, store: Store, sealer: Sealer, settings: Settings, wish: ImportCommand
    ) -> None:
        self._store = store
        self._sealer = sealer
        self._settings = settings
        self._wish = wish
        self._progress = ProgressLine()
        self._job: ImportJob | None = None

    def run(self) -> bool:
        """Whether all rows are in, or would be."""
        try:
            return self._whole()
        except KeyboardInterrupt as stopped:
            raise self._broken_off("Stopped.") from stopped
        except OutputError as error:
            raise self._untold(error) from error
        except UnavailableError as error:
            reason = error.reason
            for sentence in _OF_ONE_WRITE:
                reason = reason.replace(sentence, "")
            raise self._broken_off(f"{reason} {error.remedy}") from error
        except BusyError as error:
            raise self._broken_off(error.reason) from error
        except StoreError as error:
            raise self._broken_off(self._in_the_way()) from error
        finally:
            self._progress.end()

    def _whole(self) -> bool:
        wish = self._wish
        with ExitStack() as stack:
            report = stack.enter_context(self._report())
            draft = stack.enter_context(self._read())
            now = utc_now()
            plan = Plan(
                draft,
                self._store,
                self._fingerprints(),
                wish.choice,
                now=now,
                sealer=None if wish.dry_run else self._sealer,
                workers=lookup_workers(self._settings),
            )
            plan.progress = lambda n: self._progress.at(_bar(n, draft.size, "planned"))
            if wish.dry_run:
                return self._tell(plan, iter(plan), report)
            audit = AuditInfo(by=_person(), at=now)
            job = self._job = create_job(self._store, plan, audit)
            while job.is_open:
                audit = replace(audit, at=utc_now())
                job = self._job = apply_step(self._store, job.id, audit)
                self._progress.at(_bar(job.processed, job.to_write))
            if not job.rows_kept:
                # To tell of none would look as if there had been none.
                raise self._broken_off(_ended(job))
            is_whole = self._tell(plan, rows_of_job(self._store, job), report)
        if job.state is not JobState.DONE:
            raise self._broken_off(_ended(job))
        return is_whole

    # ---- Reading

    def _report(self) -> AbstractContextManager[AtomicFile | None]:
        wish = self._wish
        if wish.report is None:
            return nullcontext(None)
        return written(wish.report, data_dir=self._settings.data_dir, read=wish.files)

    @contextmanager
    def _read(self) -> Iterator[StagedEntries]:
        limits = Limits.of_command(self._settings)
        with StagedEntries() as draft:
            for name in self._wish.files:
                try:
                    with opened(name, limits.size) as file:
                        draft.add(file, limits, lambda n: self._progress.at(f"{n:,} entries read"))
                except (RefusedFileError, OSError) as refused:
                    text = str(refused) if isinstance(refused, RefusedFileError) else "Unreadable."
                    raise UnusableFileError(f"{name_shown(name)}: {text}") from refused
            yield draft

    def _fingerprints(self) -> SecretFingerprints:
        settings = self._settings
        no_key = settings.store == "json" and not (settings.data_dir / SECRET_KEY_FILE).exists()
        if self._wish.dry_run and no_key and settings.configured_secret_key is None:
            # Nothing is made for a look, and nothing can have been marked yet.
            return SecretFingerprints([secrets.token_hex(16)])
        try:
            return SecretFingerprints(resolve_secret_keys(settings))
        except SettingsError as error:
            raise UnusableFileError(str(error)) from error

    # ---- Telling

    def _tell(self, plan: Plan, rows: Iterator[PlanRow], report: AtomicFile | None) -> bool:
        summary = Summary(self._wish.files, plan, self._job)
        summary.tell(rows, report, self._progress, as_json=self._wish.as_json)
        return summary.is_whole

    def _broken_off(self, reason: str) -> click.ClickException:
        return click.ClickException(f"{reason} {self._how_far()}")

    def _untold(self, error: OutputError) -> click.ClickException:
        if self._job is None:
            return click.ClickException(
                f"Nothing was changed, and the report could not be written ({error})."
            )
        return click.ClickException(
            f"{self._job.written:,} rows are written, the report could not be ({error})."
            f" Import {self._job.id}."
        )

    def _in_the_way(self) -> str:
        with suppress(StoreError):
            if self._job and not (job := find_job(self._store, self._job.id)).rows_kept:
                return _ended(job)
        return "Others keep changing the same."

    def _how_far(self) -> str:
        if self._wish.dry_run:
            return "Nothing was changed."
        if self._job is None:
            return "No row is written. Run it again."
        try:
            job, at_least = find_job(self._store, self._job.id), ""
        except StoreError:
            # The steps that ended are known.
            job, at_least = self._job, "At least "
        told = f"{at_least}{job.written:,} of {job.to_write:,} rows are written."
        return f"{told} Import {job.id}. {_AGAIN}"


def _ended(job: ImportJob) -> str:
    if job.state is JobState.DONE:
        return "Its rows were removed before they were told."
    return f"It was ended by {printable_excerpt(job.ended_by)}."


def _bar(done: int, of: int, word: str = "written") -> str:
    filled = _BAR * done // of if of else _BAR
    return f"[{'#' * filled}{'.' * (_BAR - filled)}] {done:,} of {of:,} rows {word}"


def _person() -> str:
    """Who ran it, as the machine knows them."""
    try:
        return f"{printable_excerpt(getpass.getuser())} (command line)"
    except (OSError, KeyError):
        return f"user {os.getuid()} (command line)"
