"""`portal sealing`: the key file that seals client secrets."""

import click

from portal.cli.errors import command_errors, read_settings


@click.group()
def sealing() -> None:
    """Manage the key file that seals client secrets."""


@sealing.command()
def rotate() -> None:
    """Add a key to the key file. It seals new secrets from now on, in every process."""
    settings = read_settings()
    if settings.kms_key_id:
        raise click.ClickException(
            "There is no key file: KMS seals client secrets (PORTAL_KMS_KEY_ID)."
            " Let KMS rotate its key."
        )
    from portal.sealing import SEALING_KEYS_FILE, KeyFileSealer  # noqa: PLC0415 - cryptography

    path = settings.data_dir / SEALING_KEYS_FILE
    with command_errors():
        sealer = KeyFileSealer(path)
        new_key = sealer.rotate()
        earlier_keys = len(sealer.key_ids()) - 1
    click.echo(f"Key {new_key} of {path} seals new secrets from now on.")
    click.echo(
        f"Earlier keys, kept to open what they sealed: {earlier_keys}. Copy the file to the"
        " programs that open secrets, and to the backup."
    )
