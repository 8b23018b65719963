"""`portal backup` and `portal restore`: the data folder of the file store, whole."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from portal.cli.answer_lines import refused_losses
from portal.cli.answers_check import AnswersCheck, OnlyComparedError
from portal.cli.errors import command_errors, read_settings
from portal.settings import Settings
from portal.stores import is_made
from portal.timestamps import utc_now

if TYPE_CHECKING:
    from portal.backups import Backup

#: Settings that hold a key, or name a file with one.
_KEY_SETTINGS = ("PORTAL_SECRET_KEY", "PORTAL_SECRET_KEY_FALLBACKS", "PORTAL_MAIL_DKIM_KEY_FILE")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--without-keys",
    is_flag=True,
    help="Leave the key files out. Keep them elsewhere: nothing opens the client secrets without.",
)
def backup(folder: Path, *, without_keys: bool) -> None:
    """Make FOLDER with a whole copy of the file store. The portal may keep running.

    All that was saved before this command is in the copy. FOLDER must not be there, or be empty."""
    from portal.backups import make_backup  # noqa: PLC0415 - takes 0.1 s

    settings = _settings_of_file_store(
        "Let point-in-time recovery and AWS Backup back the table up, or run"
        " `python -m migrations_tools backup to-file`."
    )
    if not is_made(settings):
        raise click.ClickException(
            f"There is no store in {settings.data_dir.absolute()}, so there is nothing to back up."
            " Set PORTAL_DATA_DIR to the folder of the portal."
        )
    with _backup_errors():
        made = make_backup(settings.data_dir, folder, with_keys=not without_keys, now=utc_now())
    _print_backup(settings, folder, made)


def _print_backup(settings: Settings, folder: Path, made: "Backup") -> None:
    manifest = made.manifest
    size = sum(each.bytes for each in manifest.files)
    click.echo(
        f"{folder} holds {manifest.items:,} items, up to commit {manifest.seq:,}:"
        f" {size / 1000:,.0f} KB. Others waited at most {made.locked_seconds * 1000:.1f} ms."
    )
    if manifest.has_keys:
        click.echo("The keys are in it, so keep it as safe as the data folder.")
    else:
        click.echo(
            "The keys are not in it, so keep sealing-keys.json and secret-key elsewhere."
            f" Without the first nobody opens the client secrets ({made.sealed:,} now); without the"
            " second no link that was mailed works any more, and everybody signs in again."
        )
    if settings.kms_key_id:
        click.echo(f"What KMS sealed is opened with {settings.kms_key_id}, which stays in KMS.")
    if made.without_key:
        click.echo(
            f"Warning: the key of {made.without_key:,} client secrets is not in the data folder."
            " Nobody can open them. Look for an older sealing-keys.json.",
            err=True,
        )
    if made.others_can_read:
        click.echo(
            f"Warning: others can read {folder}, since its disk keeps no modes of files.", err=True
        )
    if made.left_out:
        click.echo(
            f"Not in it, since the portal did not make it: {', '.join(made.left_out)}.", err=True
        )
    outside = [name for name in _KEY_SETTINGS if _is_set(settings, name)]
    if outside:
        click.echo(f"Not in it either: what these settings hold: {', '.join(outside)}.")


def _is_set(settings: Settings, name: str) -> bool:
    return bool({
        "PORTAL_SECRET_KEY": settings.configured_secret_key,
        "PORTAL_SECRET_KEY_FALLBACKS": settings.secret_key_fallbacks,
        "PORTAL_MAIL_DKIM_KEY_FILE": settings.mail_dkim_key_file,
    }[name])  # fmt: skip


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--answers",
    is_flag=True,
    help="Only say whose answer from validate the backup changes. Writes nothing.",
)
@click.option(
    "--compare", metavar="FILE", help="Compare with this file of `portal answers --save`."
)
@click.option(
    "--most-losing",
    metavar="N",
    type=click.IntRange(0),
    help="Write nothing if more tenants would lose access, now or later. Default: any number.",
)
def restore(folder: Path, *, answers: bool, compare: str | None, most_losing: int | None) -> None:
    """Check FOLDER, which `portal backup` made, and fill the empty data folder from it.

    It asks nothing. A data folder that is not empty is left as it is."""
    from portal.backups import restore_backup  # noqa: PLC0415 - takes 0.1 s

    settings = _settings_of_file_store("`python -m migrations_tools backup from-file` fills it.")
    with refused_losses(), _backup_errors():
        try:
            if answers or compare is not None or most_losing is not None:
                check = AnswersCheck(settings, compare, most_losing, only=answers)
                manifest, is_done = restore_backup(folder, settings.data_dir, check=check)
            else:
                manifest, is_done = restore_backup(folder, settings.data_dir)
        except OnlyComparedError:
            return
    if not is_done:
        click.echo("An earlier run of this command has restored it. Nothing was changed.")
        return
    click.echo(
        f"{settings.data_dir.absolute()} holds {manifest.items:,} items, up to commit"
        f" {manifest.seq:,}, as of {manifest.made_at:%Y-%m-%d %H:%M:%S} UTC."
    )
    if not manifest.has_keys:
        click.echo(
            "The backup has no keys. Put sealing-keys.json and secret-key there before you start"
            " the portal, or it makes new ones."
        )
    click.echo(
        "What was decided, revoked or erased since is not in it."
        + (
            ""
            if compare is not None
            else " `portal answers --compare FILE` says whose access that changes, if `portal"
            " answers --save FILE` was run before."
        )
    )


@contextmanager
def _backup_errors() -> Iterator[None]:
    """Turn each error into one sentence on standard error, and status 1."""
    from portal.backups import BackupError  # noqa: PLC0415 - as above

    try:
        with command_errors():
            yield
    except BackupError as error:
        raise click.ClickException(str(error)) from error


def _settings_of_file_store(instead: str) -> Settings:
    settings = read_settings()
    if settings.store != "json":
        raise click.ClickException(
            f"The data is in DynamoDB, but this command is for the file store. {instead}"
        )
    return settings
