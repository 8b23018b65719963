"""`portal outbox`: delivers what is due, once or until it is stopped; says what is left."""

import math
import os
import select
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click

from portal import logs
from portal.cli.deliveries import (
    counted_store,
    mail_delivery,
    opened_tracing,
    rounds_of,
    send_all_due,
    webhook_sender,
)
from portal.cli.errors import command_errors, opened_store, read_settings
from portal.cli.search import sentence_of_backlog
from portal.serving import Limits, signs_of_life
from portal.settings import Settings
from portal.signing_keys import resolve_secret_keys
from portal.stores import GSI4, KEY, RetryingStore, housekeeping
from portal.timestamps import utc_now

#: What is waiting or was given up is counted up to this.
_CAP = 1000


@click.group()
def outbox() -> None:
    """Mail and webhooks that are to be sent."""


@outbox.command()
@click.option("--watch", is_flag=True, help="Go on until stopped, as `portal serve` does.")
@click.option("--until-stdin-ends", is_flag=True, hidden=True)
def send(*, watch: bool, until_stdin_ends: bool) -> None:
    """Send what is due. What fails is tried again later."""
    settings = read_settings()
    if watch:
        _watch(settings, until_stdin_ends=until_stdin_ends)
        return
    with opened_store(settings, "What was sent is sent. Run the command again.") as store:
        tally = send_all_due(settings, store)
    click.echo(
        f"{tally.sent} sent, {tally.put_off} to be tried again, {tally.given_up} given up,"
        f" {tally.dropped} not needed any more."
    )


@outbox.command()
def status() -> None:
    """Say how much waits, and how much was given up."""
    from portal import records  # noqa: PLC0415 - the other commands start sooner
    from portal.search import backlog  # noqa: PLC0415 - as above
    from portal.webhooks import counts, read_book  # noqa: PLC0415 - as above

    settings = read_settings()
    with opened_store(settings) as store:
        waiting = store.count(GSI4, records.OUTBOX_DUE, cap=_CAP)
        given_up = store.count(GSI4, records.OUTBOX_GIVEN_UP, cap=_CAP)
        search = backlog(store, utc_now(), cap=_CAP)
        unreadable = store.query(GSI4, records.OUTBOX_UNREADABLE, limit=_CAP).items
        webhooks = [(each, counts(store, each.id, _CAP)) for each in read_book(store).subscriptions]
    click.echo(f"{waiting} waiting, {given_up} given up.")
    if unreadable:
        names = ", ".join(str(row[KEY]) for row in unreadable)
        click.echo(f"{len(unreadable)} cannot be read and are set aside: {names}")
    for each, left in webhooks:
        click.echo(
            f"Webhooks to {each.host} ({each.id}, {each.state.value}): {left.waiting} waiting,"
            f" {left.given_up} given up."
        )
    if search.oldest:
        click.echo(sentence_of_backlog(search))


@outbox.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path))
def bounces(path: Path) -> None:
    """Read what came to PORTAL_MAIL_RETURN_PATH, from PATH: a file with one message, a mailbox of
    the form mbox, or a maildir, whose new messages become read ones. A message that was read before
    changes nothing. One about a mail that the portal does not know stays new for a week, and is
    read again each time; after that it is moved without being marked as read."""
    from portal.mail import (  # noqa: PLC0415 - takes 0.1 s
        MAX_BYTES,
        ReturnPath,
        UnreadableMailboxError,
        keep_read,
        may_be_known_later,
        read_bounce,
        read_mailbox,
    )
    from portal.outbox import Noted, note_return  # noqa: PLC0415 - takes 0.3 s

    settings = read_settings()
    if not settings.mail_return_path:
        raise click.ClickException("PORTAL_MAIL_RETURN_PATH: Set it to the address of the mailbox.")
    with command_errors():
        return_path = ReturnPath(settings.mail_return_path, resolve_secret_keys(settings))
    counts = dict.fromkeys(Noted, 0)
    others = waiting = 0
    next_step = "What was read is written down. Run the command again."
    with opened_store(settings, next_step) as store:
        retrying = RetryingStore(store)
        try:
            for content, file in read_mailbox(path):
                is_short = len(content) <= MAX_BYTES
                notice = read_bounce(content, return_path) if is_short else None
                noted = note_return(retrying, notice, utc_now()) if notice else None
                if noted:
                    counts[noted] += 1
                else:
                    others += 1
                is_unknown = noted is Noted.UNKNOWN
                if file and is_unknown and may_be_known_later(file, utc_now()):
                    waiting += 1
                elif file:
                    keep_read(file, is_seen=not is_unknown)
        except (UnreadableMailboxError, OSError) as error:
            raise click.ClickException(
                f"{path} cannot be read, or its messages cannot be moved from new to cur."
            ) from error
    click.echo(
        f"{counts[Noted.NOTED]} noted, {counts[Noted.REPEATED]} known already,"
        f" {counts[Noted.UNKNOWN]} about unknown mail, {others} other messages."
    )
    if waiting:
        click.echo(f"{waiting} about unknown mail stay new, to be read again for a week.")


def _watch(settings: Settings, *, until_stdin_ends: bool) -> None:
    from portal.outbox import watch, watch_rounds  # noqa: PLC0415 - takes 0.3 s

    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    for number in (signal.SIGTERM, signal.SIGINT):
        # A handler may interrupt anything, so it takes no lock.
        signal.signal(number, lambda *_: os.write(writer, b"."))
    # Whoever started this writes nothing there. If they are killed, it ends.
    watched = [reader, 0] if until_stdin_ends else [reader]

    def wait(seconds: float) -> bool:
        goes_on()
        return bool(select.select(watched, [], [], seconds)[0])

    with (
        logs.written_in_background(),
        signs_of_life(Limits()) as goes_on,
        opened_store(settings) as opened,
        counted_store(settings, opened) as (recorder, store),
        ThreadPoolExecutor(3) as executor,
        opened_tracing(settings) as tracing,
    ):
        # Each in a thread of its own: no mail waits for the receiver of a webhook.
        others = [
            executor.submit(watch_rounds, rounds_of(settings, store), wait),
            executor.submit(
                watch_rounds,
                webhook_sender(settings, store, tracing, recorder).round,
                wait,
                # Its end would wait for the slowest receiver, and the others with it.
                round_seconds=math.inf,
            ),
        ]

        keep_house = housekeeping(opened)
        if keep_house is not None:
            others.append(executor.submit(keep_house, wait))

        def has_ended() -> bool:
            return any(each.done() for each in others)

        try:
            # Without the others, search would stay behind, or programs would hear nothing: then
            # this ends, and is started again.
            delivery = mail_delivery(settings, store, tracing, recorder)
            watch(delivery, lambda seconds: has_ended() or wait(seconds))
        finally:
            # The others end as well if the mail has failed.
            os.write(writer, b".")
        for each in others:
            each.result()
