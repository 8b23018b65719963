"""`python -m migrations_tools import` and `export`: records in, and out again."""

import getpass
import json
import os
import secrets
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TextIO

import click

from migrations_tools.pace import Progress
from migrations_tools.special_files import STDIN, opened, written
from portal.imports import applying, chunks, reports, runs, saving
from portal.imports.drafts import Draft
from portal.imports.exporting import exported, problem_of
from portal.imports.fields import FAILED
from portal.imports.marks import Marks
from portal.imports.planning import Choice, Plan
from portal.imports.refusals import RefusedFileError, shown
from portal.imports.rows import Kind, Row
from portal.imports.text import Limits
from portal.instants import utc_now
from portal.sealing import Sealer
from portal.settings import Settings, SettingsError
from portal.signing_keys import KEY_FILE, resolve_secret_keys
from portal.stores.contract import Segment, Store
from portal.tenants import Act

#: So many rows that could not be imported are told one by one.
_SHOWN = 20
_PAGE = 1000
_BAR = 30


class UnusableError(Exception):
    """What was handed in cannot be used; the text is one line for a terminal."""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What the command was asked for."""

    files: Sequence[str]
    choice: Choice
    dry_run: bool
    report: Path | None
    as_json: bool


class Importing:
    """One run of the command. `UnusableError`; errors as of the store and the sealer."""

    def __init__(self, store: Store, sealer: Sealer, settings: Settings, wish: Wish) -> None:
        self._store = store
        self._sealer = sealer
        self._settings = settings
        self._wish = wish
        self._progress = Progress()
        self._names = [shown_whole(name) for name in wish.files]
        # A file costs nothing to ask; a table answers after a while, so several ask at a time.
        self._workers = 1 if settings.store == "json" else 8

    def run(self) -> bool:
        """Whether all rows are in, or would be."""
        try:
            return self._run()
        except KeyboardInterrupt as stopped:
            self._progress.end()
            # How many are in is not asked: a commit may be half-way.
            again = "What is written stays. Run it again: what is in the store shows as same."
            told = "Nothing was changed." if self._wish.dry_run else again
            raise click.ClickException(f"Stopped. {told}") from stopped

    def _run(self) -> bool:
        wish = self._wish
        with ExitStack() as stack:
            report = stack.enter_context(self._report())
            draft = stack.enter_context(self._read())
            now = utc_now()
            plan = Plan(
                draft, self._store, self._marks(), wish.choice, now=now,
                sealer=None if wish.dry_run else self._sealer, workers=self._workers,
            )  # fmt: skip
            if wish.dry_run:
                return self._tell(report, self._counted(plan), None, plan)
            act = Act(by=_person(), at=now)
            run = saving.save(self._store, self._counting(plan), act)
            while run.is_open:
                run = applying.step(self._store, run.id, replace(act, at=utc_now()))
                self._progress.at(_bar(run.handled, run.to_write))
            return self._tell(report, chunks.rows_of(self._store, run), run, plan)

    # ---- Reading

    def _report(self) -> AbstractContextManager[TextIO | None]:
        if self._wish.report is None:
            return nullcontext(None)
        return _opened_for_writing(self._wish.report)

    @contextmanager
    def _read(self) -> Iterator[Draft]:
        limits = Limits.of_command(self._settings)
        with Draft() as draft:
            for name in self._wish.files:
                try:
                    with opened(name, limits.size) as file:
                        draft.add(file, limits, lambda n: self._progress.at(f"{n:,} entries read"))
                except (RefusedFileError, OSError) as refused:
                    self._progress.end()
                    text = str(refused) if isinstance(refused, RefusedFileError) else "Unreadable."
                    raise UnusableError(f"{_name(name)}: {text}") from refused
            yield draft

    def _marks(self) -> Marks:
        settings = self._settings
        no_key = settings.store == "json" and not (settings.data_dir / KEY_FILE).exists()
        if self._wish.dry_run and no_key and settings.configured_secret_key is None:
            # Nothing is made for a look, and nothing can have been marked yet.
            return Marks([secrets.token_hex(16)])
        try:
            return Marks(resolve_secret_keys(settings))
        except SettingsError as error:
            raise UnusableError(str(error)) from error

    def _counting(self, plan: Plan) -> "Plan":
        plan.progress = lambda n: self._progress.at(_bar(n, plan.draft.size, "planned"))
        return plan

    def _counted(self, plan: Plan) -> Iterator[Row]:
        return iter(self._counting(plan))

    # ---- Telling

    def _tell(
        self, report: TextIO | None, rows: Iterator[Row], run: runs.Run | None, plan: Plan
    ) -> bool:
        """Goes through the rows once, for whoever wants them."""
        counts: Counter[Kind] = Counter()
        failed: list[Row] = []

        def seen() -> Iterator[Row]:
            for row in rows:
                counts[row.kind] += 1
                if row.kind in FAILED and len(failed) < _SHOWN:
                    failed.append(row)
                yield row

        def rest() -> dict[str, Any]:
            self._progress.end()
            if run:
                return reports.rest_of_run(run)
            shapes = [shape.value for shape in plan.draft.shapes]
            return reports.rest_of(self._wish.choice, counts, plan.draft.ignored_keys, shapes)

        if self._wish.as_json:
            pieces = reports.as_json(_also_into(report, self._wish.report, seen(), self._names,
                                                rest), rest, self._names)  # fmt: skip
            for piece in pieces:
                sys.stdout.write(piece)
        else:
            for _ in _also_into(report, self._wish.report, seen(), self._names, rest):
                pass
            self._progress.end()
            self._tell_people(counts, failed, run, plan)
        return not any(counts[Kind(kind)] for kind in FAILED)

    def _tell_people(
        self, counts: Counter[Kind], failed: list[Row], run: runs.Run | None, plan: Plan
    ) -> None:
        for name, shape in zip(self._wish.files, plan.draft.shapes, strict=True):
            click.echo(f"{_name(name)}: {shape.value}.")
        told = ", ".join(f"{counts[kind]:,} {kind.value}" for kind in Kind)
        click.echo(f"Rows: {told}.")
        if plan.draft.ignored_keys:
            click.echo(f"Keys of other programs, not read: {plan.draft.ignored_keys:,}.")
        active = plan.tally.active
        if active:
            first, last = plan.tally.until
            until = f"until {last}" if first == last else f"until {first} at the earliest"
            click.echo(f"Of what is written, {active:,} may use the application now, {until}.")
        for row in failed:
            click.echo(f"  {self._row_in_words(row)}")
        more = sum(counts[Kind(kind)] for kind in FAILED) - len(failed)
        if more > 0:
            click.echo(f"  and {more:,} more; --report lists all of them.")
        if run is None:
            click.echo("Nothing was changed. Run it without --dry-run to write it.")
        else:
            click.echo(f"Written: {counts[Kind.NEW] + counts[Kind.UPDATE]:,}. Import {run.id}.")

    def _row_in_words(self, row: Row) -> str:
        where = f"{self._names[row.source]}, " if len(self._names) > 1 else ""
        name = shown(row.key or row.tenant_id)
        reasons = " ".join(
            shown_whole(f"{each.field}: {each.text}" if each.field else each.text)
            for each in row.reasons
        )
        return f"{row.kind.value}: {where}{row.place}{f', {name}' if name else ''}: {reasons}"


def export_to(store: Store, out: TextIO, depth: int) -> tuple[int, int, list[str]]:
    """Writes JSON Lines. Answers how many, how many tenants have no final key and were left
    out, and what could not be imported again as it is. Errors as of the store."""
    number, left_out = 0, 0
    problems: list[str] = []
    after: str | None = None
    while True:
        page = store.scan(Segment(), after=after, limit=_PAGE)
        for item in page.items:
            told = exported(item)
            if told is None:
                left_out += str(item["tenantId"]).startswith("pending-") and "status" in item
                continue
            problem = problem_of(told, depth)
            if problem:
                problems.append(f"{shown(told['tenantId'])}: {shown_whole(problem)}")
            out.write(json.dumps(told, ensure_ascii=False) + "\n")
            number += 1
        if page.after is None:
            return number, left_out, problems
        after = page.after[1]


def shown_whole(text: str) -> str:
    """As `shown`, uncut: a sentence of ours, whose values were cut already."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _also_into(
    report: TextIO | None, path: Path | None, rows: Iterator[Row], names: Sequence[str], rest: Any
) -> Iterator[Row]:
    """The rows, each written into the report on its way."""
    if report is None or path is None:
        yield from rows
        return
    passed: list[Row] = []

    def passing() -> Iterator[Row]:
        for row in rows:
            passed.append(row)
            yield row

    is_csv = path.suffix.lower() == ".csv"
    pieces = reports.as_csv(passing(), names) if is_csv else reports.as_json(passing(), rest, names)
    for piece in pieces:
        report.write(piece)
        yield from passed
        passed.clear()


@contextmanager
def _opened_for_writing(path: Path) -> Iterator[TextIO]:
    with ExitStack() as stack:
        try:
            file = stack.enter_context(written(path))
        except OSError as error:
            raise UnusableError(
                f"{_name(str(path))}: It cannot be written ({error.strerror})."
            ) from error
        yield file


def _bar(done: int, of: int, word: str = "written") -> str:
    filled = _BAR * done // of if of else _BAR
    return f"[{'#' * filled}{'.' * (_BAR - filled)}] {done:,} of {of:,} rows {word}"


def _name(name: str) -> str:
    return "standard input" if name == STDIN else shown_whole(name)


def _person() -> str:
    """Who ran it, as the machine knows them."""
    try:
        return f"{shown(getpass.getuser())} (command line)"
    except (OSError, KeyError):
        return f"user {os.getuid()} (command line)"
