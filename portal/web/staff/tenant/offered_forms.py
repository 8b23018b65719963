"""The forms that a tenant's page offers: one for each verb that the status of the tenant allows,
and one for a note.

Somebody who works on a tenant gets its page again and again. So the HTML of forms that nobody has
typed anything into is kept, by all that it depends on. Only the tokens are filled in each time,
by `with_tokens` of `closed_forms`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from flask import request
from markupsafe import Markup

from portal.records import Note
from portal.tenants import Tenant, Verb
from portal.timestamps import format_timestamp
from portal.web.forms import Form, region
from portal.web.http import now, settings, strip_unprintable, url_for
from portal.web.i18n import N_, _, dates, locale_name
from portal.web.staff.lists import back_parameter
from portal.web.staff.tenant.closed_forms import ClosedForms, FormKind, Shape
from portal.web.staff.tenant.form_views import FormView, SubmittedForm, asked
from portal.web.staff.tenant.forms import NoteForm
from portal.web.staff.tenant.sent_together import NOTE, holds_decision, holds_note
from portal.web.staff.tenant.validity_form import SUGGESTED_LAST, Question
from portal.web.staff.tenant.verb_entry import VerbEntry
from portal.web.staff.tenant.verb_form import VerbForm
from portal.web.staff.tenant.verbs import (
    DECISIONS,
    has_credentials,
    offered,
    validity_has_ended,
)

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

    The HTML of forms has marks that `with_tokens` fills in.

    The browser sends a note together with the first form that has fields. So without a script each
    of the two is shown again with what was typed in it while the other one was sent.
    """
    # A note changes no version, so a double click is recognised by the latest note that the page
    # showed.
    latest_note_at = notes[0].at if notes else None
    after = format_timestamp(latest_note_at) if latest_note_at else ""
    address = url_for(NOTE, tenant_id=tenant.id, back=back_parameter())
    if submitted or extra or request.method == "POST":
        return _forms_of(_Page(tenant, submitted, address), tenant, after, extra)
    return _untouched(tenant, after, address, _setting_of(tenant))


class _Setting(NamedTuple):
    """What forms depend on that nobody has typed anything into, beside the tenant. While they are
    made, no other setting is looked up, and nothing of the request but what stands here.

    Attributes:
        country: Assumed for phone numbers without a country code.
        today: In the time zone.
        has_ended: Whether the validity of the tenant has.
    """

    language: str
    country: str
    zone: ZoneInfo
    today: date
    has_ended: bool
    first_term_days: int
    can_try: bool


def _setting_of(tenant: Tenant) -> _Setting:
    used = settings()
    return _Setting(
        language=locale_name(),
        country=region(),
        zone=used.time_zone,
        today=dates.today(now(), used.time_zone),
        has_ended=validity_has_ended(tenant),
        first_term_days=used.first_term_days,
        can_try=used.fsm.try_credentials,
    )


# As many as a few people work on, since they are personal.
@lru_cache(64)
def _untouched(tenant: Tenant, after: str, address: str, setting: _Setting) -> OfferedForms:
    """The forms of a page on which nothing was sent or typed.

    Args:
        setting: All else that they depend on.
    """
    del setting
    return _forms_of(_Page(tenant, None, address), tenant, after)


def _forms_of(
    page: "_Page", tenant: Tenant, after: str, extra: FormView | None = None
) -> OfferedForms:
    """The forms of the page. `after`: when the latest note was written."""
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
    return page.written(forms, page.note(after, beside), beside)


class _Page:
    """The forms of one page."""

    def __init__(
        self,
        tenant: Tenant,
        submitted: SubmittedForm | None,
        address: str,
    ) -> None:
        """`address`: where the note is sent. All forms are sent to addresses beside each other."""
        self._tenant, self._submitted = tenant, submitted
        self._version = str(tenant.version or 0)
        path, mark, query = address.partition("?")
        self._closed = ClosedForms(
            tenant,
            address=path.removesuffix(_NOTE_KIND.name),
            query=f"{mark}{query}",
            version=self._version,
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

    def note(self, after: str, beside: str) -> FormView | Shape:
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
        return url_for(f"decisions.{name}", tenant_id=self._tenant.id, back=back_parameter())

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
