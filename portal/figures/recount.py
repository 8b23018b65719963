"""Compares the counts of the last weeks with the sign-ups and events themselves, and corrects them.

It reads the whole store, so it is for operators alone. Decisions go on meanwhile. A number that was
the same before and after reading was the same all the time, so what was read has to agree with it;
one that went up meanwhile is left to the next time.

A count is never written: the next one could be lost. What is missing, or too much, stands in an
item of corrections, which is written on the condition that nobody else has written it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from portal import records
from portal.figures.counting import DECISIONS
from portal.stores import KEY, Add, Item, Replace, Store, find_item, iter_scan

#: Week and name of a number.
_Number = tuple[str, str]
#: Corrections of older weeks are dropped. Nothing shows them.
_KEPT_WEEKS = 110


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """A number that is not what is stored. `name`: as in the item of its week."""

    week: str
    name: str
    counted: int
    found: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Recount:
    """What was found. `changing`: numbers that went up meanwhile, so that nobody can say."""

    differences: Sequence[Difference]
    changing: int


def check(store: Store, now: datetime, weeks: int) -> Recount:
    """Compare the counts of this week and those before it, so many in all.

    Raises:
        StoreError: The store failed.
    """
    names = records.weeks_until(now, weeks)
    before = _counted(store, names)
    found = _found(store, frozenset(names))
    after = _counted(store, names)
    numbers = sorted(before.keys() | after.keys() | found.keys())
    steady = [number for number in numbers if before[number] == after[number]]
    differences = [
        Difference(week=week, name=name, counted=after[week, name], found=found[week, name])
        for week, name in steady
        if after[week, name] != found[week, name]
    ]
    return Recount(differences=differences, changing=len(numbers) - len(steady))


def repair(store: Store, now: datetime, weeks: int) -> Recount:
    """As `check`, and correct what differs. Returns what was corrected.

    Raises:
        VersionConflictError, ItemExistsError: Somebody else corrects at this moment. Nothing was
            changed.
        StoreError: The store failed.
    """
    stored = find_item(store, records.CORRECTIONS)
    recount = check(store, now, weeks)
    if not recount.differences:
        return recount
    kept = frozenset(records.weeks_until(now, _KEPT_WEEKS))
    corrections = records.corrections_of(stored) if stored else {}
    corrections = {week: numbers for week, numbers in corrections.items() if week in kept}
    for each in recount.differences:
        numbers = corrections.setdefault(each.week, Counter())
        numbers[each.name] += each.found - each.counted
    version = int(stored["version"]) if stored else 0
    item = records.corrections_item(corrections, version + 1)
    store.write([Replace(item, version) if stored else Add(item)])
    return recount


def _counted(store: Store, weeks: Sequence[str]) -> Counter[_Number]:
    """The counts, corrected."""
    counted: Counter[_Number] = Counter()
    for week in weeks:
        decisions = find_item(store, records.decisions_item_id(week))
        sign_ups = find_item(store, records.sign_ups_item_id(week))
        _add(counted, week, records.decision_counts(decisions or {}))
        _add(counted, week, records.sign_up_count(sign_ups or {}))
    stored = find_item(store, records.CORRECTIONS)
    corrections = records.corrections_of(stored) if stored else {}
    for week in weeks:
        _add(counted, week, corrections.get(week, {}))
    return counted


def _add(counted: Counter[_Number], week: str, numbers: Mapping[str, int]) -> None:
    for name, number in numbers.items():
        counted[week, name] += number


def _found(store: Store, weeks: frozenset[str]) -> Counter[_Number]:
    found: Counter[_Number] = Counter()
    for item in iter_scan(store):
        number = _number_of(item)
        if number and number[0] in weeks:
            found[number] += 1
    return found


def _number_of(item: Item) -> _Number | None:
    """The number that counts this item; `None`: none does."""
    if records.item_kind(str(item[KEY])) == "event":
        return records.counted_decision(item) if item.get("verb") in DECISIONS else None
    week = records.counted_sign_up(item)
    return (week, records.SIGN_UPS) if week else None
