"""What Amazon SES reports of a mail, as the text of a message of SNS.

The report names the mail by the `Message-ID` that the portal gave it, so SES must be told to send
the original headers. Of what SES writes, only types and codes are kept.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from portal.mail.messages import Problem
from portal.mail.reports.notices import DELIVERED, Notice, code_in, notice_id, reason_of

_MESSAGE_ID = re.compile(r"<([0-9a-f]{32})@[^<>\s]{1,255}>", re.ASCII)
_SUB_TYPES = {
    "NoEmail": Problem.NO_SUCH_ADDRESS,
    "Suppressed": Problem.NO_SUCH_ADDRESS,
    "OnAccountSuppressionList": Problem.NO_SUCH_ADDRESS,
    "MailboxFull": Problem.MAILBOX_FULL,
    "ContentRejected": Problem.BLOCKED,
    "AttachmentRejected": Problem.BLOCKED,
}


def read_ses_report(text: str, message_id: str) -> Notice | None:
    """The notice in a report; `None`: it says nothing that counts, or of no mail of the portal.

    Args:
        text: The text of the message of SNS.
        message_id: Of that message: the same if it comes again.
    """
    try:
        report = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(report, dict):
        return None
    key = next(_keys(_part(report, "mail")), None)
    # Reports of an identity and events of a configuration set name it differently.
    verdict = _verdict(report, str(report.get("notificationType") or report.get("eventType")))
    if key is None or verdict is None:
        return None
    is_hard, reason = verdict
    return Notice(id=notice_id(message_id.encode()), key=key, is_hard=is_hard, reason=reason)


def _verdict(report: Mapping[str, Any], kind: str) -> tuple[bool, str] | None:
    match kind:
        case "Bounce":
            bounce = _part(report, "bounce")
            problem = _SUB_TYPES.get(str(bounce.get("bounceSubType")))
            code = _code(bounce.get("bouncedRecipients"), "status")
            reason = f"{problem.value} {code}".rstrip() if problem else reason_of(code)
            # "Undetermined" may be anything, so it marks nothing for ever.
            return bounce.get("bounceType") == "Permanent", reason
        case "DeliveryDelay":
            delay = _part(report, "deliveryDelay")
            return False, reason_of(_code(delay.get("delayedRecipients"), "status"))
        case "Reject":
            return True, Problem.CONTENT_REFUSED.value
        case "Delivery":
            return False, DELIVERED
        case "Complaint":
            # It arrived, so nothing came back; but staff see that it was not welcome.
            return False, Problem.COMPLAINT.value
        case _:
            return None


def _code(addressees: object, name: str) -> str:
    first = addressees[0] if isinstance(addressees, list) and addressees else None
    return code_in(str(first.get(name, ""))) if isinstance(first, dict) else ""


def _keys(mail: Mapping[str, Any]) -> Iterator[str]:
    """Keys of mails in the Message-IDs of the original headers. The `messageId` of the mail itself
    is SES's own."""
    headers = mail.get("headers")
    of_headers = [
        header.get("value")
        for header in (headers if isinstance(headers, list) else ())
        if isinstance(header, dict) and str(header.get("name")).lower() == "message-id"
    ]
    for text in (_part(mail, "commonHeaders").get("messageId"), *of_headers):
        match = _MESSAGE_ID.fullmatch(text.strip()) if isinstance(text, str) else None
        if match:
            yield match[1]


def _part(whole: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = whole.get(name)
    return part if isinstance(part, dict) else {}
