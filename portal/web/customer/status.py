"""The page behind a status link: the customer reads the status, changes details, withdraws."""

from dataclasses import replace

from flask import Blueprint, Response, g, make_response, redirect, render_template, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from portal import onboarding, records
from portal.contact_fields import FORM_ORDER
from portal.onboarding import StaleError, UnknownTenantError
from portal.stores import ItemNotFoundError
from portal.tenants import NotAllowedError, Status, Tenant
from portal.web.customer.sign_up import expired_text
from portal.web.customer.status_view import status_view
from portal.web.forms import ChangeForm, FieldView, form_version, masked_value, open_data
from portal.web.http import (
    InvalidLinkError,
    audit_of_customer,
    now,
    read_status_token,
    same_hash,
    settings,
    store,
)
from portal.web.i18n import _

bp = Blueprint("status", __name__, url_prefix="/status/<token>")


@bp.get("")
def show(token: str) -> Response:
    view = status_view(_tenant_of_link(token), token)
    return _private(render_template("customer/status.html", view=view, fragment=False))


@bp.route("/change", methods=["GET", "POST"])
def change(token: str) -> AnyResponse:
    tenant = _tenant_of_link(token)
    if tenant.status is not Status.PENDING:
        # It cannot be changed any more; the status page says why.
        return redirect(url_for("status.show", token=token), 303)
    if request.method != "POST":
        form = ChangeForm(data=open_data(tenant.contact))
        return _change_page(form, tenant, token)
    form = ChangeForm()
    if g.form_expired:
        return _change_page(form, tenant, token, status=400, problem=expired_text())
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
        tenant = _tenant_of_link(token)
        if tenant.status is Status.PENDING:
            return _change_page(form, tenant, token, status=409, problem=_changed_meanwhile())
    return redirect(url_for("status.show", token=token), 303)


@bp.route("/withdraw", methods=["GET", "POST"])
def withdraw(token: str) -> AnyResponse:
    tenant = _tenant_of_link(token)
    status_url = url_for("status.show", token=token)
    if request.method == "POST":
        try:
            onboarding.withdraw(
                store(), tenant.id, expected_version=form_version(), audit=audit_of_customer()
            )
        except (StaleError, NotAllowedError):
            tenant = _tenant_of_link(token)
            if tenant.status is Status.PENDING:
                return _withdraw_page(tenant, token, status=409, problem=_changed_meanwhile())
        return redirect(status_url, 303)
    if tenant.status is not Status.PENDING:
        return redirect(status_url, 303)
    return _withdraw_page(tenant, token)


def _changed_meanwhile() -> str:
    return _("Your request was changed in the meantime. Check it, then send the form again.")


def _tenant_of_link(token: str) -> Tenant:
    """The tenant that a status link leads to.

    Raises:
        NotFound: For every link that leads nowhere, whether it is malformed, unknown, forged or
            expired: nobody learns which.
    """
    try:
        reference, given_hash = read_status_token(token)
        item = store().get(records.pending_id(reference))
        link = records.status_link_of(item)
        expired = link.is_over(now(), settings().status_link_days)
        if not same_hash(link.hashed, given_hash) or expired:
            raise NotFound
        return onboarding.find(store(), records.pending_id(reference))
    except (InvalidLinkError, ItemNotFoundError, UnknownTenantError) as error:
        raise NotFound from error


def _change_page(
    form: ChangeForm, tenant: Tenant, token: str, *, status: int = 200, problem: str = ""
) -> Response:
    hints = {
        field.name: _("Leave empty to keep %(value)s.", value=masked)
        for field in FORM_ORDER
        if field.masked and (masked := masked_value(field, tenant.contact))
    }
    page = render_template(
        "customer/change.html",
        fields=[_with_hint(view, hints.get(view.name, "")) for view in form.views()],
        errors=[*([("", problem)] if problem else []), *form.problems()],
        hidden=[("version", str(tenant.version or 0))],
        action=url_for("status.change", token=token),
        back_url=url_for("status.show", token=token),
    )
    return _private(page, status)


def _with_hint(view: FieldView, hint: str) -> FieldView:
    return replace(view, hint=hint) if hint else view


def _withdraw_page(tenant: Tenant, token: str, *, status: int = 200, problem: str = "") -> Response:
    page = render_template(
        "customer/withdraw.html",
        action=url_for("status.withdraw", token=token),
        back_url=url_for("status.show", token=token),
        errors=[("", problem)] if problem else [],
        hidden=[("version", str(tenant.version or 0))],
    )
    return _private(page, status)


def _private(page: str, status: int = 200) -> Response:
    """A page that search engines must not list."""
    response = make_response(page, status)
    response.headers["X-Robots-Tag"] = "noindex"
    return response
