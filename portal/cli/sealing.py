"""`portal sealing`: the key file that seals client secrets."""

from pathlib import Path

import click

from portal.cli.errors import command_errors, read_settings


@click.group()
def sealing() -> None:
    """Manage the key file that seals client secrets."""


@sealing.command()
def create() -> None:
    """Make the key file, with its first key. With DynamoDB the portal makes none by itself."""
    path = _path_of_key_file("The portal needs no key file.")
    from portal.sealing import KeyFileSealer  # noqa: PLC0415 - cryptography

    with command_errors():
        if path.exists():
            raise click.ClickException(
                f"{path} is there already, and nothing was changed."
                " `portal sealing rotate` adds a key to it."
            )
        (key,) = KeyFileSealer(path).key_ids()
    click.echo(f"{path} was made. Its key {key} seals client secrets.")
    click.echo(
        "Keep the file as long as the sealed secrets: nothing else opens them. Copy it to all"
        " machines of the portal, to the programs that open secrets, and to the backup."
    )


@sealing.command()
def rotate() -> None:
    """Add a key to the key file. It seals new secrets from now on, in every process."""
    path = _path_of_key_file("Let KMS rotate its key.")
    from portal.sealing import KeyFileSealer  # noqa: PLC0415 - cryptography

    with command_errors():
        sealer = KeyFileSealer(path)
        new_key = sealer.rotate()
        earlier_keys = len(sealer.key_ids()) - 1
    click.echo(f"Key {new_key} of {path} seals new secrets from now on.")
    click.echo(
        f"Earlier keys, kept to open what they sealed: {earlier_keys}. Copy the file to the"
        " programs that open secrets, and to the backup."
    )


def _path_of_key_file(advice: str) -> Path:
    """Where the key file is, or will be.

    Raises:
        click.ClickException: KMS seals, and there is none.
    """
    settings = read_settings()
    if settings.kms_key_id:
        raise click.ClickException(
            f"There is no key file: KMS seals client secrets (PORTAL_KMS_KEY_ID). {advice}"
        )
    from portal.sealing import SEALING_KEYS_FILE  # noqa: PLC0415 - cryptography

    return settings.data_dir / SEALING_KEYS_FILE
