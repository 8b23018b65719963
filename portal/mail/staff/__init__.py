"""What staff are told.

digest          what waits and what ends, once a day
digest_readers  who gets it
desk_mail       what staff tell each other about a tenant
wishes          what each of them wants to hear
sign_in_mail    a link to sign in
"""

from portal.mail.staff.desk_mail import DeskMail, desk_entry, desk_letter, is_desk_mail
from portal.mail.staff.digest import (
    DIGEST,
    EXPIRING_DAYS,
    STAFF,
    Span,
    digest_letter,
    reached,
    waiting_too_long,
)
from portal.mail.staff.digest_readers import (
    DigestReader,
    address_mark,
    digest_readers,
    reader_of_mark,
    who_wants_digest,
)
from portal.mail.staff.sign_in_mail import (
    MAX_DELAY,
    SIGN_IN,
    person_of_entry,
    sign_in_entry,
    sign_in_letter,
)
from portal.mail.staff.wishes import mail_wishes

__all__ = [
    "DIGEST", "EXPIRING_DAYS", "MAX_DELAY", "SIGN_IN", "STAFF", "DeskMail", "DigestReader",
    "Span", "address_mark", "desk_entry", "desk_letter", "digest_letter", "digest_readers",
    "is_desk_mail", "mail_wishes", "person_of_entry", "reached", "reader_of_mark",
    "sign_in_entry", "sign_in_letter", "waiting_too_long", "who_wants_digest",
]  # fmt: skip
