"""What is noted of a tenant's use, on no path that anybody waits for: when its application was let
in or refused, when its status page was opened, and which ids are asked for that no tenant has.

    noter        what one process has seen; a thread of its own writes it
    note_writer  writes notes into the store, beside others that write them as well
    notes        what a note changes, and whether it is worth a write
    unknown_ids  counts ids that anybody can type, in little memory
    watching     after a change of a tenant: whether it is expected to be let in
    tried        the latest try of its credentials

Nothing here decides anything. A note that is lost shows a lamp too late, and that is all. See
docs/decisions/012.
"""

from portal.usage.noter import UsageNoter, open_noter
from portal.usage.tried import note_tried
from portal.usage.unknown_ids import MAX_UNKNOWN, UNKNOWN_KEPT
from portal.usage.watching import remove_usage, watch_usage

__all__ = [
    "MAX_UNKNOWN", "UNKNOWN_KEPT", "UsageNoter", "note_tried", "open_noter", "remove_usage",
    "watch_usage",
]  # fmt: skip
