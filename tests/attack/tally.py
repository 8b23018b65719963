"""What the clients of a scenario saw: requests, acknowledged writes, false answers, times."""

import math
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.attack.http_client import Answer

#: Statuses that say honestly that there is no answer now: come again later.
LATER = frozenset({429, 503})


@dataclass
class Tally:
    """Threads share it.

    Args:
        timeout: Seconds that clients wait. A request without an answer counts as having waited for
            so long, unless `cuts_expected`.
        later_is_answer: Whether "503, come again later" is an answer to `validate`. It is while
            the store is in trouble, and it is not while only clients misbehave.
        cuts_expected: Whether clients get no answer because processes are killed.
    """

    timeout: float
    later_is_answer: bool = False
    cuts_expected: bool = False
    requests: int = 0
    #: Reference -> company.
    sign_ups: dict[str, str] = field(default_factory=dict)
    #: Tenant id -> company, of the activations that staff saw to be done.
    activations: dict[str, str] = field(default_factory=dict)
    #: References of sign-ups that no member of staff has looked at.
    undecided: deque[str] = field(default_factory=deque)
    false: list[str] = field(default_factory=list)
    validate_seconds: list[float] = field(default_factory=list)
    health_seconds: list[float] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _owners: dict[str, int] = field(default_factory=dict)
    _numbers: int = 0

    def new_number(self) -> int:
        """A number that no other client has: customers put it into what they type."""
        with self._lock:
            self._numbers += 1
            return self._numbers

    def saw(self, answer: Answer, expected: str = "", *, false: str = "") -> None:
        """Counts an answer.

        Args:
            expected: What the answer should have been, for the report.
            false: Why it is false; empty if it is not.
        """
        problem = answer.garbled or false
        with self._lock:
            self.requests += 1
            if problem:
                self.false.append(f"{expected}: {problem}")

    def timed(self, times: list[float], answer: Answer) -> None:
        """Adds how long the answer took to the times of `validate` or /health."""
        answered = answer.status == 200 or (self.later_is_answer and answer.status in LATER)
        if answered:
            times.append(answer.seconds)
        elif not self.cuts_expected:
            times.append(max(answer.seconds, self.timeout))

    def is_owner(self, text: str, client: int) -> bool:
        """Whether this client is the first that got this cookie or token."""
        with self._lock:
            return self._owners.setdefault(text, client) == client

    def signed_up(self, reference: str, company: str) -> None:
        with self._lock:
            self.sign_ups[reference] = company
            self.undecided.append(reference)

    def activated(self, tenant_id: str, company: str) -> None:
        with self._lock:
            self.activations[tenant_id] = company

    @property
    def acknowledged(self) -> int:
        return len(self.sign_ups) + len(self.activations)


def percentile(times: Sequence[float], share: float) -> float:
    """The time that this share of the requests took at most; NaN without requests."""
    if not times:
        return math.nan
    return sorted(times)[math.ceil(share * len(times)) - 1]
