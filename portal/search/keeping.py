"""Brings what search has of one tenant up to date.

Any number of processes and machines may do so for the same tenant, and any of them may be killed:

1. The document is read before the tenant, so the tenant is at least as new as whatever somebody
   else has written into the document meanwhile. The document names the version of the tenant that
   it has, so whoever has seen a later one has written it.
2. Whoever changes entries claims the document first: it then lists all entries that are there
   before or afterwards. So an entry that is in no document does not exist, and none is forgotten.
   The tenant is read once more after the claim: it may have been removed right before.
3. Entries are added, then others removed, and at last the document is settled. Each write of the
   document holds only if nobody else has written it since. Who fails begins anew, and removes what
   they had added for nothing.

Whoever finds a claim leaves it alone for a while, and takes it over then: its owner was killed, or
is slow. A slow one may still add or remove an entry afterwards, and be killed right then; so a
second look, which takes nothing for granted, follows some minutes later.
"""

from collections.abc import Set
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from portal import records
from portal.records import SearchDocument
from portal.search.places import keep_place
from portal.search.terms import LAYOUT, Wanted, wanted_of
from portal.stores import (
    Add,
    BusyError,
    Change,
    ItemExistsError,
    Remove,
    Replace,
    Store,
    VersionConflictError,
    find_item,
)

#: So long a claim is left to whoever made it.
LEASE = timedelta(seconds=30)
#: For whoever does not leave it.
AT_ONCE = timedelta(0)
#: When to look again after a claim was taken over. No call of a store takes nearly as long.
SECOND_LOOK = timedelta(minutes=10)
_ATTEMPTS = 8
_NONE: frozenset[str] = frozenset()


def refresh(
    store: Store,
    tenant_id: str,
    now: datetime,
    *,
    doubtful: Set[str] | None = None,
    lease: timedelta = LEASE,
) -> bool:
    """Make the entries, the document, the place in the list of changes and that in the other lists
    what the tenant says, or remove them if there is no tenant. Returns `False` if somebody else is
    at it.

    Args:
        doubtful: If given, nothing is taken for granted: all entries are added once more, and those
            with these hashes are removed, although no document lists them.
        lease: So long the claim of somebody else is left alone. `AT_ONCE`: not at all.

    Raises:
        BusyError: Others kept interfering.
        StoreError: The store failed. The next call goes on.
    """
    keep_place(store, tenant_id)
    changing = _Changing(store, tenant_id, now, set(doubtful or ()), is_unsure=doubtful is not None)
    for _ in range(_ATTEMPTS):
        document = _document(store, tenant_id)
        wanted = wanted_of(find_item(store, tenant_id))
        if not changing.is_unsure and _agree(document, wanted):
            return True
        if document and not changing.is_unsure and _is_others(document, now, lease):
            return False
        if document and not changing.is_unsure and _same_entries(document, wanted):
            # A place in the list of changes needs no claim.
            last_write: Change | None = _settled(document, wanted)
        else:
            last_write = changing.make(document, wanted)
        if last_write:
            with suppress(VersionConflictError):
                store.write([last_write])
                return True
    raise BusyError(reason="Others kept changing what search has of the same tenant.")


class _Changing:
    """Changes the entries of a tenant, in one or several attempts.

    Args:
        written: Hashes of what was added, which the next attempt removes unless it is wanted.
        is_unsure: Whether entries that the document lists may be missing.
    """

    def __init__(
        self, store: Store, tenant_id: str, now: datetime, written: set[str], *, is_unsure: bool
    ) -> None:
        self._store = store
        self._tenant_id = tenant_id
        self._now = now
        self._written = written
        self.is_unsure = is_unsure

    def make(self, before: SearchDocument | None, wanted: Wanted) -> Change | None:
        """Change the entries. Returns what is to be written last; `None`: somebody else was
        faster."""
        known = (before.entries if before else _NONE) | self._written
        claimed = self._claim(before, known | wanted.entries.keys())
        if claimed is None:
            return None
        is_known = before is not None and before.claimed_at is None and not self.is_unsure
        there = before.entries if before and is_known else _NONE
        # If this attempt fails, somebody else is at it as well.
        self.is_unsure = True
        if wanted_of(find_item(self._store, self._tenant_id)) != wanted:
            return None
        for entry_hash, item in wanted.entries.items():
            if entry_hash not in there:
                self._written.add(entry_hash)
                with suppress(ItemExistsError):
                    self._store.write([Add(item)])
        unwanted = claimed.entries - wanted.entries.keys()
        for entry_hash in unwanted:
            self._remove(entry_hash)
        if before and before.claimed_at:
            self._look_again(unwanted)
        return _settled(claimed, wanted)

    def _claim(
        self, before: SearchDocument | None, entries: frozenset[str]
    ) -> SearchDocument | None:
        claimed = replace(
            before or SearchDocument(tenant_id=self._tenant_id, version=0, layout=LAYOUT),
            version=before.version + 1 if before else 1,
            layout=LAYOUT,
            entries=entries,
            claimed_at=self._now,
        )
        item = records.search_document_item(claimed)
        try:
            self._store.write([Replace(item, before.version) if before else Add(item)])
        except (ItemExistsError, VersionConflictError):
            return None
        return claimed

    def _remove(self, entry_hash: str) -> None:
        entry_id = records.search_entry_id(self._tenant_id, entry_hash)
        # No entry has a version. It may be gone already.
        with suppress(VersionConflictError):
            self._store.write([Remove(entry_id, None)])

    def _look_again(self, entries: Set[str]) -> None:
        mark = records.new_search_mark([self._tenant_id], self._now + SECOND_LOOK, entries)
        self._store.write([Add(records.search_mark_item(mark))])


def _settled(document: SearchDocument, wanted: Wanted) -> Change:
    """The last write: the document says what is there now, or goes."""
    if wanted.list_keys is None:
        return Remove(records.search_document_id(document.tenant_id), document.version)
    settled = replace(
        document,
        version=document.version + 1,
        layout=LAYOUT,
        entries=frozenset(wanted.entries),
        list_keys=wanted.list_keys,
        tenant_version=wanted.version,
        claimed_at=None,
    )
    return Replace(records.search_document_item(settled), document.version)


def _agree(document: SearchDocument | None, wanted: Wanted) -> bool:
    """Whether there is nothing to do."""
    if document is None:
        return wanted.list_keys is None
    return (
        _same_entries(document, wanted)
        and document.list_keys == wanted.list_keys
        and document.tenant_version == wanted.version
        and document.layout == LAYOUT
    )


def _same_entries(document: SearchDocument, wanted: Wanted) -> bool:
    return document.claimed_at is None and document.entries == wanted.entries.keys()


def _is_others(document: SearchDocument, now: datetime, lease: timedelta) -> bool:
    """Whether somebody else is at it, or only a newer version may be."""
    if document.layout > LAYOUT:
        return True
    # A clock that is ahead must not keep others from the tenant for long.
    return document.claimed_at is not None and abs(now - document.claimed_at) < lease


def _document(store: Store, tenant_id: str) -> SearchDocument | None:
    item = find_item(store, records.search_document_id(tenant_id))
    return records.search_document_of(item) if item else None
