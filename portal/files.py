"""Small files that must appear whole or not at all, and be the same for everybody."""

import os
import secrets
from contextlib import suppress
from pathlib import Path


def make_once(path: Path, text: str) -> None:
    """Make the file (mode 0600), durably, unless it is there: whoever is second leaves the
    first one's. Its folder is made too (mode 0700). `OSError`."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        # A link is as exclusive as O_EXCL, but the other process never sees an empty file.
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
