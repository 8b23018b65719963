"""`formatVersion`: how the items of a store are to be read, and which portal can.

A version of the portal that changes what an item means, so that the one before would read it
wrongly, raises `FORMAT_VERSION`. It then writes the number into the store, and every portal that
knows only lower ones refuses the whole store, before it shows or changes anything. A new attribute
or a new kind of item changes nothing for others, and is no reason to raise it.

A store without the item has version 1. What the item says is the same for all portals of a
version, so that a copy of it is never a conflict.
"""

from portal.stores.contract import (
    Add,
    BusyError,
    Item,
    ItemExistsError,
    NewerFormatError,
    Store,
    UnavailableError,
)
from portal.stores.reading import find_item
from portal.stores.schema import KEY

FORMAT_VERSION = 1
#: The first version of the portal that reads `FORMAT_VERSION`.
NEEDS = "1.0"

#: By its prefix every portal, the one before as well, knows that this is no tenant.
FORMAT_ID = "limit-format-version"
VERSION, NEEDED = "formatVersion", "needs"


def newer_format_error(place: str, found: object, needs: object, known: int) -> NewerFormatError:
    """
    Args:
        place: What has that format, as the beginning of a sentence.
        needs: The first version of the portal that reads it.
    """
    return NewerFormatError(
        reason=f"{place} has format {found}, which this portal cannot read: it knows formats up to"
        f" {known}. A newer portal wrote it. Nothing was changed.",
        remedy=f"Format {found} needs portal ≥ {needs}. Start that one, or restore the backup from"
        " before the update.",
    )


def refuse_newer_items(item: Item | None, place: str) -> None:
    """
    Args:
        item: The one with `FORMAT_ID`; None if there is none.

    Raises:
        NewerFormatError: The items are of a version that this portal does not know.
    """
    if item is None:
        return
    found = item.get(VERSION)
    # What is no number was written by somebody who knows more.
    if not isinstance(found, int) or found > FORMAT_VERSION:
        raise newer_format_error(
            place, found, item.get(NEEDED, "the one that wrote it"), FORMAT_VERSION
        )


def mark_format(store: Store) -> None:
    """Write the version of this portal into a store that has none. Once, at the start of a server:
    while the store cannot be asked it stays as it is, which means version 1.

    Raises:
        NewerFormatError: As for `refuse_newer_items`; the store itself looks.
    """
    try:
        if find_item(store, FORMAT_ID) is None:
            store.write([Add({KEY: FORMAT_ID, VERSION: FORMAT_VERSION, NEEDED: NEEDS})])
    except NewerFormatError:
        raise
    except (BusyError, ItemExistsError, UnavailableError):
        return
