"""The customer asks for access."""

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

_SHELL = ("account_id", "company_id", "account_name", "company_name", "cluster")


@bp.get("/")
def index() -> AnyResponse:
    # A link out of the Field Service Management shell may lead here as well.
    told: dict[str, Any] = {name: request.args[name] for name in _SHELL if name in request.args}
    return redirect(url_for("customer.sign_up", **told))


# ---- Sign-up


@bp.route("/sign-up", methods=["GET", "POST"])
def sign_up() -> AnyResponse:
    form = ContactForm()
    if request.method != "POST":
        return _sign_up_page(form, claims=claimed_ids(request.args), token="")
    claims = claimed_ids(request.form)
    typed_token = request.form.get("form_token", "")
    try:
        token = services().links.read_form_token(typed_token, now())
    except InvalidLinkError:
        token, typed_token = None, ""
    if g.form_expired:
        return _sign_up_page(form, claims, typed_token, status=400, problem=expired_words())
    if token is None:
        problem = _("Please send the form again.")
        return _sign_up_page(form, claims, typed_token, status=422, problem=problem)
    if not form.validate():
        return _sign_up_page(form, claims, typed_token, status=422)
    # Robots fill every field, and at once. They get the same answer as anybody else.
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
        # Whoever goes back, mends a detail and sends the same form again means the mended one.
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
def check() -> Response:
    """One field, as it changes: hints at first, and errors once the form was sent in vain."""
    form = ContactForm()
    name = request.args.get("field", "")
    described = next((each for each in FORM_ORDER if each.name == name), None)
    if described is None:
        raise NotFound
    field = form[name]
    tried = bool(request.form.get("tried"))
    if tried:
        field.validate(form)
    view = form.view(field, note=note_beside(described, field.data or ""))
    return make_response(render_template("customer/_fields.html", fields=[view]))


def _sign_up_page(
    form: ContactForm, claims: Ids | None, token: str, *, status: int = 200, problem: str = ""
) -> Response:
    if not token:
        # Who has filled the form in once is no faster than a robot for sending it again.
        waited = timedelta(seconds=settings().sign_up_min_seconds if status != 200 else 0)
        token = services().links.new_form_token(now() - waited)
    hidden = [("form_token", token)]
    if claims:
        hidden += [(name, value) for name in _SHELL if (value := getattr(claims, name))]
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
    answer = make_response(page)
    answer.status_code = status
    return answer


def expired_words() -> str:
    """Why nothing was taken though nothing is wrong with it."""
    expired = _("This page has expired. Your entries are kept; send again.")
    if request.cookies:
        return expired
    cookies = _("If you see this again, let your browser keep cookies of this site.")
    return f"{expired} {cookies}"


def claim_facts(ids: Ids | None) -> list[tuple[str, str]]:
    """What the link out of the Field Service Management shell said, to be read only."""
    if ids is None:
        return []
    facts = [
        (_("Account"), labels.named_id(ids.account_name, ids.account_id)),
        (_("Company in FSM"), labels.named_id(ids.company_name, ids.company_id)),
    ]
    return [*facts, (_("Cluster"), ids.cluster)] if ids.cluster else facts
