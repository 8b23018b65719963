"""The page behind a status link: the customer reads the status, changes details, withdraws, ends
the link."""

from flask import Blueprint, Response, g, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response as AnyResponse

from portal import onboarding
from portal.onboarding import StaleError
from portal.tenants import NotAllowedError, Status, Tenant
from portal.web.customer.address import ask_to_confirm
from portal.web.customer.change_fields import (
    change_fields,
    changed_fields,
    field_labels,
    keeps_nothing_masked,
    removal_fields,
    removed_fields,
)
from portal.web.customer.form_problems import changed_meanwhile_text, expired_text
from portal.web.customer.help import contacts
from portal.web.customer.language_of_form import shown_version
from portal.web.customer.opened_link import OpenedLink, opened_link
from portal.web.customer.pages import private
from portal.web.customer.status_view import status_view
from portal.web.forms import ChangeForm, FieldView, form_version, open_data
from portal.web.http import (
    SESSION_TOKEN,
    audit_of_customer,
    now,
    own_address,
    services,
    settings,
    store,
)
from portal.web.i18n import _

bp = Blueprint("status", __name__, url_prefix="/status/<token>")

#: In the session: the link that this browser ended last, the reference of its request, and whether
#: its customer can get another link.
_ENDED = "ended"


@bp.get("")
def show(token: str) -> Response:
    link = opened_link(token)
    view = status_view(link)
    _note_visit(link)
    address = f"{settings().origin}{own_address()}"
    page = render_template(
        "customer/status.html",
        view=view,
        done=_outcome(),
        fragment=False,
        address=FieldView(name="address", id="address", label=_("Its address"), value=address),
        contacts=contacts(),
        reference=view.reference,
        end_url=url_for("status.end_link", token=token),
    )
    return private(page)


def _note_visit(link: OpenedLink) -> None:
    """Somebody looks at the page: no program that only wants its head, no browser that fetches it
    in case that somebody will, and nobody of staff who follows a link of a mail to see it."""
    purpose = request.headers.get("Sec-Purpose", "") + request.headers.get("Purpose", "")
    if request.method == "GET" and "prefetch" not in purpose and SESSION_TOKEN not in session:
        decision = link.tenant.decision
        services().usage.opened(link.sign_up_id, decision.at if decision else None, now())


def _outcome() -> str:
    """What has just been done on a page that led here."""
    match request.args.get("done", ""):
        case "changed":
            changed = ", ".join(field_labels(request.args.get("fields", "").split("-")))
            if not changed:
                return _("Your changes are saved.")
            return _("Your changes are saved. Changed: %(fields)s.", fields=changed)
        case "late":
            return _(
                "Your request was decided before your changes arrived, so they were not saved."
            )
        case "answered":
            return _("Your answer is sent. Your request keeps its place.")
        case "new-link":
            return _("This page has a new link. The earlier one stays ended.")
        case "confirmed":
            return _("Your email address is confirmed.")
        case "link":
            return _(
                "If no such mail was sent to this address today, and not too much was asked for"
                " from your network, one is on its way. Open the link in it. If none comes, try"
                " again tomorrow."
            )
        case "asked":
            return _("Your request is sent. This page is its own: keep its address, too.")
        case "waiting":
            return _("You have asked already. Nothing was sent again.")
        case _other:
            return ""


@bp.route("/change", methods=["GET", "POST"])
def change(token: str) -> AnyResponse:
    link = opened_link(token)
    tenant = link.tenant
    if tenant.status is not Status.PENDING:
        # It cannot be changed any more; the status page says why.
        return redirect(url_for("status.show", token=token), 303)
    if request.method != "POST":
        form = ChangeForm(data=open_data(tenant.contact))
        return _change_page(form, link)
    form = ChangeForm()
    if g.form_expired:
        return _change_page(form, link, status=400, problem=expired_text())
    form.keep_untouched(tenant.contact, open_data(tenant.contact))
    if not form.validate():
        return _change_page(form, link, status=422)
    contact = form.to_contact_without(removed_fields())
    if not keeps_nothing_masked(form, link, contact):
        return _change_page(form, link, status=422)
    try:
        changed = onboarding.edit_contact(
            store(),
            tenant.id,
            expected_version=form_version(),
            audit=audit_of_customer(),
            contact=contact,
        )
    except (StaleError, NotAllowedError):
        link = opened_link(token)
        if link.tenant.status is Status.PENDING:
            return _change_page(form, link, status=409, problem=changed_meanwhile_text())
        return redirect(url_for("status.show", token=token, done="late"), 303)
    ask_to_confirm(tenant.contact, changed)
    fields = "-".join(changed_fields(tenant.contact, contact)) or None
    return redirect(url_for("status.show", token=token, done="changed", fields=fields), 303)


@bp.route("/withdraw", methods=["GET", "POST"])
def withdraw(token: str) -> AnyResponse:
    tenant = opened_link(token).tenant
    status_url = url_for("status.show", token=token)
    if request.method == "POST":
        try:
            onboarding.withdraw(
                store(), tenant.id, expected_version=form_version(), audit=audit_of_customer()
            )
        except (StaleError, NotAllowedError):
            tenant = opened_link(token).tenant
            if tenant.status is Status.PENDING:
                return _withdraw_page(tenant, token, status=409, problem=changed_meanwhile_text())
        return redirect(status_url, 303)
    if tenant.status is not Status.PENDING:
        return redirect(status_url, 303)
    return _withdraw_page(tenant, token)


@bp.route("/end", methods=["GET", "POST"])
def end_link(token: str) -> Response:
    """Asks first. Afterwards the link opens nothing, so the answer is the last page that it had."""
    ended = session.get(_ENDED)
    if isinstance(ended, list) and len(ended) == 3 and ended[0] == token:
        # A double click, or Back.
        return _end_page(token, str(ended[1]), renewable=ended[2] is True, ended=True)
    link = opened_link(token)
    renewable = link.is_own and link.tenant.email_confirmed_at is not None
    if request.method == "POST":
        onboarding.end_status_link(store(), link.sign_up_id, audit_of_customer())
        session[_ENDED] = [token, link.reference, renewable]
    return _end_page(token, link.reference, renewable=renewable, ended=request.method == "POST")


def _end_page(token: str, reference: str, *, renewable: bool, ended: bool) -> Response:
    page = render_template(
        "customer/end_link.html",
        ended=ended,
        renewable=renewable,
        lost_url=url_for("lost_link.ask"),
        action=url_for("status.end_link", token=token),
        back_url=url_for("status.show", token=token),
        contacts=contacts(),
        reference=reference,
    )
    return private(page)


def _change_page(
    form: ChangeForm, link: OpenedLink, *, status: int = 200, problem: str = ""
) -> Response:
    page = render_template(
        "customer/change.html",
        heading=_("Change your details"),
        fields=change_fields(form, link, sent=status != 200),
        removals=removal_fields(link),
        errors=[*([("", problem)] if problem else []), *form.problems()],
        hidden=[("version", shown_version(link.tenant))],
        action=url_for("status.change", token=link.token),
        submit=_("Save the changes"),
        back_url=url_for("status.show", token=link.token),
        back=_("Do not change anything"),
    )
    return private(page, status)


def _withdraw_page(tenant: Tenant, token: str, *, status: int = 200, problem: str = "") -> Response:
    page = render_template(
        "customer/withdraw.html",
        action=url_for("status.withdraw", token=token),
        back_url=url_for("status.show", token=token),
        errors=[("", problem)] if problem else [],
        hidden=[("version", str(tenant.version or 0))],
    )
    return private(page, status)
