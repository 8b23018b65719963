"""How long and how often a store is asked, whichever it is.

deadline   until when a request must be answered
retrying   how often a call is attempted; a store that retries while another is busy
"""

from portal.stores.waiting.deadline import (
    REQUEST_SECONDS,
    clear_deadline,
    remaining_seconds,
    set_deadline,
)
from portal.stores.waiting.retrying import (
    PUBLIC_ATTEMPTS,
    STAFF_ATTEMPTS,
    RetryingStore,
    retry_attempts,
    retry_while_busy,
)

__all__ = [
    "PUBLIC_ATTEMPTS", "REQUEST_SECONDS", "STAFF_ATTEMPTS", "RetryingStore", "clear_deadline",
    "remaining_seconds", "retry_attempts", "retry_while_busy", "set_deadline",
]  # fmt: skip
