"""A letter as the bytes that leave."""

from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.header import Header
from email.headerregistry import AddressHeader
from email.message import EmailMessage
from email.utils import format_datetime
from functools import lru_cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from portal import records
from portal.folders import folder
from portal.mail.messages.addresses import Mailbox
from portal.mail.messages.letter import Letter
from portal.mail.messages.words import Words

#: Headers that programs compare or follow. They have no space to fold at, and `email` would write a
#: long one as encoded words, which no program reads there.
_UNFOLDED = frozenset({"in-reply-to", "list-unsubscribe", "message-id", "references"})


class SentPolicy(policy.EmailPolicy):
    """How the bytes of a mail are made: as `policy.SMTP` does, but for the headers that must not be
    folded, and for a subject or a sender's name of other letters: `email` makes encoded words of 76
    characters, one too many, and loses spaces between them. Its older class does neither.
    """

    def fold_binary(self, name: str, value: str) -> bytes:
        if name.lower() == "subject" and not value.isascii():
            text = Header(value, "utf-8", header_name=name, maxlinelen=76).encode(
                linesep=self.linesep
            )
            return f"{name}: {text}{self.linesep}".encode("ascii")
        if name.lower() == "from" and not value.isascii() and isinstance(value, AddressHeader):
            (sender,) = value.addresses
            shown = Header(sender.display_name, "utf-8", header_name=name, maxlinelen=76).encode(
                linesep=self.linesep
            )
            return f"{name}: {shown}{self.linesep} <{sender.addr_spec}>{self.linesep}".encode(
                "ascii"
            )
        if name.lower() in _UNFOLDED:
            unfolded = policy.SMTP.clone(max_line_length=0, utf8=self.utf8)
            return unfolded.fold_binary(name, value)
        return super().fold_binary(name, value)


_SENT = SentPolicy(linesep=policy.SMTP.linesep)


@dataclass(frozen=True, kw_only=True, slots=True)
class OutgoingMail:
    """What a mail server gets. `content` has only lines that end with CR LF.

    Attributes:
        return_path: Where a mail server reports that it could not deliver the mail; empty: to the
            sender.
    """

    message_id: str
    sender: str
    recipient: str
    needs_smtputf8: bool
    content: bytes
    return_path: str = ""


def message_id_of(entry_id: str, sender: Mailbox) -> str:
    """The same for each attempt: a mail that may have arrived is recognised when it comes again."""
    return f"<{message_key(entry_id)}@{sender.domain}>"


def thread_id_of(sign_up_id: str, sender: Mailbox) -> str:
    """The same for all mails about a sign-up, and never the id of a mail."""
    return f"<{message_key(f'thread-{sign_up_id}')}@{sender.domain}>"


def message_key(entry_id: str) -> str:
    """The part of a Message-ID that differs: letters and digits, without the ids of the tenant."""
    return records.outbox_key(entry_id)


def compose(
    letter: Letter,
    _: Words,
    *,
    message_id: str,
    reference: str,
    sender: Mailbox,
    recipient: Mailbox,
    contact_url: str,
    at: datetime,
    unsubscribe: str = "",
    thread: str = "",
    request_id: str = "",
) -> OutgoingMail:
    """The mail with its headers, as text and as HTML.

    Args:
        thread: The same for all mails about one request, so that mail programs show them together.
        unsubscribe: Where whoever gets it can end such mails. Mail programs offer that as a button;
            behind `https` one request must be enough, without a page in between.
        request_id: Of the request that caused the mail: the log has it as well.
    """
    message = EmailMessage(policy=policy.SMTP)
    message["From"] = sender.header()
    # Without the contact's name: text that somebody typed stands in no header.
    message["To"] = recipient.header()
    message["Subject"] = f"{letter.subject} [{reference}]"
    message["Date"] = format_datetime(at)
    message["Message-ID"] = message_id
    # So that no absence note answers it.
    message["Auto-Submitted"] = "auto-generated"
    if request_id:
        message["X-Request-Id"] = request_id
    if thread:
        # As if all of them answered one mail, which nobody has: the first one that was sent may
        # have gone to another address, or never have left.
        message["In-Reply-To"] = message["References"] = thread
    if unsubscribe:
        message["List-Unsubscribe"] = f"<{unsubscribe}>"
    if unsubscribe.startswith("https://"):
        # RFC 8058, which knows no other way to say it.
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    # Every mail server takes quoted-printable, and its lines are short whatever people typed.
    text = letter_text(letter, _, reference=reference, contact_url=contact_url)
    message.set_content(text, cte="quoted-printable")
    html = _rendered("message.html", letter, _, reference, contact_url)
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    sent = _SENT.clone(utf8=True) if recipient.needs_smtputf8 else _SENT
    return OutgoingMail(
        message_id=message_id,
        sender=sender.address,
        recipient=recipient.address,
        needs_smtputf8=recipient.needs_smtputf8,
        content=message.as_bytes(policy=sent),
    )


def letter_text(letter: Letter, _: Words, *, reference: str, contact_url: str) -> str:
    """The body of the mail as text."""
    return _rendered("message.txt", letter, _, reference, contact_url)


def _rendered(template: str, letter: Letter, _: Words, reference: str, contact_url: str) -> str:
    values = {
        "letter": letter,
        "reference": reference,
        "contact_url": contact_url,
        "locale": _.locale,
        "_": _,
    }
    return _templates().get_template(template).render(values)


@lru_cache(1)
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(folder("templates") / "mail"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
