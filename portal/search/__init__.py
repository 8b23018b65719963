"""Search entries of its own: what staff find tenants by, and the list of the newest changes.

    folding   one form for all spellings of a word
    terms     the terms of a tenant, and what a typed text asks for
    marks     the mark that each write of a verb or an import leaves
    keeping   brings what search has of one tenant up to date
    places    keeps the place of one tenant in the lists by company, cluster and source
    ordered   a page of a list in the order and with the filters that somebody chose
    keeper    works off the marks, in the background
    walk      makes what no mark has asked for: once after an update, and once more a day later
    find      finds tenants by what somebody typed
    newest    tenants in the order of their latest change

A decision writes one mark and nothing else. The entries follow some seconds later, see
docs/decisions. `portal.records.search_items` knows how all of it is stored.
"""

from portal.search.find import MOST_TENANTS, Found, find
from portal.search.keeper import Backlog, Keeper, backlog
from portal.search.keeping import AT_ONCE, refresh
from portal.search.marks import MarkingStore
from portal.search.newest import ChangedTenants, newest_changes
from portal.search.ordered import (
    MOST_SORTED,
    Choice,
    list_page,
    plain_ranges,
    sorted_rows,
    usual_order,
)
from portal.search.terms import MOST_TERMS
from portal.search.walk import LAYOUT, Walk, WalkState, begin_anew, walk_state

__all__ = [
    "AT_ONCE", "LAYOUT", "MOST_SORTED", "MOST_TENANTS", "MOST_TERMS", "Backlog", "ChangedTenants",
    "Choice", "Found", "Keeper", "MarkingStore", "Walk", "WalkState", "backlog", "begin_anew",
    "find", "list_page", "newest_changes", "plain_ranges", "refresh", "sorted_rows", "usual_order",
    "walk_state",
]  # fmt: skip
