"""Which licences somebody has taken away lately: suspended, or shortened."""

from collections.abc import Mapping
from datetime import datetime

from portal import records
from portal.stores import GSI3, Cursor, Store
from portal.timestamps import format_timestamp

#: Rows of one page. More than these in a minute is an import, which then takes a further query.
_LIMIT = 1000


def ended_since(store: Store, since: datetime) -> Mapping[str, datetime]:
    """Tenant -> when access was taken away from it last. One query of an index.

    The index lags behind by a moment, and clocks differ: `since` should be earlier than what was
    seen last. What the old application has changed by itself is not in it.

    Raises:
        StoreError: The store did not answer.
    """
    ended: dict[str, datetime] = {}
    after: Cursor | None = None
    while True:
        page = store.query(
            GSI3,
            records.ENDED,
            between=(format_timestamp(since), records.LAST),
            after=after,
            limit=_LIMIT,
        )
        for row in page.items:
            tenant_id, at = records.ended_tenant(row)
            if at is not None:
                ended[tenant_id] = at
        after = page.after
        if after is None:
            return ended
