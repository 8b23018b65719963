"""The forms that a tenant's page offers, as the template shows them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import request
from markupsafe import Markup

from portal.records import Note
from portal.tenants import Tenant, Verb
from portal.timestamps import format_timestamp
from portal.web.forms import FieldView, Form, form_version
from portal.web.http import csrf, htmx, settings, strip_unprintable, url_for
from portal.web.i18n import _
from portal.web.staff.lists import back_parameter
from portal.web.staff.tenant.closed_forms import closed_form, has_fields
from portal.web.staff.tenant.forms import NoteForm
from portal.web.staff.tenant.tried_view import TriedView
from portal.web.staff.tenant.validity_form import AGREED, SUGGESTED_LAST, Question
from portal.web.staff.tenant.verb_entry import VerbEntry
from portal.web.staff.tenant.verb_form import VerbForm
from portal.web.staff.tenant.verbs import DECISIONS, has_credentials

#: The endpoint of a note.
_NOTE = "decisions.note"
#: The browser sends the form that stands first together with these.
_SENT_WITH_DECISION = frozenset({_NOTE, "decisions.assign", "decisions.send_again"})
#: Their `text` is their own: the question to a customer has one as well.
_WITH_OWN_TEXT = frozenset({
    _NOTE,
    *(f"decisions.{entry.route}" for entry in DECISIONS if hasattr(entry.form, "text")),
    *(f"decisions.{entry.route}_preview" for entry in DECISIONS if hasattr(entry.form, "text")),
})  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class FormView:
    """A form as the template shows it.

    name: the prefix of its fields' ids.
    errors: id of the field (or empty) and sentence, for the summary.
    question: what the person is asked before the form is sent again.
    differences: between this sign-up and the tenant that the form is about.
    key: the shortcut key that opens the form.
    open: whether the form is open when the page loads.
    beside: the name of the form that the browser sends together with this one.
    preview_url: where its mail is previewed; empty if it sends none with words of staff.
    mail: the preview.
    try_url: where its client id and secret are tried; empty if that is not offered.
    tried: what that has shown.
    html: the whole form, if nobody has filled it in. Then all that is inside it stands here alone.
    """

    name: str
    action: str
    legend: str
    submit: str
    tone: str = "plain"
    fields: Sequence[FieldView] = ()
    errors: Sequence[tuple[str, str]] = ()
    question: Sequence[str] = ()
    differences: Sequence["Difference"] = ()
    hidden: Sequence[tuple[str, str]] = ()
    explanation: str = ""
    key: str = ""
    open: bool = False
    beside: str = ""
    preview_url: str = ""
    mail: "MailView | None" = None
    try_url: str = ""
    tried: TriedView | None = None
    html: Markup | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class MailView:
    """The mail that a decision would send. `text` is empty if it sends none."""

    headline: str
    subject: str = ""
    text: str = ""
    locale: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """One detail of this sign-up, and of the tenant that its account already has."""

    label: str
    here: str
    there: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SubmittedForm:
    """A form that was sent and refused, or whose mail is previewed. It is shown again with
    everything that was typed.

    question: what the person is asked, if it was refused only because nobody agreed yet.
    mail: the preview.
    tried: what a try of its credentials has shown.
    """

    name: str
    form: Form
    question: Question | None = None
    mail: MailView | None = None
    tried: TriedView | None = None


def offered_forms(
    tenant: Tenant, notes: Sequence[Note], submitted: SubmittedForm | None
) -> list[FormView]:
    """The forms of the verbs that the tenant's status allows, and the form for a note.

    submitted: replaces the form of the same name.

    The browser sends a note together with the first form that has fields. So without a script each
    of the two is shown again with what was typed in it while the other one was sent.
    """
    version_field = [("version", str(tenant.version or 0))]
    page = _Page(back=back_parameter(), token=csrf.csrf_token(), owner=csrf.new_form_owner())
    forms: list[FormView] = []
    beside = ""
    for entry in _offered(tenant):
        view = _view(
            tenant,
            entry.route,
            entry.form,
            entry.form.initial_data(tenant),
            submitted,
            page=page,
            carried=not beside and _holds_decision(tenant),
            legend=_(entry.legend),
            submit=_(entry.button),
            tone=entry.tone(tenant),
            explanation=entry.explanation(tenant),
            key=entry.key,
            hidden=version_field,
            preview_url=_preview_url(tenant, entry, page.back),
            try_url=_try_url(tenant, entry, page.back),
        )
        beside = beside or (view.name if has_fields(entry.form) else "")
        forms.append(view)
    latest_note_at = notes[0].at if notes else None
    # A note changes no version, so a double click is recognised by the latest note that the
    # page showed.
    after = format_timestamp(latest_note_at) if latest_note_at else ""
    note = _view(
        tenant,
        "note",
        NoteForm,
        {},
        submitted,
        page=page,
        carried=holds_note(),
        legend=_("Write a note"),
        submit=_("Add note"),
        hidden=[*version_field, ("after", after)],
        beside=beside,
    )
    return [*forms, note]


def _offered(tenant: Tenant) -> list[VerbEntry]:
    """The first one stands open. Where the details were erased, nothing that gives access is
    possible without a contact, so that comes first."""
    offered = [entry for entry in DECISIONS if entry.is_offered(tenant)]
    if tenant.erased:
        offered.sort(key=lambda entry: entry.verb is not Verb.EDIT_CONTACT)
    return offered


@dataclass(frozen=True, kw_only=True, slots=True)
class _Page:
    """What all forms of a page share.

    back: the parameter that leads back to the list.
    token, owner: the tokens of the reader.
    """

    back: str | None
    token: str
    owner: str


def _preview_url(tenant: Tenant, entry: VerbEntry, back: str | None) -> str:
    if entry.previewed is None:
        return ""
    endpoint = f"decisions.{entry.route}_preview"
    return url_for(endpoint, tenant_id=tenant.id, back=back)


def _try_url(tenant: Tenant, entry: VerbEntry, back: str | None) -> str:
    if not (has_credentials(entry) and settings().fsm.try_credentials):
        return ""
    endpoint = f"decisions.{entry.route}_try"
    return url_for(endpoint, tenant_id=tenant.id, back=back)


def holds_note() -> bool:
    """Whether a decision was sent, without a script, while somebody had begun a note."""
    text = request.form.get("text", "") if _is_sent_without_script() else ""
    return request.endpoint not in _WITH_OWN_TEXT and bool(text.strip())


def holds_entries_beside() -> bool:
    """Whether something else was sent, without a script, while somebody had begun a note, typed a
    second address, or chosen a colleague."""
    if holds_note():
        return True
    others = {"address": "decisions.send_again", "colleague": "decisions.assign"}
    return _is_sent_without_script() and any(
        request.form.get(name, "").strip() and request.endpoint != endpoint
        for name, endpoint in others.items()
    )


def holds_begun_decision(tenant: Tenant) -> bool:
    """Whether a note, or another form beside it, was sent, without a script, while somebody had
    begun a decision."""
    if not _holds_decision(tenant):
        return False
    for entry in _offered(tenant):
        shown = entry.form.initial_data(tenant)
        names = [field.short_name for field in entry.form(formdata=None)]
        if names:
            return any(request.form.get(name, "") != shown.get(name, "") for name in names)
    return False


def _holds_decision(tenant: Tenant) -> bool:
    """Whether something else was sent together with the first decision, as this tenant's page
    shows it."""
    is_other = _is_sent_without_script() and request.endpoint in _SENT_WITH_DECISION
    is_same = (request.view_args or {}).get("tenant_id") == tenant.id
    return is_other and is_same and form_version() == (tenant.version or None)


def _is_sent_without_script() -> bool:
    # With a script the page keeps its other entries itself, secrets as well.
    return request.method == "POST" and not htmx.wants_fragment()


def _view(
    tenant: Tenant,
    name: str,
    form_class: type[Form],
    data: Mapping[str, str],
    submitted: SubmittedForm | None,
    *,
    page: _Page,
    carried: bool,
    **texts: Any,
) -> FormView:
    """carried: show what the request holds, although another form was sent."""
    question, is_open = None, False
    errors: Sequence[tuple[str, str]] = ()
    if submitted is not None and submitted.name == name:
        form, question, is_open = submitted.form, submitted.question, True
        texts |= {"mail": submitted.mail, "tried": submitted.tried}
        errors = form.problems(name)
    elif carried:
        form, is_open = form_class(), True
    else:
        return _closed_view(tenant, name, form_class, data, page=page, **texts)
    suggested = request.form.get(SUGGESTED_LAST, "")
    if isinstance(form, VerbForm):
        form.tenant, form.labels = tenant, form.option_labels(tenant)
    # A note is sent together with the activation, and must not hold its field once more.
    if suggested and SUGGESTED_LAST in data:
        texts["hidden"] = [*texts["hidden"], (SUGGESTED_LAST, strip_unprintable(suggested))]
    if question:
        texts |= asked(question, texts["hidden"])
    return FormView(
        name=name,
        action=url_for(f"decisions.{name}", tenant_id=tenant.id, back=page.back),
        fields=form.views(name, **_notes(form, tenant, is_shown_again=is_open)),
        errors=errors,
        open=is_open,
        **texts,
    )


def _closed_view(
    tenant: Tenant,
    name: str,
    form_class: type[Form],
    data: Mapping[str, str],
    *,
    page: _Page,
    legend: str,
    submit: str,
    hidden: Sequence[tuple[str, str]],
    tone: str = "plain",
    explanation: str = "",
    key: str = "",
    preview_url: str = "",
    try_url: str = "",
    beside: str = "",
) -> FormView:
    """A form that nobody has filled in."""
    suggested = data.get(SUGGESTED_LAST, "")
    if suggested:
        hidden = [*hidden, (SUGGESTED_LAST, suggested)]
    action = url_for(f"decisions.{name}", tenant_id=tenant.id, back=page.back)
    html = closed_form(
        tenant,
        name,
        form_class,
        data,
        action=action,
        submit=submit,
        tone=tone,
        hidden=hidden,
        explanation=explanation,
        preview_url=preview_url,
        try_url=try_url,
        beside=beside,
        token=page.token,
        owner=page.owner,
    )
    return FormView(
        name=name,
        action=action,
        legend=legend,
        submit=submit,
        tone=tone,
        key=key,
        beside=beside,
        html=html,
    )


def _notes(form: Form, tenant: Tenant, *, is_shown_again: bool) -> dict[str, str]:
    """Name of a field -> what is said beside it."""
    notes = dict(form.notes(tenant, form.typed())) if isinstance(form, VerbForm) else {}
    if is_shown_again:
        notes |= {
            field.short_name: _("Type it again: what you typed is not shown.")
            for field in form
            if field.view_options.get("type") == "secret" and field.data
        }
    return notes


def asked(question: Question, hidden: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """The texts of a form whose button now answers the question."""
    return {
        "question": question.sentences,
        "submit": question.button,
        "tone": "negative",
        "hidden": [*hidden, (AGREED, question.agreed)],
    }
