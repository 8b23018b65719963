"""The items that count what staff see as figures. They hold numbers alone: no name, no address.

    stats-week-…      the decisions of a week, by verb and person; and how long sign-ups had waited
    stats-sign-ups-…  the sign-ups of a week; and those of each of its hours, which are limited
    stats-corrections what `portal stats repair` adds to both

A week is one of ISO 8601, in UTC: it begins on Monday, whatever zone the portal shows. The setting
of the zone may change, and what was counted stays where it is.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

from portal.records.ids import reference_of
from portal.records.row_marks import is_set_aside
from portal.stores import KEY, Item
from portal.tenants import Verb
from portal.timestamps import parse_timestamp

#: The number of sign-ups in an item of them.
SIGN_UPS = "s"
#: The item of the corrections.
CORRECTIONS = "stats-corrections"
#: Within which hours of a week sign-ups are counted, and the letters that begin their names.
SIGN_UP_SCOPES = {"all": "a", "proved": "p"}

_PERSON_LENGTH = 8
_STAFF = "staff-"
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def week_of(instant: datetime) -> str:
    """`2026-W49`. The last days of December may belong to the first week of the next year."""
    year, week, _ = instant.astimezone(UTC).isocalendar()
    return f"{year}-W{week:02}"


def weeks_until(now: datetime, number: int) -> list[str]:
    """So many weeks, the oldest first; the last one is that of `now`."""
    return [week_of(now - timedelta(weeks=back)) for back in reversed(range(number))]


def monday_of(week: str) -> date:
    return date.fromisocalendar(int(week[:4]), int(week[6:]), 1)


def decisions_item_id(week: str) -> str:
    return f"stats-week-{week}"


def sign_ups_item_id(week: str) -> str:
    return f"stats-sign-ups-{week}"


def hour_name(scope: str, instant: datetime) -> str:
    """The number of sign-ups of this hour in the item of its week. It is short: with all its hours,
    the item stays below 1 KB, beyond which each write would cost more."""
    utc = instant.astimezone(UTC)
    high, low = divmod(utc.weekday() * 24 + utc.hour, len(_DIGITS))
    return f"{SIGN_UP_SCOPES[scope]}{_DIGITS[high]}{_DIGITS[low]}"


def person_key(who: str) -> str:
    """Stands for a person of staff in the names of numbers; empty: `who` is nobody of staff."""
    if not who.startswith(_STAFF):
        return ""
    return hashlib.sha256(who.encode()).hexdigest()[:_PERSON_LENGTH]


def decision_name(verb: str, person: str) -> str:
    """The number of decisions with this verb by this person. `person`: of `person_key`."""
    return f"{verb}-{person}"


def decision_of_name(name: str) -> tuple[str, str] | None:
    """Verb and person of such a name; `None`: it counts something else."""
    verb, hyphen, person = name.rpartition("-")
    return (verb, person) if hyphen else None


def decision_counts(item: Item) -> Counter[str]:
    """The numbers of decisions in the item of a week, by their names."""
    return _numbers({name: value for name, value in item.items() if decision_of_name(name)})


def sign_up_count(item: Item) -> Counter[str]:
    """The number of sign-ups in the item of a week, by its name."""
    return _numbers({SIGN_UPS: item.get(SIGN_UPS, 0)})


def _numbers(item: Item) -> Counter[str]:
    return Counter({name: value for name, value in item.items() if type(value) is int and value})


# ---- What counts


def counted_decision(event: Item) -> tuple[str, str] | None:
    """Week and name of the number that counts a change, by its event; `None`: nobody of staff made
    it. The verb may be any. Undoing an import decides on no tenant, as the import did not."""
    if (event.get("verb"), event.get("reason")) == (Verb.UNDO, Verb.IMPORT):
        return None
    at, person = parse_timestamp(str(event.get("at", ""))), person_key(str(event.get("who", "")))
    if at is None or not person:
        return None
    return week_of(at), decision_name(str(event.get("verb", "")), person)


def counted_sign_up(item: Item) -> str | None:
    """The week in which the item of a sign-up is counted; `None`: it is no sign-up, or was never in
    the queue, nor decided. The forward in the place of a sign-up counts as it did."""
    if not reference_of(str(item[KEY])):
        return None
    if is_set_aside(item) and item.get("reopened") is not True:
        return None
    at = parse_timestamp(str(item.get("createdAt", "")))
    return week_of(at) if at else None


# ---- Corrections


def corrections_of(item: Item) -> dict[str, Counter[str]]:
    """Week -> what is to be added to its numbers. It may be less than nothing."""
    corrections: dict[str, Counter[str]] = {}
    for name, value in item.items():
        week, space, number = name.partition(" ")
        if space and type(value) is int:
            corrections.setdefault(week, Counter())[number] = value
    return corrections


def corrections_item(corrections: Mapping[str, Mapping[str, int]], version: int) -> Item:
    numbers = {
        f"{week} {name}": value
        for week, of_week in sorted(corrections.items())
        for name, value in sorted(of_week.items())
        if value
    }
    return {KEY: CORRECTIONS, "version": version, **numbers}
