"""The two lines for the console of a browser that has the old application open: one collects
its entries into a file, the other removes those that are in the store now."""

import json
from collections.abc import Iterable

from portal.imports import chunks
from portal.imports.fields import PREFIX
from portal.imports.rows import WRITTEN, Kind
from portal.imports.runs import Run
from portal.stores.contract import Store

#: Longer lines than for so many keys no console takes gladly.
_MOST_KEYS = 20_000

COLLECT = (
    "(()=>{const found={};for(let i=0;i<localStorage.length;i++){const key=localStorage.key(i);"
    f"if(key.startsWith({json.dumps(PREFIX)}))found[key]=localStorage.getItem(key)}}"
    'const link=document.createElement("a");'
    "link.href=URL.createObjectURL(new Blob([JSON.stringify(found)],"
    '{type:"application/json"}));link.download="fsm-tenants.json";link.click();'
    'return Object.keys(found).length+" entries are in fsm-tenants.json"})()'
)


def keys_of(store: Store, run: Run) -> list[str] | None:
    """The keys that the file named and whose tenants are in the store; `None`: too many."""
    kinds = (*WRITTEN, Kind.SAME)
    if sum(run.counts[kind] for kind in kinds) > _MOST_KEYS:
        return None
    keys = {row.key for row in chunks.rows_of(store, run) if row.kind in kinds and row.key}
    return sorted(keys)


def remove(keys: Iterable[str]) -> str:
    """A line that removes just these. They hold letters, digits and underscores alone, and
    JSON of ASCII is JavaScript."""
    return (
        f"({json.dumps(list(keys), separators=(',', ':'))}).filter(key=>"
        "localStorage.getItem(key)!==null&&(localStorage.removeItem(key),true)).length"
        '+" entries are removed"'
    )
