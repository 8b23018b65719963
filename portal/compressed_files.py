"""Compresses the static files once: `python portal/compressed_files.py STATIC OUT`.

The build of a wheel does so (see `portal/build_hook.py`), and so does `make`. The name of a copy is
the hash of what was compressed, so one of an earlier file is never used for a later one. Without
copies the portal sends the files as they are.

The build runs this file by itself, so it imports nothing of the portal.
"""

import gzip
import hashlib
import sys
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

#: Below the folder of static files.
FOLDER = "compressed"
#: Name of an encoding in HTTP -> end of the file's name. The one that compresses most comes first.
ENCODINGS = {"br": "br", "gzip": "gz"}
#: Pictures and fonts are compressed already.
_TEXTS = frozenset({".css", ".js", ".svg", ".json", ".txt", ".html", ".ico"})
#: Shorter ones become no shorter, with the headers that it takes.
_SHORTEST = 200
_LARGE = 500_000


def content_hash(content: bytes) -> str:
    """Also the `v` in the address of a static file."""
    return hashlib.sha256(content).hexdigest()[:12]


def compressed_name(content: bytes, suffix: str) -> str:
    """The name of the compressed copy of this content."""
    return f"{content_hash(content)}.{suffix}"


def compress_folder(
    static: Path, out: Path, encodings: Mapping[str, str] = ENCODINGS
) -> list[Path]:
    """Compress the texts below `static` into `out`, and remove copies of what there is no more.

    Args:
        encodings: As `ENCODINGS`, or some of them.

    Returns:
        The files that are in `out` now.
    """
    out.mkdir(parents=True, exist_ok=True)
    wanted = []
    for content in _texts(static, out):
        for encoding, suffix in encodings.items():
            copy = out / compressed_name(content, suffix)
            if not copy.exists():
                _write(copy, _compressed(content, encoding))
            # A copy that is no shorter would be sent for nothing.
            if copy.stat().st_size < len(content):
                wanted.append(copy)
    for path in set(out.iterdir()) - set(wanted):
        path.unlink()
    return sorted(set(wanted))


def _texts(static: Path, out: Path) -> Iterator[bytes]:
    for path in sorted(static.rglob("*")):
        if path.is_file() and path.suffix in _TEXTS and out not in path.parents:
            content = path.read_bytes()
            if len(content) >= _SHORTEST:
                yield content


def _compressed(content: bytes, encoding: str) -> bytes:
    if encoding == "gzip":
        # Without the time, so that the same file always has the same copy.
        return gzip.compress(content, 9, mtime=0)
    import brotli  # noqa: PLC0415 - only whoever compresses needs it

    # The best quality takes seconds for a megabyte. Nothing that large is on a page of customers.
    quality = 11 if len(content) < _LARGE else 9
    return bytes(brotli.compress(content, mode=brotli.MODE_TEXT, quality=quality))


def _write(path: Path, content: bytes) -> None:
    # Whole or not at all: another process may compress the same folder.
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_bytes(content)
    unfinished.replace(path)


if __name__ == "__main__":
    # A checkout in which no test is run needs no library for brotli.
    has_brotli = find_spec("brotli") is not None
    made_here = {name: end for name, end in ENCODINGS.items() if name != "br" or has_brotli}
    compress_folder(Path(sys.argv[1]), Path(sys.argv[2]), made_here)
