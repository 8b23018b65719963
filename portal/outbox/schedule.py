"""When a delivery that failed is tried again."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

_MINUTE, _HOUR = 60.0, 3600.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Schedule:
    """Seconds. Tests shorten them.

    Attributes:
        pauses: After the first failure, the second and so on. The first three attempts fall into
            the first minute; after the last pause there is one more attempt. Mail servers try for
            some days, too.
        patient_from: The first pause for a failure that somebody has to do something about, such
            as a server that greylists.
        spread: Each pause is shorter or longer by up to this part of it, so that what failed
            together does not come back together.
        lease: So long nobody else delivers what somebody has claimed.
        attempt: The longest that a mail server gets. Shorter than the lease.
        margin: So long before the end of the lease the mail server has to be done: its answer is
            still to be written down. With less time than this, it is not asked at all.
        lasts: If set, what failed for so long is tried a last time then, and given up.
        most_unknown: So often a mail is sent of which nobody ever learns whether it was taken: each
            may be one more copy for the customer.
    """

    pauses: tuple[float, ...] = (
        5.0, 20.0, 2 * _MINUTE, 10 * _MINUTE, 30 * _MINUTE, _HOUR, 2 * _HOUR, 4 * _HOUR, 8 * _HOUR,
        12 * _HOUR, 12 * _HOUR, 12 * _HOUR, 12 * _HOUR,
    )  # fmt: skip
    patient_from: int = 2
    spread: float = 0.2
    lease: float = 60.0
    attempt: float = 50.0
    margin: float = 5.0
    lasts: float | None = None
    most_unknown: int = 4

    def pause(
        self, tries: int, *, patient: bool, chance: Callable[[], float] = random.random
    ) -> timedelta | None:
        """How long to wait after so many tries, the latest included; `None`: it is given up.

        Args:
            chance: A number from 0 to 1.
        """
        index = max(tries - 1, self.patient_from) if patient else tries - 1
        if index >= len(self.pauses):
            return None
        factor = 1 + self.spread * (2 * chance() - 1)
        return timedelta(seconds=self.pauses[index] * factor)
