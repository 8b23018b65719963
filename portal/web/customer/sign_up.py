"""The sign-up form, with which a customer asks for access."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from flask import Blueprint, Response, g, jsonify, make_response, redirect, render_template, request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from portal.contact_fields import FORM_ORDER
from portal.onboarding import (
    ProofNeededError,
    SignUpLimitError,
    SpentProofError,
)
from portal.proof_of_work import InvalidProofError
from portal.tenants import Contact, Ids, Tenant
from portal.web.customer.claims import claim_facts
from portal.web.customer.earlier_sign_up import (
    EarlierSignUp,
    correct,
    earlier_if_known,
    earlier_sign_up,
    is_known,
    opens,
    remember_sent,
)
from portal.web.customer.form_problems import expired_text
from portal.web.customer.pages import page_with_form
from portal.web.customer.proof_widget import proof_of_form, widget
from portal.web.customer.sent_form import limit_problem, new_form_token, submit_form
from portal.web.forms import (
    CLAIM_FIELDS,
    ContactForm,
    FieldView,
    claimed_ids,
    note_beside,
)
from portal.web.http import (
    ExpiredLinkError,
    FormToken,
    InvalidLinkError,
    client_network,
    note_saved,
    now,
    remember_language,
    services,
    status_hash,
    store,
    url_for,
)
from portal.web.i18n import LANGUAGES, _, locale_name, set_language

bp = Blueprint("customer", __name__)


@bp.get("/")
def index() -> AnyResponse:
    # A link out of the Field Service Management shell may lead here as well.
    args = request.args
    parameters: dict[str, Any] = {name: args[name] for name in CLAIM_FIELDS if name in args}
    return redirect(url_for("customer.sign_up", **parameters))


@bp.route("/sign-up", methods=["GET", "POST"])
def sign_up() -> AnyResponse:
    if request.method != "POST":
        return _sign_up_page(None, claims=claimed_ids(request.args), token=new_form_token())
    form = ContactForm()
    # No field comes twice. A plain dict is asked for those that are missing without an error.
    sent = request.form.to_dict()
    claims = claimed_ids(sent)
    token_text = sent.get("form_token", "")
    try:
        token = services().links.read_form_token(token_text, now())
    except InvalidLinkError as error:
        # A token that was ours carries its age on, so that the form may be sent again at once.
        token, token_text = None, new_form_token(carry_on=isinstance(error, ExpiredLinkError))
    language = sent.get("language")
    if language in LANGUAGES:
        return _in_language(language, form, claims, token_text)
    if g.form_expired:
        return _sign_up_page(form, claims, token_text, status=400, problem=expired_text())
    if token is None:
        problem = _("Please send the form again.")
        return _sign_up_page(form, claims, token_text, status=422, problem=problem)
    if not form.validate():
        return _sign_up_page(form, claims, token_text, status=422)
    contact = form.to_contact()
    earlier = earlier_sign_up(claims)
    try:
        proof = proof_of_form()
    except InvalidProofError:
        return _proof_page(form, claims, token_text)
    is_other = sent.get("another") or (earlier and not _corrects(earlier, token))
    limits = services().limits.sign_ups
    try:
        if earlier is not None and not is_other:
            # Back, and the form once more: it corrects the request instead of adding another one.
            if limits:
                limits.count_correction(store(), earlier.tenant, client_network(), now())
            return correct(earlier.tenant, contact, earlier.status_token, is_counted=True)
        tenant = submit_form(contact, claims, token, proof)
    except (ProofNeededError, SpentProofError):
        return _proof_page(form, claims, token_text)
    except SignUpLimitError as error:
        problem, seconds = limit_problem(error)
        response = _sign_up_page(form, claims, token_text, status=429, problem=problem)
        response.headers["Retry-After"] = str(seconds)
        return response
    return _sent(form, contact, claims, tenant, token)


def _corrects(earlier: EarlierSignUp, token: FormToken) -> bool:
    """Whether the page of this form said that it corrects the earlier request. A form in another
    tab may be older than that; and one that was sent before is about its own request."""
    return request.form.get("corrects") == earlier.reference and not is_known(token.reference)


def _sent(
    form: ContactForm, contact: Contact, claims: Ids | None, tenant: Tenant, token: FormToken
) -> AnyResponse:
    """The status page of the request that the form with this contact has made, now or before."""
    if tenant.contact == contact:
        # Otherwise its correction is still to be saved.
        note_saved()
    if tenant.status_link != status_hash(token.status_secret) and not opens(token.status_token):
        problem = _(
            "You have sent this form before, and ended the link to that request. Send it once more"
            " to make a new request."
        )
        new_token = new_form_token(carry_on=True)
        return _sign_up_page(form, claims, new_token, status=409, problem=problem)
    remember_sent(token.status_token)
    # If it made it before, the customer went back and corrected a detail.
    return correct(tenant, contact, token.status_token)


def _in_language(language: str, form: ContactForm, claims: Ids | None, token: str) -> Response:
    """The same form with what was typed. Nothing is sent or checked."""
    set_language(language)
    response = _sign_up_page(form, claims, token)
    remember_language(response, language)
    return response


@bp.get("/sign-up/challenge")
def challenge() -> Response:
    """What the widget on the form asks for, to make a proof of work of it."""
    return jsonify(services().challenges.new(now()))


def _proof_page(form: ContactForm, claims: Ids | None, token: str) -> Response:
    problem = _("Please confirm that you are not a robot, then send the form.")
    return _sign_up_page(form, claims, token, status=422, problem=problem, proof=True)


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
    form: ContactForm | None,
    claims: Ids | None,
    token: str,
    *,
    status: int = 200,
    problem: str = "",
    proof: bool = False,
) -> Response:
    """`form`: as it was sent; `None` for an empty one."""
    hidden = [("form_token", token)]
    if claims:
        hidden += [(name, value) for name in CLAIM_FIELDS if (value := getattr(claims, name))]
    if status != 200:
        hidden.append(("tried", "1"))
    limits = services().limits.sign_ups
    earlier = earlier_if_known(claims)
    if earlier:
        hidden.append(("corrects", earlier.reference))
    page = render_template(
        "customer/sign_up.html",
        fields=_typed_fields(form) if form else _empty_fields(locale_name()),
        errors=[*([("", problem)] if problem else []), *(form.problems() if form else ())],
        facts=claim_facts(claims),
        earlier=earlier.tenant.contact.company if earlier else "",
        another=bool(request.form.get("another")),
        hidden=hidden,
        widget=widget() if proof or (limits and limits.asks_for_proof(now())) else None,
    )
    return page_with_form(page, status)


def _typed_fields(form: ContactForm) -> Sequence[FieldView]:
    return form.views(
        **{each.name: note_beside(each, form[each.name].data or "") for each in FORM_ORDER}
    )


@lru_cache(len(LANGUAGES))
def _empty_fields(language: str) -> Sequence[FieldView]:
    """Before anything is typed they hold their words alone, in the reader's `language`."""
    del language
    return tuple(_typed_fields(ContactForm()))
