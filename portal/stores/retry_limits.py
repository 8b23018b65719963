"""How long whoever waits for an answer is made to wait while a store is in trouble."""

from contextvars import ContextVar

#: How often one call of a store is tried, all in all. Staff come back to their work and wait a
#: little longer than a customer or a program, which is answered after the second.
STAFF_ATTEMPTS = 3
PUBLIC_ATTEMPTS = 2
retry_attempts: ContextVar[int] = ContextVar("attempts", default=STAFF_ATTEMPTS)
