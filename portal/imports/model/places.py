"""Where an entry was stored before somebody handed it in."""

import hashlib
from dataclasses import dataclass

#: A place has a name of at most so many characters. Browsers have no origin that is as long.
_MAX_NAME_LENGTH = 200


@dataclass(frozen=True, order=True, slots=True)
class Place:
    """One localStorage. Two of them may hold records of the same tenant that have nothing to do
    with each other, such as those of a staging system and of production.

    origin: of the page whose localStorage it is, such as `https://app.example.com`; empty if the
        file does not say.
    storage_key: as a browser names the storage on disk, if that says more than the origin, such
        as `https://app.example.com/^0https://fsm.cloud.sap` in Chromium.
    top_site: the site in whose frame the page was, if that was another one.
    table: of DynamoDB, whose item it is; a table is no localStorage, but a place as well.
    container: the container of Firefox; empty outside of containers.
    file: the path of the file within the folder that was handed in; empty for a single file.
    part: counts from 1 the documents of a file, and the storages in one: people join what
        several browsers held. 0 if the file cannot hold more than one.
    """

    origin: str = ""
    storage_key: str = ""
    top_site: str = ""
    container: str = ""
    file: str = ""
    part: int = 0
    table: str = ""


#: The place of an entry of a file that does not name any.
UNNAMED_PLACE = Place()


@dataclass(frozen=True, slots=True)
class PlaceSummary:
    """A place that can be chosen.

    entries: how many it holds, also invalid ones.
    last_change: the newest `updatedAt` of its entries, as a timestamp; empty if none has one.
    """

    name: str
    entries: int
    last_change: str


def place_name(place: Place) -> str:
    """What people call the place: its storage key, or its origin and what else is known; empty if
    the file names neither. One line without characters that a terminal would obey.

    It does not say which file: if two files or two parts of a file hold places with the same
    name, `place_names` tells them apart.
    """
    if place.storage_key:
        return short_place_name(place.storage_key)
    name = place.origin or place.table
    if place.top_site:
        name = f"{name} in a frame of {place.top_site}"
    if place.container:
        name = f"{name} in the container {place.container}"
    return short_place_name(name)


def short_place_name(text: str) -> str:
    """The text as one short printable line. If that is not all of the text, it ends with a digest,
    so that two names that only look alike stay two."""
    if len(text) <= _MAX_NAME_LENGTH and text.isprintable() and text == text.strip():
        return text
    start = text.strip()[:_MAX_NAME_LENGTH]
    printable = "".join(c if c.isprintable() else repr(c)[1:-1] for c in start)
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return f"{printable[: _MAX_NAME_LENGTH - 13]}…{digest}"
