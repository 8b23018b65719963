"""Addresses of mails, as headers and mail servers need them."""

import re
from dataclasses import dataclass
from email.headerregistry import Address
from email.utils import parseaddr

from email_validator import EmailNotValidError, validate_email

from portal.settings import Settings

_UNQUOTED = re.compile(r"([^<>@\"\\]+?) *<([^<>\s]+)>")


@dataclass(frozen=True, kw_only=True, slots=True)
class Mailbox:
    """An address. The domain is in its ASCII form: servers without SMTPUTF8 refuse any other, and
    SES takes it for no address at all.

    Attributes:
        needs_smtputf8: The part before the `@` has letters that only SMTPUTF8 carries.
    """

    local: str
    domain: str
    name: str = ""

    @property
    def address(self) -> str:
        return f"{self.local}@{self.domain}"

    @property
    def needs_smtputf8(self) -> bool:
        return not self.local.isascii()

    def header(self) -> Address:
        # An object, not a text: a comma in the name would begin another address.
        if self.needs_smtputf8:
            return Address(self.name, username=self.local, domain=self.domain)
        # A whole address is checked, its parts are not; but the check knows ASCII only.
        return Address(self.name, addr_spec=self.address)


def mailbox_of(address: str, name: str = "") -> Mailbox | None:
    """`None` if mail cannot be sent to this text: it may come from an import, which keeps what it
    found."""
    if "=?" in address:
        # A valid address, but headers take it for encoded words, and would name another one.
        return None
    try:
        valid = validate_email(address, check_deliverability=False)
    except EmailNotValidError:
        return None
    return Mailbox(local=valid.local_part, domain=valid.ascii_domain, name=name)


def ascii_domain(address: str) -> str:
    """The domain as the network knows it: `xn--mller-kva.example`. Empty if it is no address."""
    mailbox = mailbox_of(address)
    return mailbox.domain if mailbox else ""


def sender_of(settings: Settings) -> tuple[Mailbox, bool]:
    """The sender of all mails, and whether `PORTAL_MAIL_FROM` had to be ignored."""
    if settings.mail_from.isprintable() and settings.mail_from:
        name, address = parseaddr(settings.mail_from)
        mailbox = mailbox_of(address, name)
        unquoted = _UNQUOTED.fullmatch(settings.mail_from)
        if mailbox is None and unquoted:
            # An operator writes a comma in a name as it is.
            mailbox = mailbox_of(unquoted[2], unquoted[1])
        if mailbox and not mailbox.needs_smtputf8:
            return mailbox, False
    host = settings.host
    # The base URL of a machine that nobody else reaches may be a number.
    is_name = any(letter.isalpha() for letter in host)
    default = Mailbox(local="no-reply", domain=host if is_name else "localhost")
    return default, bool(settings.mail_from)
