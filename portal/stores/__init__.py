"""Where items are stored: one contract, two stores, and what both share.

contract      what a store promises: items, conditions, pages, errors
schema        the table as data: its key and its indexes
other_types   attributes and versions of types that items do not have
format_version  which portal can read the items of a store
factory       opens the store that the settings choose
validation    checks the arguments of a call
wrapper       the base class of a store in front of another one
reading       an item that may be missing; all rows, page after page; several counts
waiting/      how long and how often a store is asked, whichever it is
kept/         reads of single items, for what is made of them and may be kept
file/         the store in a JSON file
dynamodb/     the store in a DynamoDB table
"""

from portal.stores.contract import (
    MAX_CHANGES,
    NOTHING_SAVED,
    OUTCOME_UNKNOWN,
    Add,
    BusyError,
    Change,
    CorruptStoreError,
    Count,
    Cursor,
    Item,
    ItemExistsError,
    ItemNotFoundError,
    ItemTooLargeError,
    LimitReachedError,
    MeteredStore,
    NewerFormatError,
    Page,
    Remove,
    Replace,
    Segment,
    Store,
    StoreError,
    UnavailableError,
    Value,
    VersionConflictError,
)
from portal.stores.factory import is_made, open_store, refuse_corrupt_store
from portal.stores.format_version import FORMAT_ID, FORMAT_VERSION, mark_format
from portal.stores.housekeeping import housekeeping
from portal.stores.kept import KeptReads, WatchedStore, kept_reads
from portal.stores.other_types import other_types, version_of, without_other_types
from portal.stores.reading import CountedRange, count_each, find_item, iter_query, iter_scan
from portal.stores.schema import GSI1, GSI2, GSI3, GSI4, INDEXES, KEY, Index
from portal.stores.waiting import (
    PUBLIC_ATTEMPTS,
    REQUEST_SECONDS,
    STAFF_ATTEMPTS,
    RetryingStore,
    clear_deadline,
    remaining_seconds,
    retry_attempts,
    retry_while_busy,
    set_deadline,
)
from portal.stores.wrapper import ObservedStore, StoreWrapper

__all__ = [
    "FORMAT_ID",
    "FORMAT_VERSION",
    "GSI1",
    "GSI2",
    "GSI3",
    "GSI4",
    "INDEXES",
    "KEY",
    "MAX_CHANGES",
    "NOTHING_SAVED",
    "OUTCOME_UNKNOWN",
    "PUBLIC_ATTEMPTS",
    "REQUEST_SECONDS",
    "STAFF_ATTEMPTS",
    "Add",
    "BusyError",
    "Change",
    "CorruptStoreError",
    "Count",
    "CountedRange",
    "Cursor",
    "Index",
    "Item",
    "ItemExistsError",
    "ItemNotFoundError",
    "ItemTooLargeError",
    "KeptReads",
    "LimitReachedError",
    "MeteredStore",
    "NewerFormatError",
    "ObservedStore",
    "Page",
    "Remove",
    "Replace",
    "RetryingStore",
    "Segment",
    "Store",
    "StoreError",
    "StoreWrapper",
    "UnavailableError",
    "Value",
    "VersionConflictError",
    "WatchedStore",
    "clear_deadline",
    "count_each",
    "find_item",
    "housekeeping",
    "is_made",
    "iter_query",
    "iter_scan",
    "kept_reads",
    "mark_format",
    "open_store",
    "other_types",
    "refuse_corrupt_store",
    "remaining_seconds",
    "retry_attempts",
    "retry_while_busy",
    "set_deadline",
    "version_of",
    "without_other_types",
]  # fmt: skip
