"""Reads of single items, for what is made of them and may be kept.

kept_reads    what such a read promises; which one a store has; which items a process changes
shared_reads  threads that wait for the same item share a read; what was read may be kept for a time
"""

from portal.stores.kept.kept_reads import KeptReads, WatchedStore, kept_reads
from portal.stores.kept.shared_reads import SharedReads

__all__ = ["KeptReads", "SharedReads", "WatchedStore", "kept_reads"]
