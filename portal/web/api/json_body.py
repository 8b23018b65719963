"""The JSON body of a request, read strictly and checked by its model."""

import re
from typing import Any, TypeVar

import msgspec
import orjson
from flask import request
from werkzeug import Response
from werkzeug.exceptions import HTTPException

from portal.imports import StrictJsonError, decode_json, printable_excerpt
from portal.web.api.models import field_names

#: Levels of nested lists and objects. Our models have one.
_MAX_DEPTH = 32
#: Where msgspec says in its message which field it means.
_FIELD = re.compile(r" - at `\$\.([A-Za-z]+)")

Model = TypeVar("Model", bound=msgspec.Struct)


class RefusedBodyError(HTTPException):
    """The body cannot be used. Answered as JSON, as it is."""

    def __init__(self, status: int, error: str, **details: Any) -> None:
        self.code = status
        self.body = {"error": error, **details}
        answer = Response(orjson.dumps(self.body), status, content_type="application/json")
        super().__init__(response=answer)


def refused_field(name: str, message: str) -> RefusedBodyError:
    """A value that cannot be. The message holds nothing of the value: it may be personal."""
    return RefusedBodyError(400, "invalid_field", message=f"{name}: {message}", field=name)


def read_body(model: type[Model]) -> Model:
    """What the body says.

    Raises:
        RefusedBodyError: It is no JSON object, ambiguous, or has a field that is unknown, missing
            or of another type.
    """
    body = _read_object()
    known = field_names(model)
    unknown = next((name for name in body if name not in known), None)
    if unknown is not None:
        name = printable_excerpt(unknown)
        message = f"{name} cannot be sent here. Send only {', '.join(known)}."
        raise RefusedBodyError(400, "unknown_field", message=message, field=name)
    missing = [name for name in field_names(model, required=True) if _is_missing(body.get(name))]
    if missing:
        raise RefusedBodyError(
            400,
            "Missing required fields",
            message=f"Send these as well: {', '.join(missing)}.",
            missingFields=missing,
        )
    try:
        return msgspec.convert(body, model)
    except msgspec.ValidationError as error:
        found = _FIELD.search(str(error))
        name = found[1] if found else ""
        # It names types and limits, never the value.
        sentence = str(error).partition(" - at ")[0].replace("`", "")
        raise refused_field(name, f"{sentence}.") from error


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _read_object() -> dict[str, Any]:
    if request.mimetype != "application/json":
        message = "Send JSON, with the header Content-Type: application/json."
        raise RefusedBodyError(415, "unsupported_media_type", message=message)
    if request.headers.get("Content-Encoding", "identity") != "identity":
        message = "Send the body uncompressed."
        raise RefusedBodyError(415, "unsupported_media_type", message=message)
    try:
        value = decode_json(request.get_data(cache=False).decode(), _MAX_DEPTH)
    except UnicodeDecodeError as error:
        message = "The body is not readable as text (UTF-8)."
        raise RefusedBodyError(400, "invalid_json", message=message) from error
    except StrictJsonError as error:
        raise RefusedBodyError(400, "invalid_json", message=str(error.message)) from error
    if not isinstance(value, dict):
        raise RefusedBodyError(400, "invalid_json", message="Send one JSON object.")
    return value
