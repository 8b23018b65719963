"""Plans a file that was uploaded, for the page and the API; one file at a time."""

import shutil
from collections.abc import Callable, Collection, Iterator
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
from portal.web.http import now, services, settings, store

#: One file at a time in each process: planning one takes much memory and all of a processor.
_planning_lock = Lock()
#: A request that waits for the lock keeps a thread from customers. So few may wait, and not for
#: long: the others are refused at once.
MAX_WAITING = 3
upload_slots = BoundedSemaphore(MAX_WAITING)
_MAX_WAIT_SECONDS = 20
#: A longer body goes to the disk.
_MAX_BYTES_IN_MEMORY = 1_000_000

Result = TypeVar("Result")


def with_plan(
    file: Readable,
    options: ImportOptions,
    use: Callable[[Plan], Result],
    *,
    sealer: Sealer | None,
    places: Collection[str] = (),
) -> Result:
    """Plan the file, and return what `use` makes of the plan.

    Without a `sealer` the plan can be looked at, but not saved. `places`: the names of those whose
    tenants are to be imported.

    Raises:
        PlaceChoiceError: Places have to be chosen first, or one of `places` is unknown.
        RefusedFileError: The file cannot be imported, or too many others are being planned.
        ClientDisconnected: The sender hung up before the whole body had arrived.
        StoreError: The store or the sealer does not answer.
    """
    # Receive the whole body before taking the lock: a sender may be slow, or fall silent.
    with _whole_body(file) as body, _one_at_a_time(), StagedEntries() as draft:
        draft.add(body, Limits.of_page(settings()))
        draft.choose(places)
        workers = lookup_workers(settings())
        plan = Plan(
            draft,
            store(),
            services().fingerprints,
            options,
            now=now(),
            sealer=sealer,
            workers=workers,
            zone=settings().time_zone,
        )
        return use(plan)


@contextmanager
def _whole_body(file: Readable) -> Iterator[Readable]:
    """The file, after all of it has arrived. A form's file already has.

    Raises:
        ClientDisconnected: The sender hung up.
        UnavailableError: The disk has no room for it.
    """
    if file is not request.stream:
        yield file
        return
    with SpooledTemporaryFile(_MAX_BYTES_IN_MEMORY) as spool:
        try:
            shutil.copyfileobj(request.stream, spool)
        except OSError as error:
            raise no_disk_space_error(error) from error
        spool.seek(0)
        yield cast(Readable, spool)


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    if not upload_slots.acquire(blocking=False):
        raise _busy()
    try:
        acquired = _planning_lock.acquire(timeout=_MAX_WAIT_SECONDS)
    finally:
        upload_slots.release()
    if not acquired:
        raise _busy()
    try:
        yield
    finally:
        _planning_lock.release()


def _busy() -> RefusedFileError:
    return RefusedFileError(
        Message(
            "The portal is reading other files, so nothing was saved. Send this file again in a"
            " minute."
        ),
        503,
    )
