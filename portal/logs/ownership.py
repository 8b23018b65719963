"""Who writes the log: the portal alone, whoever has set up logging before or after it.

AWS Lambda and OpenTelemetry's auto-instrumentation give the root logger handlers of their own
before a line of the portal runs. These drop what is below a warning, wrap metrics so that they are
none any more, and write the texts of exceptions, which may hold an address of a page or a secret.
"""

import logging
import os
import sys
import threading
import warnings
from types import TracebackType
from typing import TYPE_CHECKING, Any, TextIO

from portal.logs.json_lines import JsonLines

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

logger = logging.getLogger(__name__)

#: Classes of handlers of a program that runs the portal inside itself and reads its records. As
#: long as the root logger has such a handler, `configure` changes nothing. Tests do so.
embedding_handlers: list[type[logging.Handler]] = []

#: As AWS Lambda names them.
_LEVELS = {
    "TRACE": logging.DEBUG,
    "DEBUG": logging.DEBUG,
    "INFO": logging.INFO,
    "WARN": logging.WARNING,
    "ERROR": logging.ERROR,
    "FATAL": logging.CRITICAL,
}


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


class OwnHandler(SafeStreamHandler):
    """Writes to what standard error is at that moment, and wants to be the only handler."""

    def __init__(self) -> None:
        super().__init__(sys.stderr)
        self.setFormatter(JsonLines())

    def handle(self, record: logging.LogRecord) -> bool:
        if len(logging.getLogger().handlers) > 1:
            # Somebody has added one since.
            _take_over()
        return super().handle(record)

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


_own: OwnHandler | None = None


def own_handler() -> OwnHandler:
    """The one handler of the portal. `CONFIGURATION` names it."""
    global _own  # noqa: PLW0603 - one for each process
    if _own is None:
        _own = OwnHandler()
    return _own


#: For `logging.config.dictConfig`. The server logs with it, too.
CONFIGURATION: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"stderr": {"()": "portal.logs.own_handler"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {"_granian": {"level": "INFO"}},
}


def configure() -> None:
    """Make the portal's handler the only one, and report in the log what else would be printed.

    It may be called any number of times, before and after others have set up logging. It changes
    nothing inside a program that has asked for that, see `embedding_handlers`.
    """
    is_embedded = tuple(embedding_handlers)
    if any(isinstance(each, is_embedded) for each in logging.getLogger().handlers):
        return
    _open_standard_descriptors()
    _take_over()
    warnings.showwarning = _log_warning
    sys.excepthook = _log_uncaught
    sys.unraisablehook = _log_unraisable
    threading.excepthook = _log_uncaught_in_thread


def _take_over() -> None:
    root, own = logging.getLogger(), own_handler()
    others = [each for each in root.handlers if each is not own]
    for handler in others:
        root.removeHandler(handler)
    root.addHandler(own)
    level = _LEVELS.get(os.environ.get("AWS_LAMBDA_LOG_LEVEL", "").upper(), logging.INFO)
    # Below INFO, libraries log what they send: bodies of requests, for example.
    root.setLevel(max(level, logging.INFO))
    logging.getLogger("portal").setLevel(min(level, logging.INFO) if level < logging.INFO else 0)
    for named in list(root.manager.loggerDict.values()):
        if isinstance(named, logging.Logger):
            _take_handlers_off(named)


def _take_handlers_off(named: logging.Logger) -> None:
    others = [each for each in named.handlers if not isinstance(each, logging.NullHandler)]
    for handler in others:
        named.removeHandler(handler)
    if others:
        # What they have written is for the portal's handler now.
        named.propagate = True


def _open_standard_descriptors() -> None:
    """Somebody may start a program with standard error closed. The next file that it opens would
    get that number, and whatever is written to standard error would go into that file."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            # The lowest number that is free: this one.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    if sys.stdout is None:
        sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115 - until the process ends
    if sys.stderr is None:
        sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115 - as above


# ---- What Python prints by itself, with the texts of exceptions


def _log_warning(  # noqa: PLR0917 - as Python calls it
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    del message, file, line
    logging.getLogger("py.warnings").warning("%s at %s:%d", category.__name__, filename, lineno)


def _log_uncaught(
    error_type: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    if issubclass(error_type, KeyboardInterrupt):
        sys.__excepthook__(error_type, error, traceback)
        return
    logger.critical("This process ended.", exc_info=(error_type, error, traceback))


def _log_uncaught_in_thread(failure: threading.ExceptHookArgs) -> None:
    if failure.exc_value is None or isinstance(failure.exc_value, SystemExit):
        return
    name = failure.thread.name if failure.thread else "unknown"
    logger.error("The thread %s ended.", name, exc_info=failure.exc_value)


def _log_unraisable(failure: "UnraisableHookArgs") -> None:
    logger.error("An error was ignored while Python tidied up.", exc_info=failure.exc_value)
