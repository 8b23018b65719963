"""What the status page says: headline, sentences, steps, and what the customer sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import url_for

from portal import records
from portal.tenants import AccessStatus, Status, Tenant, standing
from portal.web.customer.sign_up import claim_facts
from portal.web.forms import masked_facts
from portal.web.http import now, read_status_token, settings
from portal.web.i18n import _, dates


@dataclass(frozen=True, kw_only=True, slots=True)
class StatusView:
    """Ready strings. `state` picks the colour. `steps`: (label, whether it is done, when)."""

    reference: str
    state: str
    headline: str
    sentences: Sequence[str]
    message: str
    sent: Sequence[tuple[str, str]]
    steps: Sequence[tuple[str, bool, str]]
    can_change: bool
    can_withdraw: bool
    change_url: str
    withdraw_url: str


def status_view(tenant: Tenant, token: str) -> StatusView:
    access = standing(tenant, now())
    headline, *sentences = _headline_and_sentences(tenant, access)
    pending = tenant.status is Status.PENDING
    return StatusView(
        reference=read_status_token(token)[0],
        state=_state(tenant, access),
        headline=headline,
        sentences=sentences,
        message=tenant.message if tenant.status is Status.REJECTED else "",
        sent=_sent(tenant, token),
        steps=_steps(tenant, tenant.created_at if _is_own_sign_up(tenant, token) else None),
        can_change=pending,
        can_withdraw=pending,
        change_url=url_for("status.change", token=token),
        withdraw_url=url_for("status.withdraw", token=token),
    )


def _is_own_sign_up(tenant: Tenant, token: str) -> bool:
    """Whether the sign-up of this link became the tenant. It did not if staff closed it and
    renewed a tenant that existed before."""
    reference, _hash = read_status_token(token)
    return records.pending_id(reference) == (tenant.pending_id or tenant.id)


def _sent(tenant: Tenant, token: str) -> list[tuple[str, str]]:
    """What the customer sent with the sign-up of this link. Nothing if the link leads to a tenant
    that existed before: its contact may be somebody else."""
    if not _is_own_sign_up(tenant, token):
        return []
    facts = masked_facts(tenant.contact)
    return [*(fact for fact in facts if fact[1]), *claim_facts(tenant.ids)]


def _steps(tenant: Tenant, signed_up_at: datetime | None) -> list[tuple[str, bool, str]]:
    """What was done and what is still to come. After a refusal or a withdrawal nothing is."""
    zone = settings().time_zone
    signed_up = (_("You asked for access"), True, dates.moment(signed_up_at, zone))
    checked = (_("We check your details"), tenant.status is not Status.PENDING, "")
    valid_from = tenant.validity.valid_from
    match tenant.status:
        case Status.WITHDRAWN:
            return [signed_up]
        case Status.REJECTED:
            return [signed_up, checked]
        case _:
            is_ready = tenant.is_final and (valid_from is None or valid_from <= now())
            ready = (_("Your access is ready"), is_ready, dates.day(valid_from, zone))
            return [signed_up, checked, ready]


def _state(tenant: Tenant, access: AccessStatus) -> str:
    if tenant.status is not Status.ACTIVE:
        return tenant.status.value
    states = {AccessStatus.NOT_YET_VALID: "scheduled", AccessStatus.EXPIRED: "expired"}
    return states.get(access, "active")


def _headline_and_sentences(tenant: Tenant, access: AccessStatus) -> list[str]:
    """The state in a few words, then what it means for the customer."""
    zone = settings().time_zone
    validity = tenant.validity
    first_day = dates.day(validity.valid_from, zone)
    last_day = dates.day(validity.valid_to, zone)
    match tenant.status, access:
        case Status.PENDING, _any:
            return [
                _("Your request is waiting for approval"),
                _(
                    "We check your details and then switch on your access."
                    " You do not need to do anything."
                ),
            ]
        case Status.REJECTED, _any:
            return [_("Your request was not approved")]
        case Status.WITHDRAWN, _any:
            return [
                _("You withdrew your request"),
                _("If you change your mind, ask for access again."),
            ]
        case Status.SUSPENDED, _any:
            return [
                _("Your access is switched off"),
                _("Please ask the person who looks after your account."),
            ]
        case _any, AccessStatus.EXPIRED:
            return [
                _("Your access has ended"),
                _("It ended on %(day)s. Ask for access again to renew it.", day=last_day),
            ]
        case _any, AccessStatus.NOT_YET_VALID:
            return [
                _("Your access is approved"),
                _("You can use the Appointment Manager from %(day)s.", day=first_day),
            ]
        case _any, AccessStatus.WINDOW_MISSING:
            return [
                _("Your access is not ready yet"),
                _("Please ask the person who looks after your account."),
            ]
        case _:
            ready = _("Open the Appointment Manager in Field Service Management to use it.")
            if not last_day:
                return [_("Your access is ready"), ready]
            return [
                _("Your access is ready"),
                _("It is valid through %(day)s.", day=last_day),
                ready,
            ]
