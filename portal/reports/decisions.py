"""The report for auditors: who decided what, and when. No personal details of customers, no words
that somebody wrote, no secret: what was erased stays erased."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from functools import lru_cache, partial

from portal import queries, records
from portal.auth import find_person
from portal.contact_fields import CONTACT_ATTRIBUTES
from portal.imports import CSV_START, guarded_line
from portal.records import DecidedEvent
from portal.stores import (
    Add,
    ItemExistsError,
    ItemNotFoundError,
    Replace,
    Store,
    VersionConflictError,
    iter_scan,
)
from portal.timestamps import format_timestamp

_COLUMNS = (
    "at", "by", "byAddress", "byId", "decision", "tenantId", "company", "reason", "changes",
    "requestId",
)  # fmt: skip
#: Companies, and addresses of staff, that are not read again.
_REMEMBERED = 2000
_NOT_WHOLE = (
    "NOTE: decisions that an earlier version of the portal wrote may be missing until an operator"
    " runs: portal report-index"
)


def decisions_as_csv(store: Store, start: datetime, end: datetime) -> Iterator[str]:
    """Pieces of a table of what staff, programs and commands did from `start` on and before `end`,
    the oldest first. Instants are UTC.

    The name of a person is that of the day of the decision; the address and the company are those
    of today. Of the contact only that it was changed is said.

    Raises:
        StoreError: The store failed, perhaps after some lines.
    """
    yield CSV_START + guarded_line(_COLUMNS)
    company_of = lru_cache(_REMEMBERED)(partial(queries.company_of, store))
    address_of = lru_cache(_REMEMBERED)(partial(_address_of, store))
    for decided in queries.decided_between(store, start, end):
        yield guarded_line(_cells(decided, company_of, address_of))
    if not queries.report_is_whole(store):
        yield guarded_line([_NOT_WHOLE])


def _cells(
    decided: DecidedEvent, company_of: Callable[[str], str], address_of: Callable[[str], str]
) -> list[str]:
    event = decided.event
    return [
        format_timestamp(event.at) if event.at else "",
        event.by,
        address_of(decided.who),
        decided.who,
        event.verb,
        decided.tenant_id,
        company_of(decided.tenant_id),
        event.reason,
        "; ".join(_changes(event.changes)),
        event.request_id,
    ]


def _changes(changes: Mapping[str, tuple[str, str]]) -> Iterator[str]:
    contact = set(CONTACT_ATTRIBUTES.values())
    for name, (old, new) in changes.items():
        if name not in contact:
            yield f"{name}: {old or '-'} -> {new or '-'}" if old or new else f"{name} changed"
    if contact & set(changes):
        yield "contact changed"


def _address_of(store: Store, who: str) -> str:
    """The address of a person; empty for a program or a command, and for who is not stored."""
    if not who.startswith("staff-"):
        return ""
    try:
        return find_person(store, who).person.email
    except ItemNotFoundError:
        return ""


def complete_report_index(store: Store, now: datetime) -> int:
    """Puts the events of earlier versions into the report, and says that it is whole. Reads the
    whole store. It may be stopped at any point and run again.

    Returns:
        How many were put into it.

    Raises:
        StoreError: The store failed. What was put into the report stays there.
    """
    count = 0
    for item in iter_scan(store):
        found = records.in_report(item)
        if found is None:
            continue
        # Somebody else runs the same.
        with suppress(VersionConflictError):
            store.write([Replace(found, int(item["version"]))])
            count += 1
    with suppress(ItemExistsError):
        store.write([Add(records.report_index_item(now))])
    return count
