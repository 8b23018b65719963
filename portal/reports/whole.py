"""A file that breaks off says so in its last line."""

from collections.abc import Iterator

from portal.imports import guarded_line

#: English, like the columns: a program may look for its first word.
_BROKEN_OFF = "INCOMPLETE: the portal could not read on here, so rows are missing. Export again."


def whole_or_said(lines: Iterator[str]) -> Iterator[str]:
    """The lines. If there is an error, one more that says so, and then the error: a file that
    broke off must not be taken for a whole one, whatever a program makes of the connection."""
    try:
        yield from lines
    except Exception:
        yield guarded_line([_BROKEN_OFF])
        raise
