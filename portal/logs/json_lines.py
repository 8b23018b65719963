"""How a record becomes a line of JSON, without the text of an exception."""

import json
import logging
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

#: The web sets it at the start of each request and shows it on error pages, so that a customer's
#: "it said 4f1c…" leads to the log lines of that request. Empty outside of a request.
request_id: ContextVar[str] = ContextVar("request_id", default="")

#: The id of the trace that a record belongs to, see `portal.tracing`. Empty if there is none.
trace_id: ContextVar[str] = ContextVar("trace_id", default="")

#: What AWS Lambda calls this call: its own lines about the call have the same id. Empty elsewhere.
lambda_request_id: ContextVar[str] = ContextVar("lambda_request_id", default="")

_OUR_PACKAGES = ("portal", "migrations_tools")


class JsonLines(logging.Formatter):
    """Formats a record as `time level logger message requestId`; an exception as `error` and `at`.
    On AWS Lambda there is a `lambdaRequestId` as well, and with traces on a `traceId`.

    `error` lists the types of the exception and of its causes, the last one first. `at` lists the
    lines of code that it passed as `module:line`, the innermost last.
    """

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": _utc_timestamp(record.created),
            "level": record.levelname,
            "logger": record.name,
            "message": _message(record),
            "requestId": request_id.get(),
        }
        if trace := trace_id.get():
            line["traceId"] = trace
        if call := lambda_request_id.get():
            line["lambdaRequestId"] = call
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            line["error"] = [_type_name(each) for each in _chain(error)]
            line["at"] = _code_locations(error.__traceback__)
        # Additional fields for programs: CloudWatch reads embedded metrics here.
        line |= getattr(record, "fields", {})
        return json.dumps(line)


def _message(record: logging.LogRecord) -> str:
    message = record.getMessage()
    if record.name == "asyncio" and record.exc_info:
        # Below its first line asyncio shows objects, an exception with its text among them.
        return message.partition("\n")[0]
    return message


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
    # Of an error that never passed our code, show where it was raised.
    return [f"{module}:{line}" for module, line in in_our_code or locations[-1:]]
