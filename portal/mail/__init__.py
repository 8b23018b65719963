"""Mail: what is said to whom, and the ways that it leaves.

kinds      the table of all mails: after which verb, while which status
digest     the digest for staff
digest_readers  who gets it
letters    their words
facts      what such words may tell
heard      whether a customer has heard of a decision that was undone
access_words  what they say about an access
letter     what such words are, for text and HTML alike
desk_mail  what staff tell each other about a tenant
wishes     what people of staff want to hear
sign_in_mail   the mail with a sign-in link
request_links  the links to all requests of an address
words      texts and dates in the language of the sign-up
addresses  addresses as headers and mail servers need them
message    the bytes that leave
preview    a mail as text, before a decision sends it
addressees whom an entry of the outbox is for
post       an entry of the outbox as a mail, made when it is delivered
ways       how mail leaves: files, and those of smtp and ses
dkim_signer  a signature of the sender's domain, if mail is to have one
old_files  mails in files, which are deleted after some days
smtp       a mail server
ses        Amazon SES
return_path    the signed address to which reports about one mail come
bounce_messages  such reports, as other mail servers write them
sns        messages of Amazon SNS, checked
ses_reports    what SES reports by them
notices    what a report says, whichever way it came
errors     why a mail did not leave, and whether it is tried again soon, later or never
trial      the mail of `portal doctor --mail`

Templates are in `templates/mail/`. No mail holds a secret, and none holds text in its headers that
a customer typed.
"""

from portal.mail.addressees import are_reminders_ended, has_second_address
from portal.mail.addresses import ascii_domain, sender_of
from portal.mail.bounce_messages import (
    MAX_BYTES,
    UnreadableMailboxError,
    keep_read,
    may_be_known_later,
    read_bounce,
    read_mailbox,
)
from portal.mail.desk_mail import DeskMail, desk_entry
from portal.mail.digest import (
    DIGEST,
    EXPIRING_DAYS,
    STAFF,
    Span,
    reached,
    waiting_too_long,
)
from portal.mail.digest_readers import (
    DigestReader,
    address_mark,
    digest_readers,
    who_wants_digest,
)
from portal.mail.dkim_signer import open_signer
from portal.mail.errors import (
    PROBLEM_SENTENCES,
    REMEDIES,
    MailError,
    NothingToSayError,
    Problem,
    Retry,
    problem_of,
)
from portal.mail.heard import is_heard
from portal.mail.kinds import KINDS, Kind, KindEntry, kind_after, kind_entry
from portal.mail.message import message_key
from portal.mail.notices import DELIVERED, Notice
from portal.mail.old_files import OldFiles, remove_files_before
from portal.mail.post import Post
from portal.mail.preview import MailPreview, preview_of
from portal.mail.request_links import closed_ids, is_for, newest_rows, typed_mark
from portal.mail.return_path import ReturnPath
from portal.mail.ses_reports import read_ses_report
from portal.mail.sign_in_mail import SIGN_IN, sign_in_entry
from portal.mail.sns import ForgedMessageError, SnsMessages, SnsUnreachableError
from portal.mail.trial import send_trial
from portal.mail.ways import is_writable
from portal.mail.wishes import mail_wishes

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
