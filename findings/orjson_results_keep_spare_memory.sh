#!/usr/bin/env bash
# One would expect: the bytes that `orjson.dumps` returns take the memory that `sys.getsizeof` says.
# What happens: short results keep the buffer that they were written into, about four thousand bytes
#   each. `sys.getsizeof` tells only the length. An exact copy, `bytes(memoryview(result))`,
#   takes what it should; `bytes(result)` returns the same object and changes nothing.
# Seen with: orjson 3.13.0, Python 3.11 on Linux (glibc).
# Why it matters: a cache of 50,000 small rows takes many times the memory that one adds up, and the
#   usual ways to measure it do not show where it is.
# What the portal does: rows that are kept in memory are copied exactly (portal/grace).
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check orjson==3.13.0
"$dir/venv/bin/python" - <<'PY'
import sys
import tracemalloc
from importlib.metadata import version

import orjson

COUNT = 10_000
tracemalloc.start()


def bytes_each(make):
    """Traced bytes of each of so many results that are kept, without the list itself."""
    before = tracemalloc.get_traced_memory()[0]
    kept = [make({"a": number}) for number in range(COUNT)]
    after = tracemalloc.get_traced_memory()[0]
    return (after - before) / COUNT - 8, sys.getsizeof(kept[0])


plain, told = bytes_each(orjson.dumps)
copied, told_of_copy = bytes_each(lambda value: bytes(memoryview(orjson.dumps(value))))
print("orjson", version("orjson"), f"- a result takes {plain:.0f} bytes, getsizeof says {told}")
print(f"an exact copy takes {copied:.0f} bytes, getsizeof says {told_of_copy}")
assert plain > 10 * told
assert copied < 2 * told_of_copy
result = orjson.dumps({"a": 1})
assert bytes(result) is result
PY
