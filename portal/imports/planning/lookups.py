"""Looks up what the store has of the tenants of an import.

There are three ways, which differ on DynamoDB only:

    get       one read for each tenant: one read unit for each 4 KB
    transact  one read for 100 tenants: two read units for each 4 KB, at a fraction of the work
    scan      all items of the table, once: one read unit for each 4 KB that the table holds
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from enum import StrEnum
from functools import partial
from typing import ParamSpec, TypeVar

import orjson
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from portal.imports.streaming import disk_space_needed, open_scratch_db
from portal.stores import KEY, Item, Page, Segment, Store, find_item

_T = TypeVar("_T")
_P = ParamSpec("_P")

#: With so many rows, `get` takes about a second. Above, time counts for more than read units.
MAX_ROWS_BY_GET = 200
#: DynamoDB takes that many reads at once.
_IDS_PER_READ = 100
#: Parts of the table that are read at the same time, and rows of each that are in memory.
_SEGMENTS, _PAGE_ROWS = 8, 500
_NONCE_BYTES = 12
_TABLE = "CREATE TABLE items (id TEXT PRIMARY KEY, nonce BLOB, body BLOB)"
_FIND = "SELECT nonce, body FROM items WHERE id = ?"

#: Waits for the items that are there, and returns them by their ids.
Found = Callable[[], Mapping[str, Item]]


def begin(
    workers: Executor | None, function: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs
) -> Callable[[], _T]:
    """Waits for the result of a call that workers make; without workers, the call itself."""
    if workers is None:
        return partial(function, *args, **kwargs)
    return workers.submit(function, *args, **kwargs).result


class Lookup(StrEnum):
    """How a plan looks up tenants."""

    GET = "get"
    TRANSACT = "transact"
    SCAN = "scan"


def default_lookup(rows: int) -> Lookup:
    """The way for this number of rows. It is never `scan`: nobody knows how large the table is."""
    return Lookup.GET if rows <= MAX_ROWS_BY_GET else Lookup.TRANSACT


class ItemLookups:
    """Looks up some tenants after the other.

    Args:
        workers: Ask the store while the caller goes on; `None`: it is asked when the caller waits.
        is_wanted: Whether a scan has to keep the item with this id. Called by the caller's thread.
    """

    def __init__(
        self,
        store: Store,
        lookup: Lookup,
        workers: Executor | None,
        is_wanted: Callable[[str], bool],
    ) -> None:
        self._store = store
        self._lookup = lookup
        self._workers = workers
        self._is_wanted = is_wanted
        self._scanned: _ScannedItems | None = None

    def begin(self, tenant_ids: Sequence[str]) -> Found:
        """Begin to look up tenants. What is returned may raise errors of the store."""
        if self._lookup is Lookup.SCAN:
            return lambda: self._all_items().of(tenant_ids)
        if self._lookup is Lookup.TRANSACT:
            starts = range(0, len(tenant_ids), _IDS_PER_READ)
            some = [tenant_ids[start : start + _IDS_PER_READ] for start in starts]
            reads = [begin(self._workers, self._store.get_many, each) for each in some]
            return lambda: {key: item for read in reads for key, item in read().items()}
        gets = [(each, begin(self._workers, find_item, self._store, each)) for each in tenant_ids]
        return lambda: {key: item for key, get in gets if (item := get()) is not None}

    def close(self) -> None:
        if self._scanned is not None:
            self._scanned.close()

    def _all_items(self) -> "_ScannedItems":
        if self._scanned is None:
            self._scanned = _ScannedItems()
            segments = [Segment(number, _SEGMENTS) for number in range(_SEGMENTS)]
            pages = deque((segment, self._begin_page(segment)) for segment in segments)
            while pages:
                segment, read = pages.popleft()
                page = read()
                if page.after is not None:
                    pages.append((segment, self._begin_page(segment, page.after[1])))
                self._scanned.add(item for item in page.items if self._is_wanted(str(item[KEY])))
        return self._scanned

    def _begin_page(self, segment: Segment, after: str | None = None) -> Callable[[], Page]:
        return begin(self._workers, self._store.scan, segment, after=after, limit=_PAGE_ROWS)


class _ScannedItems:
    """Items in a scratch database, encrypted: old ones may hold secrets that are not sealed."""

    def __init__(self) -> None:
        self._cipher = AESGCM(AESGCM.generate_key(128))
        self._added = 0
        self._db = open_scratch_db(_TABLE)

    def add(self, items: Iterable[Item]) -> None:
        with disk_space_needed():
            self._db.executemany("INSERT INTO items VALUES (?, ?, ?)", map(self._row, items))

    def of(self, tenant_ids: Sequence[str]) -> dict[str, Item]:
        """Those of the items that are there, by their ids."""
        found = {}
        with disk_space_needed():
            for tenant_id in tenant_ids:
                row = self._db.execute(_FIND, (tenant_id,)).fetchone()
                if row is not None:
                    nonce, body = row
                    found[tenant_id] = orjson.loads(self._cipher.decrypt(nonce, body, None))
        return found

    def close(self) -> None:
        self._db.close()

    def _row(self, item: Item) -> tuple[str, bytes, bytes]:
        self._added += 1
        nonce = self._added.to_bytes(_NONCE_BYTES, "big")
        return str(item[KEY]), nonce, self._cipher.encrypt(nonce, orjson.dumps(item), None)
