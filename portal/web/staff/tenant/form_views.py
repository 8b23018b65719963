"""The forms that a tenant's page offers, as the template shows them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask import request
from markupsafe import Markup

from portal.records import Note
from portal.tenants import Tenant, Verb
from portal.timestamps import format_timestamp
from portal.web.forms import FieldView, Form
from portal.web.http import csrf, settings, strip_unprintable, url_for
from portal.web.i18n import N_, _
from portal.web.staff.lists import back_parameter
from portal.web.staff.tenant.closed_forms import ClosedForms, FormKind, Shape
from portal.web.staff.tenant.forms import NoteForm
from portal.web.staff.tenant.sent_together import NOTE, holds_decision, holds_note
from portal.web.staff.tenant.tried_view import TriedView
from portal.web.staff.tenant.validity_form import AGREED, SUGGESTED_LAST, Question
from portal.web.staff.tenant.verb_entry import VerbEntry
from portal.web.staff.tenant.verb_form import VerbForm
from portal.web.staff.tenant.verbs import DECISIONS, has_credentials, offered

#: By the name of the form.
_KINDS = {
    entry.route: FormKind(
        name=entry.route,
        form=entry.form,
        legend=entry.legend,
        submit=entry.button,
        key=entry.key,
        is_previewed=entry.previewed is not None,
        has_credentials=has_credentials(entry),
    )
    for entry in DECISIONS
}
_NOTE_KIND = FormKind(name="note", form=NoteForm, legend=N_("Write a note"), submit=N_("Add note"))


@dataclass(frozen=True, kw_only=True, slots=True)
class FormView:
    """A form as the template shows it.

    name: the prefix of its fields' ids.
    errors: id of the field (or empty) and sentence, for the summary.
    question: what the person is asked before the form is sent again.
    differences: between this sign-up and the tenant that the form is about.
    key: the shortcut key that opens the form.
    is_first: whether it stands open, before all others.
    open: whether the form is open when the page loads.
    beside: the name of the form that the browser sends together with this one.
    preview_url: where its mail is previewed; empty if it sends none with words of staff.
    mail: the preview.
    try_url: where its client id and secret are tried; empty if that is not offered.
    tried: what that has shown.
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
    is_first: bool = False
    open: bool = False
    beside: str = ""
    preview_url: str = ""
    mail: "MailView | None" = None
    try_url: str = ""
    tried: TriedView | None = None


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


#: A form; or the HTML of those that nobody has filled in, one behind the other.
Written = tuple[Markup | None, FormView | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class OfferedForms:
    """The forms that a page offers, in their order.

    beside: the name of the form that the browser sends together with the note; empty if none.
    has_open: whether any of them has no HTML yet.
    """

    decisions: Sequence[Written] = ()
    note: Written | None = None
    beside: str = ""
    has_open: bool = False


def offered_forms(
    tenant: Tenant,
    notes: Sequence[Note],
    submitted: SubmittedForm | None,
    extra: FormView | None = None,
) -> OfferedForms:
    """The forms of the verbs that the tenant's status allows, and the form for a note.

    submitted: replaces the form of the same name.
    extra: the second choice; stands behind the activation. A renewal that the customer asks for
        takes its place.

    The browser sends a note together with the first form that has fields. So without a script each
    of the two is shown again with what was typed in it while the other one was sent.
    """
    page = _Page(tenant, submitted)
    forms: list[FormView | Shape] = []
    entries = offered(tenant)
    is_instead = extra is not None and bool(tenant.renews)
    # The form of the decision that was tried comes first: only one that takes nothing away may be
    # the first button.
    if extra and (is_instead or all(entry.verb is not Verb.ACTIVATE for entry in entries)):
        forms.append(replace(extra, is_first=True))
    beside = extra.name if extra and is_instead else ""
    begun, has_fields = holds_decision(tenant), False
    for entry in entries:
        carried = begun and not has_fields
        has_fields = has_fields or _KINDS[entry.route].has_fields
        is_activation = entry.verb is Verb.ACTIVATE
        if is_activation and is_instead:
            continue
        forms.append(page.decision(entry, is_first=not forms, carried=carried))
        if has_fields and not beside:
            beside = entry.route
        if is_activation and extra:
            forms.append(extra)
    return page.written(forms, page.note(notes, beside), beside)


class _Page:
    """The forms of one page."""

    def __init__(self, tenant: Tenant, submitted: SubmittedForm | None) -> None:
        self._tenant, self._submitted = tenant, submitted
        self._version = str(tenant.version or 0)
        self._back = back_parameter()
        # All of them are sent to addresses beside each other.
        address, mark, query = url_for(NOTE, tenant_id=tenant.id, back=self._back).partition("?")
        self._closed = ClosedForms(
            tenant,
            address=address.removesuffix(_NOTE_KIND.name),
            query=f"{mark}{query}",
            version=self._version,
            token=csrf.csrf_token(),
            owner=csrf.new_form_owner(),
        )

    def decision(self, entry: VerbEntry, *, is_first: bool, carried: bool) -> FormView | Shape:
        """carried: show what the request holds, although another form was sent."""
        tenant, kind = self._tenant, _KINDS[entry.route]
        data = entry.form.initial_data(tenant)
        tone, explanation = entry.tone(tenant), entry.explanation(tenant)
        can_be_tried = kind.has_credentials and settings().fsm.try_credentials
        if not (carried or self._is_submitted(kind)):
            return self._closed.add(
                kind,
                data,
                is_first=is_first,
                tone=tone,
                explanation=explanation,
                can_be_tried=can_be_tried,
            )
        return self._open(
            kind,
            data,
            is_first=is_first,
            tone=tone,
            explanation=explanation,
            key=entry.key,
            hidden=[("version", self._version)],
            preview_url=self._address(f"{kind.name}_preview") if kind.is_previewed else "",
            try_url=self._address(f"{kind.name}_try") if can_be_tried else "",
        )

    def note(self, notes: Sequence[Note], beside: str) -> FormView | Shape:
        latest_note_at = notes[0].at if notes else None
        # A note changes no version, so a double click is recognised by the latest note that the
        # page showed.
        after = format_timestamp(latest_note_at) if latest_note_at else ""
        if not (holds_note() or self._is_submitted(_NOTE_KIND)):
            return self._closed.add(_NOTE_KIND, {}, beside=beside, hidden={"after": after})
        hidden = [("version", self._version), ("after", after)]
        return self._open(_NOTE_KIND, {}, beside=beside, hidden=hidden)

    def written(
        self, forms: Sequence[FormView | Shape], note: FormView | Shape, beside: str
    ) -> OfferedForms:
        """All of them, as the template takes them."""
        groups: list[list[Shape]] = []
        order: list[FormView | None] = []
        for form in forms:
            if isinstance(form, FormView):
                order.append(form)
            elif order and order[-1] is None:
                groups[-1].append(form)
            else:
                order.append(None)
                groups.append([form])
        notes = [] if isinstance(note, FormView) else [(note,)]
        html = iter(self._closed.written(*map(tuple, groups), *notes))
        return OfferedForms(
            decisions=[(None, form) if form else (next(html), None) for form in order],
            note=(None, note) if isinstance(note, FormView) else (next(html), None),
            beside=beside,
            has_open=any(order) or isinstance(note, FormView),
        )

    def _is_submitted(self, kind: FormKind) -> bool:
        return self._submitted is not None and self._submitted.name == kind.name

    def _address(self, name: str) -> str:
        return url_for(f"decisions.{name}", tenant_id=self._tenant.id, back=self._back)

    def _open(self, kind: FormKind, data: Mapping[str, str], **texts: Any) -> FormView:
        """A form that was sent and refused, or that holds what was sent with another one."""
        name, tenant, submitted = kind.name, self._tenant, self._submitted
        question: Question | None = None
        errors: Sequence[tuple[str, str]] = ()
        if submitted is not None and submitted.name == name:
            form, question = submitted.form, submitted.question
            texts |= {"mail": submitted.mail, "tried": submitted.tried}
            errors = form.problems(name)
        else:
            form = kind.form()
        suggested = request.form.get(SUGGESTED_LAST, "")
        if isinstance(form, VerbForm):
            form.tenant, form.labels = tenant, form.option_labels(tenant)
        # A note is sent together with the activation, and must not hold its field once more.
        if suggested and SUGGESTED_LAST in data:
            texts["hidden"] = [*texts["hidden"], (SUGGESTED_LAST, strip_unprintable(suggested))]
        texts["submit"] = _(kind.submit)
        if question:
            texts |= asked(question, texts["hidden"])
        return FormView(
            name=name,
            action=self._address(name),
            legend=_(kind.legend),
            fields=form.views(name, **_notes(form, tenant)),
            errors=errors,
            open=True,
            **texts,
        )


def _notes(form: Form, tenant: Tenant) -> dict[str, str]:
    """Name of a field -> what is said beside it, in a form that is shown again."""
    notes = dict(form.notes(tenant, form.typed())) if isinstance(form, VerbForm) else {}
    return notes | {
        field.short_name: _("Type it again: what you typed is not shown.")
        for field in form
        if field.view_options.get("type") == "secret" and field.data
    }


def asked(question: Question, hidden: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """The texts of a form whose button now answers the question."""
    return {
        "question": question.sentences,
        "submit": question.button,
        "tone": "negative",
        "hidden": [*hidden, (AGREED, question.agreed)],
    }
