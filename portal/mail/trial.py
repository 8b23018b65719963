"""The mail with which an operator tries the settings."""

import secrets
from collections.abc import Sequence
from datetime import datetime

from portal.mail.messages import (
    Letter,
    MailError,
    Problem,
    Retry,
    Words,
    compose,
    mailbox_of,
    message_id_of,
)
from portal.mail.post import Post
from portal.settings import Settings

_SECONDS = 40.0


def send_trial(settings: Settings, keys: Sequence[str], address: str, now: datetime) -> str:
    """Send a mail to this address, as every other mail leaves. Returns the way.

    Raises:
        MailError: It did not leave.
    """
    mailbox = mailbox_of(address)
    if mailbox is None:
        raise MailError(retry=Retry.NEVER, problem=Problem.NO_ADDRESS)
    post = Post(settings, keys)
    letter = Letter(
        subject="A trial of the onboarding portal",
        greeting="Hello,",
        paragraphs=(
            "The onboarding portal can send mail: `portal doctor --mail` sent this one.",
            f"It belongs to {settings.base_url}.",
        ),
    )
    trial_id = secrets.token_hex(8)
    mail = compose(
        letter,
        Words("en"),
        message_id=message_id_of(trial_id, post.sender),
        reference=trial_id,
        sender=post.sender,
        recipient=mailbox,
        contact_url=settings.contact_url,
        at=now,
    )
    post.send(mail, seconds=_SECONDS)
    return post.way
