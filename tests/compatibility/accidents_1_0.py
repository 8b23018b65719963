# The modules of 1.0 are not there, so nobody can check their types, nor sort them.
# mypy: ignore-errors
# isort: skip_file
"""Simulates accidents in the code of 1.0 for `write_1_0.py`: a process that dies, a disk that
fails."""

import contextlib

import migrations_tools.memory
import migrations_tools.rows
import migrations_tools.table_rows
import portal.imports.applying
import portal.imports.saving
from portal.stores.disk import LocalDisk

from tests.compatibility import driver


@contextlib.contextmanager
def limited_step(rows: int):
    """One request applies so many rows of an import, as if the process had died then."""
    defaults = portal.imports.applying.step.__kwdefaults__
    before, defaults["rows"] = defaults["rows"], rows
    yield
    defaults["rows"] = before


@contextlib.contextmanager
def interrupted():
    """The process dies when it has saved the rows of a plan, but not yet the plan itself."""

    def die(*_arguments):
        raise KeyboardInterrupt

    before, portal.imports.saving._add = portal.imports.saving._add, die
    try:
        yield
    finally:
        portal.imports.saving._add = before


def adopt_and_be_stopped(office: driver.Portal) -> None:
    """Run `adopt --apply` and stop it when it has adopted some of the old rows, but not all."""
    memory = migrations_tools.memory.Memory
    keep = memory.keep
    old = ("90001_1", "90003_1")

    def keep_and_die(self, number, place):
        keep(self, number, place)
        # The order of the rows depends on the store.
        if any(str(office.store.get(each)["clientSecret"]).startswith("v1.") for each in old):
            raise KeyboardInterrupt

    memory.keep = keep_and_die
    for module in (migrations_tools.rows, migrations_tools.table_rows):
        module.PAGE = 1
    try:
        with contextlib.suppress(AssertionError):
            office.tool("adopt", "--apply", "--segments", "1")
    finally:
        memory.keep = keep
    state = [str(office.store.get(each)["clientSecret"])[:3] for each in old]
    print("adopted:", dict(zip(old, state, strict=True)))


class DyingDisk(LocalDisk):
    """The process dies when half of a commit is on the disk."""

    dies = False

    def write(self, fd, data, offset):
        if self.dies and b'"durable"' in data:
            super().write(fd, data[: len(data) // 2], offset)
            raise KeyboardInterrupt
        return super().write(fd, data, offset)


class FailingDisk(LocalDisk):
    """Syncs and truncations of the journal fail."""

    fails = False

    def sync(self, fd):
        if self.fails and self.size(fd) > 160:
            raise OSError(5, "Input/output error")
        super().sync(fd)

    def truncate(self, fd, size):
        if self.fails:
            raise OSError(5, "Input/output error")
        super().truncate(fd, size)
