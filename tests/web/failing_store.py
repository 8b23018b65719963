"""A store that works like the one behind it until a test makes its calls fail."""

from collections import Counter
from collections.abc import Callable
from threading import get_ident
from typing import Any

from portal.stores.contract import Store, UnavailableError

#: What the file store says when the disk is full.
FULL = UnavailableError(reason="The disk is full.", remedy="Free some space.")
GONE = UnavailableError(reason="The store does not answer.", remedy="Start it.")

#: Call and number -> the error to raise instead of the call, if any.
Trouble = Callable[[str, int], Exception | None]

_CALLS = ("get", "write", "query", "count", "scan", "check")


class TroubledStore:
    """`trouble(call, number)` returns the error to raise instead of the call, or `None`.

    `number` counts the calls since `begin`, from 1.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self.calm()

    def calm(self) -> None:
        self.begin(lambda _call, _number: None)

    def begin(self, trouble: Trouble) -> None:
        self.trouble = trouble
        self.calls = 0
        self._calls_by_thread: Counter[int] = Counter()

    @property
    def own_calls(self) -> int:
        """Those of the thread that asks: others look now and then what became known."""
        return self._calls_by_thread[get_ident()]

    def __getattr__(self, name: str) -> Any:
        behind = getattr(self._store, name)
        if name not in _CALLS:
            return behind

        def call(*args: Any, **kwargs: Any) -> Any:
            self.calls += 1
            self._calls_by_thread[get_ident()] += 1
            error = self.trouble(name, self.calls)
            if error is not None:
                raise error
            return behind(*args, **kwargs)

        return call


def read_only(call: str, number: int) -> Exception | None:
    """Reads work, writes fail."""
    del number
    return FULL if call in ("write", "check") else None


def silent(call: str, number: int) -> Exception | None:
    """Every call fails."""
    del call, number
    return GONE


def before_write(act: Callable[[], object]) -> Trouble:
    """Every call works; somebody else acts once, just before the next write."""
    waiting = [act]

    def trouble(call: str, number: int) -> Exception | None:
        del number
        if call == "write" and waiting:
            waiting.pop()()
        return None

    return trouble
