"""What was noted of a tenant's use, as an item and back: when it was let in and refused, and when
its status page was opened. And the ids that `validate` was asked for and no tenant has.

None of them has the id of its tenant as its own, and none holds anything that decides access. So
they raise no version, and no decision waits for one of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from portal.records.attributes import Texts, format_optional_timestamp
from portal.records.tried import TriedCredentials, tried_of_text, tried_text
from portal.stores import GSI2, GSI3, GSI4, KEY, Item, Value
from portal.timestamps import format_timestamp, parse_timestamp

#: Where GSI4 has the active tenants that were never let in, sorted by since when they could be.
USAGE_NEVER = "USE#never"
#: Where GSI3 has the tenants that ask and are refused, sorted by the last day.
USAGE_REFUSED = "USE#refused"
#: Where GSI2 has the item of ids that no tenant has: its row says how many there are.
USAGE_UNKNOWN = "USE#unknown"
#: The item of these ids.
UNKNOWN_IDS = "usage-unknown"


@dataclass(frozen=True, kw_only=True, slots=True)
class Usage:
    """What was noted of one tenant, or of one sign-up. Days are those of the portal's time zone.

    Attributes:
        tenant_id: The final id; of the status page, the id of the sign-up whose link it is.
        version: 0 if nothing is stored.
        expected_since: Since when the tenant is active and may be let in; `None` if it is not
            active, or nobody has looked yet.
        first_day, last_day: When the application was let in.
        refused_since, refused_day: The first and last day of refusals since it was last let in.
        opened_first, opened_last: When the status page was opened.
        tried: The latest try of credentials.
    """

    tenant_id: str
    version: int = 0
    expected_since: datetime | None = None
    first_day: date | None = None
    last_day: date | None = None
    refused_since: date | None = None
    refused_day: date | None = None
    opened_first: datetime | None = None
    opened_last: datetime | None = None
    tried: TriedCredentials | None = None


def usage_id(tenant_id: str) -> str:
    return f"usage-{tenant_id}"


def usage_tenant_id(row: Item) -> str:
    """The tenant of an item, or of its row in an index."""
    return str(row[KEY]).removeprefix(usage_id(""))


def usage_item(usage: Usage) -> Item:
    item_id = usage_id(usage.tenant_id)
    item: dict[str, Value | None] = {
        KEY: item_id,
        "version": usage.version,
        "since": format_optional_timestamp(usage.expected_since),
        "firstDay": _text(usage.first_day),
        "lastDay": _text(usage.last_day),
        "refusedSince": _text(usage.refused_since),
        "refusedDay": _text(usage.refused_day),
        "openedFirst": format_optional_timestamp(usage.opened_first),
        "openedLast": format_optional_timestamp(usage.opened_last),
        "tried": tried_text(usage.tried) if usage.tried else None,
    }
    if usage.expected_since and not usage.first_day:
        item |= {
            GSI4.partition: USAGE_NEVER,
            GSI4.sort: f"{format_timestamp(usage.expected_since)}#{item_id}",
        }
    if usage.refused_day:
        item |= {
            GSI3.partition: USAGE_REFUSED,
            GSI3.sort: f"{usage.refused_day.isoformat()}#{item_id}",
        }
    return {name: value for name, value in item.items() if value is not None}


def usage_of(item: Item) -> Usage:
    text = Texts(item)
    return Usage(
        tenant_id=usage_tenant_id(item),
        version=int(item["version"]),
        expected_since=parse_timestamp(text["since"]),
        first_day=_day(text["firstDay"]),
        last_day=_day(text["lastDay"]),
        refused_since=_day(text["refusedSince"]),
        refused_day=_day(text["refusedDay"]),
        opened_first=parse_timestamp(text["openedFirst"]),
        opened_last=parse_timestamp(text["openedLast"]),
        tried=tried_of_text(text["tried"]),
    )


def usage_expected_since(row: Item) -> datetime | None:
    """Of a row in `USAGE_NEVER`."""
    return parse_timestamp(str(row[GSI4.sort]).partition("#")[0])


def usage_refused_day(row: Item) -> date | None:
    """Of a row in `USAGE_REFUSED`."""
    return _day(str(row[GSI3.sort]).partition("#")[0])


# ---- Ids that no tenant has


@dataclass(frozen=True, kw_only=True, slots=True)
class UnknownId:
    """Ids that `validate` was asked for and no tenant had. Anybody can type them.

    Attributes:
        count: Roughly how often, since `first_day`.
    """

    tenant_id: str
    count: int
    first_day: date
    last_day: date


def unknown_ids_item(unknown: Sequence[UnknownId], version: int) -> Item:
    lines = (
        f"{each.tenant_id} {each.count} {each.first_day.isoformat()} {each.last_day.isoformat()}"
        for each in unknown
    )
    return {
        KEY: UNKNOWN_IDS,
        "version": version,
        "entries": "\n".join(lines),
        # The index has this name, and not the entries.
        "changes": len(unknown),
        GSI2.partition: USAGE_UNKNOWN,
        GSI2.sort: UNKNOWN_IDS,
    }


def unknown_ids_of(item: Item) -> list[UnknownId]:
    """The ids of the item; none of a line that nobody can read."""
    found = []
    for line in Texts(item)["entries"].splitlines():
        tenant_id, count, *days = [*line.split(" "), ""]
        first, last = (*map(_day, days), None, None)[:2]
        if count.isdigit() and first and last:
            found.append(
                UnknownId(tenant_id=tenant_id, count=int(count), first_day=first, last_day=last)
            )
    return found


def unknown_ids_count(row: Item) -> int:
    """Of the row in `USAGE_UNKNOWN`."""
    count = row.get("changes")
    return count if isinstance(count, int) else 0


def _text(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
