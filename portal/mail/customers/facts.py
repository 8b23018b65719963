"""What a mail may tell."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from portal.mail.customers.request_links import RequestLink
from portal.tenants import Tenant


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What a mail may tell.

    Attributes:
        name, company: Of the contact that gets it.
        status_url: The status page; empty if there is none any more.
        reminders_url: The page that ends such mails; empty if this one is no reminder.
        confirm_url: The page that proves the address; empty if this mail must not have it.
        staff_url: The page of staff about the tenant.
        renews: The customer asks, or has asked, to renew an access.
        requests: All requests of the address, the newest first, for the mail that lists them.
    """

    tenant: Tenant
    zone: ZoneInfo
    now: datetime
    name: str = ""
    company: str = ""
    status_url: str = ""
    confirm_url: str = ""
    reminders_url: str = ""
    staff_url: str = ""
    sign_up_url: str = ""
    contact_url: str = ""
    renews: bool = False
    requests: tuple[RequestLink, ...] = ()
