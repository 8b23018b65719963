"""The page that tells a customer how it stands: kept as a bookmark, changed, withdrawn."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from flask import Blueprint, Response, g, make_response, redirect, render_template, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from portal import onboarding, records
from portal.contact_fields import FORM_ORDER
from portal.onboarding import StaleError, UnknownTenantError
from portal.stores import ItemNotFoundError
from portal.tenants import AccessStatus, NotAllowedError, Status, Tenant, standing
from portal.web.customer.sign_up import claim_facts, expired_words
from portal.web.forms import (
    ChangeForm,
    FieldView,
    form_version,
    masked_facts,
    masked_value,
    open_data,
)
from portal.web.http import (
    InvalidLinkError,
    audit_of_customer,
    now,
    read_status_token,
    same_hash,
    settings,
    store,
)
from portal.web.i18n import _, dates

bp = Blueprint("status", __name__, url_prefix="/status/<token>")


@dataclass(frozen=True, kw_only=True, slots=True)
class StatusView:
    """`state` picks the colour. `steps`: (what, whether it is done, when)."""

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


@bp.get("")
def show(token: str) -> Response:
    tenant = _tenant_behind(token)
    answer = make_response(
        render_template("customer/status.html", view=_status_view(tenant, token), fragment=False)
    )
    return _private(answer)


@bp.route("/change", methods=["GET", "POST"])
def change(token: str) -> AnyResponse:
    tenant = _tenant_behind(token)
    if tenant.status is not Status.PENDING:
        # What became of it meanwhile is all that there is to say.
        return redirect(url_for("status.show", token=token), 303)
    if request.method != "POST":
        form = ChangeForm(data=open_data(tenant.contact))
        return _change_page(form, tenant, token)
    form = ChangeForm()
    if g.form_expired:
        return _change_page(form, tenant, token, status=400, problem=expired_words())
    if not form.validate():
        return _change_page(form, tenant, token, status=422)
    try:
        onboarding.edit_contact(
            store(),
            tenant.id,
            expected_version=form_version(),
            audit=audit_of_customer(),
            contact=form.to_contact_over(tenant.contact),
        )
    except (StaleError, NotAllowedError):
        tenant = _tenant_behind(token)
        if tenant.status is Status.PENDING:
            problem = _("This was changed meanwhile. Check it, then send again.")
            return _change_page(form, tenant, token, status=409, problem=problem)
    return redirect(url_for("status.show", token=token), 303)


@bp.route("/withdraw", methods=["GET", "POST"])
def withdraw(token: str) -> AnyResponse:
    tenant = _tenant_behind(token)
    here = url_for("status.show", token=token)
    if request.method == "POST":
        try:
            onboarding.withdraw(
                store(), tenant.id, expected_version=form_version(), audit=audit_of_customer()
            )
        except (StaleError, NotAllowedError):
            tenant = _tenant_behind(token)
            if tenant.status is Status.PENDING:
                problem = _("This was changed meanwhile. Check it, then send again.")
                return _withdraw_page(tenant, token, status=409, problem=problem)
        return redirect(here, 303)
    if tenant.status is not Status.PENDING:
        return redirect(here, 303)
    return _withdraw_page(tenant, token)


def _withdraw_page(tenant: Tenant, token: str, *, status: int = 200, problem: str = "") -> Response:
    page = render_template(
        "customer/withdraw.html",
        action=url_for("status.withdraw", token=token),
        back_url=url_for("status.show", token=token),
        errors=[("", problem)] if problem else [],
        hidden=[("version", str(tenant.version or 0))],
    )
    answer = _private(make_response(page))
    answer.status_code = status
    return answer


def _tenant_behind(token: str) -> Tenant:
    """The tenant of a status link. One answer for every link that opens nothing: `NotFound`."""
    try:
        reference, given = read_status_token(token)
        item = store().get(records.pending_id(reference))
        link = records.status_link_of(item)
        if not same_hash(link.hashed, given) or link.is_over(now(), settings().status_link_days):
            raise NotFound
        return onboarding.find(store(), records.pending_id(reference))
    except (InvalidLinkError, ItemNotFoundError, UnknownTenantError) as error:
        raise NotFound from error


def _change_page(
    form: ChangeForm, tenant: Tenant, token: str, *, status: int = 200, problem: str = ""
) -> Response:
    keeps = {
        field.name: _("Leave empty to keep %(value)s.", value=masked)
        for field in FORM_ORDER
        if field.masked and (masked := masked_value(field, tenant.contact))
    }
    page = render_template(
        "customer/change.html",
        fields=[_with_hint(view, keeps.get(view.name, "")) for view in form.views()],
        errors=[*([("", problem)] if problem else []), *form.problems()],
        hidden=[("version", str(tenant.version or 0))],
        action=url_for("status.change", token=token),
        back_url=url_for("status.show", token=token),
    )
    answer = _private(make_response(page))
    answer.status_code = status
    return answer


def _with_hint(view: FieldView, hint: str) -> FieldView:
    return replace(view, hint=hint) if hint else view


def _status_view(tenant: Tenant, token: str) -> StatusView:
    stands = standing(tenant, now())
    headline, *sentences = _told(tenant, stands)
    pending = tenant.status is Status.PENDING
    return StatusView(
        reference=read_status_token(token)[0],
        state=_state(tenant, stands),
        headline=headline,
        sentences=sentences,
        message=tenant.message if tenant.status is Status.REJECTED else "",
        sent=_sent(tenant, token),
        steps=_steps(tenant, tenant.created_at if _is_own(tenant, token) else None),
        can_change=pending,
        can_withdraw=pending,
        change_url=url_for("status.change", token=token),
        withdraw_url=url_for("status.withdraw", token=token),
    )


def _is_own(tenant: Tenant, token: str) -> bool:
    """Whether the link's sign-up became this tenant, and was not closed towards it."""
    reference, _hashed = read_status_token(token)
    return records.pending_id(reference) == (tenant.pending_id or tenant.id)


def _sent(tenant: Tenant, token: str) -> list[tuple[str, str]]:
    """What was sent with this link's sign-up. One that was closed towards a tenant that was
    there already leads to that tenant, whose contact is somebody else's."""
    if not _is_own(tenant, token):
        return []
    return [
        *(fact for fact in masked_facts(tenant.contact) if fact[1]),
        *claim_facts(tenant.ids),
    ]


def _steps(tenant: Tenant, asked_at: datetime | None) -> list[tuple[str, bool, str]]:
    """What was done, and what is still to come; nothing is, once somebody has said no."""
    zone = settings().time_zone
    asked = (_("You asked for access"), True, dates.moment(asked_at, zone))
    checked = (_("We check your details"), tenant.status is not Status.PENDING, "")
    first = dates.day(tenant.validity.valid_from, zone)
    match tenant.status:
        case Status.WITHDRAWN:
            return [asked]
        case Status.REJECTED:
            return [asked, checked]
        case _:
            begins = tenant.validity.valid_from
            is_ready = tenant.is_final and (begins is None or begins <= now())
            return [asked, checked, (_("Your access is ready"), is_ready, first)]


def _state(tenant: Tenant, stands: AccessStatus) -> str:
    if tenant.status is not Status.ACTIVE:
        return tenant.status.value
    by_standing = {AccessStatus.NOT_YET_VALID: "scheduled", AccessStatus.EXPIRED: "expired"}
    return by_standing.get(stands, "active")


def _told(tenant: Tenant, stands: AccessStatus) -> list[str]:
    """A headline, and what it means for the customer."""
    zone = settings().time_zone
    window = tenant.validity
    first, last = dates.day(window.valid_from, zone), dates.day(window.valid_to, zone)
    match tenant.status, stands:
        case Status.PENDING, _any:
            return [
                _("Your request is waiting for approval"),
                _("We check your details and then switch on your access. You need to do nothing."),
            ]
        case Status.REJECTED, _any:
            return [_("Your request was not approved")]
        case Status.WITHDRAWN, _any:
            return [
                _("You took your request back"),
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
                _("It ended on %(day)s. Ask for access again to renew it.", day=last),
            ]
        case _any, AccessStatus.NOT_YET_VALID:
            return [
                _("Your access is approved"),
                _("You can use the Appointment Manager from %(day)s.", day=first),
            ]
        case _any, AccessStatus.WINDOW_MISSING:
            return [
                _("Your access is not ready yet"),
                _("Please ask the person who looks after your account."),
            ]
        case _:
            ready = _("Open the Appointment Manager in Field Service Management to use it.")
            if not last:
                return [_("Your access is ready"), ready]
            return [
                _("Your access is ready"),
                _("It is valid through %(day)s.", day=last),
                ready,
            ]


def _private(answer: Response) -> Response:
    answer.headers["X-Robots-Tag"] = "noindex"
    return answer
