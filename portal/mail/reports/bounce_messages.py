"""Bounce messages (RFC 3464), as mail servers send them to the return path of a mail.

Anybody may send anything there. Only a report in the standard form counts, and only if it came to
an address that the portal signed: so an absence note marks nothing. Parsing is `email`'s own, in
its older form, which raises nothing but for parts that are nested a thousand deep.
"""

import mailbox
from collections.abc import Iterator
from datetime import datetime, timedelta
from email import message_from_bytes
from email.message import Message
from pathlib import Path

from portal.mail.reports.notices import Notice, code_in, notice_id, reason_of
from portal.mail.reports.return_path import ReturnPath

#: A larger message is no bounce message: servers return the headers, or the beginning.
MAX_BYTES = 5_000_000
#: Headers in which mail servers write the address that a message came to.
_ARRIVED_AT = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "To")
#: The outbox gives up before that, so what is unknown then stays so.
_KNOWN_WITHIN = timedelta(days=7)
#: Blocks about one addressee each. Each mail of the portal has one.
_MAX_BLOCKS = 20


def read_bounce(content: bytes, return_path: ReturnPath) -> Notice | None:
    """The notice in a message; `None` if it is no bounce message, or not about a mail of ours."""
    try:
        message = message_from_bytes(content)
    except RecursionError:
        return None
    arrived_at = (value for name in _ARRIVED_AT for value in message.get_all(name, ()))
    key = next(filter(None, (return_path.key_in(str(value)) for value in arrived_at)), None)
    if key is None or not _is_report(message):
        return None
    verdicts = [_verdict(block) for block in _blocks(message)]
    # The worst: a server may report that it waits, and that it gave up, in one message.
    failed = next((verdict for verdict in verdicts if verdict and verdict[0]), None)
    worst = failed or next(filter(None, verdicts), None)
    if worst is None:
        return None
    is_hard, code = worst
    own_id = str(message.get("Message-ID", "")).strip()
    return Notice(
        id=notice_id(own_id.encode("utf-8", "surrogateescape") or content),
        key=key,
        is_hard=is_hard,
        reason=reason_of(code),
    )


def _is_report(message: Message) -> bool:
    kind = str(message.get_param("report-type", "")).lower()
    return message.get_content_type() == "multipart/report" and kind == "delivery-status"


def _blocks(message: Message) -> list[Message]:
    """What a report says of each addressee."""
    parts = message.get_payload()
    for part in parts if isinstance(parts, list) else ():
        if isinstance(part, Message) and part.get_content_type() == "message/delivery-status":
            blocks = part.get_payload()
            found = blocks if isinstance(blocks, list) else []
            return [block for block in found if isinstance(block, Message)][:_MAX_BLOCKS]
    return []


def _verdict(block: Message) -> tuple[bool, str] | None:
    """Whether the failure is for ever, and its code; `None`: the block says of none."""
    action = str(block.get("Action", "")).strip().lower()
    if action not in ("failed", "delayed"):
        return None
    status = code_in(str(block.get("Status", "")))
    # Many servers say only 5.0.0 there, and more in the answer of the other server.
    diagnostic = code_in(str(block.get("Diagnostic-Code", "")))
    is_vague = not status or status.endswith(".0.0")
    code = diagnostic if is_vague and diagnostic[:1] in (status[:1] or diagnostic[:1]) else status
    return action == "failed" and not code.startswith("4"), code or status


class UnreadableMailboxError(Exception):
    """There is no file, folder or mailbox like this, or it may not be read."""


def read_mailbox(path: Path) -> Iterator[tuple[bytes, Path | None]]:
    """The messages in a file with one message, in a mailbox of the form mbox, or the new ones in a
    maildir. With each, the file of a maildir that `keep_read` moves.

    Raises:
        UnreadableMailboxError: As it says.
    """
    try:
        if (path / "new").is_dir():
            for file in sorted((path / "new").iterdir()):
                yield _content(file), file
        elif path.is_dir():
            raise UnreadableMailboxError
        else:
            with path.open("rb") as opened:
                is_mbox = opened.read(5) == b"From "
            if not is_mbox:
                yield _content(path), None
                return
            box = mailbox.mbox(path, create=False)
            try:
                for key in box.iterkeys():
                    with box.get_file(key) as opened_message:
                        yield opened_message.read(MAX_BYTES + 1), None
            finally:
                box.close()
    except OSError as error:
        raise UnreadableMailboxError from error


def may_be_known_later(file: Path, now: datetime) -> bool:
    """Whether a message of a maildir that is about an unknown mail is to be read once more. A mail
    server may report on a mail before the portal has written down that it left: it may be trying
    again for days, since the server did not say that it took it.

    Raises:
        OSError: Somebody has moved the file.
    """
    return now.timestamp() - file.stat().st_mtime < _KNOWN_WITHIN.total_seconds()


def keep_read(file: Path, *, is_seen: bool = True) -> None:
    """Move a message of a maildir from the new ones to the others.

    Args:
        is_seen: Otherwise mail programs show it as one that nobody has read.
    """
    flags = "S" if is_seen else ""
    file.rename(file.parent.parent / "cur" / f"{file.name.partition(':')[0]}:2,{flags}")


def _content(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(MAX_BYTES + 1)
