"""Counts how long sign-ups waited for their decision, so that customers can be told how long it
usually takes. It is counted in the decision's own write: once for each decision, by any number of
workers. `portal.figures` counts the decision itself in the same item."""

from datetime import datetime

from portal import records
from portal.stores import Change, Count
from portal.tenants import Status, Tenant, Verb

#: More than anybody decides in a week. A `Count` needs a limit.
_NO_LIMIT = 10**15


def waiting_changes(pending: Tenant, decided_at: datetime) -> list[Change]:
    """What to write together with a decision of staff on a sign-up.

    Not counted: what was set aside, since hardly any of it comes from people; and what staff
    reopened to decide again, since its first decision was counted.
    """
    asked_at, latest = pending.created_at, pending.decision
    # Earlier versions kept no mark, so it was seen only until the next change.
    is_first = not (pending.was_reopened or (latest and latest.verb is Verb.REOPEN))
    if pending.status is not Status.PENDING or pending.set_aside or not asked_at or not is_first:
        return []
    bucket = records.waiting_bucket(decided_at - asked_at)
    return [Count(records.decisions_item_id(records.week_of(decided_at)), {bucket: _NO_LIMIT})]
