"""Static files: compressed when the portal was built, and kept by browsers for a year.

The address of each file has a hash of its content (`?v=…`). Only an answer whose content has that
hash may be kept: while two versions of the portal run side by side, a page of the new one may ask
the old one.

WhiteNoise 6.12 does nearly the same. It does not know the qualities of `Accept-Encoding` (`br;q=0`
gets brotli), has one ETag for all encodings, and refuses a range of one byte.
"""

import mimetypes
import os
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

from flask import Flask, Response, current_app, request, send_file
from werkzeug.exceptions import NotFound
from werkzeug.security import safe_join

from portal.compressed_files import ENCODINGS, FOLDER, compressed_name, content_hash
from portal.web.front.encodings import IDENTITY, best_encoding

_YEAR_SECONDS = 31_536_000
#: A file under an address that does not say which content is meant.
_UNNAMED_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class _File:
    mimetype: str
    hashed: str
    variants: dict[str, Path]
    """Encoding -> file; without `identity`. The first one is the shortest."""


def init_app(app: Flask) -> None:
    app.view_functions["static"] = send
    app.jinja_env.globals["static_url"] = partial(_static_url, app.static_folder or "")


def _static_url(folder: str, name: str) -> str:
    """The address of a static file. Its `v` changes with the content, so browsers may keep it."""
    # A page has ten of them, so their names, which are ours, are not checked once more.
    status = os.stat(f"{folder}/{name}")  # noqa: PTH116 - a Path takes ten times as long
    hashed = _hash(folder, name, status.st_mtime_ns, status.st_size)
    return f"{request.script_root}/static/{name}?v={hashed}"


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
