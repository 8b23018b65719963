"""How many tenants may use the application because of an import, and until when."""

from collections.abc import Mapping
from dataclasses import dataclass

from portal import records
from portal.imports.model import FieldValue

#: Status and validity of a tenant once a row is written, as in the values of a candidate: both
#: dates, or an open end with the dates that it has.
Licence = Mapping[str, FieldValue]
NO_LICENCE: Licence = {}


@dataclass
class LicenceTotals:
    """Totals over the licences of the written rows.

    active: tenants that may use the application now.
    later: tenants that may use it from a later time on.
    until: first and last end of the active licences, as timestamps; `records.NEVER` is a licence
        without an end.
    """

    active: int = 0
    later: int = 0
    until: tuple[str, str] = ("", "")

    def add(self, licence: Licence, now: str) -> None:
        if licence.get("isActive") is not True:
            return
        start, end = str(licence.get("validFrom", "")), str(licence.get("validTo", ""))
        if now < start:
            self.later += 1
        elif now <= (end := end or records.NEVER):
            self.active += 1
            first, last = self.until
            self.until = (min(first or end, end), max(last, end))
