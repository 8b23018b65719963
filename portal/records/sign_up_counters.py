"""The items that count sign-ups: one for each network, address or domain and day, one for all
sign-ups of a day, and one for those that are set aside; and those of proofs of work that were used.

They hold no personal data: a keyed hash stands for the network, address or domain.
"""

from datetime import UTC, date, datetime, time, timedelta

from portal.stores import GSI2, KEY, Item

#: The partition of the counters of single days.
COUNTERS = "LIMITS"
#: Counts the sign-ups that were set aside: at least as many as there are.
SET_ASIDE_COUNTER = "limit-aside"
#: A counter is kept for a day after its own, since the clocks of machines differ.
_KEPT = timedelta(days=2)


def counter_id(scope: str, day: date, key: str = "") -> str:
    return f"limit-{scope}-{day.isoformat()}" + (f"-{key}" if key else "")


def spent_proof_id(nonce: str) -> str:
    """The item that remembers a proof of work. Without a day, or it could be used again at
    midnight."""
    return f"limit-proof-{nonce}"


def counter_attributes(item_id: str, day: date) -> Item:
    """What a counter of this day holds beside its counts. DynamoDB removes it by its `ttl`."""
    end = datetime.combine(day, time(), UTC) + _KEPT
    return {
        "ttl": int(end.timestamp()),
        GSI2.partition: COUNTERS,
        GSI2.sort: f"{day.isoformat()}#{item_id}",
    }


def old_counters(now: datetime) -> tuple[str, str]:
    """The range of sort keys of the counters that are not needed any more."""
    return " ", (now - _KEPT + timedelta(days=1)).date().isoformat()


def set_aside_counter(count: int, version: int) -> Item:
    return {KEY: SET_ASIDE_COUNTER, "count": count, "version": version}
