"""Two lines of JavaScript for the console of a browser that has the old application open: one
downloads its entries as a file, the other removes the entries that are in the store now."""

import json
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from portal import records
from portal.imports import KEY_PREFIX, WRITTEN_KINDS, ImportJob, PlanRow, RowKind, rows_of_job
from portal.stores import Store, find_item
from portal.web.i18n import _, format_number

#: Each costs a read of its tenant, and one page shows them all.
_MAX_KEYS = 5_000

COLLECT_SNIPPET = (
    "(()=>{const found={};for(let i=0;i<localStorage.length;i++){const key=localStorage.key(i);"
    f"if(key.startsWith({json.dumps(KEY_PREFIX)}))found[key]=localStorage.getItem(key)}}"
    'const link=document.createElement("a");'
    "link.href=URL.createObjectURL(new Blob([JSON.stringify(found)],"
    '{type:"application/json"}));link.download="fsm-tenants.json";link.click();'
    'return Object.keys(found).length+" entries are in fsm-tenants.json"})()'
)


@dataclass(frozen=True, kw_only=True, slots=True)
class RemoveSnippet:
    """The line that removes entries and how many it removes, or why there is no such line."""

    line: str = ""
    number: str = ""
    why_not: str = ""


def remove_snippet(store: Store, job: ImportJob, *, workers: int = 1) -> RemoveSnippet:
    """For an import that has ended: removes those entries of the file that are in the store now.

    workers: threads that ask the store, see `lookup_workers`.

    Raises:
        StoreError: The store does not answer.
    """
    if job.undo is not None:
        return RemoveSnippet(
            why_not=_(
                "There is no line that removes the entries from a browser, since this import is"
                " undone: the browser may hold the only copy."
            )
        )
    if sum(job.counts[kind] for kind in (*WRITTEN_KINDS, RowKind.SAME)) > _MAX_KEYS:
        return RemoveSnippet(
            why_not=_(
                "There are too many entries for a line that removes them from a browser. To get"
                " such a line, import the entries of one browser at a time."
            )
        )
    if job.places_total > 1:
        # A key of one place may be older, or somebody else's, under the same name in another.
        return RemoveSnippet(
            why_not=_(
                "The entries come from several places. To get a line that removes them from a"
                " browser, import the entries of one place at a time."
            )
        )
    rows = [row for row in rows_of_job(store, job) if row.written or row.kind is RowKind.SAME]
    keys_in_store = [row.key for row in _rows_in_store(store, rows, workers)]
    keys = sorted({key for key in keys_in_store if key})
    if keys:
        return RemoveSnippet(line=_remove_line(keys), number=format_number(len(keys)))
    if keys_in_store:
        return RemoveSnippet(
            why_not=_(
                "The portal cannot make a line that removes these entries from a browser: the file"
                " does not hold the keys under which a browser stores them."
            )
        )
    return RemoveSnippet()


def _rows_in_store(store: Store, rows: Sequence[PlanRow], workers: int) -> Iterator[PlanRow]:
    """Those whose tenant still is there. Since the import, somebody may have undone another one
    that had written the same tenant, or have removed it."""
    with ThreadPoolExecutor(workers) as pool:
        kept = list(pool.map(lambda row: _is_kept(store, row.tenant_id), rows))
    return (row for row, is_kept in zip(rows, kept, strict=True) if is_kept)


def _is_kept(store: Store, tenant_id: str) -> bool:
    item = find_item(store, tenant_id)
    if item is None:
        return False
    # What went back has former values: those of the browser may be nowhere else.
    undone = records.undone_of(item)
    return undone is None or undone.verb != records.UNDONE_IMPORT


def _remove_line(keys: Iterable[str]) -> str:
    """A line that removes exactly these keys. A key holds only letters, digits and underscores,
    and JSON in ASCII is valid JavaScript."""
    return (
        f"({json.dumps(list(keys), separators=(',', ':'))}).filter(key=>"
        "localStorage.getItem(key)!==null&&(localStorage.removeItem(key),true)).length"
        '+" entries are removed"'
    )
