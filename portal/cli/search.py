"""`portal search`: how far the entries are by which staff find tenants; makes them anew."""

from typing import TYPE_CHECKING

import click

from portal.cli.errors import opened_store, read_settings
from portal.stores import Store
from portal.timestamps import utc_now

if TYPE_CHECKING:
    from portal.search import Backlog, WalkState

#: What waits is counted up to this.
CAP = 1000


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
    waiting = sentence_of_backlog(backlog(store, now, cap=CAP))
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
    number = f"{waiting.waiting:,}" if waiting.waiting < CAP else f"{CAP:,} or more"
    what = "change is" if waiting.waiting == 1 else "changes are"
    return (
        f"{number} {what} not in search yet, the oldest since {waiting.oldest:%Y-%m-%d %H:%M} UTC."
    )
