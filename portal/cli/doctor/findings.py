"""What `portal doctor` says of each thing that it checks."""

from dataclasses import dataclass

from portal.stores import BusyError, UnavailableError


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check. An empty `problem` means that the portal has all it needs; a `hint`
    says what somebody should look at all the same."""

    what: str
    problem: str = ""
    remedy: str = ""
    hint: str = ""

    def __str__(self) -> str:
        if self.hint:
            return f"LOOK     {self.what}: {self.hint}\n         {self.remedy}"
        if not self.problem:
            return f"ok       {self.what}"
        return f"PROBLEM  {self.what}: {self.problem}\n         {self.remedy}"


def finding_of_error(what: str, error: UnavailableError | BusyError) -> Finding:
    """The finding of a check that the store or a key did not answer."""
    remedy = error.remedy if isinstance(error, UnavailableError) else "Try again in a moment."
    return Finding(what, error.reason, remedy)
