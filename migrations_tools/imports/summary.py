"""What is told of an import: its rows into a report and for programs, and a summary for people."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from tempfile import SpooledTemporaryFile
from typing import Any

import click

from migrations_tools.imports.output import OutputError, print_piece, reason_of, telling
from migrations_tools.imports.special_files import AtomicFile, name_shown, whole_shown
from migrations_tools.pace import ProgressLine
from portal import records
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

#: So many rows that could not be imported are told one by one.
_SHOWN = 20
#: Characters that wait in memory to be printed, before they wait in a file without a name.
_SPOOLED = 4_000_000
_PIECE = 100_000


class Summary:
    """What the rows come to, once they were gone through: `run` as it is then, none of a plan
    that was only looked at."""

    def __init__(self, files: Sequence[str], plan: Plan, job: ImportJob | None) -> None:
        self._files = files
        self._names = [whole_shown(name) for name in files]
        self._plan = plan
        self._job = job
        self._counts: Counter[RowKind] = Counter()
        self._without_secret = 0
        self._failed: list[PlanRow] = []

    @property
    def is_whole(self) -> bool:
        return not any(self._counts[RowKind(kind)] for kind in FAILED_KINDS)

    def tell(
        self,
        rows: Iterator[PlanRow],
        report: AtomicFile | None,
        progress: ProgressLine,
        *,
        as_json: bool,
    ) -> None:
        """Goes through the rows once, for whoever wants them. `OutputError`, with all that could
        be told; errors as of where the rows are from."""
        kept = _Report(report)
        through = self._into(kept, self._seen(rows))
        if as_json:
            self._print_json(through, kept)
        else:
            for _ in through:
                pass
            kept.finish()
            progress.end()
            with telling():
                self._print()
        if kept.problem:
            raise OutputError(kept.problem)

    def _seen(self, rows: Iterator[PlanRow]) -> Iterator[PlanRow]:
        for row in rows:
            self._counts[row.kind] += 1
            # Of others, the store may have one.
            is_missing = row.secret == "missing"  # noqa: S105 - a word about a secret
            self._without_secret += row.kind is RowKind.NEW and is_missing
            if row.kind in FAILED_KINDS and len(self._failed) < _SHOWN:
                self._failed.append(row)
            yield row

    def _rest(self) -> Mapping[str, Any]:
        if self._job:
            return job_summary(self._job)
        draft = self._plan.draft
        shapes = [shape.value for shape in draft.shapes]
        return plan_summary(self._plan.choice, self._counts, draft.ignored_keys, shapes)

    # ---- For programs

    def _into(self, report: "_Report", rows: Iterator[PlanRow]) -> Iterator[PlanRow]:
        """The rows, each written into the report on its way."""
        if not report.wanted:
            yield from rows
            return
        passed: list[PlanRow] = []

        def passing() -> Iterator[PlanRow]:
            for row in rows:
                passed.append(row)
                yield row

        if report.is_csv:
            pieces = report_as_csv(passing(), self._names)
        else:
            pieces = report_as_json(passing(), self._rest, self._names)
        for piece in pieces:
            report.write(piece)
            yield from passed
            passed.clear()

    def _print_json(self, rows: Iterator[PlanRow], report: "_Report") -> None:
        """All of it or nothing: nobody could read the half that is there if the rows end."""
        with telling(), SpooledTemporaryFile(_SPOOLED, "w+", encoding="ascii", newline="") as whole:
            for piece in report_as_json(rows, self._rest, self._names):
                whole.write(piece)
            report.finish()
            whole.seek(0)
            while piece := whole.read(_PIECE):
                print_piece(piece)

    # ---- For people

    def _print(self) -> None:
        plan, job, counts = self._plan, self._job, self._counts
        for name, shape in zip(self._files, plan.draft.shapes, strict=True):
            click.echo(f"{name_shown(name)}: {shape.value}.")
        told = ", ".join(f"{counts[kind]:,} {kind.value}" for kind in RowKind)
        click.echo(f"Rows: {told}.")
        if plan.draft.ignored_keys:
            click.echo(f"Keys of other programs, not read: {plan.draft.ignored_keys:,}.")
        for sentence in self._licences():
            click.echo(sentence)
        if self._without_secret:
            click.echo(f"Without a client secret: {self._without_secret:,}.")
        for row in self._failed:
            click.echo(f"  {self._row_in_words(row)}")
        more = sum(counts[RowKind(kind)] for kind in FAILED_KINDS) - len(self._failed)
        if more > 0:
            click.echo(f"  and {more:,} more; --report lists all of them.")
        if job is None:
            click.echo("Nothing was changed. Run it without --dry-run to write it.")
        else:
            click.echo(f"Written: {job.written:,}. Import {job.id}.")

    def _licences(self) -> Iterator[str]:
        told = self._job or self._plan.tally
        if told.active:
            until = _until(*told.until)
            yield f"Of what is written, {told.active:,} may use the application now, {until}."
        if told.later:
            yield f"Of what is written, {told.later:,} may use the application later."

    def _row_in_words(self, row: PlanRow) -> str:
        where = f"{self._names[row.source]}, " if len(self._names) > 1 else ""
        name = printable_excerpt(row.key or row.tenant_id)
        reasons = " ".join(
            whole_shown(f"{each.field}: {each.text}" if each.field else each.text)
            for each in row.reasons
        )
        return f"{row.kind.value}: {where}{row.place}{f', {name}' if name else ''}: {reasons}"


class _Report:
    """The file for all rows, if one is wanted. Where it cannot be written, the rest is told all
    the same, and that at the end."""

    def __init__(self, target: AtomicFile | None) -> None:
        self._target = target
        self.problem = ""

    @property
    def wanted(self) -> bool:
        return self._target is not None

    @property
    def is_csv(self) -> bool:
        return self._target is not None and self._target.path.suffix.lower() == ".csv"

    def write(self, text: str) -> None:
        with self._noted():
            if self._target and not self.problem:
                self._target.write(text)

    def finish(self) -> None:
        with self._noted():
            if self._target and not self.problem:
                self._target.finish()

    @contextmanager
    def _noted(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.problem = reason_of(error)


def _until(first: str, last: str) -> str:
    if first >= records.NEVER:
        return "without an end"
    if first == last:
        return f"until {first}"
    return f"the first until {first}, the last {_until(last, last)}"
