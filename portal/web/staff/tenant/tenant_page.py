"""The page of one tenant: facts, duplicates, forms, history and notes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, partial
from typing import NamedTuple

from flask import Response, render_template, request

from portal import desk, onboarding, queries, records
from portal.auth import Role
from portal.queries import DuplicateReason
from portal.records import Event, Note
from portal.stores import KEY, Item
from portal.tenants import Status, Tenant, Verb
from portal.web.http import htmx, now, person, settings, store, url_for
from portal.web.i18n import _, dates, labels, locale_name, ngettext
from portal.web.staff.lists import back_parameter, list_url, recently_decided
from portal.web.staff.tenant.confirmations import (
    Confirmation,
    confirm_assignment,
    confirm_decision,
    confirm_note,
    undo_offer,
)
from portal.web.staff.tenant.form_views import FormView, SubmittedForm
from portal.web.staff.tenant.lamps import lamps
from portal.web.staff.tenant.mails import again_form, mail_lines
from portal.web.staff.tenant.offered_forms import OfferedForms, offered_forms
from portal.web.staff.tenant.question_view import question_view
from portal.web.staff.tenant.related import related_requests
from portal.web.staff.tenant.renewal import renewal_of_known_ids
from portal.web.staff.tenant.section import section_html
from portal.web.staff.tenant.team_view import team_view
from portal.web.staff.tenant.tenant_card import proved_words, tenant_card
from portal.web.staff.tenant.tried_view import latest_try
from portal.web.staff.tenant.verbs import (
    conflict_headline,
    history_label,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class ConflictNotice:
    headline: str
    advice: str


class HistoryLine(NamedTuple):
    """One entry of the history, or a note."""

    when: str
    who: str
    what: str = ""
    text: str = ""
    details: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class DuplicateRow:
    url: str
    company: str
    email: str
    status: str
    reason: str


def show_tenant(tenant_id: str) -> Response:
    """The page. Its address may say what to confirm: `done`, the latest decision of this person,
    and `closed`, the sign-up that it closed; or `noted`, the latest note; or `assigned`, to whom it
    was given."""
    closed = request.args.get("closed", "")
    return tenant_page(
        tenant_id,
        just_decided="done" in request.args,
        just_noted="noted" in request.args,
        just_assigned="assigned" in request.args,
        closed=closed,
    )


def tenant_page(
    tenant_id: str,
    *,
    status: int = 200,
    just_decided: bool = False,
    just_noted: bool = False,
    just_assigned: bool = False,
    closed: str = "",
    confirmation: Confirmation | None = None,
    conflict: ConflictNotice | None = None,
    submitted: SubmittedForm | None = None,
    extra_form: FormView | None = None,
) -> Response:
    """The page, or the section of it that htmx swaps.

    status: the status code of the answer.
    just_decided: confirm the latest decision, if this person made it.
    just_noted: confirm the latest note, if this person wrote it.
    just_assigned: confirm to whom this person gave the tenant.
    closed: the sign-up that the decision closed towards this tenant.
    confirmation: said instead of these.
    submitted: a form that was refused; shown again with its errors.
    extra_form: the second choice; stands behind the first of the other forms.

    Raises:
        UnknownTenantError: no tenant has this id.
    """
    loaded = onboarding.load(store(), tenant_id)
    tenant, may_change = loaded.tenant, _may_change()
    items = _items_beside(tenant)
    events = queries.history(store(), tenant)
    notes = queries.notes(store(), tenant)
    if just_decided:
        confirmation = confirm_decision(tenant, loaded.item, closed)
    elif just_noted:
        confirmation = confirm_note(notes)
    elif just_assigned:
        confirmation = confirm_assignment(
            tenant, desk.desk_of(items.get(records.desk_id(tenant.id)), tenant)
        )
    undo = None
    if not (confirmation and confirmation.undo_url) and may_change:
        undo = undo_offer(tenant, loaded.item)
    said = {(note.verb, note.at): note.text for note in notes if note.verb}
    mails = queries.mails(store(), tenant)
    use = queries.use_in(items, tenant)
    forms = OfferedForms()
    if may_change:
        extra_form = extra_form or renewal_of_known_ids(tenant)
        forms = offered_forms(tenant, notes, submitted, extra_form)
    duplicates = [
        _duplicate_row(reason, row) for reason, row in queries.possible_duplicates(store(), tenant)
    ]
    is_fragment = htmx.wants_fragment()
    card = tenant_card(tenant, records.known_open_gaps(loaded.item))
    context = {
        "fragment": is_fragment,
        "team": team_view(tenant, items, beside=forms.beside),
        "card": card,
        "conflict": conflict,
        "confirmation": confirmation,
        "undo": undo,
        "decisions": forms.decisions,
        "note_form": forms.note,
        "has_open_forms": forms.has_open,
        "related": related_requests(tenant, items.get(records.follow_up_id(tenant.id))),
        "history": [_history_line(event, said) for event in events] + [_sign_up_line(tenant, said)],
        "question": question_view(tenant),
        "duplicates": duplicates,
        "duplicates_counted": _counted(len(duplicates), locale_name()) if duplicates else "",
        "notes": [_note_line(note) for note in notes if not note.verb],
        "lamps": lamps(tenant, events, mails, use),
        "tried": latest_try(use),
        "mails": mail_lines(mails),
        "again": again_form(tenant, mails) if may_change else None,
        "back_url": list_url(default_tab=_tab_of(tenant), tenant_id=tenant.id),
        "next_url": _next_url(loaded.item),
    }
    html: str = section_html(tenant.id, context)
    if not is_fragment:
        html = render_template(
            "staff/tenant_page.html", section=html, card=card, title_error=status == 422
        )
    answer = Response(html, status)
    answer.headers["X-Robots-Tag"] = "noindex"
    return answer


def _items_beside(tenant: Tenant) -> Mapping[str, Item]:
    """What the page needs of other items, read at once, by their ids."""
    ids = (records.desk_id, records.presence_id, records.follow_up_id)
    return store().get_many([*(id_of(tenant.id) for id_of in ids), *queries.use_ids(tenant)])


def _next_url(item: Item) -> str:
    """The next one waiting, for whoever leaves this one undecided; empty if there is none."""
    found = queries.next_waiting_after(store(), item, recently_decided())
    if found is None:
        return ""
    return url_for("staff.tenant", tenant_id=found[KEY], back=back_parameter())


def conflict_notice(tenant: Tenant) -> ConflictNotice:
    """Who decided first, what, and when."""
    zone = settings().time_zone
    decision = tenant.decision
    if decision is None:
        return ConflictNotice(
            headline=_("This tenant was changed in the meantime."),
            advice=_(
                "Your decision was not saved; this is the tenant now. Check it before you decide"
                " again."
            ),
        )
    who = labels.actor_label(decision.by)
    return ConflictNotice(
        headline=conflict_headline(decision.verb, who, dates.ago(now() - decision.at)),
        advice=_(
            "Your decision was not saved. %(decision)s; this is the tenant now. Check it before"
            " you decide again.",
            decision=conflict_headline(
                decision.verb, who, _("at %(time)s", time=dates.moment(decision.at, zone))
            ).removesuffix("."),
        ),
    )


def _may_change() -> bool:
    user = person()
    return user is not None and user.role >= Role.APPROVER


def _tab_of(tenant: Tenant) -> str:
    if tenant.status is Status.PENDING and not tenant.is_queued:
        return "aside"
    return "rejected" if tenant.status is Status.WITHDRAWN else tenant.status.value


def _history_line(event: Event, said: Mapping[tuple[str, datetime | None], str]) -> HistoryLine:
    """`said`: the words of questions and answers, by the verb and the time of their events."""
    zone = settings().time_zone
    undone = event.reason if event.verb == Verb.UNDO else ""
    details = [labels.reason_label(event.reason)] if event.reason and not undone else []
    for name, values in event.changes.items():
        if name not in labels.ATTRIBUTE:
            continue
        label = _(labels.ATTRIBUTE[name])
        # A value that is no timestamp stays as it is.
        is_proof = name == "shellProof"
        show = labels.proved_label if is_proof else partial(dates.edge_of_text, zone=zone)
        old, new = (show(value) or "–" for value in values)
        if any(values):
            details.append(f"{label}: {old} → {new}")
        else:
            details.append(_("%(what)s changed", what=label))
    return HistoryLine(
        when=dates.moment(event.at, zone),
        who=labels.actor_label(event.by),
        what=history_label(event.verb, undone),
        text=said.get((event.verb, event.at), ""),
        details=details,
    )


def _sign_up_line(tenant: Tenant, said: Mapping[tuple[str, datetime | None], str]) -> HistoryLine:
    """With what the customer wrote to staff, who had rejected an earlier request, and what the
    shell has proved of the ids that the tenant still has."""
    proved = proved_words(tenant.shell_proof) if tenant.shell_proof else ""
    attribute = labels.ATTRIBUTE["shellProof"]
    label = _(attribute)
    return HistoryLine(
        when=dates.moment(tenant.created_at, settings().time_zone),
        who=_("The customer"),
        what=history_label(Verb.SUBMIT.value),
        text=said.get((Verb.SUBMIT.value, tenant.created_at), ""),
        details=[f"{label}: {proved}"] if proved else [],
    )


def _note_text(note: Note) -> str:
    if note.is_no_reminders:
        return _("No more reminders by mail, please.")
    return (
        _("Second email address: %(address)s", address=note.text) if note.is_address else note.text
    )


def _note_line(note: Note) -> HistoryLine:
    return HistoryLine(
        when=dates.moment(note.at, settings().time_zone),
        who=labels.actor_label(note.by),
        text=_note_text(note),
    )


def _duplicate_row(reason: DuplicateReason, row: Item) -> DuplicateRow:
    return DuplicateRow(
        url=url_for("staff.tenant", tenant_id=row[KEY]),
        company=str(row.get("contactCompanyName", "")),
        email=str(row.get("contactEmailAddress", "")),
        status=_(labels.STATUS[records.status_of(row)]),
        reason=_(labels.DUPLICATE_REASON[reason]),
    )


@lru_cache(256)
def _counted(number: int, language: str) -> str:
    """How many duplicates there are. `language`: that of the request."""
    del language
    return ngettext("%(num)d possible duplicate", "%(num)d possible duplicates", number)
