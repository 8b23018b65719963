"""Standard output, which may be closed or full, or whose reader may be gone."""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class OutputError(Exception):
    """Standard output or a report could not be written. The text says why, in a few words."""


@contextmanager
def flushed_output() -> Iterator[None]:
    """Flush standard output at the end, so that an error of it shows here.

    Raises:
        OutputError: The text could not be written.
    """
    try:
        yield
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:
        _discard_output()
        raise OutputError(os_error_text(error)) from error
    except UnicodeError as error:
        raise OutputError(f"not in {sys.stdout.encoding}") from error


def write_output(text: str) -> None:
    """Write to standard output.

    Raises:
        OSError: It failed, or there is no standard output at all.
    """
    if sys.stdout is None:
        raise OSError(errno.EBADF, "standard output is closed")
    sys.stdout.write(text)


def os_error_text(error: OSError) -> str:
    return error.strerror or type(error).__name__


def _discard_output() -> None:
    """Send the buffered rest to /dev/null. Otherwise Python would try to write it at exit, and
    print another error."""
    if sys.stdout is None:
        return
    with suppress(OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)
