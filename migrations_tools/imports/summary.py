"""What is printed about an import: a summary for people or JSON for programs, and the report."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from tempfile import SpooledTemporaryFile
from typing import Any

import click

from migrations_tools.imports.file_entries import place_in_words
from migrations_tools.imports.plain_files import AtomicFile, display_name, escape_unprintable
from migrations_tools.imports.standard_output import (
    OutputError,
    flushed_output,
    os_error_text,
    write_output,
)
from migrations_tools.options import MAX_LISTED
from migrations_tools.progress import ProgressLine
from portal import records
from portal.cli import print_answers
from portal.imports import (
    FAILED_KINDS,
    ImportJob,
    Plan,
    PlanRow,
    RowKind,
    job_summary,
    plan_summary,
    printable_excerpt,
    report_as_csv,
    report_as_json,
)

#: JSON that waits to be printed stays in memory up to this size, then goes to a temporary file.
_MAX_CHARACTERS_IN_MEMORY = 4_000_000
_CHARACTERS_PER_WRITE = 100_000


class Summary:
    """Counts the rows of an import and prints the result.

    Args:
        job: The import as it is after its last row; `None` for a dry run, and if it was refused.
        is_dry_run: Whether somebody asked for a dry run.
        shows_answers: For people, too, whose answers from `validate` change.
    """

    def __init__(
        self,
        files: Sequence[str],
        plan: Plan,
        job: ImportJob | None,
        *,
        shows_answers: bool = False,
        is_dry_run: bool = False,
    ) -> None:
        self._files = files
        self._file_names = [escape_unprintable(name) for name in files]
        self._plan = plan
        self._job = job
        self._shows_answers = shows_answers
        self._is_dry_run = is_dry_run
        self._counts: Counter[RowKind] = Counter()
        self._without_secret = 0
        self._failed: list[PlanRow] = []

    @property
    def is_complete(self) -> bool:
        """Whether no row failed; known after `write`."""
        return not any(self._counts[RowKind(kind)] for kind in FAILED_KINDS)

    def write(
        self,
        rows: Iterator[PlanRow],
        report: AtomicFile | None,
        progress: ProgressLine,
        *,
        as_json: bool,
    ) -> None:
        """Read the rows once, for the report and for standard output.

        Raises:
            OutputError: The report or standard output could not be written. Everything else was.
            StoreError: The rows could not be read.
        """
        report_file = _ReportFile(report)
        rows = self._written_to_report(report_file, self._counted(rows))
        if as_json:
            self._print_json(rows, report_file)
        else:
            for _ in rows:
                pass
            report_file.publish()
            progress.clear()
            with flushed_output():
                self._print_summary()
        if report_file.problem:
            raise OutputError(report_file.problem)

    def _counted(self, rows: Iterator[PlanRow]) -> Iterator[PlanRow]:
        for row in rows:
            self._counts[row.kind] += 1
            # Of new rows only: the store may have the secret of an existing tenant.
            is_missing = row.secret == "missing"  # noqa: S105 - a word about a secret
            self._without_secret += row.kind is RowKind.NEW and is_missing
            if row.kind in FAILED_KINDS and len(self._failed) < MAX_LISTED:
                self._failed.append(row)
            yield row

    def _totals(self) -> Mapping[str, Any]:
        """What a report says about all rows together."""
        if self._job:
            return job_summary(self._job)
        entries = self._plan.staged
        formats = [file_format.value for file_format in entries.formats]
        return plan_summary(
            self._plan.options,
            self._counts,
            entries.ignored_keys,
            formats,
            self._plan.answers,
            places=entries.chosen_places,
            notes=entries.notes,
        )

    # ---- For programs

    def _written_to_report(
        self, report: "_ReportFile", rows: Iterator[PlanRow]
    ) -> Iterator[PlanRow]:
        """The same rows, each written to the report on the way."""
        if not report.exists:
            yield from rows
            return
        passed: list[PlanRow] = []

        def passing() -> Iterator[PlanRow]:
            for row in rows:
                passed.append(row)
                yield row

        if report.is_csv:
            has_places = bool(self._plan.staged.chosen_places)
            pieces = report_as_csv(passing(), self._file_names, has_places=has_places)
        else:
            pieces = report_as_json(passing(), self._totals, self._file_names)
        for piece in pieces:
            report.write(piece)
            yield from passed
            passed.clear()

    def _print_json(self, rows: Iterator[PlanRow], report: "_ReportFile") -> None:
        """Print all of it or nothing: half a JSON document cannot be read."""
        with (
            flushed_output(),
            SpooledTemporaryFile(
                _MAX_CHARACTERS_IN_MEMORY, "w+", encoding="ascii", newline=""
            ) as document,
        ):
            for piece in report_as_json(rows, self._totals, self._file_names):
                document.write(piece)
            report.publish()
            document.seek(0)
            while piece := document.read(_CHARACTERS_PER_WRITE):
                write_output(piece)

    # ---- For people

    def _print_summary(self) -> None:
        plan, job, counts = self._plan, self._job, self._counts
        for name, file_format in zip(self._files, plan.staged.formats, strict=True):
            click.echo(f"{display_name(name)}: {file_format.value}.")
        for place in plan.staged.chosen_places:
            click.echo(f"From {place.name}: {place_in_words(place)}.")
        if plan.staged.places_left_out:
            click.echo(f"Places that were not chosen: {plan.staged.places_left_out:,}.")
        numbers = ", ".join(f"{counts[kind]:,} {kind.value}" for kind in RowKind)
        click.echo(f"Rows: {numbers}.")
        if plan.staged.ignored_keys:
            click.echo(f"Keys of other programs, ignored: {plan.staged.ignored_keys:,}.")
        for sentence in self._licence_sentences():
            click.echo(sentence)
        if self._shows_answers:
            print_answers(self._plan.answers)
        if self._without_secret:
            click.echo(f"Without a client secret: {self._without_secret:,}.")
        for row in self._failed:
            click.echo(f"  {self._row_in_words(row)}")
        more = sum(counts[RowKind(kind)] for kind in FAILED_KINDS) - len(self._failed)
        if more > 0:
            click.echo(f"  and {more:,} more; --report lists all of them.")
        if self._is_dry_run:
            click.echo("Nothing was changed. Run the command without --dry-run to write the rows.")
        elif job:
            click.echo(f"Written: {job.written:,}. Import {job.id}.")

    def _licence_sentences(self) -> Iterator[str]:
        totals = self._job or self._plan.tally
        tenants = "Of the new and updated tenants,"
        if totals.active:
            end = _end_of_validity(*totals.until)
            yield f"{tenants} {totals.active:,} may use the application now, {end}."
        if totals.later:
            yield f"{tenants} {totals.later:,} may use the application later."

    def _row_in_words(self, row: PlanRow) -> str:
        file_name = f"{self._file_names[row.source]}, " if len(self._file_names) > 1 else ""
        # Of several files, the name of the file often is that of the place.
        several = len(self._plan.staged.chosen_places) > 1 and row.place not in file_name
        place = f"{row.place}, " if several else ""
        name = printable_excerpt(row.key or row.tenant_id)
        where = f"{file_name}{place}{row.position}{f', {name}' if name else ''}"
        reasons = " ".join(
            escape_unprintable(f"{reason.field}: {reason.text}" if reason.field else reason.text)
            for reason in row.reasons
        )
        return f"{row.kind.value}: {where}: {reasons}"


class _ReportFile:
    """The file for all rows, if one was asked for.

    If it cannot be written, everything else is still printed, and `problem` says why.
    """

    def __init__(self, file: AtomicFile | None) -> None:
        self._file = file
        self.problem = ""

    @property
    def exists(self) -> bool:
        return self._file is not None

    @property
    def is_csv(self) -> bool:
        return self._file is not None and self._file.path.suffix.lower() == ".csv"

    def write(self, text: str) -> None:
        with self._problem_noted():
            if self._file and not self.problem:
                self._file.write(text)

    def publish(self) -> None:
        with self._problem_noted():
            if self._file and not self.problem:
                self._file.publish()

    @contextmanager
    def _problem_noted(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.problem = os_error_text(error)


def _end_of_validity(first: str, last: str) -> str:
    if first >= records.NEVER:
        return "without an end"
    if first == last:
        return f"until {first}"
    return f"the first until {first}, the last {_end_of_validity(last, last)}"
