"""The answer of `GET /api/validate`: its rules, without a web framework and without a store.

Whoever answers the question, the view of Flask or what stands in front of it, reads the arguments
and the items, and gets the answer here. So there is one set of rules.

ids_asked_for    the ids that the arguments name
TenantAnswer     the answer about a tenant, at any time
ClaimAnswer      the same about ids that a sign-up claims
UnknownAnswer    where there is neither; `too_many_unknown` if somebody counts through ids
answer_about     which of them it is, by the item
with_link        a refusal with the address of a page where people can ask
"""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

import orjson

from portal import records
from portal.grace import Sighting
from portal.stores import KEY, Item
from portal.tenants import AccessStatus, Ids, access_status, is_id
from portal.timestamps import format_timestamp
from portal.web.api.arguments import Parameters

PARAMETERS = Parameters(required=("accountId", "companyId"), invalid="invalid_id")

#: AccessStatus -> error, reason, and a message that the old client shows to people.
_REFUSALS = {
    AccessStatus.SUSPENDED: ("INACTIVE", "SUSPENDED", "This tenant is suspended."),
    AccessStatus.CLOSED: ("INACTIVE", None, "This tenant is not active."),
    AccessStatus.PENDING: ("INACTIVE", "PENDING", "This tenant is waiting for approval."),
    AccessStatus.WINDOW_MISSING: (
        "INACTIVE",
        "WINDOW_MISSING",
        "The validity of this tenant is missing. Please ask for it to be set.",
    ),
    AccessStatus.NOT_YET_VALID: ("INACTIVE", "NOT_YET_VALID", "This tenant is not valid yet."),
    AccessStatus.EXPIRED: ("EXPIRED", "EXPIRED", "The licence of this tenant has ended."),
}
_MAY_USE = frozenset({AccessStatus.VALID, AccessStatus.EXPIRING})
_ENDED = frozenset({AccessStatus.EXPIRED, AccessStatus.SUSPENDED})
#: The tenant is in these answers.
_SHOWN = _MAY_USE | {AccessStatus.EXPIRED}
_NOT_FOUND = "This tenant is not known. Please ask for access."


class Answer(NamedTuple):
    """A status, a body of JSON, and the headers that only this answer has."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()
    gives_access: bool = False
    has_ended: bool = False
    """Access was given once, and has ended, or is suspended."""


def ids_asked_for(query: str) -> Ids | None:
    """The ids that the arguments name. None if no tenant can have them: the old application sends a
    name where it does not know the id.

    Args:
        query: The query string as the server has it: `environ["QUERY_STRING"]`.

    Raises:
        ArgumentError: An argument is unknown, repeated, missing, or cannot be used.
    """
    arguments = PARAMETERS.read(query)
    account_id, company_id = arguments["accountId"], arguments["companyId"]
    if not is_id(account_id) or not is_id(company_id):
        return None
    return Ids(account_id=account_id, company_id=company_id)


class TenantAnswer:
    """The answer about one tenant, as its item is.

    It may be kept and asked again, as long as the item in the store is the same. Time decides
    anew each time: only what does not change with it is kept, and not the item, which is large.

    Args:
        is_whole: With the personal fields of the contact, for a program with a token.

    Attributes:
        sighting: What is remembered of the tenant if it is valid.
    """

    __slots__ = ("_shown", "_status", "_tenant", "_validity", "_window", "sighting")

    def __init__(self, item: Item, *, is_whole: bool = False) -> None:
        self.sighting = Sighting.of(item)
        self._status = records.status_of(item)
        self._validity = validity = records.validity_of(item)
        window: dict[str, object] = {}
        if validity.valid_from:
            window["validFrom"] = format_timestamp(validity.valid_from)
        if validity.valid_to:
            window["validTo"] = format_timestamp(validity.valid_to)
        self._window = _members(window)
        self._tenant = _members({"tenant": records.public_view(item, is_whole=is_whole)})
        #: What was answered last: the same but for the time, until the access is another one.
        self._shown: tuple[AccessStatus, bytes, bool, bool] | None = None

    def at(self, now: datetime) -> Answer:
        """The answer at this time."""
        access = access_status(self._status, self._validity, now)
        shown = self._shown
        if shown is None or shown[0] is not access:
            start = self._start(access)
            shown = self._shown = access, start, access in _MAY_USE, access in _ENDED
        return _answer(shown[1], now, shown[2], shown[3])

    def _start(self, access: AccessStatus, more: bytes = b"") -> bytes:
        tenant = self._tenant if access in _SHOWN else b""
        return _started(_BEGINNINGS[access], tenant, self._window, more)

    def stale_at(self, now: datetime, as_of: datetime, retry_after: str) -> Answer:
        """The answer at this time if nobody knows more than that the tenant was valid at `as_of`.
        The dates of its licence decide whether it still is."""
        access = access_status(self._status, self._validity, now)
        stale = _members({"stale": True, "asOf": format_timestamp(as_of)})
        start = self._start(access, stale)
        answer = _answer(start, now, access in _MAY_USE, access in _ENDED)
        return answer._replace(headers=(("Retry-After", retry_after),))


class ClaimAnswer:
    """The answer about ids that a waiting sign-up claims, and that no tenant has."""

    @staticmethod
    def at(now: datetime) -> Answer:
        """The answer at this time."""
        return _answer(_CLAIMED, now)


class UnknownAnswer:
    """The answer about ids that no tenant has and no waiting sign-up claims."""

    @staticmethod
    def at(now: datetime) -> Answer:
        """The answer at this time."""
        return _answer(_UNKNOWN, now)


#: One of them is the answer to each question. All have `at`.
AnyAnswer = TenantAnswer | ClaimAnswer | UnknownAnswer


def answer_about(item: Item, *, is_whole: bool = False) -> AnyAnswer:
    """The answer about a tenant, or about ids that a sign-up claims."""
    match records.item_kind(str(item[KEY])):
        case "claim":
            return ClaimAnswer()
        case "tenant":
            return TenantAnswer(item, is_whole=is_whole)
        case _:
            # Somebody made up ids that together are the id of another kind of item.
            return UnknownAnswer()


def with_link(answer: Answer, link_of: Callable[[str], bytes], tenant_id: str) -> Answer:
    """A refusal, with the address of the page where people can ask. An answer that gives access, or
    says nothing about a tenant, stays as it is.

    Args:
        link_of: The `link_member` of a tenant. Called only if it is needed, since to sign a link
            takes longer than the rest of the answer.
    """
    if answer.gives_access or answer.status != 200:
        return answer
    link = link_of(tenant_id)
    if not link:
        return answer
    body = b"".join((answer.body[:-1], link, b"}"))
    return Answer(answer.status, body, answer.headers)


def link_member(address: str) -> bytes:
    """What a refusal has for `with_link`; empty if no address is offered."""
    return _members({"link": address} if address else {})


def too_many_unknown(seconds_to_wait: int) -> Answer:
    """Slows whoever counts through ids, and nobody who asks for a tenant that is known."""
    message = "Too many requests for unknown tenants. Try again in a minute."
    retry = ("Retry-After", str(seconds_to_wait))
    return _refused(429, "too_many_requests", message, retry)


def _refused(status: int, error: str, message: str, *headers: tuple[str, str]) -> Answer:
    text = json.dumps({"error": error, "message": message}, separators=(",", ":"))
    # As Flask writes JSON, with the end of a line.
    return Answer(status, f"{text}\n".encode(), headers)


def _answer(
    start: bytes, now: datetime, gives_access: bool = False, has_ended: bool = False
) -> Answer:
    return Answer(200, b"".join((start, _written(now), b'"}')), (), gives_access, has_ended)


def _started(*members: bytes) -> bytes:
    """An object with these members, each with a comma in front, as far as its time."""
    return b'{%b,"serverTime":"' % b"".join(members)[1:]


# Many requests come within a millisecond.
@lru_cache(8)
def _written(now: datetime) -> bytes:
    return format_timestamp(now).encode()


def _members(body: Mapping[str, object]) -> bytes:
    """The members of an object as JSON, each with a comma in front."""
    return b"," + orjson.dumps(body)[1:-1] if body else b""


def _beginning(access: AccessStatus) -> bytes:
    body: dict[str, object] = {"isValid": access in _MAY_USE}
    if access not in _MAY_USE:
        error, reason, message = _REFUSALS[access]
        body |= {"error": error, "message": message}
        if reason:
            body["reason"] = reason
    if access is AccessStatus.EXPIRING:
        body["warning"] = "EXPIRING"
    return _members(body)


_BEGINNINGS = {access: _beginning(access) for access in AccessStatus}
_CLAIMED = _started(_BEGINNINGS[AccessStatus.PENDING])
_UNKNOWN = _started(_members({"isValid": False, "error": "NOT_FOUND", "message": _NOT_FOUND}))
