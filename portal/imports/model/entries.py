"""One tenant as a file has it."""

from dataclasses import dataclass
from typing import Any

from portal.imports.model.messages import Message


@dataclass(frozen=True, slots=True)
class Entry:
    """`value` is a JSON text or what was read of one.

    `key` is empty where the shape has none; `line` and `column` count from 1. `problem` is a
    sentence about what could not be read at all. `lost_secret`: it comes from a report, which
    holds no secret, and had one or may have had one.
    """

    key: str
    value: Any
    line: int
    column: int
    problem: Message | None = None
    lost_secret: bool = False
