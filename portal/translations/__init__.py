"""The message catalogues of other languages, and the marker for messages to translate."""

__all__ = ["N_"]


def N_(text: str) -> str:  # noqa: N802 - the name that gettext tools look for
    """Marks a message for the catalogue and returns it. It is translated where it is shown."""
    return text
