"""The log: one record, one line of JSON, on standard error.

JSON itself escapes control characters, so what people typed cannot start a second
record. An exception is told by its type and by the places in our own code that it
passed, never by its text, by values of variables or by a request's body: these may hold
a secret or personal data.
"""

import json
import logging
import logging.config
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, TextIO

#: Set by the web at the start of each request, and told in the answer as well, so that a
#: customer's "it said 4f1c…" leads to the lines of that request. Empty outside of one.
request_id: ContextVar[str] = ContextVar("request_id", default="")

_OUR_PACKAGES = ("portal", "migrations_tools")


class JsonLines(logging.Formatter):
    """`time level logger message requestId`, and for an exception `error` and `at`.

    `error` is the type of the exception, and of those it came from, the last one first;
    `at` the places that it passed, as `module:line`, the innermost last.
    """

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": _utc_timestamp(record.created),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "requestId": request_id.get(),
        }
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            line["error"] = [_type_name(each) for each in _chain(error)]
            line["at"] = _code_locations(error.__traceback__)
        # What a record brings for programs, such as CloudWatch, which looks for it here.
        line |= getattr(record, "fields", {})
        return json.dumps(line)


class SafeStreamHandler(logging.StreamHandler[TextIO]):
    """As its base, but a record that cannot be written is not shown with its arguments."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the base's name
        # The usual one prints the arguments and a traceback. The place is enough to mend it.
        substitute = logging.makeLogRecord(
            {
                "name": record.name,
                "levelno": logging.ERROR,
                "levelname": "ERROR",
                "msg": "A log record of %s:%s could not be written.",
                "args": (record.module, record.lineno),
            }
        )
        try:
            self.stream.write(self.format(substitute) + self.terminator)
        except (OSError, ValueError):
            # Standard error is gone, so there is nobody left to tell.
            return


#: For `logging.config.dictConfig`, and for the server, whose own records go the same way.
CONFIGURATION: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "portal.logs.JsonLines"}},
    "handlers": {
        "stderr": {
            "()": "portal.logs.SafeStreamHandler",
            "formatter": "json",
        }
    },
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {"_granian": {"level": "INFO"}},
}


def configure() -> None:
    """Log as this module describes, unless the server or a test has arranged it already."""
    if not logging.getLogger().handlers:
        logging.config.dictConfig(CONFIGURATION)


def _utc_timestamp(seconds: float) -> str:
    timestamp = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return timestamp.replace("+00:00", "Z")


def _type_name(error: BaseException) -> str:
    error_type = type(error)
    return (
        error_type.__qualname__
        if error_type.__module__ == "builtins"
        else f"{error_type.__module__}.{error_type.__qualname__}"
    )


def _chain(error: BaseException) -> list[BaseException]:
    chain: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and not any(each is current for each in chain):
        chain.append(current)
        current = current.__cause__ or current.__context__
    return chain


def _code_locations(traceback: TracebackType | None) -> list[str]:
    locations: list[tuple[str, int]] = []
    while traceback is not None:
        locations.append((traceback.tb_frame.f_globals.get("__name__", "?"), traceback.tb_lineno))
        traceback = traceback.tb_next
    in_our_code = [
        location for location in locations if location[0].partition(".")[0] in _OUR_PACKAGES
    ]
    # An error that never touched our code still has a place where it was raised.
    return [f"{module}:{line}" for module, line in in_our_code or locations[-1:]]
