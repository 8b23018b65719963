"""The end of reminders by mail: the page behind the link in one, and the button of mail programs.

Programs that check mail open every link. So opening it ends nothing: it takes a `POST`. A mail
program sends one by itself when its reader presses its own button (RFC 8058): without a cookie,
without having opened the page, and it follows no redirect. So the link is all that is asked for,
and the answer is a page.
"""

from flask import Blueprint, Response, render_template, request, url_for
from werkzeug.exceptions import NotFound

from portal import onboarding
from portal.onboarding import UnknownTenantError
from portal.web.customer.pages import private
from portal.web.forms import masked_email
from portal.web.http import audit_of_customer, note_saved, services, store

bp = Blueprint("reminders", __name__)


@bp.route("/reminders/<token>", methods=["GET", "POST"])
def end(token: str) -> Response:
    """The page with the one button. `again` in the form: to get reminders again."""
    link = services().links.read_reminder(token)
    if link is None:
        raise NotFound
    try:
        tenant = onboarding.find(store(), link.tenant_id)
    except UnknownTenantError as error:
        raise NotFound from error
    if not link.is_of(tenant.contact.email):
        # The address was replaced since, or erased.
        raise NotFound
    if request.method == "POST":
        if request.form.get("again"):
            onboarding.resume_reminders(store(), tenant)
        else:
            onboarding.end_reminders(store(), tenant, audit_of_customer())
        note_saved()
    page = render_template(
        "customer/reminders.html",
        email=masked_email(tenant.contact.email),
        is_ended=onboarding.are_reminders_ended(store(), tenant),
        action=url_for("reminders.end", token=token),
    )
    return private(page)
