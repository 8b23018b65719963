"""Why a mail did not leave, and when to try again."""

from dataclasses import dataclass
from enum import StrEnum

from portal.delivery_errors import DeliveryError, NothingToSayError, Retry
from portal.translations import N_

__all__ = [
    "PROBLEM_SENTENCES", "REMEDIES", "MailError", "NothingToSayError", "Problem", "Retry",
    "problem_of",
]  # fmt: skip


class Problem(StrEnum):
    """Why a mail did not leave. The code is stored; it says nothing about a person."""

    UNREACHABLE = "unreachable"
    NO_ANSWER = "no_answer"
    DROPPED = "dropped"
    UNKNOWN = "unknown"
    BUSY = "busy"
    TLS = "tls"
    SIGN_IN = "sign_in"
    SENDER_REFUSED = "sender_refused"
    NOT_NOW = "not_now"
    ADDRESS_REFUSED = "address_refused"
    CONTENT_REFUSED = "content_refused"
    NO_SMTPUTF8 = "no_smtputf8"
    NO_ADDRESS = "no_address"
    NO_FILE = "no_file"
    # What is heard after a mail was sent.
    NO_SUCH_ADDRESS = "no_such_address"
    MAILBOX_FULL = "mailbox_full"
    BLOCKED = "blocked"
    NOT_DELIVERED = "not_delivered"
    COMPLAINT = "complaint"
    AWS = "aws"
    UNEXPECTED = "unexpected"


#: What staff read.
PROBLEM_SENTENCES = {
    Problem.UNREACHABLE: N_("The mail server could not be reached."),
    Problem.NO_ANSWER: N_("The mail server did not answer in time."),
    Problem.DROPPED: N_("The mail server ended the connection."),
    Problem.UNKNOWN: N_("The mail server did not say whether it took the mail."),
    Problem.BUSY: N_("The mail server asked to come back later."),
    Problem.TLS: N_("There is no safe connection to the mail server."),
    Problem.SIGN_IN: N_("The mail server did not accept the sign-in of the portal."),
    Problem.SENDER_REFUSED: N_("The mail server did not accept the sender of the portal."),
    Problem.NOT_NOW: N_("The mail server does not take mail for this address at the moment."),
    Problem.ADDRESS_REFUSED: N_("The mail server refused this address."),
    Problem.CONTENT_REFUSED: N_("The mail server refused this mail."),
    Problem.NO_SMTPUTF8: N_(
        "This address cannot be reached: the mail server knows no addresses with such letters."
    ),
    Problem.NO_ADDRESS: N_("There is no email address that mail can be sent to."),
    Problem.NO_FILE: N_("The file could not be written."),
    Problem.NO_SUCH_ADDRESS: N_("There is no such address."),
    Problem.MAILBOX_FULL: N_("The mailbox is full."),
    Problem.BLOCKED: N_("The customer's mail server blocks mail of the portal."),
    Problem.NOT_DELIVERED: N_("A mail server could not deliver it."),
    Problem.COMPLAINT: N_("The customer's mail program reported it as unwanted."),
    Problem.AWS: N_("Amazon SES did not take the mail."),
    Problem.UNEXPECTED: N_("Something went wrong in the portal; the log has more."),
}

#: What an operator does about it.
REMEDIES = {
    Problem.UNREACHABLE: "Check the host and the port in PORTAL_MAIL_URL, and the firewall.",
    Problem.NO_ANSWER: "Check the port in PORTAL_MAIL_URL (smtps:// for 465), and the firewall.",
    Problem.DROPPED: "Look at the log of the mail server.",
    Problem.UNKNOWN: "Look at the log of the mail server.",
    Problem.BUSY: "Wait, or look at the log of the mail server.",
    Problem.TLS: "The server must offer STARTTLS (or use smtps://) and show a certificate that this"
    " machine trusts; SSL_CERT_FILE names a file with another authority.",
    Problem.SIGN_IN: "Check user and password in PORTAL_MAIL_URL.",
    Problem.SENDER_REFUSED: "Set PORTAL_MAIL_FROM to a sender that the mail server accepts.",
    Problem.NOT_NOW: "Wait a quarter of an hour and try again.",
    Problem.ADDRESS_REFUSED: "Check the address.",
    Problem.CONTENT_REFUSED: "Look at the log of the mail server.",
    Problem.NO_SMTPUTF8: "Use a mail server that has SMTPUTF8, or another address.",
    Problem.NO_ADDRESS: "Check the address.",
    Problem.NO_FILE: "Let the portal write to the folder mail in PORTAL_DATA_DIR.",
    Problem.NO_SUCH_ADDRESS: "Check the address.",
    Problem.MAILBOX_FULL: "Wait, or ask for another address.",
    Problem.BLOCKED: "Check SPF, DKIM and DMARC of the sender's domain.",
    Problem.NOT_DELIVERED: "Look at the log of the mail server.",
    Problem.COMPLAINT: "Ask the customer by another way.",
    Problem.AWS: "Check in the SES console that the sender is verified, that sending is not paused,"
    " and that the account is out of the sandbox. The role needs ses:SendEmail.",
    Problem.UNEXPECTED: "Look at the log.",
}


@dataclass(eq=False, kw_only=True)
class MailError(DeliveryError):
    """A mail did not leave, or nobody knows whether it did.

    Attributes:
        detail: A code of the other side, such as `550 5.1.1`. Never its text, which may repeat the
            address.
        of_server: Every other mail would fail in the same way now.
    """

    retry: Retry
    problem: Problem
    detail: str = ""
    of_server: bool = False

    def __str__(self) -> str:
        return self.reason

    @property
    def reason(self) -> str:
        """As it is stored: the problem, and the code of the other side behind it."""
        return f"{self.problem.value} {self.detail}".rstrip()

    @property
    def may_have_arrived(self) -> bool:
        return self.problem is Problem.UNKNOWN


def problem_of(reason: str) -> tuple[Problem | None, str]:
    """The problem in a stored reason, `None` if this version does not know it, and the code."""
    name, _, detail = reason.partition(" ")
    try:
        return Problem(name), detail
    except ValueError:
        return None, detail
