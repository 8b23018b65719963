"""The customer proves the address of a sign-up: one press on the page that a mail links to."""

from functools import partial

from portal.onboarding.claims import TooManyClaimsError
from portal.onboarding.decisions import MAX_ATTEMPTS, StaleError, decide, find, too_busy
from portal.stores import Store
from portal.tenants import AuditInfo, Tenant, Verb


def confirm_email(store: Store, tenant_id: str, *, email: str, audit: AuditInfo) -> Tenant:
    """Notes that the customer has proved the address. A second press changes nothing.

    A sign-up that only waited for this is in the queue now, in the order of its arrival. If it
    claims ids that too many others claim, it is set aside as any other one would be.

    It names no version, since the customer has seen none: what staff do in between does not
    matter, as long as the contact keeps the address.

    Args:
        email: The address that the mail went to.

    Raises:
        UnknownTenantError: No tenant has this id.
        NotAllowedError: The tenant is closed.
        BusyError: Other changes kept interfering.
    """
    is_doubtful = False
    for _ in range(MAX_ATTEMPTS):
        tenant = find(store, tenant_id)
        if tenant.email_confirmed_at or not tenant.contact.has_email(email):
            return tenant
        try:
            return decide(
                store,
                tenant.id,
                Verb.CONFIRM_EMAIL,
                audit,
                tenant.version,
                change=partial(Tenant.with_confirmed_email, is_doubtful=is_doubtful),
                limited=not is_doubtful,
            )
        except StaleError:
            continue
        except TooManyClaimsError:
            is_doubtful = True
    raise too_busy()
