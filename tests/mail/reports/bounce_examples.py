"""Bounce messages as mail servers write them, made for the address of one mail."""

from email.message import EmailMessage


def bounce_message(
    to: str,
    *,
    action: str = "failed",
    status: str = "5.1.1",
    diagnostic: str = "smtp; 550 5.1.1 <kim@meyer.example>: Recipient address rejected",
    message_id: str = "<bounce-1@mx.meyer.example>",
    report_type: str = "delivery-status",
) -> bytes:
    """As Postfix writes it."""
    text = f"""\
Return-Path: <>
Delivered-To: {to}
Date: Mon, 23 Nov 2026 10:05:00 +0000 (UTC)
From: MAILER-DAEMON@mx.meyer.example (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: {to}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type={report_type}; boundary="4XbQ/mx"
Message-Id: {message_id}

This is a MIME-encapsulated message.

--4XbQ/mx
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not be delivered.

--4XbQ/mx
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.meyer.example
Arrival-Date: Mon, 23 Nov 2026 10:04:00 +0000 (UTC)

Final-Recipient: rfc822; kim@meyer.example
Original-Recipient: rfc822;kim@meyer.example
Action: {action}
Status: {status}
Remote-MTA: dns; mx.meyer.example
Diagnostic-Code: {diagnostic}

--4XbQ/mx
Content-Type: text/rfc822-headers

To: kim@meyer.example
Subject: We have your request for access

--4XbQ/mx--
"""
    return text.replace("\n", "\r\n").encode()


def absence_note(to: str) -> bytes:
    note = EmailMessage()
    note["From"], note["To"] = "kim@meyer.example", to
    note["Subject"] = "Out of the office 5.1.1"
    note["Auto-Submitted"] = "auto-replied"
    note.set_content("Action: failed\nStatus: 5.1.1\n")
    return note.as_bytes()
