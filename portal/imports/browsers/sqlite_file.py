"""A file of SQLite that somebody else made: only its own copy is opened, and only named columns of
plain tables are read."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from portal.imports.browsers.folder import Folder, Parts, path_text, shown_path
from portal.imports.browsers.private_copy import PrivateCopy
from portal.imports.model import Message, RefusedFileError, printable_excerpt

SQLITE_START = b"SQLite format 3\0"
#: The ends of a journal that names another file, which SQLite would look for, and delete.
_JOURNAL_MARK = b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"
_JOURNAL, _WAL = "-journal", "-wal"
#: What a program has to know to write and to read the file, behind the size of a page.
_WAL_VERSIONS = b"\x02\x02"
#: Of SQLite's virtual machine. 100 MB of records take some millions.
_MOST_STEPS = 2_000_000_000
_STEPS_BETWEEN_CALLS = 1_000_000
#: Bytes of one value beside which SQLite stops. Longer ones of a BLOB are never loaded.
_MOST_LOADED = 50_000_000
_ALLOWED_FUNCTIONS = ("length",)


class SqliteFile:
    """A copy of a file, with its journal and its `-wal`, which are a part of it.

    name: its path below the folder that was handed in; empty if the file itself was.
    file_name: the last part of the path.
    has_wal: whether there is a `-wal`.
    lacks_wal: whether there is none although the file was written with one. Programs remove it
        when they close the file, so that by itself is no fault.

    Raises:
        RefusedFileError: it cannot be copied, or its journal is not that of a single file.
    """

    def __init__(self, folder: Folder, parts: Parts, copy: PrivateCopy, *, is_alone: bool) -> None:
        self.file_name = parts[-1]
        self.name = "" if is_alone else path_text(parts)
        self._parts = parts
        target = copy.new_folder()
        self._path = target / "copied.sqlite"
        copy.add(folder, parts, self._path)
        self.has_wal = False
        for end in (_JOURNAL, _WAL):
            beside = (*parts[:-1], parts[-1] + end)
            status = folder.status(beside)
            if status is None:
                continue
            copied = target / (self._path.name + end)
            copy.add(folder, beside, copied)
            if end == _WAL:
                self.has_wal = True
            elif _names_other_file(copied):
                raise self.refused(Message("its journal belongs to several files"))
        self.lacks_wal = not self.has_wal and _is_written_with_wal(self._path)

    def refused(self, reason: Message, hint: Message | None = None) -> RefusedFileError:
        message = Message("%(name)s: %(reason)s.", name=shown_path(self._parts), reason=reason)
        return RefusedFileError(message, 422, hint)

    def without_wal(self) -> RefusedFileError:
        """For a file without any table that `lacks_wal`."""
        return self.refused(
            Message("it is empty, and the file beside it whose name ends in -wal is missing"),
            Message("What the browser wrote is in that file. Copy both."),
        )

    def tables(self) -> set[str]:
        """Names of its plain tables."""
        with self._opened() as db:
            return _plain_tables(db)

    def rows(
        self, table: str, columns: Sequence[str], blob: str = "", most: int = 0
    ) -> Iterator[tuple[Any, ...]]:
        """The rows of a table, texts as bytes. If a column `blob` is named, each row ends with its
        value, and whether that has more than `most` bytes: then it is not loaded, and `None`.

        Raises:
            RefusedFileError: it is damaged, has no such plain table, or would take too long.
        """
        names = ", ".join(f'"{name}"' for name in columns)
        if blob:
            length = f'length("{blob}")'
            names += f', CASE WHEN {length} <= {most:d} THEN "{blob}" END, {length} > {most:d}'
        with self._opened() as db:
            self._check_table(db, table, {*columns, blob} - {""})
            db.set_authorizer(_authorizer(table))
            yield from db.execute(f'SELECT {names} FROM "{table}"')  # noqa: S608 - names of ours

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        try:
            # A journal or a `-wal` has to be worked in, so the copy is opened to be written.
            db = sqlite3.connect(f"{self._path.as_uri()}?mode=rw", uri=True, isolation_level=None)
        except sqlite3.Error as error:
            raise self._damaged(error) from error
        try:
            db.text_factory = bytes
            db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MOST_LOADED)
            calls = iter(range(_MOST_STEPS // _STEPS_BETWEEN_CALLS))
            db.set_progress_handler(lambda: next(calls, None) is None, _STEPS_BETWEEN_CALLS)
            db.execute("PRAGMA trusted_schema=OFF")
            db.execute("PRAGMA mmap_size=0")
            yield db
        except (sqlite3.Error, OverflowError) as error:
            raise self._damaged(error) from error
        finally:
            db.close()

    def _check_table(self, db: sqlite3.Connection, table: str, columns: set[str]) -> None:
        """Views and virtual tables run what the file says, and so do generated columns."""
        tables = _plain_tables(db)
        if not tables and self.lacks_wal:
            raise self.without_wal()
        if table not in tables:
            raise self.refused(Message("it has no table %(table)s", table=table))
        found = {
            str(name, "utf-8", "replace")
            for _, name, _, _, _, _, hidden in db.execute(f'PRAGMA table_xinfo("{table}")')
            if hidden == 0
        }
        for name in sorted(columns - found):
            raise self.refused(
                Message(
                    "its table %(table)s has no column %(column)s", table=table, column=name
                )
            )  # fmt: skip

    def _damaged(self, error: Exception) -> RefusedFileError:
        reason = Message("it is damaged (%(reason)s)", reason=printable_excerpt(str(error)))
        return self.refused(reason)


def _plain_tables(db: sqlite3.Connection) -> set[str]:
    rows = db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'").fetchmany(1_000)
    return {
        name.decode("utf-8", "replace")
        for name, sql in rows
        if isinstance(name, bytes) and isinstance(sql, bytes)
        and not sql.upper().startswith(b"CREATE VIRTUAL")
    }  # fmt: skip


def _authorizer(table: str) -> Callable[..., int]:
    def allow(action: int, first: str | None, second: str | None, *_: str | None) -> int:
        is_allowed = (
            action == sqlite3.SQLITE_SELECT
            or (action == sqlite3.SQLITE_READ and first == table)
            or (action == sqlite3.SQLITE_FUNCTION and second in _ALLOWED_FUNCTIONS)
        )
        return sqlite3.SQLITE_OK if is_allowed else sqlite3.SQLITE_DENY

    return allow


def _is_written_with_wal(file: Path) -> bool:
    """As the header says."""
    with file.open("rb") as opened:
        return opened.read(len(SQLITE_START) + 4)[-2:] == _WAL_VERSIONS


def _names_other_file(journal: Path) -> bool:
    """Whether the journal is one of a transaction over several files."""
    with journal.open("rb") as file:
        file.seek(max(0, journal.stat().st_size - len(_JOURNAL_MARK)))
        return file.read() == _JOURNAL_MARK
