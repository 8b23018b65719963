"""How often a call is attempted while a store is failing, so that people do not wait long."""

from contextvars import ContextVar

#: Attempts of one call to a store, the first one included. Staff wait a little longer than
#: customers and programs, which get their answer after the second attempt.
STAFF_ATTEMPTS = 3
PUBLIC_ATTEMPTS = 2
retry_attempts: ContextVar[int] = ContextVar("attempts", default=STAFF_ATTEMPTS)
