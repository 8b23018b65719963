"""The Unix socket on which a server listens: its file is made, and removed in the end."""

import errno
import os
import socket
import stat
from pathlib import Path


class PathInUseError(OSError):
    """Something else has the path: another server, or a file that is no socket.

    Attributes:
        is_socket: Another server listens there.
    """

    def __init__(self, path: Path, *, is_socket: bool) -> None:
        super().__init__(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE), str(path))
        self.is_socket = is_socket


class UnixSocket:
    """It listens from the start on. The file that a killed server left behind is replaced.

    Args:
        mode: Who may connect, as of a file.
        backlog: Connections that wait to be accepted.

    Raises:
        PathInUseError: See there.
        OSError: There cannot be a socket, because of the folder or of the length of the path.
    """

    def __init__(self, path: Path, mode: int, backlog: int) -> None:
        self._path = path
        _remove_left_over(path)
        self.socket = socket.socket(socket.AF_UNIX)
        try:
            self.socket.bind(str(path))
            # Before it listens, so that nobody gets in meanwhile.
            path.chmod(mode)
            self.socket.listen(backlog)
        except OSError:
            self.socket.close()
            raise
        self._identity = _identity(path)

    def remove_file(self) -> None:
        """Nobody finds it any more; whoever is connected or waits stays. If another server has put
        its own file there meanwhile, that one stays."""
        if self._identity is not None and _identity(self._path) == self._identity:
            self._path.unlink(missing_ok=True)

    def close(self) -> None:
        self.remove_file()
        self.socket.close()


def _remove_left_over(path: Path) -> None:
    """The file of a server that was killed: nobody listens there any more."""
    try:
        is_socket = stat.S_ISSOCK(path.lstat().st_mode)
    except FileNotFoundError:
        return
    if not is_socket:
        raise PathInUseError(path, is_socket=False)
    with socket.socket(socket.AF_UNIX) as probe:
        # Without waiting: a server that is busy has a full queue, and lives.
        probe.setblocking(False)
        problem = probe.connect_ex(str(path))
    if problem == errno.ECONNREFUSED:
        path.unlink(missing_ok=True)
    elif problem != errno.ENOENT:
        raise PathInUseError(path, is_socket=True)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.lstat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
