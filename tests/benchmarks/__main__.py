"""`make bench`: the tables of every bench_*.py beside this file. Fails nothing by itself."""

from importlib import import_module
from pathlib import Path


def main() -> None:
    for path in sorted(Path(__file__).parent.glob("bench_*.py")):
        import_module(f"tests.benchmarks.{path.stem}").main()


if __name__ == "__main__":
    main()
