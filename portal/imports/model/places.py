"""Where an entry was stored before somebody handed it in."""

from dataclasses import dataclass


@dataclass(frozen=True, order=True, slots=True)
class Place:
    """One localStorage. Two of them may hold records of the same tenant that have nothing to do
    with each other, such as those of a staging system and of production.

    origin: of the page whose localStorage it is, such as `https://app.example.com`; empty if the
        file does not say.
    storage_key: as a browser names the storage on disk, if that says more than the origin, such
        as `https://app.example.com/^0https://fsm.cloud.sap` in Chromium.
    top_site: the site in whose frame the page was, if that was another one.
    container: the container of Firefox; empty outside of containers.
    file: the path of the file within the folder that was handed in; empty for a single file.
    """

    origin: str = ""
    storage_key: str = ""
    top_site: str = ""
    container: str = ""
    file: str = ""


#: The place of an entry of a file that does not name any.
UNNAMED_PLACE = Place()
