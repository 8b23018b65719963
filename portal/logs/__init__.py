"""The log: each record is one line of JSON on standard error.

JSON escapes control characters, so a text that somebody typed cannot start a second record. Of
an exception the log has its type and the lines of our own code that it passed. It never has the
exception's text, values of variables or the body of a request: these may hold a secret or
personal data.

json_lines  how a record becomes a line
ownership   the portal's handler, and why there is no other
background  nobody waits for whoever reads the log
"""

from portal.logs.background import (
    BackgroundStream,
    dropped_lines,
    write_in_background,
    written_in_background,
)
from portal.logs.json_lines import JsonLines, lambda_request_id, request_id, trace_id
from portal.logs.ownership import (
    CONFIGURATION,
    SafeStreamHandler,
    configure,
    embedding_handlers,
    own_handler,
)

__all__ = [
    "CONFIGURATION",
    "BackgroundStream",
    "JsonLines",
    "SafeStreamHandler",
    "configure",
    "dropped_lines",
    "embedding_handlers",
    "lambda_request_id",
    "own_handler",
    "request_id",
    "trace_id",
    "write_in_background",
    "written_in_background",
]
