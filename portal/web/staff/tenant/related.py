"""Requests of one customer that belong together: asked again after a refusal, or to renew."""

from contextlib import suppress
from dataclasses import dataclass

from portal import onboarding
from portal.onboarding import UnknownTenantError
from portal.stores import Item
from portal.tenants import Tenant
from portal.web.http import settings, store, url_for
from portal.web.i18n import _, dates, labels
from portal.web.staff.lists import back_parameter


@dataclass(frozen=True, kw_only=True, slots=True)
class RelatedRequest:
    """`sentence`: how it belongs to the tenant; then its company and status, and its page."""

    sentence: str
    company: str
    status: str
    url: str


def related_requests(tenant: Tenant, follow_up: Item | None) -> list[RelatedRequest]:
    """The request before this one, and the one that follows it. Two reads by key at most.

    Args:
        follow_up: The item with `records.follow_up_id`.
    """
    found = []
    if tenant.follows:
        # Retention may have removed it.
        with suppress(UnknownTenantError):
            sentence = (
                _("The customer asks to renew an access:")
                if tenant.renews
                else _("The customer asked before:")
            )
            found.append(_related(sentence, onboarding.find(store(), tenant.follows)))
    newer = onboarding.follow_up_in(store(), follow_up, tenant)
    if newer:
        day = dates.day(newer.asked_at, settings().time_zone)
        sentence = (
            _("The customer asked to renew on %(day)s:", day=day)
            if newer.tenant.renews
            else _("The customer asked again on %(day)s:", day=day)
        )
        found.append(_related(sentence, newer.tenant))
    return found


def _related(sentence: str, other: Tenant) -> RelatedRequest:
    return RelatedRequest(
        sentence=sentence,
        company=other.contact.company or _("(erased)"),
        status=_(labels.STATUS[other.status]),
        url=url_for("staff.tenant", tenant_id=other.id, back=back_parameter()),
    )
