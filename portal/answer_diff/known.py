"""The answers of one state by tenant: to compare two states that come in different orders."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

import orjson

from portal.answer_diff.answered import Answered
from portal.stores import UnavailableError
from portal.timestamps import format_timestamp, parse_timestamp

#: What stays in memory; the rest is in an unnamed file that disappears with the process.
_KILOBYTES = 16_000


class KnownAnswers:
    """A context manager. `put` all answers of one state, `take` those of the other one, and then
    `rest` has what only the first state had.

    Any call raises `UnavailableError` if there is no room on the disk.
    """

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.executescript(
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;"
            f"PRAGMA cache_size=-{_KILOBYTES};"
            "CREATE TABLE known (id TEXT PRIMARY KEY, answer BLOB) WITHOUT ROWID; BEGIN"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._db.close()

    def put(self, tenant_id: str, answered: Answered) -> None:
        with _room_needed():
            self._db.execute(
                "INSERT OR REPLACE INTO known VALUES (?, ?)", (tenant_id, packed_answer(answered))
            )

    def take(self, tenant_id: str) -> Answered | None:
        """The answer, which is not among the rest any more; None if there is none."""
        with _room_needed():
            row = self._db.execute(
                "DELETE FROM known WHERE id = ? RETURNING answer", (tenant_id,)
            ).fetchone()
        return unpacked_answer(row[0]) if row else None

    def rest(self) -> Iterator[tuple[str, Answered]]:
        with _room_needed():
            for tenant_id, answer in self._db.execute("SELECT id, answer FROM known ORDER BY id"):
                yield tenant_id, unpacked_answer(answer)


def packed_answer(answered: Answered) -> bytes:
    steps = [(format_timestamp(since), access) for since, access in answered.steps]
    window = [format_timestamp(each) if each else "" for each in answered.window]
    return orjson.dumps([steps, window, answered.fields])


def unpacked_answer(text: bytes) -> Answered:
    """
    Raises:
        ValueError: It is no such text.
    """
    try:
        steps, (start, end), fields = orjson.loads(text)
        read = tuple((parse_timestamp(since), str(access)) for since, access in steps)
    except (TypeError, ValueError) as error:
        raise ValueError("no answer") from error
    whole = tuple((since, access) for since, access in read if since is not None)
    if not whole or len(whole) != len(read):
        raise ValueError("no answer")
    window = parse_timestamp(str(start)), parse_timestamp(str(end))
    return Answered(whole, window, str(fields))


@contextmanager
def _room_needed() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        raise UnavailableError(
            reason="There is no room for the answers that are compared.",
            remedy="Make room in the folder for temporary files, or name another one in TMPDIR.",
        ) from error
