"""`make bench`: the tables of every bench_*.py beside this file, and all targets at the end.

    python -m tests.benchmarks [NAME …]

With names (`web` for bench_web.py), only those. Fails nothing by itself.
"""

import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from tests.benchmarks.targets import Row, table


def main(names: Sequence[str] = ()) -> None:
    # Some of them have arguments of their own.
    del sys.argv[1:]
    rows: list[Row] = []
    for path in sorted(Path(__file__).parent.glob("bench_*.py")):
        if names and path.stem.removeprefix("bench_") not in names:
            continue
        module = import_module(f"tests.benchmarks.{path.stem}")
        module.main()
        if hasattr(module, "targets"):
            rows += module.targets()
    print()
    print("\n".join(table(rows)))


if __name__ == "__main__":
    main(sys.argv[1:])
