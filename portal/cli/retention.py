"""`portal erase-closed`: removes personal data that is not needed any more."""

from datetime import timedelta

import click

from portal.cli.errors import opened_store, read_settings
from portal.stores import RetryingStore
from portal.timestamps import utc_now

#: So long at least staff have to move a sign-up that was set aside into the queue.
SET_ASIDE_DAYS = 30


@click.command("erase-closed")
@click.option(
    "--older-than",
    "days",
    metavar="DAYS",
    required=True,
    type=click.IntRange(1, 36500),
    help="Days since the decision, or since the import ended.",
)
def erase_closed(days: int) -> None:
    """Erase the personal details of sign-ups that were rejected or withdrawn more than DAYS ago,
    and the rows of imports that ended, or were left unfinished, more than DAYS ago. Sign-ups that
    were set aside more than DAYS ago, and at least 30, are removed. So are counters of earlier
    days, events of the security log that are older than PORTAL_SECURITY_LOG_DAYS, mails in files
    that are older than PORTAL_MAIL_FILE_DAYS, what the outbox has of removed sign-ups, and the
    saved views of people who may not sign in any more. This cannot be undone."""
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
    next_step = "What was erased stays erased. Run the command again."
    settings = read_settings()
    with opened_store(settings, next_step) as store:
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
