"""Why something was not delivered, and when to try again."""

from enum import StrEnum


class Retry(StrEnum):
    """When the same is tried again."""

    SOON = "soon"
    #: The other side, or an operator, needs some minutes.
    LATER = "later"
    NEVER = "never"


class DeliveryError(Exception):
    """Something was not delivered, or nobody knows whether it was.

    Attributes:
        retry: When to try again.
        of_server: Everything else that goes there would fail in the same way now.
        may_have_arrived: Nobody knows whether it was delivered.
    """

    retry: Retry
    of_server: bool = False

    @property
    def reason(self) -> str:
        """As it is stored: a code that says nothing about a person."""
        raise NotImplementedError

    @property
    def may_have_arrived(self) -> bool:
        return False


class NothingToSayError(Exception):
    """It would say what is not true any more, or its tenant is gone. `reason` says which."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
