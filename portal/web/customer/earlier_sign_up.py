"""The form once more: what the same browser sends within the hour corrects its request."""

from dataclasses import dataclass
from datetime import timedelta

from flask import redirect, session
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from portal import onboarding, records
from portal.onboarding import StaleError, UnknownTenantError
from portal.stores import StoreError
from portal.tenants import Contact, Ids, Status, Tenant
from portal.timestamps import format_timestamp, parse_timestamp
from portal.web.customer.address import ask_to_confirm
from portal.web.customer.opened_link import opened_link
from portal.web.http import audit_of_customer, now, store, url_for

#: In the session cookie: the status page of the request that this browser sent last, and when.
_SENT = "sent"
#: For this long, the same browser's next form corrects that request.
_CORRECTION_TIME = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class EarlierSignUp:
    """The pending tenant for which this browser sent the form before, and its status link."""

    tenant: Tenant
    reference: str
    status_token: str


def remember_sent(status_token: str) -> None:
    """So that the next form of this browser corrects the request of this status page."""
    session[_SENT] = [status_token, format_timestamp(now())]


def is_known(reference: str) -> bool:
    """Whether this very form was sent before."""
    try:
        onboarding.find(store(), records.pending_id(reference))
    except UnknownTenantError:
        return False
    return True


def earlier_sign_up(claims: Ids | None) -> EarlierSignUp | None:
    """The request for which this browser sent the form within the hour, with the same ids, if it is
    still pending.

    Never by address: a stranger who knows it could overwrite the request.
    """
    sent = session.get(_SENT)
    if not isinstance(sent, list) or len(sent) != 2:
        return None
    status_token, at = str(sent[0]), parse_timestamp(str(sent[1]))
    if at is None or not timedelta(0) <= now() - at <= _CORRECTION_TIME:
        return None
    try:
        link = opened_link(status_token)
    except NotFound:
        # The customer has ended it, or retention has removed the request.
        return None
    if link.tenant.status is not Status.PENDING or link.tenant.ids != claims:
        return None
    return EarlierSignUp(tenant=link.tenant, reference=link.reference, status_token=status_token)


def opens(status_token: str) -> bool:
    """Whether the link still opens. The customer may have ended it, and gone back to the form."""
    try:
        opened_link(status_token)
    except NotFound:
        return False
    return True


def earlier_if_known(claims: Ids | None) -> EarlierSignUp | None:
    """As `earlier_sign_up`, for showing the form: it can be filled in while the store does not
    answer."""
    try:
        return earlier_sign_up(claims)
    except StoreError:
        return None


def correct(
    tenant: Tenant,
    contact: Contact,
    status_token: str,
    *,
    is_counted: bool = False,
    otherwise: str | None = None,
) -> AnyResponse:
    """The status page, after the contact is corrected if it differs and is still to be decided.

    Args:
        status_token: Of a link that opens.
        is_counted: The form counts as a sign-up already.
        otherwise: What the page says was done if there was nothing to correct.
    """
    done = corrected(tenant, contact, status_token, is_counted=is_counted) or otherwise
    return redirect(url_for("status.show", token=status_token, done=done), 303)


def corrected(
    tenant: Tenant, contact: Contact, status_token: str, *, is_counted: bool = False
) -> str | None:
    """Correct the contact if it differs and is still to be decided. Returns what the status page
    says was done; `None`: there was nothing to correct."""
    # Staff may have changed something in between; the customer's last words count.
    for _attempt in range(2):
        if tenant.status is not Status.PENDING:
            # It is what the sign-up has led to: perhaps a tenant that existed before, whose contact
            # is somebody else. So it is compared with what was sent, and never changed.
            return None if opened_link(status_token).contact == contact else "late"
        if tenant.contact == contact:
            return None
        try:
            corrected = onboarding.edit_contact(
                store(),
                tenant.id,
                expected_version=tenant.version,
                audit=audit_of_customer(),
                contact=contact,
            )
        except StaleError as stale:
            tenant = stale.tenant
        else:
            ask_to_confirm(tenant.contact, corrected, is_counted=is_counted)
            return "changed"
    return "late"
