"""A file that came over the web, as a plan. The page and the request call the same."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import TypeVar, cast

from flask import request
from werkzeug.exceptions import ClientDisconnected
from werkzeug.wsgi import LimitedStream

from portal.imports.drafts import Draft
from portal.imports.planning import Choice, Plan
from portal.imports.text import Limits, Readable
from portal.sealing import Sealer
from portal.stores.contract import BusyError
from portal.web.context import now, services, settings, store

#: One file at a time in each process: checking one takes its memory and all of a processor.
_at_hand = Lock()
_PATIENCE = 25
#: A file costs nothing to ask; a table answers after a while, so several ask at a time.
_ASK_TOGETHER = 8

Told = TypeVar("Told")


def planned(
    file: Readable, choice: Choice, use: Callable[[Plan], Told], *, sealer: Sealer | None
) -> Told:
    """What `use` makes of the file's plan. `RefusedFileError`; `ClientDisconnected`; errors of the
    store and sealer.

    Without a `sealer` the plan can only be looked at.
    """
    file = _whole(file)
    with _alone(), Draft() as draft:
        draft.add(file, Limits.of_page(settings()))
        workers = 1 if settings().store == "json" else _ASK_TOGETHER
        plan = Plan(
            draft, store(), services().marks, choice, now=now(), sealer=sealer, workers=workers
        )
        return use(plan)


def _whole(file: Readable) -> Readable:
    """Of a body whose sender hangs up granian gives what has come, as if it were all; and some
    rows of a file are a file, too. `ClientDisconnected`. What comes in parts has an end of its
    own, which is missed when it is taken apart."""
    length = request.content_length or 0
    if file is request.stream:
        return cast(Readable, LimitedStream(request.stream, length))
    if request.mimetype == "application/x-www-form-urlencoded" and len(request.get_data()) < length:
        raise ClientDisconnected
    return file


@contextmanager
def _alone() -> Iterator[None]:
    if not _at_hand.acquire(timeout=_PATIENCE):
        raise BusyError(reason="Another file is being read.")
    try:
        yield
    finally:
        _at_hand.release()
