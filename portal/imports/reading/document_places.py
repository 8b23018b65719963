"""The place of each entry of a file. What directly holds entries is a storage, and each is a place
of its own: the object of a dump, a list of tenants, a list in a list. All lines of JSON Lines are
one, and so are all items of one table."""

from dataclasses import replace

from portal.imports.model import Place


class _Storage:
    """An object, a list, a text or the lines of a file.

    around: what the document says about the place of its entries.
    place: of its entries, once it has one. They share it.
    """

    __slots__ = ("around", "place")

    def __init__(self, around: Place) -> None:
        self.around = around
        self.place: Place | None = None


class DocumentPlaces:
    """current: the storage that is read now. Whoever begins another one within it, sets it back
    at the end."""

    def __init__(self) -> None:
        self.current = _Storage(Place())
        self._parts = 0
        self._lines: _Storage | None = None
        #: Places that a storage has already.
        self._taken: set[Place] = set()

    # ---- Storages

    def begin_part(self) -> None:
        """What follows was stored in another place, which has no name."""
        self._parts += 1
        self.current = _Storage(Place(part=self._parts))

    def begin_line(self) -> None:
        """What follows is a line of JSON Lines."""
        if self._lines is None:
            self.begin_part()
            self._lines = self.current
        self.current = self._lines

    def was_first_line(self) -> None:
        """What was read last was the first line of JSON Lines, which showed only at its end."""
        if self._lines is None:
            self._lines = self.current

    def begin_storage(self) -> None:
        """What follows may hold entries, and others than what is around it."""
        self.current = _Storage(self.current.around)

    def begin_origin(self, origin: object, document: Place) -> None:
        """What follows is the localStorage of an origin that the document names. Another document
        may name it as well: people join what several browsers held.

        origin: as the file has it; any value.
        """
        if isinstance(origin, str) and origin.strip():
            self.current = _Storage(Place(origin=origin, part=document.part))
        else:
            self.begin_part()

    def begin_table(self, name: str) -> None:
        """What follows are items of the table with this name."""
        self.current = _Storage(Place(table=name))

    # ---- Entries

    def of_entry(self) -> Place:
        """The place of an entry that stands in the current storage itself."""
        storage = self.current
        if storage.place is None:
            place = storage.around
            if place in self._taken and not place.table:
                self._parts += 1
                place = replace(place, part=self._parts)
            self._taken.add(place)
            storage.place = place
        return storage.place

    def of_item(self) -> Place:
        """The place of an item of a table. People join the parts of an export: unless they are
        named, all are one table. What stands in one list with it has the same place."""
        storage = self.current
        if storage.place is None:
            storage.place = storage.around if storage.around.table else Place()
        return storage.place
