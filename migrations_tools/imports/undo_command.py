"""`python -m migrations_tools undo-import`: its options, and its exit status."""

import click

from migrations_tools.options import JSON_OPTION


@click.command("undo-import")
@click.argument("import_id", metavar="IMPORT_ID")
@click.option("--dry-run", is_flag=True, help="Show what would go back. Writes nothing.")
@click.option(
    "--most-losing",
    metavar="N",
    type=click.IntRange(0),
    help="Undo nothing if more tenants would lose access, now or later. Default: any number.",
)
@click.option(
    "--stop",
    "stops",
    is_flag=True,
    help="Stop the import if it is still being written. Without it: if no row was for a minute.",
)
@JSON_OPTION
def undo_import(
    *, import_id: str, dry_run: bool, most_losing: int | None, stops: bool, as_json: bool
) -> None:
    """Undo an import: each tenant that nobody has changed since goes back to what it was, or away
    if it was new. Of a stopped import, that is the part that was written. It may be stopped and run
    again. Exit status 1 means that some rows stay; 2 that the import cannot be undone."""
    from migrations_tools.imports.undoing import UndoArguments, run_undo  # noqa: PLC0415 - takes 0.1 s

    arguments = UndoArguments(
        import_id=import_id,
        dry_run=dry_run,
        most_losing=most_losing,
        stops=stops,
        as_json=as_json,
    )
    if not run_undo(arguments):
        raise SystemExit(1)
