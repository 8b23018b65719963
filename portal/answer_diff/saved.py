"""The answers of a store in a file, for another version of the portal to compare.

JSON lines. The first one says what the file is and when it was made; the last one how many answers
there are; each other one is `[id, [steps, window, fields]]`: what is answered from which instant
on. So the file holds what the version that wrote it answers, by its own rules, until the last date
of each licence. Nothing in it is personal.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import BinaryIO

import orjson

from portal.answer_diff.answered import Answered
from portal.answer_diff.known import packed_answer, unpacked_answer
from portal.timestamps import format_timestamp, parse_timestamp

_FORMAT = "portal-answers"
_VERSION = 1
#: Bytes of one line at most: three steps, two dates and a digest.
_MAX_LINE = 2_000


class SavedAnswersError(Exception):
    """The file is not what `write_answers` wrote, or not all of it. The text says which."""


def write_answers(
    answers: Iterable[tuple[str, Answered]], now: datetime, write: Callable[[bytes], object]
) -> int:
    """Write the answers as lines; returns how many there are. The last line says it, too: a file
    without it is cut off."""
    head = {"format": _FORMAT, "version": _VERSION, "at": format_timestamp(now)}
    write(orjson.dumps(head) + b"\n")
    number = 0
    for tenant_id, answered in answers:
        # One after the other: the packed answer is JSON already.
        write(b"[%b,%b]\n" % (orjson.dumps(tenant_id), packed_answer(answered)))
        number += 1
    write(orjson.dumps({"answers": number}) + b"\n")
    return number


def read_answers(file: BinaryIO) -> Iterator[tuple[str, Answered]]:
    """The answers in the file, one after the other.

    Raises:
        SavedAnswersError: It is no such file, of another version, or cut off.
    """
    _check_head(file.readline(_MAX_LINE))
    number = 0
    for count, line in enumerate(iter(lambda: file.readline(_MAX_LINE), b""), 2):
        if line.startswith(b"{"):
            if line != orjson.dumps({"answers": number}) + b"\n" or file.read(1):
                raise SavedAnswersError(f"Line {count} is not the end of {number:,} answers.")
            return
        yield _read_line(line, count)
        number += 1
    raise SavedAnswersError(f"It is cut off after {number:,} answers.")


def _check_head(line: bytes) -> None:
    try:
        head = orjson.loads(line)
        is_ours = head["format"] == _FORMAT and parse_timestamp(head["at"]) is not None
        version = head["version"]
    except (ValueError, TypeError, KeyError) as error:
        raise SavedAnswersError("It is not a file of portal answers --save.") from error
    if not is_ours:
        raise SavedAnswersError("It is not a file of portal answers --save.")
    if version != _VERSION:
        raise SavedAnswersError(f"Its format is {version!r}, and this version reads {_VERSION}.")


def _read_line(line: bytes, number: int) -> tuple[str, Answered]:
    try:
        tenant_id, answer = orjson.loads(line)
        return str(tenant_id), unpacked_answer(orjson.dumps(answer))
    except (ValueError, TypeError) as error:
        raise SavedAnswersError(f"Line {number} is no answer.") from error
