"""The place of each entry of a file: every document is one, every origin, and every dump in a list
of dumps. All lines of JSON Lines are one place, and so are all tenants of a list."""

from portal.imports.model import Place


class DocumentPlaces:
    """current: the place of the entries that are read now. The entries of one place share it."""

    def __init__(self) -> None:
        self.current = Place()
        self._parts = 0
        self._lines: Place | None = None

    def begin_part(self) -> None:
        """What follows was stored in another place, which has no name."""
        self._parts += 1
        self.current = Place(part=self._parts)

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

    def begin_origin(self, origin: object, document: Place) -> None:
        """What follows is the localStorage of an origin that the document names. Another document
        may name it as well: people join what several browsers held.

        origin: as the file has it; any value.
        """
        if isinstance(origin, str) and origin.strip():
            self.current = Place(origin=origin, part=document.part)
        else:
            self.begin_part()
