"""The ids that a tenant had before, as one attribute of it; and what was written under all of them.

An id that is free again may become another tenant's. So each stands with the time for which it was
this one's.
"""

from collections.abc import Callable, Iterator, Sequence

from portal.records.attributes import format_optional_timestamp
from portal.records.index_keys import LAST
from portal.stores import GSI2, Item, Store
from portal.tenants import Stay, Tenant
from portal.timestamps import parse_timestamp

_FIRST = " "


def stays_text(stays: Sequence[Stay]) -> str:
    """`86810_104348@@2026-11-29T10:00:00.000Z`, with spaces between."""
    return " ".join(
        "@".join((
            stay.id,
            format_optional_timestamp(stay.since) or "",
            format_optional_timestamp(stay.until) or "",
        ))
        for stay in stays
    )  # fmt: skip


def stays_of(text: str) -> tuple[Stay, ...]:
    stays = []
    for part in text.split():
        tenant_id, since, until = (*part.split("@"), "", "")[:3]
        stays.append(Stay(tenant_id, parse_timestamp(since), parse_timestamp(until)))
    return tuple(stays)


def range_of_stay(stay: Stay) -> tuple[str, str]:
    """What was written then, in a partition of GSI2 that is sorted by time."""
    since = format_optional_timestamp(stay.since) or _FIRST
    until = format_optional_timestamp(stay.until) or ""
    return since, f"{until}{LAST}"


def rows_of_stays(
    store: Store, tenant: Tenant, partition_of: Callable[[str], str], *, limit: int
) -> Iterator[Item]:
    """The newest rows of each time, at most `limit` of each.

    Args:
        partition_of: The partition of GSI2 for an id.
    """
    for stay in tenant.stays:
        yield from store.query(
            GSI2,
            partition_of(stay.id),
            between=range_of_stay(stay),
            limit=limit,
            newest_first=True,
        ).items
