"""What the clients of a soak saw, by kind of request: how many, how long, with which statuses."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from tests.attack.http_client import Answer
from tests.attack.tally import LATER, Tally, percentile


@dataclass(kw_only=True)
class Saw(Tally):
    """Counts statuses and keeps the seconds of every kind of request.

    `expected` of `saw` names the kind; what follows its first word is the request's own, but for
    kinds of several words.
    """

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    statuses: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    #: Tenant id -> company, of rows whose import said that they were written.
    imported: dict[str, str] = field(default_factory=dict)

    def saw(self, answer: Answer, expected: str = "", *, false: str = "") -> None:
        super().saw(answer, expected, false=false)
        kind = "validate" if expected.startswith("validate") else expected
        with self._lock:
            self.statuses[kind][answer.status] += 1
            if answer.status not in {0, *LATER}:
                self.seconds[kind].append(answer.seconds)

    def lines(self) -> list[tuple[str, ...]]:
        """A row of the table for each kind."""
        return [self._line(kind) for kind in sorted(self.statuses)]

    def _line(self, kind: str) -> tuple[str, ...]:
        seconds, statuses = self.seconds[kind], self.statuses[kind]
        later = sum(count for status, count in statuses.items() if status in LATER)
        errors = sum(count for status, count in statuses.items() if status >= 500) - statuses[503]
        longest = f"{max(seconds) * 1000:.0f}" if seconds else "–"
        return (
            kind.removeprefix("the ").removeprefix("an ").removeprefix("a "),
            f"{statuses.total():,}",
            f"{percentile(seconds, 0.5) * 1000:.1f}" if seconds else "–",
            f"{percentile(seconds, 0.99) * 1000:.1f}" if seconds else "–",
            longest,
            f"{later:,}",
            f"{statuses[0]:,}",
            str(errors),
        )

    @property
    def cut_off(self) -> int:
        """Requests that got no answer."""
        with self._lock:
            return sum(statuses[0] for statuses in self.statuses.values())

    @property
    def server_errors(self) -> int:
        """Answers with a status of 500 and more, but for 503, which says what to do."""
        return sum(
            count
            for statuses in self.statuses.values()
            for status, count in statuses.items()
            if status >= 500 and status not in LATER
        )
