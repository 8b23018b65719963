"""Tells wrong tokens apart without asking the store for each, while a network sends many of them.

The token of a program in the same network must go on working, so nothing is refused that may be
good. What is kept stays true: the hash of a token and its end never change, and no token is good
again once it was revoked.
"""

import hmac
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from portal.auth.api_tokens import TOKEN_PATTERN, Token, stored_token, token_hash, token_ids
from portal.stores import BusyError, ItemNotFoundError, Store, remaining_seconds

#: Seconds between two looks for new tokens, however many unknown ones arrive, and between two looks
#: whether a good one was revoked.
_LOOK_AGAIN_AFTER = 1.0
#: Seconds that a thread without a deadline waits for another one that asks the store.
_WAIT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class _Read:
    """A token as it was read, and when."""

    token: Token
    hash: str
    at: float

    def is_wrong(self, secret_hash: str, now: datetime) -> bool:
        is_it = hmac.compare_digest(self.hash, secret_hash)
        return not is_it or not self.token.is_good(now)


class KnownTokens:
    """The tokens that there are, as far as this process has had to look for them."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._looked_at: float | None = None
        #: First half -> what was read; None until somebody asks for it.
        self._tokens: dict[str, _Read | None] = {}

    def is_surely_wrong(self, store: Store, text: str, now: datetime) -> bool:
        """Whether this text is no good token. False: it may be one.

        Asks the store once a second for the list of all tokens, once for each token in it, and once
        a second whether a good one was revoked. A token may be missing in that list for a moment
        after it was made.

        Raises:
            StoreError: The store has to be asked, and does not answer before the deadline.
        """
        parts = TOKEN_PATTERN.fullmatch(text)
        if not parts:
            return True
        kid, secret = parts.groups()
        secret_hash = token_hash(secret)
        read = self._tokens.get(kid)
        if read is not None and read.is_wrong(secret_hash, now):
            return True
        if read is None or self._clock() - read.at >= _LOOK_AGAIN_AFTER:
            with self._asking():
                read = self._ask(store, kid)
        return read is None or read.is_wrong(secret_hash, now)

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """One thread at a time asks the store; the others get what it has learned."""
        if not self._lock.acquire(timeout=remaining_seconds(_WAIT_SECONDS)):
            raise BusyError(reason="Another request is asking for the tokens.")
        try:
            yield
        finally:
            self._lock.release()

    def _ask(self, store: Store, kid: str) -> _Read | None:
        began = self._clock()
        if kid not in self._tokens:
            self._look(store, began)
        if kid not in self._tokens:
            return None
        read = self._tokens[kid]
        if read is None or began - read.at >= _LOOK_AGAIN_AFTER:
            try:
                read = _Read(*stored_token(store, kid), began)
            except ItemNotFoundError:
                # It was removed from the store, by whoever restored a backup, for example.
                read = None
            self._tokens[kid] = read
        return read

    def _look(self, store: Store, now: float) -> None:
        if self._looked_at is not None and now - self._looked_at < _LOOK_AGAIN_AFTER:
            return
        # Before the store is asked: if it does not answer, it is not asked at once again.
        self._looked_at = now
        for kid in token_ids(store):
            self._tokens.setdefault(kid, None)
