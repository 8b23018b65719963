"""The places of the staged entries: their names, and the choice among them.

Records of one place are imported as they are. Those of several places are never merged unless
somebody has chosen the places by name: a newer record of a staging system would replace that of
production.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import NamedTuple

from portal.imports.model import (
    Entry,
    Message,
    Place,
    PlaceSummary,
    RefusedFileError,
    place_name,
    printable_excerpt,
    short_place_name,
)

#: Of the only place of a file that has no name itself.
_UNNAMED = "unnamed"


class PlaceChoiceError(RefusedFileError):
    """Nothing was imported: somebody has to choose among `places` first."""

    def __init__(self, message: Message, places: Sequence[PlaceSummary]) -> None:
        super().__init__(message, 422)
        self.places = places


def _no_choice(places: Sequence[PlaceSummary]) -> PlaceChoiceError:
    return PlaceChoiceError(
        Message(
            "There are tenants of %(number)s places, which may have nothing to do with each other."
            " Choose the places to import.",
            number=len(places),
        ),
        places,
    )


def _unknown_place(name: str, places: Sequence[PlaceSummary]) -> PlaceChoiceError:
    return PlaceChoiceError(
        Message(
            "No tenants come from a place with this name: %(place)s. Choose one of the places that"
            " there are.",
            place=printable_excerpt(name),
        ),
        places,
    )


def incomplete_place(name: str) -> RefusedFileError:
    return RefusedFileError(
        Message("The storage of %(place)s is not complete.", place=name),
        422,
        Message(
            "Nothing was imported. Open the profile once more in the browser, close the browser,"
            " and try again; or name an older copy, or choose other places."
        ),
    )


def too_many_places(limit: int) -> RefusedFileError:
    return RefusedFileError(
        Message("There are tenants of more than %(most)s places.", most=limit),
        413,
        Message("Split the file and import its parts."),
    )


class _Group(NamedTuple):
    """What can be chosen: one place in one file.

    is_former: it is what the rows of a report name. Somebody chose these places before, so they
        are listed, but not asked about again.
    """

    source: int
    name: str
    file: str
    part: int
    is_former: bool

    @property
    def storage(self) -> tuple[int, str, str, int]:
        """Several of these are never merged by themselves."""
        return self.source, "" if self.is_former else self.name, self.file, self.part


class StagedPlaces:
    """Gives each place a number. Memory holds short names, of at most `limit` places."""

    def __init__(self) -> None:
        self._file_names: list[str] = []
        self._numbers: dict[_Group, int] = {}
        self._latest: tuple[Place | None, str] = (None, "")
        self._latest_number = 0
        self._row_names: list[str] = []

    def begin_file(self, name: str) -> None:
        """The next entries are of this file. Without a name its places are called by number."""
        self._file_names.append(short_place_name(name))
        self._latest = (None, "")

    def number(self, entry: Entry, limit: int) -> int:
        """The number of the entry's place, counted from 0.

        Raises:
            RefusedFileError: there are more places than `limit`.
        """
        return self.number_of(entry.place, entry.former_place, limit)

    def number_of(self, place: Place, former: str, limit: int) -> int:
        """The same for a place, and the one that a row of a report names."""
        # The entries of one place share one object: nearly all are known without a look-up.
        if place is self._latest[0] and former == self._latest[1]:
            return self._latest_number
        group = _Group(
            len(self._file_names) - 1, short_place_name(former) or place_name(place),
            short_place_name(place.file), place.part, is_former=bool(former.strip()),
        )  # fmt: skip
        number = self._numbers.setdefault(group, len(self._numbers))
        if len(self._numbers) > limit:
            raise too_many_places(limit)
        self._latest, self._latest_number = (place, former), number
        return number

    def row_name(self, number: int) -> str:
        """The name of a place in rows and reports, once places are chosen; empty if there is
        nothing to say."""
        return self._row_names[number]

    def summaries(self, totals: Mapping[int, tuple[int, str]]) -> list[PlaceSummary]:
        """The places that can be chosen, in the order of the files.

        totals: number of entries and last change for each number of a place.
        """
        return [
            PlaceSummary(name, *totals.get(self._numbers[group], (0, "")))
            for group, name in self._group_names().items()
        ]

    def choose(self, chosen: Collection[str], summaries: Sequence[PlaceSummary]) -> list[int]:
        """The numbers of the places with these names.

        Raises:
            PlaceChoiceError: a name is unknown, or none is given and there are several places.
        """
        names = self._group_names()
        for name in chosen:
            if name not in names.values():
                raise _unknown_place(name, summaries)
        if not chosen and len({group.storage for group in names}) > 1:
            raise _no_choice(summaries)
        is_plain = len(names) == 1 and not next(iter(names)).name
        self._row_names = [
            group.name if group.is_former else "" if is_plain else name
            for group, name in names.items()
        ]
        return [
            self._numbers[group] for group, name in names.items() if not chosen or name in chosen
        ]

    def described(
        self, numbers: Collection[int], totals: Mapping[int, tuple[int, str]]
    ) -> list[PlaceSummary]:
        """What is to be said about the chosen places: nothing about the only place of a file that
        does not name it."""
        found: dict[str, tuple[int, str]] = {}
        for number in numbers:
            if name := self.row_name(number):
                entries, last_change = totals[number]
                before, last = found.get(name, (0, ""))
                found[name] = (before + entries, max(last, last_change))
        return [PlaceSummary(name, *total) for name, total in found.items()]

    def _group_names(self) -> dict[_Group, str]:
        """A name for each place, no two alike: as short as it can be."""
        groups = list(self._numbers)
        parts: dict[int, list[int]] = {}
        for source, part in sorted({(group.source, group.part) for group in groups}):
            parts.setdefault(source, []).append(part)
        groups_of_file = Counter(group.source for group in groups)
        levels = [
            list(
                self._names(
                    group,
                    # Only parts that hold tenants count.
                    part=parts[group.source].index(group.part) + 1,
                    is_alone=groups_of_file[group.source] == 1,
                )
            )
            for group in groups
        ]
        counts = [dict[str, int]() for _ in levels[0]] if levels else []
        for names in levels:
            for seen, name in zip(counts, names, strict=True):
                seen[name] = seen.get(name, 0) + 1
        taken: dict[_Group, str] = {}
        used: set[str] = set()
        for group, names in zip(groups, levels, strict=True):
            fitting = [(seen[name], name) for seen, name in zip(counts, names, strict=True) if name]
            # The same file may be given twice: then what does not tell them apart is left out.
            base = name = min(fitting, key=itemgetter(0), default=(0, _UNNAMED))[1]
            # A file can name its places as it likes, also like a part of another file.
            number = 1
            while name in used:
                number += 1
                name = f"{base} ({number})"
            used.add(name)
            taken[group] = name
        return taken

    def _names(self, group: _Group, *, part: int, is_alone: bool) -> Iterator[str]:
        """The place alone; with its file; with the part of the only file; with both."""
        file_name = self._file_names[group.source]
        is_only_file = len(self._file_names) == 1
        if group.file:
            file_name = group.file if is_only_file else f"{file_name}/{group.file}"
        with_file = " in ".join(filter(None, (group.name, file_name)))
        part_name = f"part {part}" if group.part else ""
        yield group.name
        yield with_file if group.name or is_alone else ""
        yield ", ".join(filter(None, (group.name, part_name))) if is_only_file else ""
        yield ", ".join(filter(None, (with_file, part_name)))
