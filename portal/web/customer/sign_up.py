"""The sign-up form, with which a customer asks for access."""

from contextlib import suppress
from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, g, make_response, redirect, render_template, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from portal import onboarding
from portal.contact_fields import FORM_ORDER
from portal.onboarding import StaleError
from portal.tenants import Ids, NotAllowedError, Status
from portal.web.forms import (
    ContactForm,
    claimed_ids,
    note_beside,
)
from portal.web.http import (
    InvalidLinkError,
    audit_of_customer,
    now,
    services,
    settings,
    status_hash,
    store,
)
from portal.web.i18n import _, labels, locale_name

bp = Blueprint("customer", __name__)

#: Query parameters that a link out of the Field Service Management shell adds.
_SHELL_PARAMETERS = ("account_id", "company_id", "account_name", "company_name", "cluster")


@bp.get("/")
def index() -> AnyResponse:
    # A link out of the Field Service Management shell may lead here as well.
    args = request.args
    parameters: dict[str, Any] = {name: args[name] for name in _SHELL_PARAMETERS if name in args}
    return redirect(url_for("customer.sign_up", **parameters))


@bp.route("/sign-up", methods=["GET", "POST"])
def sign_up() -> AnyResponse:
    form = ContactForm()
    if request.method != "POST":
        return _sign_up_page(form, claims=claimed_ids(request.args), token="")
    claims = claimed_ids(request.form)
    token_text = request.form.get("form_token", "")
    try:
        token = services().links.read_form_token(token_text, now())
    except InvalidLinkError:
        token, token_text = None, ""
    if g.form_expired:
        return _sign_up_page(form, claims, token_text, status=400, problem=expired_text())
    if token is None:
        problem = _("Please send the form again.")
        return _sign_up_page(form, claims, token_text, status=422, problem=problem)
    if not form.validate():
        return _sign_up_page(form, claims, token_text, status=422)
    # Robots fill in every field, the honeypot too, and within a second. They get the same answer
    # as people; staff find the sign-up among those set aside.
    too_soon = now() - token.shown_at < timedelta(seconds=settings().sign_up_min_seconds)
    contact = form.to_contact()
    tenant = onboarding.submit(
        store(),
        reference=token.reference,
        contact=contact,
        claims=claims,
        status_link=status_hash(token.status_secret),
        now=now(),
        locale=locale_name(),
        set_aside=too_soon or bool(request.form.get("website")),
    )
    if tenant.status is Status.PENDING and tenant.contact != contact:
        # The same form was sent before: the customer went back and corrected a detail.
        with suppress(StaleError, NotAllowedError):
            onboarding.edit_contact(
                store(),
                tenant.id,
                expected_version=tenant.version,
                audit=audit_of_customer(),
                contact=contact,
            )
    return redirect(f"{request.script_root}/status/{token.status_token}", 303)


@bp.post("/sign-up/check")
def check_field() -> Response:
    """One field, checked when it changes. Before the form was sent for the first time it shows
    notes only, later errors too; the hidden field `tried` says which."""
    form = ContactForm()
    name = request.args.get("field", "")
    described = next((each for each in FORM_ORDER if each.name == name), None)
    if described is None:
        raise NotFound
    field = form[name]
    if request.form.get("tried"):
        field.validate(form)
    view = form.view(field, note=note_beside(described, field.data or ""))
    return make_response(render_template("customer/_fields.html", fields=[view]))


def _sign_up_page(
    form: ContactForm, claims: Ids | None, token: str, *, status: int = 200, problem: str = ""
) -> Response:
    if not token:
        # Somebody who has filled in the form once may send it again at once, unlike a robot.
        head_start = timedelta(seconds=settings().sign_up_min_seconds if status != 200 else 0)
        token = services().links.new_form_token(now() - head_start)
    hidden = [("form_token", token)]
    if claims:
        hidden += [(name, value) for name in _SHELL_PARAMETERS if (value := getattr(claims, name))]
    if status != 200:
        hidden.append(("tried", "1"))
    page = render_template(
        "customer/sign_up.html",
        fields=form.views(
            **{each.name: note_beside(each, form[each.name].data or "") for each in FORM_ORDER}
        ),
        errors=[*([("", problem)] if problem else []), *form.problems()],
        facts=claim_facts(claims),
        hidden=hidden,
    )
    return make_response(page, status)


def expired_text() -> str:
    """Why the form was not accepted although its fields are right."""
    expired = _("This page has expired. Your entries are still here: send them again.")
    if request.cookies:
        return expired
    cookies = _("If you see this again, allow cookies for this site in your browser.")
    return f"{expired} {cookies}"


def claim_facts(ids: Ids | None) -> list[tuple[str, str]]:
    """What a link out of the Field Service Management shell said. Read-only on the page."""
    if ids is None:
        return []
    facts = [
        (_("Account"), labels.named_id(ids.account_name, ids.account_id)),
        (_("Company in FSM"), labels.named_id(ids.company_name, ids.company_id)),
    ]
    return [*facts, (_("Cluster"), ids.cluster)] if ids.cluster else facts
