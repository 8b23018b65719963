"""What is to be delivered: written together with a decision, delivered after it.

entries    the entry that a verb writes in its own all-or-nothing write; sending again
schedule   when a failed delivery is tried again, and when it is given up
delivery   delivers what is due: claimed, delivered, settled
daily      mails that no decision causes: ends that come near, the digest for staff
returned   writes down that a mail came back
unreadable  sets aside what cannot be read
old_entries  removes entries that nobody needs any more
watch      delivers once, or until it is stopped, and makes the rounds beside that

This room knows when, how often and by whom something is delivered, and nothing of mail servers:
`portal.mail` knows how. `portal.webhooks` has queues of its own here, one for each receiver.

An entry is claimed by moving its due time on by a minute, on the condition that nobody else has
changed it. So several workers and machines deliver it once, and one that dies leaves it to another
after a minute. If nobody can know whether it arrived, it is delivered again: `portal.mail` gives it
the same Message-ID then.
"""

from portal.outbox.daily import Daily, Until
from portal.outbox.delivery import Courier, Delivery, Tally
from portal.outbox.entries import HELD_FOR, again, entries_after, entries_of
from portal.outbox.old_entries import OldEntries, remove_entries_of, remove_old_entries
from portal.outbox.returned import Noted, note_return
from portal.outbox.schedule import Schedule
from portal.outbox.unreadable import readable_entry, set_aside
from portal.outbox.watch import Rounds, send_once, watch, watch_rounds

__all__ = [
    "HELD_FOR", "Courier", "Daily", "Delivery", "Noted", "OldEntries", "Rounds", "Schedule",
    "Tally", "Until", "again", "entries_after", "entries_of", "note_return",
    "readable_entry", "remove_entries_of", "remove_old_entries", "send_once", "set_aside", "watch",
    "watch_rounds",
]  # fmt: skip
