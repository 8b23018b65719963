"""What the shell of Field Service Management has proved of the ids of a sign-up."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ShellVerdict(StrEnum):
    """What a token of the shell says of the ids."""

    COMPANY = "company"
    """It was signed for the account, and lists the company."""
    ACCOUNT = "account"
    """It was signed for the account. Of the company nobody knows: a token need not list any."""
    OTHER_COMPANIES = "other-companies"
    """It was signed for the account, and lists companies, but not this one."""
    UNCHECKED = "unchecked"
    """The keys of the cluster could not be read, so nobody knows what it would prove."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ShellProof:
    """What came of a token of the shell. Without a proof the ids are a claim: anybody can write an
    address with ids in it.

    Attributes:
        at: When the token was verified.
    """

    at: datetime
    verdict: ShellVerdict

    @property
    def is_of_account(self) -> bool:
        """Whether it proves the account, at least."""
        return self.verdict is not ShellVerdict.UNCHECKED
