"""The forms that a tenant's page offers, as the template shows them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import url_for

from portal.records import Note
from portal.tenants import Tenant
from portal.timestamps import format_timestamp
from portal.web.forms import FieldView, Form
from portal.web.i18n import _
from portal.web.staff.forms import NoteForm
from portal.web.staff.verbs import DECISIONS


@dataclass(frozen=True, kw_only=True, slots=True)
class FormView:
    """A form as the template shows it.

    name: the prefix of its fields' ids.
    errors: id of the field (or empty) and sentence, for the summary.
    key: the shortcut key that opens the form.
    open: whether the form is open when the page loads.
    """

    name: str
    action: str
    legend: str
    submit: str
    tone: str = "plain"
    fields: Sequence[FieldView] = ()
    errors: Sequence[tuple[str, str]] = ()
    hidden: Sequence[tuple[str, str]] = ()
    explanation: str = ""
    key: str = ""
    open: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class SubmittedForm:
    """A form that was sent and refused. It is shown again with everything that was typed."""

    name: str
    form: Form


def offered_forms(
    tenant: Tenant, notes: Sequence[Note], submitted: SubmittedForm | None
) -> list[FormView]:
    """The forms of the verbs that the tenant's status allows, and the form for a note.

    submitted: replaces the form of the same name.
    """
    version_field = [("version", str(tenant.version or 0))]
    forms = [
        _view(
            tenant,
            entry.route,
            entry.form,
            entry.form.initial_data(tenant),
            submitted,
            legend=_(entry.legend),
            submit=_(entry.button),
            tone=entry.tone(tenant),
            explanation=entry.explanation(tenant),
            key=entry.key,
            hidden=version_field,
        )
        for entry in DECISIONS
        if entry.is_offered(tenant)
    ]
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
        legend=_("Write a note"),
        submit=_("Add note"),
        hidden=[*version_field, ("after", after)],
    )
    return [*forms, note]


def _view(
    tenant: Tenant,
    name: str,
    form_class: type[Form],
    data: Mapping[str, str],
    submitted: SubmittedForm | None,
    **texts: Any,
) -> FormView:
    if submitted is None or submitted.name != name:
        form, errors, is_open = form_class(formdata=None, data=data), [], False
    else:
        form, errors, is_open = submitted.form, submitted.form.problems(name), True
    return FormView(
        name=name,
        action=url_for(f"decisions.{name}", tenant_id=tenant.id),
        fields=form.views(name),
        errors=errors,
        open=is_open,
        **texts,
    )
