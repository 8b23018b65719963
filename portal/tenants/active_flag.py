"""What `isActive` of a record of the old application means: one reading, for an import and for
`adopt`.

Only `true` makes a tenant active. The text of it, in any capitals, is read as spreadsheets and
Python write it. A number is not guessed at: some programs store 1 for true, others count with it.
"""

from enum import StrEnum


class ActiveFlag(StrEnum):
    """The values are part of `adopt --json`."""

    TRUE = "true"
    FALSE = "false"
    TRUE_TEXT = "true-as-text"
    FALSE_TEXT = "false-as-text"
    NULL = "null"
    """Not active."""
    MISSING = "missing"
    """Not active."""
    UNREADABLE = "unreadable"
    """Neither: an import refuses it, and a row of a table has no access."""

    @property
    def is_active(self) -> bool | None:
        """`None` if nothing says so."""
        return _MEANINGS.get(self)

    @property
    def is_text(self) -> bool:
        return self in (ActiveFlag.TRUE_TEXT, ActiveFlag.FALSE_TEXT)


_MEANINGS = {
    ActiveFlag.TRUE: True,
    ActiveFlag.TRUE_TEXT: True,
    ActiveFlag.FALSE: False,
    ActiveFlag.FALSE_TEXT: False,
}
_TEXTS = {"true": ActiveFlag.TRUE_TEXT, "false": ActiveFlag.FALSE_TEXT}


def read_active(value: object) -> ActiveFlag:
    """`value`: as JSON has it; `...` if there is none."""
    match value:
        case bool():
            return ActiveFlag.TRUE if value else ActiveFlag.FALSE
        case None:
            return ActiveFlag.NULL
        case str():
            return _TEXTS.get(value.strip().casefold(), ActiveFlag.UNREADABLE)
        case _ if value is ...:
            return ActiveFlag.MISSING
        case _:
            return ActiveFlag.UNREADABLE
