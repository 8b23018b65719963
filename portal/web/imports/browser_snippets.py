"""The two lines for the console of a browser that has the old application open: one collects
its entries into a file, the other removes those that are in the store now."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from portal.imports import KEY_PREFIX, WRITTEN_KINDS, ImportJob, PlanRow, RowKind, rows_of_job
from portal.stores import Store
from portal.web.i18n import _, format_number

#: Longer lines than for so many keys no console takes gladly.
_MOST_KEYS = 20_000

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
    """The second line and how many entries it removes; or why there is none."""

    line: str = ""
    number: str = ""
    why_not: str = ""


def remove_snippet(store: Store, job: ImportJob) -> RemoveSnippet:
    """For what of the file is in the store, of an import that is over. Errors of the store."""
    if sum(job.counts[kind] for kind in (*WRITTEN_KINDS, RowKind.SAME)) > _MOST_KEYS:
        return RemoveSnippet(
            why_not=_(
                "Too many entries for one line that removes them from a browser. Import one"
                " browser at a time to get one."
            )
        )
    there = [row.key for row in rows_of_job(store, job) if is_in(row)]
    keys = sorted({key for key in there if key})
    if keys:
        return RemoveSnippet(line=remove(keys), number=format_number(len(keys)))
    if there:
        return RemoveSnippet(
            why_not=_(
                "There is no line that removes these entries from a browser: the file does not"
                " say under which keys a browser keeps them."
            )
        )
    return RemoveSnippet()


def is_in(row: PlanRow) -> bool:
    """Whether the store holds what the row says."""
    return row.written or row.kind is RowKind.SAME


def remove(keys: Iterable[str]) -> str:
    """A line that removes just these. They hold letters, digits and underscores alone, and
    JSON of ASCII is JavaScript."""
    return (
        f"({json.dumps(list(keys), separators=(',', ':'))}).filter(key=>"
        "localStorage.getItem(key)!==null&&(localStorage.removeItem(key),true)).length"
        '+" entries are removed"'
    )
