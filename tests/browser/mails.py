"""Mails that a portal under test has sent. It writes each into a file."""

import re
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from time import monotonic

from tests.serving import Portal

#: `mail_to("jane@example.com", "Confirm")`: the mail to this address with this in subject or body.
MailTo = Callable[[str, str], EmailMessage]


def find_mail(portal: Portal, data_dir: Path, address: str, words: str) -> EmailMessage:
    give_up_at = monotonic() + 30
    while monotonic() < give_up_at:
        # It takes a second, and the portal itself sends as well. After a test that made hundreds of
        # tenants it takes as long as these need to be found by a search.
        portal.command("outbox", "send", seconds=300)
        for path in (data_dir / "mail").glob("*.eml"):
            mail = message_from_bytes(path.read_bytes(), policy=policy.default)
            if str(mail["To"]) == address and words in f"{mail['Subject']}\n{text_of(mail)}":
                return mail
    raise AssertionError(f"no mail to {address} says {words}")


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def links_in(mail: EmailMessage, path: str) -> list[str]:
    """The paths and queries of the links in the mail, since tests serve on another port."""
    return re.findall(rf"https?://[^/\s]+(/{path}/\S+)", text_of(mail))


def link_in(mail: EmailMessage, path: str) -> str:
    """The same of the only one."""
    (found,) = links_in(mail, path)
    return found
