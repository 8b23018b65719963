"""Limits on what a request may send: size of the body, number of fields, content type, files."""

from flask import Flask, request
from werkzeug.exceptions import (
    BadRequest,
    LengthRequired,
    RequestEntityTooLarge,
    UnsupportedMediaType,
)

from portal.imports import file_is_compressed, file_too_large, no_disk_space_error
from portal.settings import Settings
from portal.web.http import context

#: A form has a few fields of at most some hundred characters.
MAX_BODY_BYTES = 64 * 1024
MAX_FIELDS = 100
#: Endpoints that take a file, up to the size in the settings, in the form field `UPLOAD`.
_UPLOAD_ENDPOINTS = frozenset({"imports.index", "api.imports"})
UPLOAD = "file"
_URLENCODED = "application/x-www-form-urlencoded"
_MULTIPART = "multipart/form-data"


class RepeatedFieldError(BadRequest):
    """A field that may be sent once was sent twice."""

    code = 422


def init_app(app: Flask, settings: Settings) -> None:
    app.config.update(
        MAX_CONTENT_LENGTH=MAX_BODY_BYTES,
        MAX_FORM_MEMORY_SIZE=MAX_BODY_BYTES,
        MAX_FORM_PARTS=1000,
        TRUSTED_HOSTS=list(settings.trusted_hosts),
    )


def check_body(*, is_form: bool) -> None:
    """Refuse a body that none of our pages sends, before a view acts on it.

    Raises:
        LengthRequired: The request does not say how long its body is.
        RequestEntityTooLarge: The body is too long, or has too many fields.
        UnsupportedMediaType: The body is no form, or holds a file where none is taken.
        RepeatedFieldError: The form holds a field twice.
        RefusedFileError: The file is too large or compressed.
        UnavailableError: The disk has no room for the file.
    """
    _check_length(takes_file=request.endpoint in _UPLOAD_ENDPOINTS)
    if is_form:
        _check_fields()


def _check_length(*, takes_file: bool) -> None:
    # Servers set this flag to say that the stream ends where the body ends, even if the sender
    # hung up early. Without it Werkzeug counts the bytes and refuses half a form.
    request.environ.pop("wsgi.input_terminated", None)
    if request.content_length is None:
        raise LengthRequired
    if not takes_file:
        if request.content_length > MAX_BODY_BYTES:
            raise RequestEntityTooLarge
        return
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise file_is_compressed()
    max_file_bytes = context.settings().import_megabytes * 1_000_000
    # The other fields of the form, and the boundaries between its parts, come on top.
    limit = max_file_bytes + MAX_BODY_BYTES
    request.max_content_length = request.max_form_memory_size = limit
    if request.content_length > limit:
        raise file_too_large(max_file_bytes)


def _check_fields() -> None:
    mimetype = request.mimetype
    if mimetype == _URLENCODED:
        # Werkzeug limits the number of parts in a multipart body, but not of fields in this one.
        body = request.get_data(cache=True, parse_form_data=False)
        if body.count(b"&") >= MAX_FIELDS:
            raise RequestEntityTooLarge
    elif mimetype == _MULTIPART:
        _check_files()
    elif request.content_length:
        raise UnsupportedMediaType
    if any(len(values) > 1 for _, values in request.form.lists()):
        raise RepeatedFieldError


def _check_files() -> None:
    try:
        files = request.files
    except OSError as error:
        # Werkzeug writes a large file to the disk while it reads the form.
        raise no_disk_space_error() from error
    if files.keys() - ({UPLOAD} if request.endpoint in _UPLOAD_ENDPOINTS else set()):
        raise UnsupportedMediaType
    if any(len(sent) > 1 for _, sent in files.lists()):
        raise RepeatedFieldError
