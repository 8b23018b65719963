"""The page behind the link of a refusal: why a company has no access, how long it takes to get it,
and one button that does what helps now. Whoever guesses ids gets here, so the page shows what
`validate` answers, and nothing about people."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, Response, render_template
from werkzeug.exceptions import NotFound

from portal import onboarding, records
from portal.refusal_links import InvalidRefusalError
from portal.stores import ItemNotFoundError
from portal.tenants import AccessStatus, Ids, Tenant, standing
from portal.web.customer.claims import claim_facts, lost_link_url, sign_up_link
from portal.web.customer.help import contacts, usual_wait
from portal.web.customer.pages import private
from portal.web.http import now, services, settings, store
from portal.web.i18n import _, dates

bp = Blueprint("refusal", __name__, url_prefix="/access")


@dataclass(frozen=True, kw_only=True, slots=True)
class RefusalView:
    """Ready strings. `ask`: the button's label, and where it leads; empty where asking changes
    nothing. `otherwise`: the same for whoever the button is not for. `access`: `None` if nobody
    has asked for these ids. `until`: the last day of an access."""

    access: AccessStatus | None
    headline: str
    sentences: Sequence[str]
    ask: tuple[str, str] | None = None
    otherwise: tuple[str, str] | None = None
    until: str = ""


@bp.get("/<token>")
def show(token: str) -> Response:
    try:
        ids = services().refusal_links.read(token)
    except InvalidRefusalError as error:
        raise NotFound from error
    view = refusal_view(ids)
    ask = view.ask
    if not ask and not contacts():
        # Nobody is named whom the reader could ask.
        ask = (_("Ask for access"), sign_up_link(ids))
    page = render_template(
        "customer/refusal.html",
        view=view,
        ask=ask,
        facts=claim_facts(ids),
        contacts=contacts(),
        reference="",
    )
    return private(page)


def refusal_view(ids: Ids) -> RefusalView:
    """What is true now, as `validate` answers it: the refusal may be older.

    Raises:
        StoreError: The store does not answer, so nobody knows.
    """
    try:
        # Without the names and the contact: they are for the customer of the tenant.
        tenant = records.tenant_of(store().get(ids.tenant_id))
    except ItemNotFoundError:
        return _waiting(ids) if _is_claimed(ids) else _unknown(ids)
    return _of_tenant(tenant, ids)


def _is_claimed(ids: Ids) -> bool:
    try:
        store().get(records.claim_id(ids))
    except ItemNotFoundError:
        return False
    return True


def _unknown(ids: Ids) -> RefusalView:
    return RefusalView(
        access=None,
        headline=_("This company has no access yet"),
        sentences=[_("Ask for it with a short form. You do not need an account."), usual_wait()],
        ask=(_("Ask for access"), sign_up_link(ids)),
    )


def _waiting(ids: Ids) -> RefusalView:
    return RefusalView(
        access=AccessStatus.PENDING,
        headline=_("A request for this company waits for a decision"),
        sentences=[
            usual_wait(),
            _("If it is yours, its status page says more: you got the link when you asked."),
        ],
        ask=(_("Get the link to your status page by mail"), lost_link_url(ids)),
        # Anybody can claim the ids of a company.
        otherwise=(_("The request is not yours? Ask for access"), sign_up_link(ids)),
    )


def _of_tenant(tenant: Tenant, ids: Ids) -> RefusalView:
    zone = settings().time_zone
    access = standing(tenant, now())
    first_day = dates.day_in_zone(tenant.validity.valid_from, zone)
    last_day = dates.day_in_zone(tenant.validity.valid_to, zone)
    # The status page renews it with the details that are known. Its link goes to the address of the
    # access alone, since anybody may have opened this page.
    more_time = (_("Ask for more time"), lost_link_url(ids, more="1"))
    match access:
        case AccessStatus.EXPIRED:
            return RefusalView(
                access=access,
                headline=_("The access of this company has ended"),
                sentences=[_("It ended on %(day)s.", day=last_day), usual_wait()],
                ask=more_time,
            )
        case AccessStatus.NOT_YET_VALID:
            return RefusalView(
                access=access,
                headline=_("The access of this company has not begun"),
                sentences=[_("It begins on %(day)s.", day=first_day)],
                ask=(_("Ask for an earlier start"), sign_up_link(ids)),
            )
        case AccessStatus.VALID | AccessStatus.EXPIRING:
            return RefusalView(
                access=access,
                headline=_("This company has access"),
                until=last_day,
                sentences=[_("Open the Appointment Manager in Field Service Management again.")],
                ask=more_time if onboarding.may_ask_to_renew(tenant, now()) else None,
            )
        case AccessStatus.SUSPENDED:
            return RefusalView(
                access=access,
                headline=_("The access of this company is suspended"),
                sentences=[_("Please ask the person who looks after your account.")],
                ask=(_("Ask for access again"), sign_up_link(ids)),
            )
        case _:
            return RefusalView(
                access=access,
                headline=_("The access of this company is not ready yet"),
                sentences=[_("Please ask the person who looks after your account.")],
                ask=(_("Ask for access"), sign_up_link(ids)),
            )
