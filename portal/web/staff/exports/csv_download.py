"""A CSV file as an answer. Its rows are read while it is sent, so it takes little memory, however
many there are. The security log says who took it along."""

from collections.abc import Iterator
from itertools import chain, islice
from threading import BoundedSemaphore

from flask import Response, request, stream_with_context
from werkzeug.exceptions import TooManyRequests

from portal.auth import SecurityAct, log_act, security_event
from portal.reports import whole_or_said
from portal.web.http import now, source, store

#: In each process: a file keeps one of its 16 threads until the last row is read.
MAX_AT_ONCE = 2
download_slots = BoundedSemaphore(MAX_AT_ONCE)
_RETRY_AFTER_SECONDS = 60


class _Place:
    """One of the slots. It may be given back twice: after the last row, and when the server closes
    an answer, perhaps before it has read any."""

    def __init__(self) -> None:
        if not download_slots.acquire(blocking=False):
            raise TooManyRequests(retry_after=_RETRY_AFTER_SECONDS)
        self._is_taken = True

    def give_back(self) -> None:
        if self._is_taken:
            self._is_taken = False
            download_slots.release()


def csv_download(lines: Iterator[str], name: str, act: SecurityAct, what: str) -> Response:
    """
    Args:
        lines: The first is that of the columns.
        what: What the security log says of the file: nothing personal.

    Raises:
        TooManyRequests: Others are being read.
        StoreError: The store does not answer. Nothing is sent.
    """
    response = Response(content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    if request.method == "HEAD":
        return response
    place = _Place()
    try:
        # Read the first rows now: if the store does not answer, the response can still be a 503.
        first = list(islice(lines, 2))
        store().write([security_event(act, source(), now(), details={"route": what})])
    except BaseException:
        place.give_back()
        raise
    log_act(act, source(), route=what)
    # The rows that are read later ask who has access, as those of the first page do.
    response.response = stream_with_context(
        _then_give_back(whole_or_said(chain(first, lines)), place)
    )
    response.call_on_close(place.give_back)
    return response


def _then_give_back(lines: Iterator[str], place: _Place) -> Iterator[str]:
    try:
        yield from lines
    finally:
        place.give_back()
