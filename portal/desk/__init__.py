"""Who works on what: people of staff beside each other.

assignment   a tenant is given to somebody, or handed back; a decision ends that
presence     who else looks at a tenant at the moment
lists        what one person looks after, what nobody does
escalation   what somebody has looked after for too long is reported, once
wishes       what each person wants to hear by mail
colleagues   to whom a tenant can be given, remembered for a minute

None of this changes a tenant: it raises no version, so it never collides with a decision.
"""

from portal.desk.assignment import (
    TakenError,
    assign,
    desk_of,
    end_if_decided,
    ended_changes,
    find_desk,
    follow_changes,
    is_assignable,
)
from portal.desk.colleagues import KnownColleagues
from portal.desk.escalation import Escalation, escalate_old
from portal.desk.lists import (
    Assignments,
    Owner,
    assignments_of,
    owned,
    owners,
    owners_in,
    without_owner,
)
from portal.desk.presence import note_presence, people_of, who_looks
from portal.desk.wishes import set_mail_wishes

__all__ = [
    "Assignments", "Escalation", "KnownColleagues", "Owner", "TakenError", "assign",
    "assignments_of", "desk_of", "end_if_decided", "ended_changes", "escalate_old", "find_desk",
    "follow_changes", "is_assignable", "note_presence", "owned", "owners", "owners_in",
    "people_of", "set_mail_wishes", "who_looks", "without_owner",
]  # fmt: skip
