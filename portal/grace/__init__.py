"""The last known "yes": a tenant that was valid when the portal last asked stays valid for some
days while the store cannot be asked. Others must not be locked out because a store is down.

    last_known         what is known: by this process, and through the file by its neighbours
    memory             what one process knows, and what of it is not in the file yet
    readings           what a reading leaves, and which of two counts
    sighting           a tenant as it is remembered: what its answer needs, and nothing personal
    known_file         what is known, in a file of the data folder: it outlives the process
    own_file           a file that is trusted only if these workers have written it
    background         the threads that write the file, and look for what others have ended
    known_before       the same for a command, while the store is damaged
    ended_tenants      one query for the licences that somebody has taken away lately
    remembering_store  the store in front of which no decision passes unseen

A "no" is stronger than a "yes": it is written before it is answered, and nothing older than it is
believed afterwards. Whatever fails here only means that less is known.
"""

from portal.grace.known_before import last_yes_items
from portal.grace.last_known import LastKnown, LastYes, open_last_known
from portal.grace.remembering_store import RememberingStore
from portal.grace.sighting import Sighting

__all__ = [
    "LastKnown",
    "LastYes",
    "RememberingStore",
    "Sighting",
    "last_yes_items",
    "open_last_known",
]
