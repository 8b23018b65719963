"""A status link, and what it leads to."""

from dataclasses import dataclass, field

from werkzeug.exceptions import NotFound

from portal import onboarding, records
from portal.onboarding import UnknownTenantError
from portal.stores import ItemNotFoundError
from portal.tenants import Contact, Tenant
from portal.web.http import InvalidLinkError, now, read_status_token, services, settings, store


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenedLink:
    """A status link that is valid.

    Attributes:
        reference: The reference of the sign-up whose link it is.
        hashed: The hash of the link's secret, as it is stored.
        tenant: What the link leads to.
        is_own: Whether the sign-up became the tenant. It did not if staff closed it and renewed a
            tenant that existed before: then the tenant's contact may be somebody else.
        contact: What the customer of this link has sent.
    """

    token: str
    reference: str
    hashed: str
    tenant: Tenant
    is_own: bool
    contact: Contact = field(repr=False)

    @property
    def sign_up_id(self) -> str:
        return records.pending_id(self.reference)


def opened_link(token: str) -> OpenedLink:
    """The status link with this token.

    Raises:
        NotFound: For every link that leads nowhere, whether it is malformed, unknown, forged, ended
            or expired: nobody learns which.
    """
    try:
        reference, given_hash = read_status_token(token)
        sign_up_id = records.pending_id(reference)
        item = store().get(sign_up_id)
        link = records.status_link_of(item)
        expired = link.is_over(now(), settings().status_link_days)
        opens = services().links.opens_status_page(reference, given_hash, link.hashed)
        if not opens or expired:
            raise NotFound
        tenant = onboarding.find(store(), sign_up_id)
    except (InvalidLinkError, ItemNotFoundError, UnknownTenantError) as error:
        raise NotFound from error
    is_own = sign_up_id == (tenant.pending_id or tenant.id)
    closed = records.closed_sign_up_of(item)
    of_closed = records.tenant_of(closed.sign_up).contact if closed else Contact()
    return OpenedLink(
        token=token,
        reference=reference,
        hashed=link.hashed,
        tenant=tenant,
        is_own=is_own,
        contact=tenant.contact if is_own else of_closed,
    )
