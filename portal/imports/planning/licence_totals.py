"""Who could use the application by an import, and until when: what its rows would give, or gave."""

from collections.abc import Mapping
from dataclasses import dataclass

from portal import records
from portal.imports.model import FieldValue

#: The status and the window that a row leaves, named and written as in the values of a candidate:
#: both dates, or those that an open window has.
Licence = Mapping[str, FieldValue]
NO_LICENCE: Licence = {}


@dataclass
class LicenceTotals:
    """`active`: of the tenants written, how many could use the application at that moment;
    `later`: how many could from a later one on. `until`: the first and the last end of those
    that are active, as instants in text; without an end it is `records.NEVER`."""

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
