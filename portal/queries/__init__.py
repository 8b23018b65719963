"""What pages ask about tenants. A query only reads, and its cost does not grow with the number of
tenants: each reads a few index pages, never the whole table.

    pages            a page of a list, and the cursor to the next one
    known_counts     counts of all tabs, remembered for some seconds if they are large
    tabs             the tabs of the queue, their counts, the next sign-up to decide, closed ones
    tenant_history   events, notes and mails of one tenant
    decisions        who decided what, over a time
    undelivered      mails that were given up
    background       what runs beside the requests
    usage            what was noted of a tenant's use; lists of those that lack a proof
    waiting_times    how long sign-ups usually wait for a decision
    figures          sign-ups and decisions by week, and the licences that end by month
    doubtful         sign-ups that staff may clear in one act
    duplicates       other tenants that may be the same customer
"""

from portal.queries.background import Background, background
from portal.queries.decisions import company_of, decided_between, report_is_whole
from portal.queries.doubtful import Doubtful, doubtful
from portal.queries.duplicates import LIKELY, DuplicateReason, possible_duplicates
from portal.queries.figures import (
    MAX_ENDS,
    WEEKS,
    EndingMonth,
    KnownFigures,
    Week,
    endings,
    weeks,
)
from portal.queries.known_counts import KnownCounts, counts
from portal.queries.pages import PAGE, IndexRange, PageCursor, QueuePage, page
from portal.queries.tabs import (
    CAP,
    DISJOINT_TABS,
    Tab,
    closed_before,
    closed_towards_before,
    count,
    doubtful_count,
    ended_before,
    is_in_tab,
    late_ranges,
    next_waiting,
    next_waiting_after,
    ranges_of_tab,
    waiting_for_address,
)
from portal.queries.tenant_history import history, mails, notes
from portal.queries.undelivered import Undelivered, undelivered
from portal.queries.usage import (
    LATE_AFTER,
    PROOFS_CAP,
    PROOFS_PAGE,
    NotedUse,
    ProofList,
    ProofPage,
    ProofRow,
    has_tenant,
    noted_use,
    proof_counts,
    proof_page,
    unknown_ids,
    use_ids,
    use_in,
)
from portal.queries.waiting_times import KnownWaitingTimes, WaitingTimes, waiting_times

__all__ = [
    "CAP", "DISJOINT_TABS", "LATE_AFTER", "LIKELY", "MAX_ENDS", "PAGE", "PATIENCE", "PROOFS_CAP",
    "PROOFS_PAGE", "WEEKS", "Background", "Doubtful", "DuplicateReason", "EndingMonth",
    "IndexRange", "KnownCounts", "KnownFigures", "KnownWaitingTimes", "NotedUse", "PageCursor",
    "ProofList", "ProofPage", "ProofRow", "QueuePage", "Tab", "Undelivered", "WaitingTimes", "Week",
    "background", "closed_before", "closed_towards_before", "company_of", "count", "counts",
    "decided_between", "doubtful", "doubtful_count", "ended_before", "endings", "has_tenant",
    "history",
    "is_in_tab", "late_ranges", "mails", "next_waiting", "next_waiting_after", "noted_use", "notes",
    "page", "possible_duplicates", "proof_counts", "proof_page", "ranges_of_tab", "report_is_whole",
    "undelivered", "unknown_ids", "use_ids", "use_in", "waiting_for_address", "waiting_times",
    "weeks",
]  # fmt: skip
