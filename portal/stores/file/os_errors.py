"""What the operating system refused, in words for the people who must do something about it."""

import errno
from pathlib import Path

from portal.stores.contract import UnavailableError

_EXPLANATIONS = {
    errno.ENOSPC: ("The disk is full", "Make room on it; writing works again by itself."),
    errno.EDQUOT: ("The disk quota is used up", "Raise it or make room."),
    errno.EFBIG: ("The file may not grow further", "Raise the limit on the size of files."),
    errno.EROFS: ("The disk is read-only", "Mount it for writing; look for disk errors first."),
    errno.EACCES: ("Access was denied", "Give the folder to the portal's user (`chown`)."),
    errno.EPERM: ("Access was denied", "Give the folder to the portal's user (`chown`)."),
    errno.EIO: ("The disk reports an error", "Look at the system's log, and save the data folder."),
    errno.EMFILE: ("Too many files are open", "Raise the limit on open files (`ulimit -n`)."),
    errno.ENOENT: ("The file or its folder is missing", "Put the data folder back."),
    errno.ENOLCK: ("The disk gives no locks", "Keep the data folder on a local disk."),
    errno.ENOTSUP: ("The disk gives no locks", "Keep the data folder on a local disk."),
}


def unavailable(error: OSError, path: Path, outcome: str = "") -> UnavailableError:
    """`outcome` says what became of the reader's work, where it was a write."""
    problem, remedy = _EXPLANATIONS.get(
        error.errno or 0,
        (f"The system says: {error.strerror or error}", "Look at the portal's and system's logs."),
    )
    return UnavailableError(reason=f"{problem} ({path}). {outcome}".rstrip(), remedy=remedy)


def outcome_unknown(error: OSError, path: Path) -> UnavailableError:
    unknown = unavailable(
        error, path, "It is not certain that nothing was saved: look again before repeating it."
    )
    unknown.outcome_unknown = True
    return unknown
