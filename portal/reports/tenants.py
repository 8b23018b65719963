"""A list of tenants as CSV."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from portal import records
from portal.imports import CSV_START, guarded_line
from portal.stores import KEY, Item
from portal.tenants import Status, access_status
from portal.timestamps import format_timestamp

_COLUMNS = (
    "tenantId", "company", "contact", "email", "emailConfirmed", "status", "access", "accountId",
    "companyId", "requestedAt", "validFrom", "validTo", "openEnded", "decidedAt", "accountProved",
    "personalDataErased",
)  # fmt: skip


def tenants_as_csv(rows: Iterable[Item], now: datetime) -> Iterator[str]:
    """Pieces of a table. Instants are UTC; what nobody knows is an empty cell.

    Args:
        rows: Of an index of tenants, or whole items, of which no more is shown.
    """
    yield CSV_START + guarded_line(_COLUMNS)
    for row in rows:
        yield guarded_line(_cells(row, now))


def _cells(row: Item, now: datetime) -> list[str]:
    status, validity = records.status_of(row), records.validity_of(row)

    def text(name: str) -> str:
        return str(row.get(name, ""))

    return [
        str(row[KEY]),
        text("contactCompanyName"),
        text("contactFullName"),
        text("contactEmailAddress"),
        "yes" if records.is_confirmed(row) else "",
        status.value,
        access_status(status, validity, now).value,
        text("accountId"),
        text("companyId"),
        text("createdAt"),
        *(format_timestamp(day) if day else "" for day in (validity.valid_from, validity.valid_to)),
        "yes" if validity.open_ended and status is not Status.PENDING else "",
        text("decidedAt"),
        "yes" if records.is_proved(row) else "",
        "yes" if records.is_ended_and_erased(row) else "",
    ]
