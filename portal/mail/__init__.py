"""Mail: what is said to whom, and the ways that it leaves.

messages/   what every mail is made of: addresses, words, bytes, a signature, errors
customers/  what customers are told
staff/      what staff are told
ways/       how mail leaves: as files, and by SMTP and SES
reports/    what comes back: bounces
post        an entry of the outbox as a mail, made when it is delivered
staff_mails  the same of those that staff get
preview     a mail as text, before a decision sends it
trial       the mail of `portal doctor --mail`

Templates are in `templates/mail/`. No mail holds a secret, and none holds text in its headers that
a customer typed.
"""

from portal.mail.customers import (
    KINDS,
    Kind,
    KindEntry,
    are_reminders_ended,
    closed_ids,
    has_second_address,
    is_for,
    is_heard,
    kind_after,
    kind_entry,
    newest_rows,
    typed_mark,
)
from portal.mail.messages import (
    PROBLEM_SENTENCES,
    REMEDIES,
    MailError,
    NothingToSayError,
    Problem,
    Retry,
    ascii_domain,
    message_key,
    open_signer,
    problem_of,
    sender_of,
)
from portal.mail.post import Post
from portal.mail.preview import MailPreview, preview_of
from portal.mail.reports import (
    DELIVERED,
    MAX_BYTES,
    ForgedMessageError,
    Notice,
    ReturnPath,
    SnsMessages,
    SnsUnreachableError,
    UnreadableMailboxError,
    keep_read,
    may_be_known_later,
    read_bounce,
    read_mailbox,
    read_ses_report,
)
from portal.mail.staff import (
    DIGEST,
    EXPIRING_DAYS,
    SIGN_IN,
    STAFF,
    DeskMail,
    DigestReader,
    Span,
    address_mark,
    desk_entry,
    digest_readers,
    mail_wishes,
    reached,
    sign_in_entry,
    waiting_too_long,
    who_wants_digest,
)
from portal.mail.trial import send_trial
from portal.mail.ways import OldFiles, is_writable, remove_files_before

__all__ = [
    "DELIVERED", "DIGEST", "EXPIRING_DAYS", "KINDS", "MAX_BYTES", "PROBLEM_SENTENCES", "REMEDIES",
    "SIGN_IN", "STAFF", "DeskMail", "DigestReader", "ForgedMessageError", "Kind", "KindEntry",
    "MailError", "MailPreview", "NothingToSayError", "Notice", "OldFiles", "Post", "Problem",
    "Retry", "ReturnPath", "SnsMessages", "SnsUnreachableError", "Span", "UnreadableMailboxError",
    "address_mark", "are_reminders_ended", "ascii_domain", "closed_ids", "desk_entry",
    "digest_readers", "has_second_address", "is_for", "is_heard", "is_writable", "keep_read",
    "kind_after", "kind_entry", "mail_wishes", "may_be_known_later", "message_key", "newest_rows",
    "open_signer", "preview_of", "problem_of", "reached", "read_bounce", "read_mailbox",
    "read_ses_report", "remove_files_before", "send_trial", "sender_of", "sign_in_entry",
    "typed_mark", "waiting_too_long", "who_wants_digest",
]  # fmt: skip
