"""A folder that is listed and read without ever following a link out of it."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from portal.imports.model import Message, RefusedFileError, printable_excerpt

#: Below a folder, the names of folders and a file.
Parts = tuple[str, ...]

_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
#: Non-blocking, because opening a pipe that has no writer would wait for ever.
_FILE_FLAGS = _FLAGS | os.O_NONBLOCK
_FOLDER_FLAGS = _FLAGS | os.O_DIRECTORY


@dataclass(frozen=True, slots=True)
class Listing:
    """What is in a folder: the names of its folders, of its links, and of all else."""

    folders: frozenset[str]
    links: frozenset[str]
    files: frozenset[str]


class Folder:
    """A context manager. Every name on the way to a file is opened by itself, below the folder
    before it, so a link that somebody puts there meanwhile is refused as well.

    most_names: of files and folders that are listed in all.

    Entering raises:
        RefusedFileError: it is no folder, or cannot be opened.
    """

    def __init__(self, path: Path, most_names: int) -> None:
        self._path = path
        self._most_names = self._names_left = most_names
        self._root = -1

    def __enter__(self) -> Self:
        try:
            self._root = os.open(self._path, _FOLDER_FLAGS)
        except OSError as error:
            raise cannot_open((), error) from error
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._root)

    def list(self, parts: Parts) -> Listing:
        """
        Raises:
            RefusedFileError: it cannot be opened, or there are too many names.
        """
        folders, links, files = set(), set(), set()
        with self._opened_folder(parts) as descriptor, os.scandir(descriptor) as entries:
            for entry in entries:
                self._names_left -= 1
                if self._names_left < 0:
                    raise _too_many_names(self._most_names)
                if entry.is_symlink():
                    links.add(entry.name)
                elif entry.is_dir(follow_symlinks=False):
                    folders.add(entry.name)
                else:
                    files.add(entry.name)
        return Listing(frozenset(folders), frozenset(links), frozenset(files))

    @contextmanager
    def open_file(self, parts: Parts) -> Iterator[int]:
        """The descriptor of a plain file.

        Raises:
            RefusedFileError: it cannot be opened, or is no plain file.
        """
        try:
            with self._opened_folder(parts[:-1]) as folder:
                descriptor = os.open(parts[-1], _FILE_FLAGS, dir_fd=folder)
        except OSError as error:
            raise cannot_open(parts, error) from error
        try:
            # The descriptor is checked and not the name, which may lead to another file by now.
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise RefusedFileError(
                    Message("%(name)s is no plain file.", name=shown_path(parts)), 415
                )
            yield descriptor
        finally:
            os.close(descriptor)

    def status(self, parts: Parts) -> os.stat_result | None:
        """Of a file, or of a link itself; `None` if there is none of this name."""
        with self._opened_folder(parts[:-1]) as folder:
            try:
                return os.stat(parts[-1], dir_fd=folder, follow_symlinks=False)
            except FileNotFoundError:
                return None

    def read_link(self, name: str) -> str:
        """Where a link in the folder leads, which is not followed; empty if it is no link."""
        try:
            return os.readlink(name, dir_fd=self._root)
        except OSError:
            return ""

    @contextmanager
    def _opened_folder(self, parts: Parts) -> Iterator[int]:
        descriptor = os.dup(self._root)
        try:
            for end, name in enumerate(parts, start=1):
                try:
                    inner = os.open(name, _FOLDER_FLAGS, dir_fd=descriptor)
                except OSError as error:
                    raise cannot_open(parts[:end], error) from error
                os.close(descriptor)
                descriptor = inner
            yield descriptor
        finally:
            os.close(descriptor)


def path_text(parts: Parts) -> str:
    """The path below the folder. Names need not be UTF-8."""
    return os.fsencode("/".join(parts)).decode("utf-8", "backslashreplace")


def shown_path(parts: Parts) -> str:
    """For a message."""
    return printable_excerpt(path_text(parts)) or "."


def link_refused(parts: Parts) -> RefusedFileError:
    return RefusedFileError(
        Message("%(name)s is a symbolic link.", name=shown_path(parts)),
        415,
        Message("Links are not followed. Copy what it leads to, and name the copy."),
    )


def cannot_open(parts: Parts, error: OSError) -> RefusedFileError:
    if error.errno == errno.ELOOP:
        return link_refused(parts)
    return RefusedFileError(
        Message(
            "%(name)s cannot be opened (%(reason)s).",
            name=shown_path(parts), reason=error.strerror or "",
        )
    )  # fmt: skip


def _too_many_names(most: int) -> RefusedFileError:
    return RefusedFileError(
        Message("The folder has more than %(most)s files and folders.", most=most),
        413,
        Message("Name the folder of the profile itself."),
    )
