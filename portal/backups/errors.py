"""Why there is no backup, or no restore."""

import errno
from pathlib import Path


class BackupError(Exception):
    """Nothing was made or put back. The text says why, and what to do."""


_SENTENCES = {
    errno.ENOSPC: "There is no room for {path}. Make room, and run the command again.",
    errno.EDQUOT: "The disk quota is used up at {path}. Raise it, and run the command again.",
    errno.EFBIG: "{path} may not grow further. Raise the limit on the size of files.",
    errno.EACCES: "Access to {path} was denied. Run the command as the portal's user, and let it"
    " read and write there.",
    errno.EPERM: "Access to {path} was denied. Run the command as the portal's user, and let it"
    " read and write there.",
    errno.EROFS: "{path} is on a disk that is read-only. Name a folder on another one.",
    errno.ENOENT: "{path} is missing.",
    errno.ENOTDIR: "{path} is not in a folder.",
    errno.ELOOP: "{path} is a symbolic link. Name the folder or file itself.",
    errno.EIO: "The disk reports an error at {path}. Read the system's log.",
    errno.EBUSY: "{path} is where a disk is mounted. Name a folder on that disk.",
}


def error_of(error: OSError, path: Path) -> BackupError:
    """Our error for one of the operating system."""
    where = Path(error.filename) if isinstance(error.filename, str) else path
    sentence = _SENTENCES.get(error.errno or 0)
    if sentence is None:
        return BackupError(f"{where} cannot be used ({error.strerror or error}).")
    return BackupError(sentence.format(path=where))
