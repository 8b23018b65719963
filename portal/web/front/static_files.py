"""Static files: compressed when the portal was built, and kept by browsers for a year.

The address of each file has a hash of its content (`?v=…`). Only an answer whose content has that
hash may be kept: while two versions of the portal run side by side, a page of the new one may ask
the old one.

WhiteNoise 6.12 does nearly the same. It does not know the qualities of `Accept-Encoding` (`br;q=0`
gets brotli), has one ETag for all encodings, and refuses a range of one byte.
"""

import mimetypes
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from flask import Flask, Response, current_app, request, send_file
from werkzeug.exceptions import NotFound
from werkzeug.security import safe_join

from portal.compressed_files import ENCODINGS, FOLDER, compressed_name, content_hash
from portal.web.front.encodings import IDENTITY, best_encoding

_YEAR_SECONDS = 31_536_000
#: A file under an address that does not say which content is meant.
_UNNAMED_SECONDS = 3600
_SECONDS_BETWEEN_LOOKS = 1.0


@dataclass(frozen=True, slots=True)
class _File:
    mimetype: str
    hashed: str
    variants: dict[str, Path]
    """Encoding -> file; without `identity`. The first one is the shortest."""


def init_app(app: Flask) -> "StaticAddresses":
    addresses = StaticAddresses(app.static_folder or "")
    app.view_functions["static"] = send
    app.jinja_env.globals["static_url"] = addresses.url
    return addresses


class StaticAddresses:
    """Addresses of static files. The `v` of each changes with its content, so browsers may keep it.

    Whoever edits a file sees the change without a restart, a second later at most: a page has ten
    of these addresses, and asks the disk for none of them. Under the address of before, the new
    content is sent as well, and only kept for a shorter time.

    Args:
        seconds: A clock that only goes forward.
    """

    def __init__(self, folder: str, seconds: Callable[[], float] = time.monotonic) -> None:
        self._folder = folder
        self._seconds = seconds
        self._look_again_at = -float("inf")
        self._hashes: dict[str, str] = {}
        self._version = 0

    def url(self, name: str) -> str:
        hashed = self._hashes.get(name)
        if hashed is None:
            hashed = self._hashes[name] = self._hash(name)
        return f"{request.script_root}/static/{name}?v={hashed}"

    def version(self) -> int:
        """Another number whenever an address has become another one. To be asked once a page."""
        now = self._seconds()
        if now >= self._look_again_at:
            self._look_again_at = now + _SECONDS_BETWEEN_LOOKS
            hashes: dict[str, str] = {}
            for name in tuple(self._hashes):
                # What another version of the portal does not have any more, no page of it needs.
                with suppress(FileNotFoundError):
                    hashes[name] = self._hash(name)
            if hashes != self._hashes:
                self._hashes = hashes
                self._version += 1
        return self._version

    def _hash(self, name: str) -> str:
        # The names are ours, so they are not checked once more.
        status = os.stat(f"{self._folder}/{name}")  # noqa: PTH116 - a Path takes ten times as long
        return _hash(self._folder, name, status.st_mtime_ns, status.st_size)


def send(filename: str) -> Response:
    """A file of the folder `static`, compressed if there is such a copy and the client likes it.

    Raises:
        NotFound: There is no such file.
    """
    path = _path(filename)
    file = _described(filename)
    encoding = best_encoding(list(file.variants))
    is_named = request.args.get("v") == file.hashed
    response = send_file(
        file.variants.get(encoding, path),
        mimetype=file.mimetype,
        conditional=True,
        # Two encodings are two representations: a part of one does not continue the other.
        etag=file.hashed if encoding == IDENTITY else f"{file.hashed}-{encoding}",
        last_modified=None,
        max_age=_YEAR_SECONDS if is_named else _UNNAMED_SECONDS,
    )
    if encoding != IDENTITY:
        response.headers["Content-Encoding"] = encoding
    if file.variants:
        response.vary.add("Accept-Encoding")
    # A name to save it under, and an older way to say how long it may be kept.
    del response.headers["Content-Disposition"], response.headers["Expires"]
    response.cache_control.immutable = is_named
    return response


def _path(name: str) -> Path:
    folder = current_app.static_folder or ""
    joined = safe_join(folder, name)
    if joined is None or name.startswith(f"{FOLDER}/") or not Path(joined).is_file():
        raise NotFound
    return Path(joined)


def _described(name: str) -> _File:
    path = _path(name)
    status = path.stat()
    # Whoever edits a file sees the change without a restart.
    return _read(current_app.static_folder or "", path, status.st_mtime_ns, status.st_size)


@lru_cache(256)
def _hash(folder: str, name: str, modified: int, size: int) -> str:
    return _read(folder, Path(folder) / name, modified, size).hashed


@lru_cache(256)
def _read(folder: str, path: Path, _modified: int, _size: int) -> _File:
    content = path.read_bytes()
    copies = {
        encoding: Path(folder) / FOLDER / compressed_name(content, suffix)
        for encoding, suffix in ENCODINGS.items()
    }
    return _File(
        mimetype=mimetypes.guess_type(path.name)[0] or "application/octet-stream",
        hashed=content_hash(content),
        variants={encoding: copy for encoding, copy in copies.items() if copy.is_file()},
    )
