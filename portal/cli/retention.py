"""`portal erase-closed`: removes personal data that is not needed any more."""

from datetime import timedelta

import click

from portal.cli.errors import opened_store, read_settings
from portal.stores import RetryingStore
from portal.timestamps import utc_now


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
    and the rows of imports that ended, or were left unfinished, more than DAYS ago. This cannot
    be undone."""
    # The other commands do not need these, and they take 0.1 s together.
    from portal.imports import remove_rows_before  # noqa: PLC0415 - takes 0.1 s
    from portal.onboarding import erase_closed_before  # noqa: PLC0415 - takes 0.1 s
    from portal.stores.file import JsonFileStore  # noqa: PLC0415 - takes 0.1 s
    from portal.tenants import AuditInfo  # noqa: PLC0415 - takes 0.1 s

    now = utc_now()
    limit, audit = now - timedelta(days=days), AuditInfo(by="retention", at=now)
    next_step = "What was erased stays erased. Run the command again."
    with opened_store(read_settings(), next_step) as store:
        retrying = RetryingStore(store)
        sign_ups = erase_closed_before(retrying, limit, audit)
        imports = remove_rows_before(retrying, limit, audit)
        if isinstance(store, JsonFileStore):
            # The journal still holds the earlier versions of the items.
            store.purge_history()
    click.echo(f"The personal details of {sign_ups} sign-ups are erased.")
    click.echo(f"The rows of {imports} imports are removed.")
