"""The import command on a store that calls a hook of the test at each of its calls."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import pytest

from migrations_tools.imports.importing import ImportArguments, ImportRunner
from migrations_tools.imports.signals import InterruptSafeStore
from portal.imports import ImportJob, list_jobs
from portal.sealing import KeyFileSealer, SealingStore
from portal.settings import Settings
from portal.stores import Change, Store
from tests.examples import Behind, all_items

ROWS = 600

#: Gets the name of a call (`written` after each `write`) and its number, counted from 0.
Hook = Callable[[str, int], object]


def no_hook(_call: str, _number: int) -> None:
    pass


def at(call: str, number: int, action: Callable[[], object]) -> Hook:
    """A hook that calls `action` at one call of the store."""

    def hook(current_call: str, current_number: int) -> None:
        if (current_call, current_number) == (call, number):
            action()

    return hook


class HookedStore(Behind):
    def __init__(self, store: Store, hook: Hook) -> None:
        super().__init__(store)
        self.hook = hook
        self.calls: dict[str, int] = {}

    def before(self, call: str) -> None:
        number = self.calls[call] = self.calls.get(call, -1) + 1
        self.hook(call, number)

    def write(self, changes: Sequence[Change]) -> None:
        super().write(changes)
        self.hook("written", self.calls["write"])


@dataclass
class HookedImport:
    """The import of one file with `ROWS` tenants."""

    settings: Settings
    store: Store
    file: Path
    pauses: list[float] = field(default_factory=list)

    def run(self, hook: Hook, **arguments: Any) -> bool:
        sealer = KeyFileSealer(self.settings.data_dir / "sealing-keys.json")
        store = InterruptSafeStore(HookedStore(self.store, hook), pause=self.pauses.append)
        command = ImportArguments(files=[str(self.file)], **arguments)
        return ImportRunner(SealingStore(store, sealer), sealer, self.settings, command).run()

    def error_message(self, hook: Hook, **arguments: object) -> str:
        """The sentence with which the import ends, which it must."""
        with pytest.raises(click.ClickException) as caught:
            self.run(hook, **arguments)
        assert caught.value.exit_code == 1
        return caught.value.message

    @property
    def last_job(self) -> ImportJob:
        return list_jobs(self.store).jobs[0]

    @property
    def tenants(self) -> int:
        return sum(key.startswith("86810_") for key in all_items(self.store))

    def assert_next_run_completes(self) -> None:
        assert self.run(no_hook) is True
        assert self.tenants == ROWS
