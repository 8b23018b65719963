"""Explains an `OSError` to the operator: a reason, and a remedy."""

import errno
from pathlib import Path

from portal.stores.contract import OUTCOME_UNKNOWN, UnavailableError

MAKE_ROOM = "Make room on it; writing works again by itself."

_ACCESS_DENIED = ("Access was denied", "Make the portal's user the owner of the folder (`chown`).")
_NO_LOCKS = ("The file system does not support locks", "Keep the data folder on a local disk.")

_EXPLANATIONS = {
    errno.ENOSPC: ("The disk is full", MAKE_ROOM),
    errno.EDQUOT: ("The disk quota is used up", "Raise the quota, or delete files."),
    errno.EFBIG: ("The file may not grow further", "Raise the limit on the size of files."),
    errno.EROFS: (
        "The disk is read-only", "Look for disk errors, then mount the disk for writing."
    ),
    errno.EACCES: _ACCESS_DENIED,
    errno.EPERM: _ACCESS_DENIED,
    errno.EIO: (
        "The disk reports an error", "Copy the data folder elsewhere, and read the system's log."
    ),
    errno.EMFILE: ("Too many files are open", "Raise the limit on open files (`ulimit -n`)."),
    errno.ENOENT: ("The file or its folder is missing", "Put the data folder back."),
    errno.ENOLCK: _NO_LOCKS,
    errno.ENOTSUP: _NO_LOCKS,
}  # fmt: skip


def unavailable(error: OSError, path: Path, outcome: str = "") -> UnavailableError:
    """Our error for an `OSError`. `outcome` says what became of a write; empty if it was none."""
    problem, remedy = _EXPLANATIONS.get(
        error.errno or 0,
        (
            f"The system says: {error.strerror or error}",
            "Read the portal's log and the system's log.",
        ),
    )
    return UnavailableError(reason=f"{problem} ({path}). {outcome}".rstrip(), remedy=remedy)


def outcome_unknown(error: OSError, path: Path) -> UnavailableError:
    """Our error for an `OSError` after which nobody knows whether the write was saved."""
    unknown = unavailable(error, path, OUTCOME_UNKNOWN)
    unknown.outcome_unknown = True
    return unknown
