"""Two lines of JavaScript for the console of a browser that has the old application open: one
downloads its entries as a file, the other removes the entries that are in the store now."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from portal.imports import KEY_PREFIX, WRITTEN_KINDS, ImportJob, PlanRow, RowKind, rows_of_job
from portal.stores import Store
from portal.web.i18n import _, format_number

#: A line for more keys is too long for the console of a browser.
_MAX_KEYS = 20_000

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


def remove_snippet(store: Store, job: ImportJob) -> RemoveSnippet:
    """For an import that has ended: removes those entries of the file that are in the store.

    Raises:
        StoreError: The store does not answer.
    """
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
    keys_in_store = [row.key for row in rows_of_job(store, job) if _is_in_store(row)]
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


def _is_in_store(row: PlanRow) -> bool:
    return row.written or row.kind is RowKind.SAME


def _remove_line(keys: Iterable[str]) -> str:
    """A line that removes exactly these keys. A key holds only letters, digits and underscores,
    and JSON in ASCII is valid JavaScript."""
    return (
        f"({json.dumps(list(keys), separators=(',', ':'))}).filter(key=>"
        "localStorage.getItem(key)!==null&&(localStorage.removeItem(key),true)).length"
        '+" entries are removed"'
    )
