"""What staff read about a tenant: the facts, a sentence on its status, and warnings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from portal.tenants import AccessStatus, Status, Tenant, standing
from portal.web.forms import contact_facts
from portal.web.http import now, settings
from portal.web.i18n import _, dates, labels
from portal.web.staff.verbs import validity_has_ended


@dataclass(frozen=True, kw_only=True, slots=True)
class TenantCard:
    id: str
    company: str
    status: str
    tone: str
    status_sentence: str
    facts: Sequence[tuple[str, str]]
    warnings: Sequence[str]
    secret: str


def tenant_card(tenant: Tenant) -> TenantCard:
    zone = settings().time_zone
    access = standing(tenant, now())
    status = labels.ACCESS_STATUS[access] if tenant.is_active else labels.STATUS[tenant.status]
    contact, ids, client = tenant.contact, tenant.ids, tenant.client
    facts = [
        # Without the company, which is the heading of the page.
        *contact_facts(contact)[1:],
        *(
            [
                (_("Account"), labels.named_id(ids.account_name, ids.account_id)),
                (_("Company in FSM"), labels.named_id(ids.company_name, ids.company_id)),
                (_("Cluster"), ids.cluster),
            ]
            if ids
            else []
        ),
        (_("Requested"), dates.moment(tenant.created_at, zone)),
        (_("Valid from"), _valid_from(tenant)),
        (_("Valid through"), _valid_through(tenant)),
        (_("Client id"), client.id),
        (_("Reason"), labels.reason_label(tenant.reason)),
        (_("Message to the customer"), tenant.message),
    ]
    if not client.sealed_secret:
        secret = _("No client secret is set.") if tenant.is_final else ""
    elif client.secret_set_at:
        secret = _("Client secret: set on %(day)s.", day=dates.day(client.secret_set_at, zone))
    else:
        secret = _("Client secret: set.")
    return TenantCard(
        id=tenant.id,
        company=contact.company or _("(erased)"),
        status=_(status),
        tone=labels.TONE[access],
        status_sentence=_status_sentence(tenant, access),
        facts=[(label, value) for label, value in facts if value],
        warnings=_warnings(tenant),
        secret=secret,
    )


def _valid_from(tenant: Tenant) -> str:
    """`1 January 2026, 00:00 Europe/Berlin`, or the exact instant of an imported start."""
    zone, start = settings().time_zone, tenant.validity.valid_from
    if start is None:
        return ""
    if dates.starts_with_a_day(start, zone):
        day = dates.long_day(start.astimezone(zone).date())
        return _("%(day)s, 00:00 %(zone)s", day=day, zone=zone.key)
    return _("%(moment)s %(zone)s", moment=dates.moment(start, zone), zone=zone.key)


def _valid_through(tenant: Tenant) -> str:
    """`31 December 2026, 24:00 Europe/Berlin`, or the exact instant of an imported end."""
    zone, validity = settings().time_zone, tenant.validity
    if validity.valid_to is None:
        return _("no end") if validity.open_ended else ""
    if dates.ends_with_a_day(validity.valid_to, zone):
        day = dates.long_day(validity.valid_to.astimezone(zone).date())
        return _("%(day)s, 24:00 %(zone)s", day=day, zone=zone.key)
    return _("%(moment)s %(zone)s", moment=dates.moment(validity.valid_to, zone), zone=zone.key)


def _status_sentence(tenant: Tenant, access: AccessStatus) -> str:
    zone, validity = settings().time_zone, tenant.validity
    match tenant.status, access:
        case Status.PENDING, _:
            age = now() - tenant.created_at if tenant.created_at else timedelta(0)
            return _("Waiting for %(span)s.", span=dates.span(age))
        case Status.ACTIVE, (AccessStatus.VALID | AccessStatus.EXPIRING):
            return _("Valid through %(through)s.", through=_valid_through(tenant))
        case Status.ACTIVE, AccessStatus.NOT_YET_VALID:
            start = validity.valid_from
            return _(
                "Valid from %(day)s through %(through)s.",
                day=dates.long_day(start.astimezone(zone).date()) if start else "",
                through=_valid_through(tenant),
            )
        case Status.ACTIVE, AccessStatus.EXPIRED:
            return _("Ended on %(day)s.", day=dates.day(validity.valid_to, zone))
        case _:
            return ""


def _warnings(tenant: Tenant) -> list[str]:
    warnings = []
    if tenant.set_aside:
        warnings.append(
            _(
                "A robot may have sent this sign-up, so it is not in the queue. If a person sent"
                " it, move it into the queue."
            )
        )
    if tenant.is_active and standing(tenant, now()) is AccessStatus.WINDOW_MISSING:
        warnings.append(
            _("The validity is missing or cannot be read, so access is refused. Set the validity.")
        )
    if tenant.status is Status.SUSPENDED and validity_has_ended(tenant):
        warnings.append(
            _(
                "The validity has ended. To give access again, reinstate the tenant and set a new"
                " validity."
            )
        )
    if tenant.is_active and tenant.client.id and not tenant.client.sealed_secret:
        warnings.append(
            _("A client id is set, but no client secret. Set the client secret as well.")
        )
    return warnings
