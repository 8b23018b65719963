"""The customer answers a question of staff, and corrects the fields that it names."""

from dataclasses import replace

from flask import Blueprint, Response, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from portal import onboarding
from portal.contact_fields import FORM_ORDER, FieldKind, fields_of_kind
from portal.contact_readers import read_text
from portal.onboarding import StaleError
from portal.tenants import NotAllowedError, Question, Status, Tenant
from portal.web.customer.address import ask_to_confirm, sees_whole
from portal.web.customer.change_fields import (
    change_fields,
    keeps_nothing_masked,
    removal_fields,
    removed_fields,
)
from portal.web.customer.form_problems import changed_meanwhile_text, expired_text
from portal.web.customer.language_of_form import shown_version
from portal.web.customer.opened_link import OpenedLink, opened_link
from portal.web.customer.pages import private
from portal.web.forms import (
    ChangeForm,
    TextField,
    form_messages,
    form_version,
    masked_value,
    open_data,
)
from portal.web.http import audit_of_customer, store
from portal.web.i18n import N_, _

bp = Blueprint("question", __name__, url_prefix="/status/<token>")

ANSWER_LENGTH = 2000


class AnswerForm(ChangeForm):
    """The answer, and the fields that staff named. All others keep what is stored."""

    answer = TextField(
        N_("Your answer"),
        lambda text: read_text(text, most=ANSWER_LENGTH),
        form_messages.text,
        required=False,
        type="textarea",
    )

    def keep_unnamed(self, tenant: Tenant, named: tuple[str, ...]) -> None:
        """Call it before `validate`. A field that the page did not show keeps its value, whatever
        was sent."""
        self.keep_untouched(tenant.contact, open_data(tenant.contact))
        for field in self:
            if field.short_name != "answer" and field.short_name not in named:
                field.is_untouched = True


def open_question(tenant: Tenant) -> Question | None:
    """The question that waits for this customer."""
    question = tenant.question
    is_open = question is not None and question.is_open and tenant.status is Status.PENDING
    return question if is_open else None


@bp.route("/answer", methods=["GET", "POST"])
def answer(token: str) -> AnyResponse:
    link = opened_link(token)
    tenant = link.tenant
    question = open_question(tenant)
    if question is None:
        # It is answered, or the request is decided; the status page says so.
        return redirect(url_for("status.show", token=token), 303)
    if request.method != "POST":
        return _page(AnswerForm(data=open_data(tenant.contact)), link, question)
    form = AnswerForm()
    if g.form_expired:
        return _page(form, link, question, status=400, problem=expired_text())
    form.keep_unnamed(tenant, _fields(link, question))
    if not form.validate():
        return _page(form, link, question, status=422)
    contact = form.to_contact_without(removed_fields() & set(_fields(link, question)))
    if not keeps_nothing_masked(form, link, contact):
        return _page(form, link, question, status=422)
    text: str = form.answer.value
    if not text and contact == tenant.contact:
        empty = _("Write an answer, or correct a detail.")
        form.answer.errors = [empty]
        return _page(form, link, question, status=422)
    try:
        answered = onboarding.answer(
            store(),
            tenant.id,
            expected_version=form_version(),
            audit=audit_of_customer(),
            text=text,
            contact=contact,
        )
    except (StaleError, NotAllowedError):
        link = opened_link(token)
        question = open_question(link.tenant)
        if question is None:
            late = link.tenant.status is not Status.PENDING
            done = "late" if late else "answered"
            return redirect(url_for("status.show", token=token, done=done), 303)
        return _page(form, link, question, status=409, problem=changed_meanwhile_text())
    ask_to_confirm(tenant.contact, answered)
    return redirect(url_for("status.show", token=token, done="answered"), 303)


def _fields(link: OpenedLink, question: Question) -> tuple[str, ...]:
    """The fields that staff named. With the address also those that another one needs anew."""
    addresses = {field.name for field in fields_of_kind(FieldKind.EMAIL)}
    if not addresses & set(question.fields) or sees_whole(link):
        return question.fields
    needed = {each.name for each in FORM_ORDER if each.masked and masked_value(each, link.contact)}
    return tuple(each.name for each in FORM_ORDER if each.name in needed | set(question.fields))


def _page(
    form: AnswerForm,
    link: OpenedLink,
    question: Question,
    *,
    status: int = 200,
    problem: str = "",
) -> Response:
    named = _fields(link, question)
    shown = {"answer", *named}
    emails = {field.name for field in fields_of_kind(FieldKind.EMAIL)}
    views = change_fields(form, link, sent=status != 200, without_address=not emails & shown)
    # What was asked is not optional. Whoever corrects a detail has answered as well.
    hint = _("Write an answer, correct the details below, or both.") if named else ""
    views = [
        replace(view, required=True, hint=hint) if view.name == "answer" else view for view in views
    ]
    page = render_template(
        "customer/answer.html",
        question=question.text,
        fields=[view for view in views if view.name in shown],
        removals=[
            view for view in removal_fields(link) if view.name.removeprefix("remove_") in shown
        ],
        errors=[*([("", problem)] if problem else []), *form.problems()],
        hidden=[("version", shown_version(link.tenant))],
        action=url_for("question.answer", token=link.token),
        back_url=url_for("status.show", token=link.token),
    )
    return private(page, status)
