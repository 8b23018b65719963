"""`portal staff-link`, `staff-disable` and `staff-list`: which people of staff may sign in."""

import click

from portal.auth import Role, disable_person, index_people, make_sign_in_link
from portal.cli.errors import opened_store, read_settings
from portal.settings import Settings
from portal.stores import ItemNotFoundError, Store
from portal.timestamps import utc_now


def _email(_context: click.Context, _parameter: click.Parameter, text: str) -> str:
    from portal.contact_readers import ProblemError, read_email  # noqa: PLC0415 - takes 0.04 s

    try:
        return read_email(text)
    except ProblemError as error:
        raise click.BadParameter("Enter an address like name@example.com.") from error


@click.command("staff-link")
@click.argument("email", callback=_email)
@click.option(
    "--role",
    required=True,
    type=click.Choice([role.name.lower() for role in Role]),
    help="What the person may do.",
)
@click.option(
    "--name",
    default="",
    help="Name of the person in the history. Default: the part of EMAIL before the @.",
)
def staff_link(email: str, role: str, name: str) -> None:
    """Print a link that signs EMAIL in once, within 15 minutes."""
    settings = read_settings()
    with opened_store(settings) as store:
        link = new_staff_link(
            settings, store, email, name=name or email.partition("@")[0], role=role
        )
    click.echo(f"This link signs {email} in as {role}, once, within 15 minutes:")
    click.echo(link)


@click.command("staff-disable")
@click.argument("email", callback=_email)
def staff_disable(email: str) -> None:
    """Sign EMAIL out everywhere. Earlier links do not work any more."""
    with opened_store(read_settings()) as store:
        try:
            disable_person(store, email=email)
        except ItemNotFoundError as error:
            raise click.ClickException(
                f"Nobody with the address {email} has access. Check the spelling."
            ) from error
    click.echo(f"{email} is signed out, and earlier links do not work any more.")


@click.command("staff-list")
def staff_list() -> None:
    """Print who is on the list of staff. It reads the whole store."""
    with opened_store(read_settings()) as store:
        people = index_people(store)
    for listed in people:
        state = "may not sign in" if listed.is_disabled else "may sign in"
        way = f", at {listed.issuer}" if listed.issuer else ""
        role = listed.person.role.name.lower()
        click.echo(f"{listed.person.email}: {role}, {state}{way}")


def new_staff_link(settings: Settings, store: Store, email: str, *, name: str, role: str) -> str:
    """The URL of a new sign-in link."""
    token = make_sign_in_link(store, email=email, name=name, role=role, now=utc_now())
    return f"{settings.base_url}/staff/sign-in/{token}"
