"""What `validate` answers about one tenant from now on: at now, and at each instant at which its
answer turns. The rules are those of the answer itself, `portal.tenants.access_status`."""

import hashlib
from datetime import datetime, timedelta
from typing import NamedTuple

import orjson

from portal import records
from portal.stores import KEY, Item
from portal.tenants import (
    EXPIRING,
    MILLISECOND,
    AccessStatus,
    Status,
    Validity,
    access_status,
    is_id,
)

#: In place of an access status: no tenant has the id.
UNKNOWN = "unknown"
GIVES_ACCESS = frozenset({AccessStatus.VALID.value, AccessStatus.EXPIRING.value})
#: The answer says more about the tenant than its status: names, cluster, client.
_SHOWS_FIELDS = GIVES_ACCESS | {AccessStatus.EXPIRED.value}
#: They decide access, and are compared as what they mean.
_DECIDING = ("tenantId", "isActive", "validFrom", "validTo")
_DIGEST_BYTES = 6
#: When a licence begins to be expiring, counted from its end.
_EXPIRING_FROM = MILLISECOND - EXPIRING
#: The fields of a tenant that the application is told beside these; none of them is personal.
FIELDS_TOLD = frozenset(
    {
        "accountId", "accountName", "companyId", "companyName", "cluster", "clientId",
        "contactCompanyName",
    }
)  # fmt: skip


class Answered(NamedTuple):
    """What is answered about one tenant.

    Attributes:
        steps: Since when which access status is answered; the first one is the present.
        window: Start and end of the validity as they are answered: whole milliseconds.
        fields: A digest of the other fields that the application gets.
    """

    steps: tuple[tuple[datetime, str], ...]
    window: tuple[datetime | None, datetime | None] = (None, None)
    fields: str = ""

    @classmethod
    def of(cls, status: Status, validity: Validity, now: datetime, fields: str = "") -> "Answered":
        """By status and validity, as the rules have it."""
        steps: list[tuple[datetime, str]] = []
        for instant in (now, *_later_turns(validity, now)):
            access = access_status(status, validity, instant).value
            if not steps or steps[-1][1] != access:
                steps.append((instant, access))
        start, end = validity.valid_from, validity.valid_to
        window = start and _whole_millisecond(start), end and _whole_millisecond(end)
        return cls(tuple(steps), window, fields)

    def at(self, instant: datetime) -> str:
        """The access status at this instant, which is not before the first step."""
        found = self.steps[0][1]
        for since, access in self.steps:
            if since > instant:
                break
            found = access
        return found

    @property
    def shows_fields(self) -> bool:
        """Whether the fields are in an answer, now or later."""
        return any(access in _SHOWS_FIELDS for _, access in self.steps)


def given_from(status: Status, validity: Validity, now: datetime) -> datetime | None:
    """When access is given first, from now on; None if never. As the steps of `Answered.of` have
    it, and found sooner."""
    if access_status(status, validity, now) in GIVES_ACCESS:
        return now
    return next(
        (
            instant
            for instant in _later_turns(validity, now)
            if access_status(status, validity, instant) in GIVES_ACCESS
        ),
        None,
    )


def nobody(now: datetime) -> Answered:
    """The answer about ids that no tenant has."""
    return Answered(((now, UNKNOWN),))


def is_asked_for(tenant_id: str) -> bool:
    """Whether the application can ask for this id."""
    account_id, _, company_id = tenant_id.partition("_")
    return is_id(account_id) and is_id(company_id)


def answered_by(item: Item | None, now: datetime) -> Answered | None:
    """What is answered by the stored item; None if there is none, or nobody can ask for it."""
    if item is None or not is_asked_for(str(item[KEY])):
        return None
    return Answered.of(records.status_of(item), records.validity_of(item), now, _fields(item))


def _later_turns(validity: Validity, now: datetime) -> list[datetime]:
    """The first whole milliseconds after now at which an answer may be another one, sorted: nobody
    asks between."""
    turns: list[datetime | None] = []
    if validity.valid_from is not None:
        start = _whole_millisecond(validity.valid_from)
        turns.append(start if start == validity.valid_from else _later(start, MILLISECOND))
    if validity.valid_to is not None:
        end = _whole_millisecond(validity.valid_to)
        turns += (_later(end, MILLISECOND), _later(end, _EXPIRING_FROM))
    return sorted({turn for turn in turns if turn is not None and turn > now})


def _later(instant: datetime, by: timedelta) -> datetime | None:
    try:
        return instant + by
    except OverflowError:
        # "Without end" is written as the last instant of the year 9999, too. Nothing turns after
        # it.
        return None


def _whole_millisecond(instant: datetime) -> datetime:
    if not instant.microsecond % 1000:
        return instant
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


def _fields(item: Item) -> str:
    view = records.public_view(item)
    told = {name: value for name, value in view.items() if name not in _DECIDING}
    text = orjson.dumps(told, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(text).hexdigest()[: 2 * _DIGEST_BYTES]
