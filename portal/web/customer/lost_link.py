"""A customer who has lost the link to a status page gets it by mail.

Anybody can type anybody's address, so the page answers the same whether or not anything is there.
"""

from flask import Blueprint, Response, g, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from portal.onboarding import LinkLimitError
from portal.web.customer.claims import claim_facts, lost_link_url, sign_up_link
from portal.web.customer.form_problems import expired_text
from portal.web.customer.help import contacts
from portal.web.customer.pages import page_with_form
from portal.web.forms import AddressForm, claimed_ids
from portal.web.http import client_network, now, services, store, too_many_requests_text
from portal.web.i18n import locale_name

bp = Blueprint("lost_link", __name__)


@bp.route("/lost-link", methods=["GET", "POST"])
def ask() -> AnyResponse:
    """The form with one field; after it was sent, the same page says so."""
    form, ids = AddressForm(), claimed_ids(request.args)
    if request.method != "POST":
        return _page(form, sent=request.args.get("done") == "sent")
    if g.form_expired:
        return _page(form, status=400, problem=expired_text())
    if not form.validate():
        return _page(form, status=422)
    try:
        services().limits.link_mails.send(
            store(), form.email.value, network=client_network(), locale=locale_name(), now=now()
        )
    except LinkLimitError as error:
        seconds = error.seconds_left(now())
        response = _page(form, status=429, problem=too_many_requests_text(seconds))
        response.headers["Retry-After"] = str(seconds)
        return response
    return redirect(lost_link_url(ids, **_more(), done="sent"), 303)


def _more() -> dict[str, str]:
    """Whether somebody comes here to ask for more time: the page of the request renews it."""
    return {"more": "1"} if request.args.get("more") == "1" else {}


def _page(
    form: AddressForm, *, sent: bool = False, status: int = 200, problem: str = ""
) -> Response:
    ids = claimed_ids(request.args)
    page = render_template(
        "customer/lost_link.html",
        sent=sent,
        fields=form.views(),
        errors=[*([("", problem)] if problem else []), *form.problems()],
        action=lost_link_url(ids, **_more()),
        more=bool(_more()),
        facts=claim_facts(ids),
        sign_up_url=sign_up_link(ids),
        contacts=contacts(),
        reference="",
    )
    return page_with_form(page, status)
