"""What the portal counts at its store, and reads from it.

measured_store  counts the calls of the file store, sign-ups and decisions
waiting         reads how much waits: in the queue, in the outbox, for receivers of webhooks
"""

from portal.metrics.sources.measured_store import MeasuredStore, measured
from portal.metrics.sources.waiting import WaitingGauges

__all__ = ["MeasuredStore", "WaitingGauges", "measured"]
