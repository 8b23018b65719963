"""`portal token`: the tokens of programs that call the API."""

from datetime import timedelta

import click

from portal.auth import (
    CALLS_PER_HOUR,
    TOKEN_NAME_LENGTH,
    Scope,
    create_api_token,
    list_api_tokens,
    revoke_api_token,
)
from portal.cli.errors import opened_store, read_settings
from portal.contacts import ProblemError, read_line
from portal.stores import ItemNotFoundError
from portal.timestamps import utc_now


def _token_name(_context: click.Context, _parameter: click.Parameter, text: str) -> str:
    try:
        return read_line(text, most=TOKEN_NAME_LENGTH)
    except ProblemError as error:
        raise click.BadParameter(
            f"Enter a name on one line, of at most {TOKEN_NAME_LENGTH} characters."
        ) from error


@click.group("token")
def token_group() -> None:
    """Look after the tokens of programs that call the API."""


@token_group.command("create")
@click.argument("name", callback=_token_name)
@click.option(
    "--scope",
    required=True,
    type=click.Choice([scope.value for scope in Scope]),
    help="What it may be used for.",
)
@click.option(
    "--days",
    default=90,
    show_default=True,
    type=click.IntRange(1, 3650),
    help="How long it may be used.",
)
@click.option(
    "--per-hour",
    default=CALLS_PER_HOUR,
    show_default=True,
    type=click.IntRange(1, 100_000),
    help="How many calls it may make in an hour.",
)
def create_token(name: str, scope: str, days: int, per_hour: int) -> None:
    """Print a new token for the program NAME, alone on the last line. It is shown only once."""
    life, now = timedelta(days=days), utc_now()
    with opened_store(read_settings()) as opened:
        text = create_api_token(
            opened, name=name, scope=Scope(scope), life=life, now=now, per_hour=per_hour
        )
    kid = text.partition(".")[0]
    click.echo(f"This lets {name} use {scope} until {now + life:%Y-%m-%d}. Keep it secret.")
    click.echo(f"It is shown only now. To end it: portal token revoke {kid}")
    click.echo(text)


@token_group.command("revoke")
@click.argument("kid")
def revoke_token(kid: str) -> None:
    """End the token KID, which is the part before the dot, at once."""
    # Somebody in a hurry pastes all of it.
    kid = kid.partition(".")[0]
    with opened_store(read_settings()) as opened:
        try:
            token = revoke_api_token(opened, kid, utc_now())
        except ItemNotFoundError as error:
            raise click.ClickException(
                "No token has this id. `portal token list` shows all of them."
            ) from error
    click.echo(f"The token {token.kid} of {token.name} opens nothing any more.")


@token_group.command("list")
def list_tokens() -> None:
    """Show all tokens: whose, for what, how often, until when, last used. Never their secrets."""
    now = utc_now()
    with opened_store(read_settings()) as opened:
        found = list(list_api_tokens(opened))
    for token in found:
        used = f"last used {token.last_used:%Y-%m-%d %H:%M} UTC" if token.last_used else "not used"
        ends = f"until {token.until:%Y-%m-%d}"
        if token.revoked_at:
            ends = f"revoked {token.revoked_at:%Y-%m-%d}"
        elif not token.is_good(now):
            ends = f"over since {token.until:%Y-%m-%d}"
        scopes = " ".join(sorted(token.scopes))
        often = f"{token.per_hour:,} an hour"
        click.echo(f"{token.kid}  {token.name}  {scopes}  {often}  {ends}, {used}")
    if not found:
        click.echo("There are no tokens.")
