"""The marks in the sort keys of a tenant's rows.

An index carries only some attributes, and none says of a sign-up what a list shows of it. So each
sort key has marks before the id: `2026-05-03T12:00:00.000Z#PROVED#CONFIRMED#pending-…`.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from portal.stores import GSI2, GSI3, GSI4, KEY, Item
from portal.tenants import Gap

#: The partition of sign-ups that were set aside as doubtful.
ASIDE: Final = "ASIDE"
#: The partition of sign-ups that wait for the proof of their address, since a setting says so.
WAITING: Final = "WAITING"

# No normalised name holds capitals, so none looks like a mark.
ASIDE_MARK: Final = "#ASIDE"
WAITING_MARK: Final = "#WAITING"
FAST_MARK: Final = "#FAST"
RENEWAL_MARK: Final = "#RENEWAL"
ASKED_MARK: Final = "#ASKED"
ANSWERED_MARK: Final = "#ANSWERED"
CONFIRMED_MARK: Final = "#CONFIRMED"
PROVED_MARK: Final = "#PROVED"
OTHER_COMPANIES_MARK: Final = "#OTHERS"
ERASED_MARK: Final = "#ERASED"
#: The same of an incomplete tenant, with a letter for each thing that it lacks.
GAPS_MARK: Final = "#LACKS-"
GAP_LETTERS: Final = {
    Gap.END: "E",
    Gap.CONTACT: "C",
    Gap.IDS: "I",
    Gap.TENANT_ID: "T",
    Gap.CLUSTER: "H",
    Gap.ATTRIBUTES: "A",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class RowMarks:
    """What the marks of a row, or of an item, say of a tenant.

    Attributes:
        aside: It is a pending sign-up that is not in the queue: doubtful, or waiting for the proof
            of its address.
        waiting: The proof of its address moves it into the queue.
        fast: It was sent faster than people type.
        renewal: With it the customer of a tenant asks to renew it.
        asked: Its customer was asked, and has not answered yet.
        answered: Its customer has answered the latest question.
        confirmed: Its address is proved.
        proved: The shell has proved its account.
        other_companies: The token of the shell lists other companies than its own.
        erased: A tenant whose licence ended long ago, and whose personal details retention has
            erased.
    """

    aside: bool = False
    waiting: bool = False
    fast: bool = False
    renewal: bool = False
    asked: bool = False
    answered: bool = False
    confirmed: bool = False
    proved: bool = False
    other_companies: bool = False
    erased: bool = False


_FIELDS = {
    ASIDE_MARK: "aside",
    WAITING_MARK: "waiting",
    FAST_MARK: "fast",
    RENEWAL_MARK: "renewal",
    ASKED_MARK: "asked",
    ANSWERED_MARK: "answered",
    CONFIRMED_MARK: "confirmed",
    PROVED_MARK: "proved",
    OTHER_COMPANIES_MARK: "other_companies",
    ERASED_MARK: "erased",
}
_SORTS = (GSI2.sort, GSI3.sort, GSI4.sort)
_LIST = GSI2.partition


def row_marks(row: Item) -> RowMarks:
    """All that the marks of a row of an index, or of an item, say. A page that asks for several of
    them asks once: it reads the sort keys."""
    end = f"#{row[KEY]}"
    marks = ""
    for sort in _SORTS:
        key = row.get(sort)
        # Most rows have no mark at all.
        if key is not None and "#" in str(key)[: -len(end)]:
            found = _marks_text(str(key), end)
            # All indexes have the same ones.
            if found not in marks:
                marks += found
    # 1.0 gave its rows no mark.
    is_listed_aside = row.get(_LIST) in (ASIDE, WAITING)
    return _marks_of(marks, is_listed_aside) if marks or is_listed_aside else NO_MARKS


#: Most rows have none.
NO_MARKS: Final = RowMarks()


def marked_gaps(row: Item) -> tuple[Gap, ...]:
    """What a tenant lacks, by the sort keys of its row of an index, or its item."""
    for sort in _SORTS:
        key = str(row[sort]) if sort in row else ""
        if GAPS_MARK not in key:
            continue
        _, mark, letters = key.removesuffix(f"#{row[KEY]}").rpartition(GAPS_MARK)
        if mark:
            return tuple(gap for gap, letter in GAP_LETTERS.items() if letter in letters)
    return ()


def is_set_aside(row: Item) -> bool:
    """`RowMarks.aside`."""
    return row_marks(row).aside


def is_waiting_for_address(row: Item) -> bool:
    """`RowMarks.waiting`."""
    return row_marks(row).waiting


def is_too_fast(row: Item) -> bool:
    """`RowMarks.fast`."""
    return row_marks(row).fast


def is_renewal(row: Item) -> bool:
    """`RowMarks.renewal`."""
    return row_marks(row).renewal


def is_asked(row: Item) -> bool:
    """`RowMarks.asked`."""
    return row_marks(row).asked


def is_answered(row: Item) -> bool:
    """`RowMarks.answered`."""
    return row_marks(row).answered


def is_confirmed(row: Item) -> bool:
    """`RowMarks.confirmed`."""
    return row_marks(row).confirmed


def is_proved(row: Item) -> bool:
    """`RowMarks.proved`."""
    return row_marks(row).proved


def is_of_other_companies(row: Item) -> bool:
    """`RowMarks.other_companies`."""
    return row_marks(row).other_companies


def is_ended_and_erased(row: Item) -> bool:
    """`RowMarks.erased`."""
    return row_marks(row).erased


def _marks_text(sort_key: str, end: str) -> str:
    """The marks between the value that a sort key sorts by and its end, the id."""
    if not sort_key.endswith(end):
        return ""
    rest = sort_key[: -len(end)]
    found = ""
    while "#" in rest:
        rest, separator, word = rest.rpartition("#")
        mark = separator + word
        if mark in _FIELDS:
            found = mark + found
        elif not mark.startswith(GAPS_MARK):
            break
    return found


@lru_cache(256)
def _marks_of(marks: str, is_listed_aside: bool) -> RowMarks:
    """`marks`: some of our own, so there are few such texts."""
    fields = {_FIELDS[f"#{word}"]: True for word in marks.split("#")[1:]}
    is_aside = is_listed_aside or "aside" in fields or "waiting" in fields
    return RowMarks(**{**fields, "aside": is_aside})
