"""A mail as its reader will get it, before a decision sends it."""

from dataclasses import dataclass
from datetime import datetime

from portal import records
from portal.mail.customers import KINDS, Facts, Kind
from portal.mail.messages import Words, letter_text
from portal.settings import Settings
from portal.tenants import Tenant

#: In place of the secret in the link to the status page: only its customer may have that.
_HIDDEN = "…"


@dataclass(frozen=True, kw_only=True, slots=True)
class MailPreview:
    """`locale`: the language of the mail, that of the sign-up."""

    subject: str
    text: str
    locale: str


def preview_of(kind: Kind, tenant: Tenant, settings: Settings, now: datetime) -> MailPreview | None:
    """The mail of this kind, with the words and the template of the real one; `None`: nobody gets
    one, since the sign-up is doubtful or has no address.

    Args:
        tenant: As the decision would leave it.
    """
    contact = tenant.contact
    if tenant.is_doubtful or not contact.email:
        return None
    words = Words(tenant.locale)
    facts = Facts(
        tenant=tenant,
        zone=settings.time_zone,
        now=now,
        name=contact.name,
        company=contact.company,
        status_url=f"{settings.base_url}/status/{_HIDDEN}" if tenant.status_link else "",
        sign_up_url=f"{settings.base_url}/sign-up",
        contact_url=settings.contact_url,
        renews=bool(tenant.renews),
    )
    letter = KINDS[kind].write(facts, words)
    reference = records.reference_of(tenant.pending_id or tenant.id)
    text = letter_text(letter, words, reference=reference, contact_url=settings.contact_url)
    return MailPreview(
        subject=f"{letter.subject} [{reference}]", text=text.strip(), locale=words.locale
    )
