"""What every mail is made of, whoever gets it.

addresses    addresses as headers and mail servers need them
letter       what is said, for text and HTML alike
words        texts and dates in the language of the reader
message      the bytes that leave
tenants      what a mail tells of, as the store has it now
dkim_signer  a signature of the sender's domain, if mail is to have one
errors       why a mail did not leave, and whether it is tried again soon, later or never
"""

from portal.mail.messages.addresses import Mailbox, ascii_domain, mailbox_of, sender_of
from portal.mail.messages.dkim_signer import open_signer
from portal.mail.messages.errors import (
    PROBLEM_SENTENCES,
    REMEDIES,
    MailError,
    NothingToSayError,
    Problem,
    Retry,
    problem_of,
)
from portal.mail.messages.letter import Letter, Listing, Row
from portal.mail.messages.message import (
    OutgoingMail,
    compose,
    letter_text,
    message_id_of,
    message_key,
    thread_id_of,
)
from portal.mail.messages.tenants import item_told_of, tenant_told_of
from portal.mail.messages.words import Words

__all__ = [
    "PROBLEM_SENTENCES", "REMEDIES", "Letter", "Listing", "MailError", "Mailbox",
    "NothingToSayError", "OutgoingMail", "Problem", "Retry", "Row", "Words", "ascii_domain",
    "compose", "item_told_of", "letter_text", "mailbox_of", "message_id_of", "message_key",
    "open_signer", "problem_of", "sender_of", "tenant_told_of", "thread_id_of",
]  # fmt: skip
