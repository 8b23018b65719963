"""Limits on what a request may send: headers, address, size of the body, number of fields, content
type, files."""

import json
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Flask, request
from werkzeug.datastructures import EnvironHeaders
from werkzeug.exceptions import (
    BadRequest,
    HTTPException,
    LengthRequired,
    RequestEntityTooLarge,
    UnsupportedMediaType,
)

from portal.imports import file_is_compressed, file_too_large, no_disk_space_error
from portal.settings import Settings
from portal.web.front import path_inside
from portal.web.http import context
from portal.web.http.access import is_api, is_api_path
from portal.web.http.csrf import is_cross_site

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

#: Names and values of all headers together. Servers allow hundreds of kilobytes, and whatever reads
#: a header takes time and memory in proportion to it.
MAX_HEADER_BYTES = 16 * 1024
#: Path and query together, and the parameters of the query. A search may be some kilobytes long.
MAX_ADDRESS_BYTES = 16 * 1024
MAX_PARAMETERS = 100
#: The longest list of languages that is read, in characters. Browsers send fewer than 100.
MAX_LANGUAGES_LENGTH = 1000
#: Werkzeug compiles the boundary of a multipart body into patterns, which Python then keeps.
MAX_CONTENT_TYPE_LENGTH = 300
#: A form has a few fields of at most some hundred characters.
MAX_BODY_BYTES = 64 * 1024
MAX_FIELDS = 100
#: A JSON body of the API. It has as few fields as a form; what is nested too deeply to be one is
#: named so, up to 100,000 levels.
MAX_JSON_BYTES = 256 * 1024
#: Endpoints that take a file, up to the size in the settings, in the form field `UPLOAD`.
_UPLOAD_ENDPOINTS = frozenset({"imports.index", "api.imports"})
#: Forms that hold some hundred tenants, in one field.
_LONG_FORM_ENDPOINTS = frozenset({"bulk.ask", "bulk.preview", "bulk.decide"})
MAX_LONG_FORM_BYTES = 1024 * 1024
_JSON_ENDPOINTS = frozenset({"api.new_tenant", "api.change_tenant"})
UPLOAD = "file"
#: Fields that a form may hold several times: names of places to import.
_REPEATABLE_FIELDS = {"imports.index": frozenset({"origin"})}
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
    app.wsgi_app = _with_host_in_lower_case(app.wsgi_app)  # type: ignore[method-assign,assignment] # as Flask's own documentation wraps it
    app.extensions["portal.body_limit"] = _body_limit(app, settings)
    app.wsgi_app = HeaderLimits(app.wsgi_app)  # type: ignore[method-assign] # as Flask's own documentation wraps it


class HeaderLimits:
    """WSGI middleware: refuses long headers and addresses before anything reads them.

    Whatever the server allows: the application is safe by itself.
    """

    def __init__(self, app: "WSGIApplication") -> None:
        self._app = app

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        if has_long_address(environ):
            return _refusal(
                environ, start_response, HTTPStatus.REQUEST_URI_TOO_LONG, "address_too_long",
                "The address of this request is too long. Shorten it, then try again.",
            )  # fmt: skip
        if has_long_headers(environ):
            return _refusal(
                environ, start_response, HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
                "headers_too_long",
                "The headers of this request are too long. Delete the cookies of this site in your"
                " browser, then try again.",
            )  # fmt: skip
        languages = environ.get("HTTP_ACCEPT_LANGUAGE", "")
        if len(languages) > MAX_LANGUAGES_LENGTH:
            # The first ones are those that the reader likes best.
            environ["HTTP_ACCEPT_LANGUAGE"] = languages[:MAX_LANGUAGES_LENGTH].rpartition(",")[0]
        return self._app(environ, start_response)


def has_long_address(environ: "WSGIEnvironment") -> bool:
    query = environ.get("QUERY_STRING", "")
    return (
        len(environ.get("PATH_INFO", "")) + len(query) > MAX_ADDRESS_BYTES
        or query.count("&") >= MAX_PARAMETERS
    )


def has_long_headers(environ: "WSGIEnvironment") -> bool:
    # All texts of the environment together are counted faster, and are nearly always few enough.
    texts = [value for value in environ.values() if isinstance(value, str)]
    if len("".join(environ)) + len("".join(texts)) <= MAX_HEADER_BYTES:
        return False
    size = sum(
        len(name) + len(value)
        for name, value in environ.items()
        if name.startswith(("HTTP_", "CONTENT_")) and isinstance(value, str)
    )
    return size > MAX_HEADER_BYTES


def _refusal(
    environ: "WSGIEnvironment",
    start_response: "StartResponse",
    status: HTTPStatus,
    error: str,
    sentence: str,
) -> Iterable[bytes]:
    """An answer in English, for which no header is read: no language, and no session."""
    for_program = is_api_path(environ.get("PATH_INFO", ""))
    body = json.dumps({"error": error, "message": sentence}) if for_program else sentence
    kind = "application/json" if for_program else "text/plain; charset=utf-8"
    headers = [("Content-Type", kind), ("Content-Length", str(len(body)))]
    start_response(f"{status.value} {status.phrase}", headers)
    return [body.encode("ascii")]


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
    if len(request.environ.get("CONTENT_TYPE", "")) > MAX_CONTENT_TYPE_LENGTH:
        raise UnsupportedMediaType
    _check_length()
    if is_form:
        _check_fields()


def is_small_form() -> bool:
    """Whether the body is a form without files, of a size that our pages send."""
    length = request.content_length
    if request.mimetype != _URLENCODED or length is None:
        return False
    return length <= _limit_without_file(request.endpoint)


def takes_file() -> bool:
    """Whether this request may bring a file to import, which takes as long as the file is large."""
    return request.endpoint in _UPLOAD_ENDPOINTS


def _check_length() -> None:
    sent = context.this_request()
    # Servers set this flag to say that the stream ends where the body ends, even if the sender
    # hung up early. Without it Werkzeug counts the bytes and refuses half a form.
    sent.environ.pop("wsgi.input_terminated", None)
    if sent.content_length is None:
        raise LengthRequired
    if not takes_file():
        limit = _limit_without_file(sent.endpoint)
        sent.max_content_length = sent.max_form_memory_size = limit
        if sent.content_length > limit:
            raise RequestEntityTooLarge
        return
    if sent.headers.get("Content-Encoding", "identity") != "identity":
        raise file_is_compressed()
    max_file_bytes = context.settings().import_megabytes * 1_000_000
    # The other fields of the form, and the boundaries between its parts, come on top.
    limit = max_file_bytes + MAX_BODY_BYTES
    sent.max_content_length = sent.max_form_memory_size = limit
    if sent.content_length > limit:
        raise file_too_large(max_file_bytes)


def _limit_without_file(endpoint: str | None) -> int:
    if endpoint in _LONG_FORM_ENDPOINTS:
        return MAX_LONG_FORM_BYTES
    return MAX_JSON_BYTES if endpoint in _JSON_ENDPOINTS else MAX_BODY_BYTES


def _check_fields() -> None:
    sent = context.this_request()
    mimetype = sent.mimetype
    if mimetype == _URLENCODED:
        # Werkzeug limits the number of parts in a multipart body, but not of fields in this one.
        body = sent.get_data(cache=True, parse_form_data=False)
        if body.count(b"&") >= MAX_FIELDS:
            raise RequestEntityTooLarge
    elif mimetype == _MULTIPART:
        _check_files()
    elif sent.content_length:
        raise UnsupportedMediaType
    repeatable = _REPEATABLE_FIELDS.get(sent.endpoint or "", frozenset())
    repeated = {name for name, values in sent.form.lists() if len(values) > 1}
    if repeated - repeatable:
        raise RepeatedFieldError


def _check_files() -> None:
    try:
        files = request.files
    except OSError as error:
        # Werkzeug writes a large file to the disk while it reads the form.
        raise no_disk_space_error(error) from error
    if files.keys() - ({UPLOAD} if takes_file() else set()):
        raise UnsupportedMediaType
    if any(len(sent) > 1 for _, sent in files.lists()):
        raise RepeatedFieldError


def _with_host_in_lower_case(inner: "WSGIApplication") -> "WSGIApplication":
    """Werkzeug compares host names letter by letter, but they mean the same in capitals."""

    def application(environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        host = environ.get("HTTP_HOST")
        if host is not None:
            environ["HTTP_HOST"] = host.lower()
        return inner(environ, start)

    return application


def _body_limit(app: Flask, settings: Settings) -> "Callable[[WSGIEnvironment], int]":
    """For a server that can look at the head of a request before it reads the body.

    Returns:
        A function: the most bytes that the body of this request may have, or 0 if the request is
        refused whatever its body holds. The application refuses the same by itself.
    """
    urls = app.url_map.bind(settings.host)
    file_limit = settings.import_megabytes * 1_000_000 + MAX_BODY_BYTES

    def limit(environ: "WSGIEnvironment") -> int:
        try:
            endpoint, _arguments = urls.match(
                path_inside(environ, settings), environ["REQUEST_METHOD"]
            )
        except HTTPException:
            return 0
        is_upload = endpoint in _UPLOAD_ENDPOINTS
        headers = EnvironHeaders(environ)
        if is_upload and headers.get("Content-Encoding", "identity") != "identity":
            return 0
        if not is_api(endpoint):
            mimetype = headers.get("Content-Type", "").partition(";")[0].strip().lower()
            if mimetype not in (_URLENCODED, _MULTIPART):
                return 0
            if is_cross_site(headers, settings.trusted_hosts):
                return 0
        return file_limit if is_upload else _limit_without_file(endpoint)

    return limit
