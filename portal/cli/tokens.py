"""`portal token`: tokens of programs that call the API."""

from datetime import datetime, timedelta

import click

from portal.auth import (
    CALLS_PER_HOUR,
    DEFAULT_TOKEN_DAYS,
    IMPORTS_PER_HOUR,
    MAX_CALLS_PER_HOUR,
    MAX_TOKEN_DAYS,
    TOKEN_NAME_LENGTH,
    Scope,
    Token,
    create_api_token,
    list_api_tokens,
    revoke_api_token,
)
from portal.cli.errors import opened_store, read_settings
from portal.stores import ItemNotFoundError
from portal.timestamps import utc_now


def _token_name(_context: click.Context, _parameter: click.Parameter, text: str) -> str:
    from portal.contact_readers import ProblemError, read_line  # noqa: PLC0415 - takes 0.04 s

    try:
        return read_line(text, most=TOKEN_NAME_LENGTH)
    except ProblemError as error:
        raise click.BadParameter(
            f"Enter a name on one line, of at most {TOKEN_NAME_LENGTH} characters."
        ) from error


@click.group()
def token() -> None:
    """Manage the tokens of programs that call the API."""


@token.command()
@click.argument("name", callback=_token_name)
@click.option(
    "--scope",
    "scopes",
    required=True,
    multiple=True,
    type=click.Choice([scope.value for scope in Scope]),
    help="What the token may be used for. Repeat it for each.",
)
@click.option(
    "--days",
    default=DEFAULT_TOKEN_DAYS,
    show_default=True,
    type=click.IntRange(1, MAX_TOKEN_DAYS),
    help="Days until the token expires.",
)
@click.option(
    "--per-hour",
    type=click.IntRange(1, MAX_CALLS_PER_HOUR),
    help="Number of calls that the token may make in an hour."
    f"  [default: {IMPORTS_PER_HOUR} if it only imports, else {CALLS_PER_HOUR:,}]",
)
def create(name: str, scopes: tuple[str, ...], days: int, per_hour: int | None) -> None:
    """Print a new token for the program NAME, alone on the last line. It is shown only once."""
    life, now = timedelta(days=days), utc_now()
    chosen = [scope for scope in Scope if scope.value in scopes]
    with opened_store(read_settings()) as store:
        text = create_api_token(
            store, name=name, scopes=chosen, life=life, now=now, per_hour=per_hour
        )
    kid = text.partition(".")[0]
    uses = " and ".join(chosen)
    click.echo(f"This token lets {name} use {uses} until {now + life:%Y-%m-%d}. Keep it secret.")
    click.echo(f"It is shown only now. To revoke it: portal token revoke {kid}")
    click.echo(text)


@token.command()
@click.argument("kid")
def revoke(kid: str) -> None:
    """Revoke the token KID at once. KID is the part of the token before the dot."""
    # People in a hurry paste the whole token.
    kid = kid.partition(".")[0]
    with opened_store(read_settings()) as store:
        try:
            revoked = revoke_api_token(store, kid, utc_now())
        except ItemNotFoundError as error:
            raise click.ClickException(
                "No token has this id. `portal token list` shows all tokens."
            ) from error
    click.echo(f"The token {revoked.kid} of {revoked.name} is revoked.")


@token.command("list")
def list_tokens() -> None:
    """Show all tokens: id, name, scopes, limit, end and last use. Never their secrets."""
    now = utc_now()
    with opened_store(read_settings()) as store:
        tokens = list(list_api_tokens(store))
    for listed in tokens:
        click.echo(_line(listed, now))
    if not tokens:
        click.echo("There are no tokens.")


def _line(token: Token, now: datetime) -> str:
    end = f"until {token.until:%Y-%m-%d}"
    if token.revoked_at:
        end = f"revoked {token.revoked_at:%Y-%m-%d}"
    elif not token.is_good(now):
        end = f"expired {token.until:%Y-%m-%d}"
    use = f"last used {token.last_used:%Y-%m-%d %H:%M} UTC" if token.last_used else "never used"
    scopes = " ".join(sorted(token.scopes))
    return f"{token.kid}  {token.name}  {scopes}  {token.per_hour:,} an hour  {end}, {use}"
