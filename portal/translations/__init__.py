"""The catalogues of words in other languages, and the mark for a text that they hold."""

__all__ = ["N_"]


def N_(text: str) -> str:  # noqa: N802 - the name that catalogue tools look for
    """Marks a text that is translated later, where it is shown."""
    return text
