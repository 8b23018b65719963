"""What is said of one setting."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Setting:
    """One environment variable. `default` is the text that stands for it when it is unset.

    The value of one that `is_secret` is printed nowhere. It may also stand in a file, see
    `portal.credential_files`.
    """

    name: str
    default: str
    explanation: str
    is_secret: bool = False
