"""One soak: a portal on one store, clients, faults in turn, and what holds afterwards."""

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from portal import records
from portal.stores import GSI4, ItemNotFoundError, Store
from tests.attack.clients import ACTIVE, StaffMember, customers, programs, working
from tests.attack.portal_processes import (
    NO_LIMITS,
    fill,
    lost_of,
    opened,
    port_of,
    resident_kilobytes,
    worker_ids,
)
from tests.benchmarks.load import ask_at_full_speed
from tests.serving import Portal, serving
from tests.soak.faults import in_turn, renew
from tests.soak.faulty_store import FaultyStore, faulty_store
from tests.soak.saw import Saw
from tests.soak.writers import Importer

LULL_SECONDS = 5.0
#: The memory of the oldest worker at the end, as a multiple of that after a third of the time.
#: What is stored meanwhile is in memory too: a soak writes at a walking pace, so that it is little.
MEMORY_FACTOR = 1.25
#: Until all mail has left. A process that was killed had claimed one for a minute.
DELIVERED_SECONDS = 150.0
#: Between two sign-ups of one customer, two decisions, and two imports.
SIGN_UP_PAUSE, IMPORT_PAUSE = 0.5, 5.0
_ASKED = f"/api/validate?accountId={ACTIVE[0]}&companyId={ACTIVE[0]}"
_CAP = 1000
_HEADINGS = (
    "Request", "Number", "p50 ms", "p99 ms", "Longest ms", "503 or 429", "Cut off", "Other 5xx",
)  # fmt: skip


@dataclass(kw_only=True)
class Outcome:
    """What came of a soak. It holds if nothing is `broken`."""

    store: str
    saw: Saw
    faults: int
    mails: int
    memory: tuple[float, float]
    """Megabytes of the oldest worker after a third of the time, and at the end."""
    fast: str
    """What wrk saw of `validate`."""
    broken: list[str] = field(default_factory=list)

    def text(self) -> str:
        """The table in Markdown, and the sentences below it."""
        lines = [_HEADINGS, *self.saw.lines()]
        table = [f"| {' | '.join(line)} |" for line in lines]
        table.insert(1, "|---" * len(_HEADINGS) + "|")
        saw = self.saw
        sentences = [
            (
                f"{self.store}: {len(saw.sign_ups):,} sign-ups, {len(saw.activations):,}"
                f" activations, {len(saw.imported):,} imported tenants and {self.mails:,} mails"
                f" acknowledged; {self.faults} faults. Memory of a worker: {self.memory[0]:.0f}"
                f" MB → {self.memory[1]:.0f} MB. {self.fast}"
            ),
            *(f"Broken: {each}" for each in self.broken[:20]),
        ]
        return "\n".join([*table, "", *sentences, "" if self.broken else "Everything held.", ""])


def soak(
    name: str, folder: Path, workers: int, seconds: float, lull: float = LULL_SECONDS
) -> Outcome:
    """Runs a portal on this store under load, with one fault after the other.

    Args:
        name: One of `STORES`.
        folder: Where the portal has its data. It is left to the caller.
        lull: Seconds that a fault of the store lasts, and that nothing goes wrong after each.
    """
    saw = Saw(timeout=30, later_is_answer=True, cuts_expected=True)
    with STORES[name](folder) as (settings, faulty):
        with opened(folder, settings) as store:
            fill(store)
        with serving(folder, "--workers", str(workers), settings=settings) as portal:
            load = _under_load(portal, faulty, saw, seconds, lull)
            mails, undelivered = _delivered(folder, settings)
        with opened(folder, settings) as store:
            lost = [*lost_of(store, saw), *_lost_imports(store, saw)]
    memory = load.memory
    outcome = Outcome(
        store=name, saw=saw, faults=load.faults, mails=mails, memory=memory, fast=load.fast
    )
    outcome.broken += [f"lost: {each}" for each in lost]
    outcome.broken += [f"false: {each}" for each in saw.false]
    outcome.broken += load.broken
    outcome.broken += undelivered
    if saw.server_errors:
        outcome.broken.append(f"{saw.server_errors} answers of 500 and more")
    if memory[1] > memory[0] * MEMORY_FACTOR:
        outcome.broken.append(f"the memory of a worker grew {memory[1] / memory[0]:.2f} times")
    if not (saw.sign_ups and saw.activations and saw.imported and mails):
        outcome.broken.append("nothing was written of one kind")
    return outcome


@dataclass(kw_only=True)
class _Load:
    """What was seen while it lasted."""

    faults: int = 0
    memory: tuple[float, float] = (0, 0)
    fast: str = ""
    broken: list[str] = field(default_factory=list)

    def renew(self, portal: Portal) -> None:
        try:
            renew(portal)
        except TimeoutError as error:
            self.broken.append(str(error))
        self.faults += 1


def _under_load(
    portal: Portal, faulty: FaultyStore | None, saw: Saw, seconds: float, lull: float
) -> _Load:
    port, load = port_of(portal), _Load()
    link = portal.staff_link("anna@example.com", "approver", "Anna")
    created = portal.command(
        "token", "create", "soak", "--scope", "imports:write", "--per-hour", "1000"
    )
    importer = Importer(port, saw, created.split()[-1])
    sign_up = _paced(SIGN_UP_PAUSE, customers(port, saw, 1)[0])
    staff = _paced(SIGN_UP_PAUSE / 2, StaffMember(port, saw, link).step)
    steps = [sign_up, sign_up, staff, _paced(IMPORT_PAUSE, importer.step)]
    with (
        ThreadPoolExecutor(1) as pool,
        working(*programs(port, saw, 2), pause=0),
        working(*steps),
    ):
        fast = pool.submit(
            ask_at_full_speed, f"{portal.url}{_ASKED}", seconds=seconds, script="", connections=4
        )
        # All workers are renewed, once before one of them is watched and once after that.
        load.renew(portal)
        if saw.cut_off:
            load.broken.append(f"a renewal cut off {saw.cut_off} requests")
        oldest = worker_ids(portal.process.pid)[0]
        end = time.monotonic() + seconds
        at_third = 0.0
        for begin in in_turn(portal, faulty):
            _lull(faulty, lull)
            if time.monotonic() + lull > end:
                break
            begin()
            load.faults += 1
            time.sleep(lull)
            if not at_third and end - time.monotonic() < seconds * 2 / 3:
                at_third = _megabytes(oldest)
        _lull(faulty, lull)
        load.memory = (at_third, _megabytes(oldest))
        load.renew(portal)
        answers = fast.result()
    load.fast = (
        f"wrk on `validate`: {answers.requests:,} answers, {answers.per_second:,.0f} a second,"
        f" p99 {answers.p99_seconds * 1000:.1f} ms, {answers.refused:,} of them 503."
    )
    return load


def _lull(faulty: FaultyStore | None, seconds: float) -> None:
    """Some seconds in which the store works."""
    if faulty is not None:
        faulty.work()
    time.sleep(seconds)


def _megabytes(process: int) -> float:
    return resident_kilobytes(process) / 1000


def _paced(seconds: float, step: Callable[[], object]) -> Callable[[], None]:
    def paced() -> None:
        step()
        time.sleep(seconds)

    return paced


def _delivered(folder: Path, settings: Mapping[str, str]) -> tuple[int, list[str]]:
    """How many mails were written as files, and what is wrong with the rest."""
    end = time.monotonic() + DELIVERED_SECONDS
    with opened(folder, settings) as store:
        while (left := store.count(GSI4, records.OUTBOX_DUE, cap=_CAP)) and time.monotonic() < end:
            time.sleep(1)
        given_up = store.count(GSI4, records.OUTBOX_GIVEN_UP, cap=_CAP)
    mails = sum(1 for _ in (folder / "data" / "mail").rglob("*.eml"))
    wrong = [f"{left} mails did not leave"] if left else []
    return mails, wrong + ([f"{given_up} mails were given up"] if given_up else [])


def _lost_imports(store: Store, saw: Saw) -> list[str]:
    lost = []
    for tenant_id, company in saw.imported.items():
        try:
            found = records.tenant_of(store.get(tenant_id)).contact.company
        except ItemNotFoundError:
            found = ""
        if found != company:
            lost.append(f"import of {tenant_id}")
    return lost


#: The settings of the portal, and what makes trouble in front of the store, if anything does.
_Opened = tuple[Mapping[str, str], FaultyStore | None]


@contextmanager
def _file(_folder: Path) -> Iterator[_Opened]:
    yield NO_LIMITS, None


STORES: Mapping[str, Callable[[Path], AbstractContextManager[_Opened]]] = {
    "file": _file,
    "dynamodb": faulty_store,
}
