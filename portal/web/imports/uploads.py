"""A file that came over the web, as a plan. The page and the request call the same."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from tempfile import SpooledTemporaryFile
from threading import BoundedSemaphore, Lock
from typing import TypeVar, cast

from flask import request

from portal.imports import (
    ImportOptions,
    Limits,
    Message,
    Plan,
    Readable,
    RefusedFileError,
    StagedEntries,
    lookup_workers,
    no_disk_space_error,
)
from portal.sealing import Sealer
from portal.web.http import (
    now,
    services,
    settings,
    store,
)

#: One file at a time in each process: checking one takes its memory and all of a processor.
_at_hand = Lock()
#: Whoever waits for that keeps a thread from the customers: so many, and so many seconds.
MOST_WAITING = 3
upload_slots = BoundedSemaphore(MOST_WAITING)
_PATIENCE = 20
#: Bytes of a body that are kept in memory.
_IN_MEMORY = 1_000_000

Told = TypeVar("Told")


def with_plan(
    file: Readable, choice: ImportOptions, use: Callable[[Plan], Told], *, sealer: Sealer | None
) -> Told:
    """What `use` makes of the file's plan. `RefusedFileError`; `ClientDisconnected`; errors of the
    store and sealer.

    Without a `sealer` the plan can only be looked at.
    """
    # Whole before it is anybody's turn: a sender may be slow, or fall silent.
    with _received(file) as whole, _alone(), StagedEntries() as draft:
        draft.add(whole, Limits.of_page(settings()))
        workers = lookup_workers(settings())
        plan = Plan(
            draft,
            store(),
            services().fingerprints,
            choice,
            now=now(),
            sealer=sealer,
            workers=workers,
        )
        return use(plan)


@contextmanager
def _received(file: Readable) -> Iterator[Readable]:
    """All of the file. `ClientDisconnected`; `UnavailableError` without room for it."""
    if file is not request.stream:
        yield file
        return
    with SpooledTemporaryFile(_IN_MEMORY) as spool:
        try:
            shutil.copyfileobj(request.stream, spool)
        except OSError as error:
            raise no_disk_space_error() from error
        spool.seek(0)
        yield cast(Readable, spool)


@contextmanager
def _alone() -> Iterator[None]:
    if not upload_slots.acquire(blocking=False):
        raise _busy()
    try:
        is_mine = _at_hand.acquire(timeout=_PATIENCE)
    finally:
        upload_slots.release()
    if not is_mine:
        raise _busy()
    try:
        yield
    finally:
        _at_hand.release()


def _busy() -> RefusedFileError:
    return RefusedFileError(
        Message("Other files are being read. Send this one again in a minute; nothing was saved."),
        503,
    )
