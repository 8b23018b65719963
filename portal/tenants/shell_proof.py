"""What the shell of Field Service Management has proved of the ids of a sign-up."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class ShellProof:
    """A token of the shell was signed for the account of these ids. Without one they are a claim:
    anybody can write an address with ids in it.

    Attributes:
        at: When the token was verified.
        lists_company: Whether the token also listed the company. Otherwise nobody knows: a token
            need not list any.
    """

    at: datetime
    lists_company: bool
