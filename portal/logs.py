"""The log: each record is one line of JSON on standard error.

JSON escapes control characters, so a text that somebody typed cannot start a second record. Of
an exception the log has its type and the lines of our own code that it passed. It never has the
exception's text, values of variables or the body of a request: these may hold a secret or
personal data.
"""

import io
import json
import logging
import logging.config
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from queue import SimpleQueue
from types import TracebackType
from typing import Any, TextIO, cast

#: The web sets it at the start of each request and shows it on error pages, so that a customer's
#: "it said 4f1c…" leads to the log lines of that request. Empty outside of a request.
request_id: ContextVar[str] = ContextVar("request_id", default="")

#: The id of the trace that a record belongs to, see `portal.tracing`. Empty if there is none.
trace_id: ContextVar[str] = ContextVar("trace_id", default="")

_OUR_PACKAGES = ("portal", "migrations_tools")


class JsonLines(logging.Formatter):
    """Formats a record as `time level logger message requestId`, with traces on also `traceId`; an
    exception as `error` and `at`.

    `error` lists the types of the exception and of its causes, the last one first. `at` lists the
    lines of code that it passed as `module:line`, the innermost last.
    """

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": _utc_timestamp(record.created),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "requestId": request_id.get(),
        }
        if trace := trace_id.get():
            line["traceId"] = trace
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            line["error"] = [_type_name(each) for each in _chain(error)]
            line["at"] = _code_locations(error.__traceback__)
        # Additional fields for programs: CloudWatch reads embedded metrics here.
        line |= getattr(record, "fields", {})
        return json.dumps(line)


class SafeStreamHandler(logging.StreamHandler[TextIO]):
    """A stream handler that never prints the arguments of a record that it cannot write."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the base's name
        # The base class prints the arguments and a traceback. File and line are enough.
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
            # Standard error is closed, so there is no way to report anything.
            return


class BackgroundStream(io.TextIOBase):
    """Writes to another stream in a thread, so that nobody waits for whoever reads it.

    If that reader stops, the newest texts are dropped, and their number is written in the end.
    """

    #: Texts that are kept for a reader that is late.
    MOST_WAITING = 2_000
    #: Texts that were dropped in this process, all in all.
    lost = 0

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._texts: SimpleQueue[str] = SimpleQueue()
        self._unwritten = 0
        self._dropped = 0
        self._lock = threading.Lock()
        threading.Thread(target=self._write_all, name="log", daemon=True).start()

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def write(self, text: str, /) -> int:
        with self._lock:
            if self._unwritten >= self.MOST_WAITING:
                self._dropped += 1
                BackgroundStream.lost += 1
                return len(text)
            self._unwritten += 1
        self._texts.put(text)
        return len(text)

    def _write(self, text: bytes) -> None:
        # Not with Python's own stream: the end of the process would wait for the lock that this
        # thread holds while nobody reads.
        while text:
            text = text[os.write(self._descriptor, text) :]

    def wait_until_written(self, seconds: float) -> None:
        """Before the process ends. A reader that has stopped does not stop this."""
        deadline = time.monotonic() + seconds
        while self._unwritten and time.monotonic() < deadline:
            time.sleep(0.005)

    def _write_all(self) -> None:
        while True:
            text = self._texts.get()
            # Standard error may be closed: then there is no way to report anything.
            with suppress(OSError):
                self._write(text.encode(errors="backslashreplace"))
            with self._lock:
                self._unwritten -= 1
                dropped, self._dropped = self._dropped, 0
            if dropped:
                logging.getLogger(__name__).error(
                    "%d log lines were lost because nobody read standard error.", dropped
                )


#: For `logging.config.dictConfig`. The server logs with it, too.
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
    """Set up this log, unless the server or a test has set up handlers already."""
    if not logging.getLogger().handlers:
        logging.config.dictConfig(CONFIGURATION)


@contextmanager
def written_in_background() -> Iterator[None]:
    """Meanwhile nothing that writes to standard error waits for whoever reads it. For servers."""
    direct = sys.stderr
    background = BackgroundStream(direct.fileno())
    # It has of a text stream what this program and its libraries use.
    _write_to(cast(TextIO, background))
    try:
        yield
    finally:
        # A moment for what is not written yet.
        background.wait_until_written(seconds=1)
        _write_to(direct)


def _write_to(stream: TextIO) -> None:
    sys.stderr = stream
    for handler in logging.getLogger().handlers:
        if isinstance(handler, SafeStreamHandler):
            handler.setStream(stream)


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
