"""A full disk and a write-protected folder, also for root."""

import os
import resource
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def full_disk() -> Iterator[None]:
    """No file of this process can grow beyond its first bytes."""
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1, unlimited[1]))
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)


@contextmanager
def write_protected_folder() -> Iterator[Path]:
    """A folder in which this process cannot write."""
    # pytest's own folder is closed to everybody but its owner.
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    folder.chmod(0o555)
    user = os.geteuid()
    try:
        with _as_nobody():
            yield folder
    finally:
        assert os.geteuid() == user
        shutil.rmtree(folder)


@contextmanager
def _as_nobody() -> Iterator[None]:
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)
