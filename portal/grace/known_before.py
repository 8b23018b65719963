"""Who was answered with a "yes" last, as the file of the data folder has it: for a command, while
the store itself is damaged."""

from pathlib import Path

from portal.grace.known_file import NAME, WRITE_SECONDS, KnownFile, KnownFileError
from portal.grace.sighting import item_of_row
from portal.stores import Item


def last_yes_items(folder: Path) -> dict[str, tuple[int, Item]] | None:
    """By the id of the tenant: the version of its item, 0 if it has none, and what its answer needs
    of it. None if nothing is known: there is no file, or it cannot be read or trusted."""
    if not (folder / NAME).exists():
        return None
    file = KnownFile(folder, make_folder=False)
    try:
        rows = file.changed_rows(WRITE_SECONDS)
    except KnownFileError:
        return None
    finally:
        file.close()
    # A file of somebody else is made anew when it is opened, and is empty then.
    known = {row.tenant_id: (row.version, item_of_row(row.row)) for row in rows if row.row}
    return known or None
