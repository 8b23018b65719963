"""What all scenarios share: how large they are, and the row of the table that each ends with."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.attack.portal_processes import NO_LIMITS, Memory, fill, lost_of, opened
from tests.attack.tally import Tally, percentile
from tests.serving import Portal, serving


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much of everything. The defaults are those of `make attack`."""

    workers: tuple[int, ...] = (1, 2)
    #: How long the attack lasts, for each number of workers.
    seconds: float = 25
    rounds: int = 15
    unfinished: int = 200
    junk: int = 1_100
    flood: int = 20_000
    flood_seconds: float = 100
    good: int = 150
    #: Sign-ups of robots in many networks, of customers at the same time, and the seconds for both.
    robots: int = 5_000
    crowd: int = 200
    crowd_seconds: float = 60
    waiting: int = 60
    #: Times are multiplied by this where they are compared, for a machine that is busy.
    slack: float = 1


#: A few seconds for each scenario: to see that the scenarios themselves work.
SHORT = Size(
    workers=(2,),
    seconds=3,
    rounds=2,
    unfinished=60,
    junk=60,
    flood=300,
    flood_seconds=3,
    good=6,
    robots=420,
    crowd=8,
    crowd_seconds=40,
    waiting=40,
    slack=4,
)

#: Seconds in which `validate` answers, for 99 % of the requests.
ONLY_CLIENTS_MISBEHAVE = 1.0
STORE_IN_TROUBLE = 8.0
#: The most that a worker may have of the memory that it had at the start.
MEMORY_FACTOR = 2.0


@dataclass(frozen=True, kw_only=True)
class Row:
    """The outcome of a scenario. Without `broken` promises it holds."""

    scenario: str
    workers: int
    requests: int
    acknowledged: int
    lost: int
    false: int
    p50: float
    p99: float
    memory: float | None
    broken: tuple[str, ...]

    def cells(self) -> tuple[str, ...]:
        return (
            self.scenario,
            str(self.workers),
            f"{self.requests:,}",
            f"{self.acknowledged:,}",
            str(self.lost),
            str(self.false),
            f"{self.p50:.3f}",
            f"{self.p99:.3f}",
            "–" if self.memory is None else f"{self.memory:.2f}",
            "broken" if self.broken else "holds",
        )


HEADINGS = (
    "Scenario", "Workers", "Requests", "Acknowledged", "Lost", "False", "p50 s", "p99 s",
    "Memory", "Promise",
)  # fmt: skip


@dataclass
class Attack:
    """One scenario with one number of workers, from its start to its row."""

    scenario: str
    folder: Path
    workers: int
    tally: Tally
    #: Seconds for 99 % of `validate` and /health; `None` promises nothing.
    limit: float | None
    settings: Mapping[str, str] = field(default_factory=lambda: NO_LIMITS)
    memory: float | None = None
    broken: list[str] = field(default_factory=list)

    @contextmanager
    def portal(self) -> Iterator[Portal]:
        """A portal with active tenants; its memory is watched while this is open."""
        with opened(self.folder, self.settings) as store:
            fill(store)
        try:
            with self.serving() as portal, Memory(portal) as memory:
                yield portal
        finally:
            self.memory = memory.factor

    @contextmanager
    def serving(self, port: int = 0) -> Iterator[Portal]:
        with serving(
            self.folder, "--workers", str(self.workers), port=port, settings=self.settings
        ) as portal:
            yield portal

    def row(self) -> Row:
        """The row, once the portal has stopped."""
        tally, broken = self.tally, list(self.broken)
        with opened(self.folder, self.settings) as store:
            lost = lost_of(store, tally)
        broken += [f"lost: {each}" for each in lost[:3]]
        broken += [f"false: {each}" for each in tally.false[:3]]
        p99 = percentile(tally.validate_seconds, 0.99)
        health_p99 = percentile(tally.health_seconds, 0.99)
        if self.limit is not None:
            for name, seconds in (("validate", p99), ("/health", health_p99)):
                # Also without any request: NaN is not below the limit.
                if not seconds <= self.limit:
                    broken.append(f"{name}: p99 of {seconds:.2f} s, not {self.limit:g} s")
        if self.memory is not None and self.memory > MEMORY_FACTOR:
            broken.append(f"a worker had {self.memory:.2f} times the memory of its start")
        return Row(
            scenario=self.scenario,
            workers=self.workers,
            requests=tally.requests,
            acknowledged=tally.acknowledged,
            lost=len(lost),
            false=len(tally.false),
            p50=percentile(tally.validate_seconds, 0.5),
            p99=p99,
            memory=self.memory,
            broken=tuple(broken),
        )
