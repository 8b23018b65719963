"""`portal search`: how far the entries are by which staff find tenants; makes them anew."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from portal.cli.doctor_findings import Finding
from portal.cli.errors import opened_store, read_settings
from portal.settings import Settings
from portal.stores import Store, StoreError, is_made, open_store
from portal.timestamps import utc_now

if TYPE_CHECKING:
    from portal.search import Backlog, WalkState

#: What waits is counted up to this.
_CAP = 1000
#: The background process looks every two seconds. After so long, it does not run.
_LONG = timedelta(minutes=5)


@click.group()
def search() -> None:
    """The entries by which staff find tenants, and programs list the newest changes."""


@search.command()
def status() -> None:
    """Say how far the entries are."""
    with opened_store(read_settings()) as store:
        _say(store)


@search.command()
def rebuild() -> None:
    """Bring the entries of all tenants up to date. The process that sends mail does it in the
    background: `portal serve`, or `portal outbox send`. Nothing is missing meanwhile."""
    from portal.search import begin_anew  # noqa: PLC0415 - the other commands start sooner

    with opened_store(read_settings()) as store:
        begin_anew(store)
        _say(store)


def _say(store: Store) -> None:
    from portal.search import backlog, walk_state  # noqa: PLC0415 - as above

    now = utc_now()
    state = walk_state(store)
    click.echo(_sentence_of(state, is_due=state.is_due(now)))
    waiting = sentence_of_backlog(backlog(store, now, cap=_CAP))
    if waiting:
        click.echo(waiting)


def _sentence_of(state: "WalkState", *, is_due: bool) -> str:
    if state.after is not None:
        return f"All tenants are being looked at: {state.seen:,} rows of lists so far."
    if is_due:
        return "All tenants are to be looked at. The background process begins soon."
    ended = f"{state.ended_at:%Y-%m-%d %H:%M} UTC" if state.ended_at else "an unknown time"
    return f"All tenants have entries. They were looked at last on {ended}: {state.seen:,} rows."


def sentence_of_backlog(waiting: "Backlog") -> str:
    """What waits; empty if nothing does."""
    if waiting.oldest is None:
        return ""
    number = f"{waiting.waiting:,}" if waiting.waiting < _CAP else f"{_CAP:,} or more"
    what = "change is" if waiting.waiting == 1 else "changes are"
    return (
        f"{number} {what} not in search yet, the oldest since {waiting.oldest:%Y-%m-%d %H:%M} UTC."
    )


def check_search(settings: Settings) -> Iterator[Finding]:
    """For `portal doctor`: nothing as long as what was changed gets into search."""
    from portal.search import backlog  # noqa: PLC0415 - as above

    if not is_made(settings):
        return
    now = utc_now()
    store = open_store(settings)
    try:
        # What the store says of itself was said before.
        with suppress(StoreError):
            waiting = backlog(store, now, cap=_CAP)
            if waiting.oldest and now - waiting.oldest > _LONG:
                yield Finding(
                    "search",
                    hint=sentence_of_backlog(waiting),
                    remedy="Let portal serve run without --no-outbox, or run portal outbox send"
                    " --watch: this process also brings search up to date.",
                )
    finally:
        store.close()
