"""What comes back: reports of other mail servers about one mail.

return_path      the signed address to which they come
bounce_messages  reports as mails
sns              messages of Amazon SNS, checked
ses_reports      what SES reports by them
notices          what a report says, whichever way it came
"""

from portal.mail.reports.bounce_messages import (
    MAX_BYTES,
    UnreadableMailboxError,
    keep_read,
    may_be_known_later,
    read_bounce,
    read_mailbox,
)
from portal.mail.reports.notices import DELIVERED, Notice
from portal.mail.reports.return_path import ReturnPath
from portal.mail.reports.ses_reports import read_ses_report
from portal.mail.reports.sns import ForgedMessageError, SnsMessages, SnsUnreachableError

__all__ = [
    "DELIVERED", "MAX_BYTES", "ForgedMessageError", "Notice", "ReturnPath", "SnsMessages",
    "SnsUnreachableError", "UnreadableMailboxError", "keep_read", "may_be_known_later",
    "read_bounce", "read_mailbox", "read_ses_report",
]  # fmt: skip
