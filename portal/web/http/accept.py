"""What a program says it can read, in its header `Accept`."""

import re

from flask import request
from werkzeug.datastructures import MIMEAccept
from werkzeug.exceptions import NotAcceptable
from werkzeug.http import parse_accept_header

_JSON = "application/json"
#: The page about the API, for people.
_PAGES = frozenset({"/api/"})
#: Java sends `*/*; q=.2` unless it is told otherwise. By the standard that is no quality, and
#: Werkzeug drops what has it.
_WITHOUT_ZERO = re.compile(r"(;\s*q=)(?=\.)", re.IGNORECASE)


def check_accept() -> None:
    """For a call of the API.

    Raises:
        NotAcceptable: The caller cannot read JSON.
    """
    # Nobody reads the body of an answer that only says which methods there are.
    if request.method == "OPTIONS" or request.path in _PAGES:
        return
    if not accepts_json(request.headers.get("Accept", "")):
        raise NotAcceptable


def accepts_json(accept: str) -> bool:
    """Whether JSON is among what this header names. Without any type in it, everything is."""
    if not accept or accept == "*/*":
        return True
    # Werkzeug takes `application/json;charset=utf-8`, which some programs send, for something else.
    qualities = {
        value.partition(";")[0].strip().lower(): quality
        for value, quality in parse_accept_header(_WITHOUT_ZERO.sub(r"\g<1>0", accept), MIMEAccept)
    }
    for kind in (_JSON, "application/*", "*/*", "*"):
        if kind in qualities:
            return qualities[kind] > 0
    return not any("/" in kind for kind in qualities)
