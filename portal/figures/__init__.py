"""Counts what staff see as figures: the sign-ups and the decisions of each week.

    counting   the counts that each write gets, as part of it
    recount    compares the counts with what is stored, and corrects them

`portal.queries` reads them. See docs/decisions/013-counters-by-week.md.
"""

from portal.figures.counting import DECISIONS, CountingStore, with_counts
from portal.figures.recount import Difference, Recount, check, repair

__all__ = [
    "DECISIONS", "CountingStore", "Difference", "Recount", "check", "repair", "with_counts",
]  # fmt: skip
