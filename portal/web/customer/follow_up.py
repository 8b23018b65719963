"""A customer asks again from the status page: for access, or to renew it. What was sent before is
carried over from the store; the page shows it masked, since anybody who has the link can open it.
"""

from datetime import datetime

from flask import Blueprint, Response, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from portal import onboarding
from portal.onboarding import AskedAlreadyError, SignUpLimitError
from portal.tenants import Contact, Question, Status, Tenant
from portal.web.customer.change_fields import (
    change_fields,
    keeps_nothing_masked,
    removal_fields,
    removed_fields,
)
from portal.web.customer.claims import sign_up_link
from portal.web.customer.earlier_sign_up import correct, opens
from portal.web.customer.form_problems import expired_text
from portal.web.customer.help import usual_wait
from portal.web.customer.opened_link import OpenedLink, opened_link
from portal.web.customer.pages import private
from portal.web.customer.question import AnswerForm
from portal.web.forms import ChangeForm, open_data
from portal.web.http import (
    InvalidLinkError,
    client_network,
    now,
    services,
    settings,
    status_hash,
    store,
    too_many_requests_text,
)
from portal.web.i18n import _, locale_name

bp = Blueprint("follow_up", __name__, url_prefix="/status/<token>")


@bp.route("/again", methods=["GET", "POST"])
def ask_again(token: str) -> AnyResponse:
    link = opened_link(token)
    if not onboarding.may_ask_again(link.tenant, now()):
        return redirect(url_for("status.show", token=token), 303)
    if not link.contact.email:
        # Retention has erased the details, so nothing can be carried over.
        return redirect(sign_up_link(link.tenant.ids), 303)
    form_type = AnswerForm if _message(link) else ChangeForm
    if request.method != "POST":
        return _page(link, form_type(data=open_data(link.contact)), _new_token())
    form, form_token = form_type(), request.form.get("form_token", "")
    if g.form_expired:
        return _page(link, form, form_token, status=400, problem=expired_text())
    try:
        reference = services().links.read_form_token(form_token, now()).reference
    except InvalidLinkError:
        problem = _("Please send the form again.")
        return _page(link, form, _new_token(), status=422, problem=problem)
    form.keep_untouched(link.contact, open_data(link.contact))
    if not form.validate():
        return _page(link, form, form_token, status=422)
    contact = form.to_contact_without(removed_fields())
    if not keeps_nothing_masked(form, link, contact):
        return _page(link, form, form_token, status=422)
    question = _answered(link, form)
    try:
        sent, new_token = _send(link, contact, reference, question)
    except AskedAlreadyError:
        return redirect(url_for("status.show", token=token, done="waiting"), 303)
    except SignUpLimitError as error:
        seconds = error.seconds_left(now())
        problem = too_many_requests_text(seconds)
        response = _page(link, form, form_token, status=429, problem=problem)
        response.headers["Retry-After"] = str(seconds)
        return response
    if not opens(new_token):
        # The customer ended its link, and went back to this form.
        return redirect(url_for("status.show", token=token, done="waiting"), 303)
    if question and (sent.question is None or sent.question.answer != question.answer):
        problem = _(
            "You have sent this request already, and your answer to us cannot be changed any more."
            " Change other details on the page of the new request."
        )
        return _page(link, form, form_token, status=409, problem=problem)
    # The same form may have been sent before: the customer went back and corrected a detail.
    return correct(sent, contact, new_token, otherwise="asked")


def _message(link: OpenedLink) -> str:
    """What staff wrote to the customer when they rejected the request."""
    is_rejected = link.is_own and link.tenant.status is Status.REJECTED
    return link.tenant.message if is_rejected else ""


def _answered(link: OpenedLink, form: ChangeForm) -> Question | None:
    """What staff wrote, and the answer to it, as if they had asked; `None` without an answer."""
    answer = form.answer.value if isinstance(form, AnswerForm) else ""
    decision = link.tenant.decision
    if not answer or decision is None:
        return None
    return Question(
        text=_message(link),
        at=decision.at,
        by=decision.by,
        who=decision.who,
        answer=answer,
        answered_at=now(),
    )


def _send(
    link: OpenedLink, contact: Contact, reference: str, question: Question | None
) -> tuple[Tenant, str]:
    """The new request, as it was before if this form made it already, and the token of its status
    page.

    Raises:
        AskedAlreadyError: Another request follows the tenant, and is pending.
        SignUpLimitError: The limits of sign-ups refuse it.
    """
    tenant = link.tenant
    secret = services().links.follow_up_secret(link.hashed, reference)
    renews = tenant.id if tenant.is_active else tenant.renews
    sent = onboarding.submit(
        store(),
        reference=reference,
        contact=contact,
        claims=tenant.ids,
        status_link=status_hash(secret),
        now=now(),
        locale=locale_name(),
        limits=services().limits.sign_ups,
        network=client_network(),
        proof_mails=services().limits.proof_mails,
        # Whoever has access already is known.
        waits_for_address=settings().confirm_address and not renews,
        email_confirmed_at=_proved_at(link, contact),
        follows=tenant.id,
        renews=renews,
        question=question,
    )
    return sent, reference + secret


def _proved_at(link: OpenedLink, contact: Contact) -> datetime | None:
    """When the customer proved the address with the request before, if it is the same one."""
    is_same = link.is_own and contact.has_email(link.tenant.contact.email)
    return link.tenant.email_confirmed_at if is_same else None


def _new_token() -> str:
    """It carries the reference of the new request: a form that is sent twice makes one."""
    return services().links.new_form_token(now())


def _page(
    link: OpenedLink, form: ChangeForm, form_token: str, *, status: int = 200, problem: str = ""
) -> Response:
    renews = link.tenant.is_active or bool(link.tenant.renews)
    page = render_template(
        "customer/change.html",
        message=_message(link),
        heading=_("Ask to renew") if renews else _("Ask for access again"),
        intro=[
            _("We already have these details. Check that they are still right, then send them."),
            usual_wait(),
        ],
        fields=change_fields(form, link, sent=status != 200),
        removals=removal_fields(link),
        errors=[*([("", problem)] if problem else []), *form.problems()],
        hidden=[("form_token", form_token)],
        action=url_for("follow_up.ask_again", token=link.token),
        submit=_("They are right: ask to renew") if renews else _("They are right: ask again"),
        back_url=url_for("status.show", token=link.token),
        back=_("Do not ask"),
    )
    return private(page, status)
