"""What is said of one setting."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Setting:
    """One environment variable. `default` is the text that stands for it when it is unset."""

    name: str
    default: str
    explanation: str
