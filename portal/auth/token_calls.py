"""The calls of tokens, counted in the store: the limit is exact for any number of workers."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from portal.auth.api_tokens import calls_of_item, token_item_id
from portal.stores import Replace, Store, VersionConflictError
from portal.timestamps import format_timestamp, parse_timestamp

_HOUR = timedelta(hours=1)


class RateLimitError(Exception):
    """All calls of this hour are used up."""

    def __init__(self, allowance: "RateLimitStatus") -> None:
        super().__init__(f"All {allowance.per_hour} calls of this hour are used up.")
        self.allowance = allowance


@dataclass(frozen=True, kw_only=True, slots=True)
class RateLimitStatus:
    """How many calls a token has left, and when it has all of them again."""

    per_hour: int
    left: int
    again_at: datetime


def count_call(store: Store, kid: str, now: datetime) -> RateLimitStatus:
    """Count one more call in the hour that began with its first call.

    Raises:
        RateLimitError: All calls of this hour are used up.
        ItemNotFoundError: There is no such token.
        StoreError: The call cannot be counted, so it must not be let in.
    """
    # A version conflict means that another call was counted in between. So the loop ends at
    # the latest when the limit is reached.
    while True:
        item = store.get(token_item_id(kid))
        hour_start, calls = (
            parse_timestamp(str(item.get("hourFrom", ""))),
            int(item.get("calls", 0)),
        )
        # The second condition: a clock that was set back must not block a token for longer
        # than an hour.
        if hour_start is None or not hour_start <= now < hour_start + _HOUR:
            hour_start, calls = now, 0
        per_hour = calls_of_item(item)
        status = RateLimitStatus(
            per_hour=per_hour, left=max(0, per_hour - calls - 1), again_at=hour_start + _HOUR
        )
        if calls >= per_hour:
            raise RateLimitError(status)
        version = int(item["version"])
        counted = {
            **item,
            "lastUsed": format_timestamp(now),
            "hourFrom": format_timestamp(hour_start),
            "calls": calls + 1,
            "version": version + 1,
        }
        with suppress(VersionConflictError):
            store.write([Replace(counted, version)])
            return status
