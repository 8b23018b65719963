#!/usr/bin/env bash
# One would expect: a LevelDB whose newest records are damaged cannot be opened, or says so when it
#   is read; and with `paranoid_checks=True` no loss stays unsaid.
# What happens: by default a bit that flipped in the log makes all its records disappear without an
#   error. `paranoid_checks=True` raises `CorruptionError`, but not if the log is merely shorter: a
#   write whose end is cut off counts as one that never was. And opening rewrites the folder, also
#   if nothing is read: the log becomes a table, so the damage cannot be looked at again.
# Seen with: plyvel 1.5.1 (LevelDB 1.22), Python 3.11 on Linux.
# Why it matters: whoever rescues records from a folder that some program left reads fewer of them,
#   and the original does not hold the others any more.
# What the portal does: it reads a copy, with paranoid checks, looks itself whether a log ends within
#   a write, and compares the sum of the bytes that the browser noted (portal/imports/browsers).
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check plyvel==1.5.1
"$dir/venv/bin/python" - "$dir" <<'PY'
import shutil
import sys
from pathlib import Path

import plyvel

folder = Path(sys.argv[1]) / "original"


def names(path):
    return sorted(each.name for each in path.iterdir() if each.suffix in (".log", ".ldb"))


def read(change, **options):
    """How many records a copy has after its log was changed."""
    copy = folder.with_name("copy")
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(folder, copy)
    (log,) = copy.glob("*.log")
    log.write_bytes(change(log.read_bytes()))
    try:
        db = plyvel.DB(str(copy), **options)
        number = sum(1 for _ in db)
        db.close()
    except plyvel.CorruptionError as error:
        return f"CorruptionError {error.args[0].decode()}"
    return number


db = plyvel.DB(str(folder), create_if_missing=True)
for batch in range(2):
    with db.write_batch() as writes:
        for number in range(100):
            writes.put(b"%d-%d" % (batch, number), b"x" * 100)
db.close()
before = names(folder)


def whole(data):
    return data


def flipped(data):
    return data[:20] + bytes([data[20] ^ 1]) + data[21:]


def cut(data):
    return data[:-100]


paranoid = {"paranoid_checks": True}
seen = {
    "whole": read(whole),
    "a bit flipped": read(flipped),
    "a bit flipped, paranoid": read(flipped, **paranoid),
    "100 bytes cut off": read(cut),
    "100 bytes cut off, paranoid": read(cut, **paranoid),
}
plyvel.DB(str(folder)).close()
after = names(folder)
print("plyvel", plyvel.__version__, "LevelDB", plyvel.__leveldb_version__)
for name, number in seen.items():
    print(f"{name}: {number}")
print("files before and after opening:", before, after)
assert seen["whole"] == 200
assert seen["a bit flipped"] == 0
assert str(seen["a bit flipped, paranoid"]).startswith("CorruptionError")
assert seen["100 bytes cut off"] == seen["100 bytes cut off, paranoid"] == 100
assert before != after
PY
