"""Measures the import of a browser's profile: time, beside what plyvel alone needs, and memory.

    python -m tests.benchmarks.bench_profiles

The LevelDB has 100 MB and 33,000 records, as one of a browser that is used every day. First few of
them are tenants, then all. The programs take turns: plyvel alone, from the copy on; the command
with a single tenant; and the command, whose time and memory are those over the one with a single
tenant.
"""

import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import plyvel

from tests.benchmarks.bench_imports import ROOT, tenants
from tests.imports.browsers.profiles import IN_SHELL, note

RECORDS = 33_000
TOTAL_BYTES = 100_000_000
FEW = 1_000
TURNS = 7
#: As whoever reads a LevelDB would write it: from a copy, damage not ignored.
PLYVEL_ALONE = """
import shutil, sys, tempfile, time, plyvel
start, used = time.perf_counter(), time.process_time()
with tempfile.TemporaryDirectory() as folder:
    db = plyvel.DB(shutil.copytree(sys.argv[1], folder + "/copy"), paranoid_checks=True)
    sum(len(key) + len(value) for key, value in db)
    db.close()
print(time.perf_counter() - start, time.process_time() - used)
"""
#: Runs the command in this process, and says what it and its child took: seconds of CPU, and
#: kilobytes. The sum of both peaks is more than they ever took together.
COMMAND = """
import resource, sys
from migrations_tools.cli import main
try:
    main(["import", *sys.argv[1:], "--dry-run"])
except SystemExit:
    pass
both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
print("used", sum(each.ru_utime + each.ru_stime for each in both),
      sum(each.ru_maxrss for each in both))
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["PORTAL_DATA_DIR"] = str(folder / "data")
        print(f"A LevelDB with {RECORDS:,} records and {TOTAL_BYTES / 1e6:,.0f} MB, planned")
        print(f"{'':<24} {'plyvel':>7} {'import':>7} {'times':>6} {'of CPU':>7} {'to reach':>8}"
              f" {'MB':>5} {'to reach':>8}")  # fmt: skip
        idle = write_profile(folder / "idle", 1, 1, 1_000)
        for number in (FEW, RECORDS):
            profile = write_profile(folder / str(number), number, RECORDS, TOTAL_BYTES)
            measure(f"{number:,} of them tenants", profile, idle)


@dataclass(frozen=True)
class Use:
    """seconds: by the clock. cpu: seconds of all processes. kilobytes: at the peak."""

    seconds: float
    cpu: float
    kilobytes: int = 0


def measure(name: str, profile: Path, idle: Path) -> None:
    alone: list[Use] = []
    over: list[Use] = []
    for _ in range(TURNS):
        by_clock, cpu = map(float, run(PLYVEL_ALONE, profile).split())
        alone.append(Use(by_clock, cpu))
        less, more = command(idle), command(profile)
        over.append(
            Use(more.seconds - less.seconds, more.cpu - less.cpu, more.kilobytes - less.kilobytes)
        )
    first, second = (statistics.median(each.seconds for each in uses) for uses in (alone, over))
    cpu_first, cpu_second = (statistics.median(each.cpu for each in uses) for uses in (alone, over))
    megabytes = statistics.median(each.kilobytes for each in over) / 1024
    print(
        f"{name:<24} {first:6.2f}s {second:6.2f}s {second / first:6.1f}"
        f" {cpu_second / cpu_first:7.1f} {'3':>8} {megabytes:5.0f} {'150':>8}"
    )


def command(profile: Path) -> Use:
    start = time.perf_counter()
    output = run(COMMAND, profile)
    seconds = time.perf_counter() - start
    cpu, kilobytes = output.rpartition("used ")[2].split()
    return Use(seconds, float(cpu), int(kilobytes))


def run(program: str, profile: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program, str(profile)],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout


def write_profile(folder: Path, number: int, records: int, total: int) -> Path:
    """A storage with so many tenants among so many records, in tables and a log as a browser
    leaves them."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    numbers = random.Random(1)
    db = plyvel.DB(str(folder), create_if_missing=True)
    db.put(b"VERSION", b"1")
    each, size = total // records, 0
    start = b"_" + IN_SHELL.encode() + b"\0"
    of_tenants = tenants(number)
    for at in range(records):
        if at < number:
            name, fields = next(of_tenants)
            key, value = name.encode(), json.dumps(fields).encode()
            if number == records:
                # Records of this size have fields that the portal does not know.
                fields["notes"] = numbers.randbytes((each - len(value)) // 2).hex()
                value = json.dumps(fields).encode()
        else:
            key, value = f"other-{at}".encode(), numbers.randbytes(each // 2).hex().encode()
        db.put(start + b"\1" + key, b"\1" + value)
        size += len(key) + len(value) + 2
    db.put(b"META:" + IN_SHELL.encode(), note(size))
    db.close()
    return folder


if __name__ == "__main__":
    main()
