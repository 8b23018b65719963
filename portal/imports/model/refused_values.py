"""A value that was refused, in the report of an import. The report cannot hold every value as it
was: its cells are texts, and an object may contain a secret. It holds a sentence instead, and the
row stays invalid as long as the sentence is there."""

from dataclasses import dataclass
from typing import Any

from portal.imports.model.messages import json_type_in_words, printable_excerpt

_START = "(refused) "


@dataclass(frozen=True, slots=True)
class RefusedValue:
    """A value of a report that nobody has replaced. `text`: as the report has it."""

    text: str


def refused_text(value: Any) -> str:
    """How a report has a refused value: `(refused) a number: 7`."""
    kind = _START + json_type_in_words(value)
    # Lists and objects may contain secrets.
    return kind if isinstance(value, list | dict) else f"{kind}: {printable_excerpt(str(value))}"


def read_refused(value: Any) -> Any:
    """A `RefusedValue` if the report has one here, else the value."""
    is_refused = isinstance(value, str) and value.startswith(_START)
    return RefusedValue(value) if is_refused else value
