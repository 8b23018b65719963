"""`python -m migrations_tools import` and `export`: their options, and their exit status.

The modules that do the work load `portal.imports`, which takes 0.1 s. The commands import them when
they run, so that the other commands of the tool do not wait for it.
"""

import click

from migrations_tools.options import (
    ANSWERS_OPTION,
    JSON_OPTION,
    MAX_LISTED,
    MOST_LOSING_OPTION,
)

#: The values of `portal.imports.Policy`, `AllowedChange` and `Lookup`; a test compares them.
POLICIES = ("skip", "newer-wins", "overwrite")
ALLOWED_CHANGES = ("status", "validity")
LOOKUPS = ("get", "transact", "scan")


@click.command("import")
@click.argument("files", metavar="FILE…", nargs=-1, required=True)
@click.option("--dry-run", is_flag=True, help="Show the plan. Writes nothing.")
@click.option(
    "--policy",
    default="skip",
    show_default=True,
    type=click.Choice(POLICIES),
    help="Which version counts if a tenant is in the store already and differs.",
)
@click.option(
    "--allow",
    "allowed",
    multiple=True,
    type=click.Choice(ALLOWED_CHANGES),
    help="Also change the status, or a validity that staff set.",
)
@click.option(
    "--origin",
    "origins",
    metavar="PLACE",
    multiple=True,
    help="Import only the tenants of this place, named as --list prints it. Can be repeated.",
)
@click.option(
    "--list",
    "only_list",
    is_flag=True,
    help="Print the places whose tenants the files hold, one a line, and import nothing.",
)
@click.option(
    "--report",
    metavar="FILE",
    help="Write all rows to this file: as CSV if its name ends in .csv, otherwise as JSON.",
)
@click.option(
    "--lookup",
    type=click.Choice(LOOKUPS),
    help="How tenants are looked up in DynamoDB: get: each by itself. transact: 100 at once, much"
    " faster, for twice the read units. scan: by reading the whole table once.  [default: get for"
    " up to 200 rows, transact for more]",
)
@ANSWERS_OPTION
@MOST_LOSING_OPTION
@JSON_OPTION
def import_(
    *,
    files: tuple[str, ...],
    dry_run: bool,
    policy: str,
    allowed: tuple[str, ...],
    origins: tuple[str, ...],
    only_list: bool,
    report: str | None,
    lookup: str | None,
    show_answers: bool,
    most_losing: int | None,
    as_json: bool,
) -> None:
    """Import tenants that the old application exported. A FILE can be - for standard input.
    Tenants of several places are not merged: choose with --origin. Exit status 2 means that a
    file cannot be used, or that places have to be chosen."""
    if only_list:
        from migrations_tools.imports.file_entries import run_list  # noqa: PLC0415 - takes 0.1 s

        if report is not None or origins:
            raise click.UsageError("--list cannot be used with --origin or --report.")
        run_list(files, as_json=as_json)
        return
    from migrations_tools.imports.importing import ImportArguments, run_import  # noqa: PLC0415 - takes 0.1 s
    from portal.imports import AllowedChange, Lookup, Policy  # noqa: PLC0415 - takes 0.1 s

    is_complete = run_import(
        ImportArguments(
            files=files,
            origins=origins,
            policy=Policy(policy),
            allowed=frozenset(AllowedChange(change) for change in allowed),
            dry_run=dry_run,
            report=report,
            lookup=Lookup(lookup) if lookup else None,
            show_answers=show_answers,
            most_losing=most_losing,
            as_json=as_json,
        )
    )
    if not is_complete:
        raise SystemExit(1)


@click.command()
@click.option("--out", metavar="FILE", help="File to write. Default: standard output.")
def export(out: str | None) -> None:
    """Write all tenants that have a final id as JSON Lines, which `import` reads. Without
    secrets."""
    from migrations_tools.imports.exporting import run_export  # noqa: PLC0415 - takes 0.1 s

    report = run_export(out)
    click.echo(f"{report.tenants:,} tenants.", err=True)
    if report.left_out:
        click.echo(f"Sign-ups without a final id, left out: {report.left_out:,}.", err=True)
    for problem in report.problems[:MAX_LISTED]:
        click.echo(f"To be corrected before it is imported: {problem}", err=True)
    if len(report.problems) > MAX_LISTED:
        click.echo(f"and {len(report.problems) - MAX_LISTED:,} more.", err=True)
    if report.problems:
        raise SystemExit(1)
