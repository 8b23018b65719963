"""Whose answer from `validate` a run of `adopt` changes, in a dry run: each row as it is, and as
the run would leave it."""

import threading

from portal.answer_diff import AnswerDiff
from portal.stores import KEY, Item


class AnswerComparison:
    """Any number of threads may use one at the same time."""

    def __init__(self, diff: AnswerDiff) -> None:
        self.diff = diff
        self._lock = threading.Lock()
        self._decided: set[str] = set()

    def decided(self, before: Item, after: Item) -> None:
        """A row that gets an answer of the operator. All of them come before the other rows."""
        self._decided.add(str(before[KEY]))
        self.diff.add_items(before, after)

    def completed(self, before: Item, after: Item) -> None:
        """A row as the pass over the table finds it. One that was decided is counted already."""
        if str(before[KEY]) not in self._decided:
            with self._lock:
                self.diff.add_items(before, after)
