"""What customers are told.

kinds          the table of these mails: after which verb, while which status
letters        their words
facts          what such words may tell
access_words   what they say about an access
addressees     whom an entry of the outbox is for
request_links  the links to all requests of an address
heard          whether a customer has heard of a decision that was undone
"""

from portal.mail.customers.addressees import (
    Addressee,
    are_reminders_ended,
    asker_email,
    find_addressee,
    has_second_address,
    second_address,
)
from portal.mail.customers.facts import Facts
from portal.mail.customers.heard import is_about_nothing, is_heard
from portal.mail.customers.kinds import KINDS, Kind, KindEntry, kind_after, kind_entry
from portal.mail.customers.request_links import (
    closed_ids,
    is_for,
    marked_address,
    newest_rows,
    request_links,
    typed_mark,
)

__all__ = [
    "KINDS", "Addressee", "Facts", "Kind", "KindEntry", "are_reminders_ended", "asker_email",
    "closed_ids", "find_addressee", "has_second_address", "is_about_nothing", "is_for",
    "is_heard", "kind_after", "kind_entry", "marked_address", "newest_rows", "request_links",
    "second_address", "typed_mark",
]  # fmt: skip
