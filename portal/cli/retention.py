"""`portal erase-closed`: removes personal data that is not needed any more."""

from datetime import timedelta

import click

from portal.cli.errors import opened_store, read_settings
from portal.stores import RetryingStore
from portal.timestamps import utc_now

#: So long at least staff have to move a sign-up that was set aside into the queue.
SET_ASIDE_DAYS = 30

_NEXT_STEP = "What was erased stays erased. Run the command again."


@click.command("erase-closed")
@click.option(
    "--older-than",
    "days",
    metavar="DAYS",
    type=click.IntRange(1, 36500),
    help="Days since the decision, or since the import ended.",
)
@click.option(
    "--ended-for",
    "ended_days",
    metavar="DAYS",
    type=click.IntRange(1, 36500),
    help="Erase as well the personal details of tenants whose licence ended so long ago.",
)
@click.option(
    "--dry-run", is_flag=True, help="With --ended-for: only say how many tenants that would be."
)
def erase_closed(days: int | None, ended_days: int | None, *, dry_run: bool) -> None:
    """Erase the personal details of sign-ups that were rejected or withdrawn more than DAYS ago,
    and the rows of imports that ended, or were left unfinished, more than DAYS ago. Sign-ups that
    were set aside more than DAYS ago, and at least 30, are removed. So are counters of earlier
    days, events of the security log that are older than PORTAL_SECURITY_LOG_DAYS, mails in files
    that are older than PORTAL_MAIL_FILE_DAYS, what the outbox has of removed sign-ups, and the
    saved views of people who may not sign in any more. This cannot be undone.

    With --ended-for, also the contacts of tenants whose licence ended more than DAYS ago, with
    their notes, unless somebody asks to renew it, and the rows of imports that ended so long ago.
    Company, ids, dates and status stay, so that the
    application gets the same answers. Without --older-than it does only that."""
    if days is None and ended_days is None:
        raise click.UsageError("Say how old: --older-than DAYS, --ended-for DAYS, or both.")
    if dry_run and (ended_days is None or days is not None):
        raise click.UsageError("--dry-run goes with --ended-for alone.")
    if dry_run and ended_days:
        _say_how_many(ended_days)
        return
    if ended_days:
        _erase_ended(ended_days)
    if days:
        _erase_closed(days)


def _say_how_many(days: int) -> None:
    from portal.onboarding import ended_and_due  # noqa: PLC0415 - takes 0.1 s

    with opened_store(read_settings()) as store:
        due = sum(1 for _ in ended_and_due(RetryingStore(store), utc_now() - timedelta(days=days)))
    click.echo(f"The personal details of {due} tenants would be erased. Nothing was changed.")


def _erase_ended(days: int) -> None:
    from portal.imports import remove_rows_before  # noqa: PLC0415 - takes 0.1 s
    from portal.onboarding import erase_ended_before  # noqa: PLC0415 - takes 0.1 s
    from portal.search import MarkingStore  # noqa: PLC0415 - takes 0.1 s
    from portal.stores.file import JsonFileStore  # noqa: PLC0415 - takes 0.1 s
    from portal.tenants import AuditInfo  # noqa: PLC0415 - takes 0.1 s

    now = utc_now()
    limit, audit = now - timedelta(days=days), AuditInfo(by="retention", at=now)
    with opened_store(read_settings(), _NEXT_STEP) as store:
        retrying = MarkingStore(RetryingStore(store))
        erased = erase_ended_before(retrying, limit, audit)
        # They hold the same details, and could be undone.
        imports = remove_rows_before(retrying, limit, audit)
        if isinstance(store, JsonFileStore):
            # The journal still holds the earlier versions of the items.
            store.purge_history()
    click.echo(f"The personal details of {erased} tenants whose licence has ended are erased.")
    if imports:
        click.echo(f"The rows of {imports} imports are removed.")


def _erase_closed(days: int) -> None:
    # The other commands do not need these, and they take 0.1 s together.
    from portal.auth import remove_expired_events  # noqa: PLC0415 - takes 0.1 s
    from portal.imports import remove_rows_before  # noqa: PLC0415 - takes 0.1 s
    from portal.mail import remove_files_before  # noqa: PLC0415 - takes 0.1 s
    from portal.onboarding import (  # noqa: PLC0415 - takes 0.1 s
        erase_closed_before,
        remove_counters_before,
        remove_set_aside_before,
    )
    from portal.outbox import remove_old_entries  # noqa: PLC0415 - takes 0.3 s
    from portal.saved_views import remove_views_of_disabled  # noqa: PLC0415 - takes 0.1 s
    from portal.search import MarkingStore  # noqa: PLC0415 - takes 0.1 s
    from portal.stores.file import JsonFileStore  # noqa: PLC0415 - takes 0.1 s
    from portal.tenants import AuditInfo  # noqa: PLC0415 - takes 0.1 s

    now = utc_now()
    limit, audit = now - timedelta(days=days), AuditInfo(by="retention", at=now)
    settings = read_settings()
    with opened_store(settings, _NEXT_STEP) as store:
        retrying = MarkingStore(RetryingStore(store))
        sign_ups = erase_closed_before(retrying, limit, audit)
        imports = remove_rows_before(retrying, limit, audit)
        set_aside = remove_set_aside_before(
            retrying, now - timedelta(days=max(days, SET_ASIDE_DAYS))
        )
        remove_counters_before(retrying, now)
        remove_old_entries(retrying, now)
        kept = timedelta(days=settings.security_log_days)
        remove_views_of_disabled(retrying)
        events = remove_expired_events(retrying, now, kept)
        if isinstance(store, JsonFileStore):
            # The journal still holds the earlier versions of the items.
            store.purge_history()
    click.echo(f"The personal details of {sign_ups} sign-ups are erased.")
    click.echo(f"The rows of {imports} imports are removed.")
    if set_aside:
        click.echo(f"{set_aside} sign-ups that were set aside are removed.")
    click.echo(f"{events} events of the security log are removed.")
    before = now - timedelta(days=settings.mail_file_days)
    try:
        mails = remove_files_before(settings.data_dir, before)
    except OSError as error:
        raise click.ClickException(
            "Not every old mail in a file could be deleted. Let the portal write to the folder"
            " mail in PORTAL_DATA_DIR, and look for what is no file there."
        ) from error
    if mails:
        click.echo(f"{mails} mails in files are deleted.")
