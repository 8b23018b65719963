"""What `portal doctor` says of each thing that it checks."""

from dataclasses import dataclass, field
from typing import Literal

from portal.stores import BusyError, UnavailableError

Outcome = Literal["ok", "problem", "warning", "not_tried"]


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check. An empty `problem` means that the portal has all it needs; a `hint`
    says what somebody should look at all the same; `not_tried` says why nothing was found out.

    Attributes:
        check: The name for programs of the check that found it.
    """

    what: str
    problem: str = ""
    remedy: str = ""
    hint: str = ""
    not_tried: str = ""
    check: str = field(default="", compare=False)

    @property
    def outcome(self) -> Outcome:
        if self.problem:
            return "problem"
        if self.hint:
            return "warning"
        return "not_tried" if self.not_tried else "ok"

    def for_programs(self) -> dict[str, str]:
        """As `portal doctor --json` prints it: docs/operating.md promises these fields."""
        return {
            "check": self.check, "name": self.what, "outcome": self.outcome,
            "sentence": self.problem or self.hint or self.not_tried, "remedy": self.remedy,
        }  # fmt: skip

    def __str__(self) -> str:
        if self.not_tried:
            return f"-        {self.what}: {self.not_tried}"
        if self.hint:
            return f"LOOK     {self.what}: {self.hint}\n         {self.remedy}"
        if not self.problem:
            return f"ok       {self.what}"
        return f"PROBLEM  {self.what}: {self.problem}\n         {self.remedy}"


def finding_of_error(what: str, error: UnavailableError | BusyError) -> Finding:
    """The finding of a check that the store or a key did not answer."""
    remedy = error.remedy if isinstance(error, UnavailableError) else "Try again in a moment."
    return Finding(what, error.reason, remedy)
