"""A question of staff to the customer of a sign-up, and the answer."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Self


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """The latest question. People typed its texts, so they are personal.

    Attributes:
        text: What was asked.
        at, by, who: When it was asked, and the name and the id of who asked.
        locale: The language in which the asker reads.
        before: The contact fields that need correcting: the name of each, and what it held when the
            question was asked.
        answer: What the customer wrote; it may be empty if fields were corrected.
        answered_at: `None`: it waits for the answer.
    """

    text: str = field(repr=False)
    at: datetime
    by: str
    who: str = ""
    locale: str = ""
    before: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    answer: str = field(default="", repr=False)
    answered_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.answered_at is None

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the contact fields that need correcting."""
        return tuple(name for name, _value in self.before)

    def answered(self, answer: str, at: datetime) -> Self:
        return replace(self, answer=answer, answered_at=at)
