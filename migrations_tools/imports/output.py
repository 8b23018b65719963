"""Standard output, which may be closed, full, or read by nobody any more."""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class OutputError(Exception):
    """What there was to tell could not be told; the text says why, in a few words."""


@contextmanager
def telling() -> Iterator[None]:
    """Whatever is printed here is out in the end. `OutputError`."""
    try:
        yield
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:
        _let_go()
        raise OutputError(reason_of(error)) from error
    except UnicodeError as error:
        raise OutputError(f"not in {sys.stdout.encoding}") from error


def print_piece(text: str) -> None:
    """`OSError`, also where there is no standard output at all."""
    if sys.stdout is None:
        raise OSError(errno.EBADF, "standard output is closed")
    sys.stdout.write(text)


def reason_of(error: OSError) -> str:
    return error.strerror or type(error).__name__


def _let_go() -> None:
    """Else Python would try again to write the rest as it ends, and say more of it."""
    if sys.stdout is None:
        return
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
