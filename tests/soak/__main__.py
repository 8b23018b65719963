"""`make soak`: ten minutes under load with faults, on both stores, and what came of it.

python -m tests.soak [--minutes 5] [--workers 4] [file] [dynamodb]

Status 1 if anything was lost, if an answer was false or a 500, if mail was left or given up, or if
the memory of a worker grew.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.soak.run import STORES, soak


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak")
    parser.add_argument("stores", nargs="*", metavar="STORE", help=", ".join(STORES))
    parser.add_argument("--minutes", type=float, default=5, help="for each store")
    parser.add_argument("--workers", type=int, default=4)
    options = parser.parse_args(arguments)
    if unknown := set(options.stores) - set(STORES):
        parser.error(f"no store {', '.join(sorted(unknown))}; there are {', '.join(STORES)}")
    broken = False
    for name in options.stores or STORES:
        print(f"{name}, {options.workers} workers, {options.minutes:g} minutes …", file=sys.stderr)
        with tempfile.TemporaryDirectory() as folder:
            outcome = soak(name, Path(folder), options.workers, options.minutes * 60)
        print(outcome.text())
        broken |= bool(outcome.broken)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
