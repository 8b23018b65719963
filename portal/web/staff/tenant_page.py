"""The page of one tenant: facts, duplicates, forms, history and notes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from flask import Response, request, url_for

from portal import onboarding, queries, records
from portal.auth import Role
from portal.queries import DuplicateReason
from portal.records import Event, Note
from portal.stores import KEY, Item
from portal.tenants import Status, Tenant, Verb
from portal.web.http import (
    htmx,
    now,
    person,
    settings,
    store,
)
from portal.web.i18n import _, dates, labels
from portal.web.staff.form_views import FormView, SubmittedForm, offered_forms
from portal.web.staff.recent_decisions import recently_decided
from portal.web.staff.tenant_card import tenant_card
from portal.web.staff.verbs import BY_VERB, confirmation_sentence, conflict_headline, history_label

#: For this long after a decision, the page of the tenant confirms it.
_JUST_NOW = timedelta(minutes=5)


@dataclass(frozen=True, kw_only=True, slots=True)
class ConflictNotice:
    headline: str
    advice: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Confirmation:
    sentence: str
    undo_url: str = ""
    undo_label: str = ""
    undo_version: str = ""
    next_url: str = ""
    next_label: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class HistoryLine:
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
    return tenant_page(tenant_id, just_decided="done" in request.args)


def tenant_page(
    tenant_id: str,
    *,
    status: int = 200,
    just_decided: bool = False,
    conflict: ConflictNotice | None = None,
    submitted: SubmittedForm | None = None,
    extra_form: FormView | None = None,
    confirmation: Confirmation | None = None,
) -> Response:
    """The page, or the section of it that htmx swaps.

    status: the status code of the answer.
    just_decided: confirm the latest decision, if this person made it.
    confirmation: what to confirm otherwise, such as a new note.
    submitted: a form that was refused; shown again with its errors.
    extra_form: stands in front of the other forms.

    Raises:
        UnknownTenantError: no tenant has this id.
    """
    tenant = onboarding.find(store(), tenant_id)
    if just_decided:
        confirmation = _confirm_decision(tenant)
    notes = queries.notes(store(), tenant)
    forms = offered_forms(tenant, notes, submitted) if _may_change() else []
    answer = htmx.render(
        "staff/tenant_page.html",
        "staff/_tenant_page.html",
        code=status,
        card=tenant_card(tenant),
        conflict=conflict,
        confirmation=confirmation,
        forms=[extra_form, *forms] if extra_form else forms,
        title_error=status == 422,
        history=[_history_line(event) for event in queries.history(store(), tenant)]
        + [_sign_up_line(tenant)],
        duplicates=[
            _duplicate_row(reason, row)
            for reason, row in queries.possible_duplicates(store(), tenant)
        ],
        notes=[_note_line(note) for note in notes],
        back_url=url_for("staff.tenants", status=_tab_of(tenant)),
    )
    answer.headers["X-Robots-Tag"] = "noindex"
    return answer


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
            "Your decision was not saved. %(name)s changed this at %(time)s; this is the tenant"
            " now. Check it before you decide again.",
            name=who,
            time=dates.moment(decision.at, zone),
        ),
    )


def _may_change() -> bool:
    user = person()
    return user is not None and user.role >= Role.APPROVER


def _tab_of(tenant: Tenant) -> str:
    if tenant.set_aside:
        return "aside"
    return "rejected" if tenant.status is Status.WITHDRAWN else tenant.status.value


# ---- What was done


def _confirm_decision(tenant: Tenant) -> Confirmation | None:
    """What this person has just decided, how to undo it, and the next pending tenant.

    `None` if somebody else made the latest decision, or if it is older than five minutes.
    """
    user, decision = person(), tenant.decision
    if user is None or decision is None or decision.who != user.id:
        return None
    if now() - decision.at > _JUST_NOW:
        return None
    entry = BY_VERB[decision.verb]
    undo = BY_VERB[entry.undo].route if entry.undo else ""
    next_tenant = None
    if entry.shows_next:
        next_tenant = queries.next_waiting(store(), recently_decided())
    return Confirmation(
        sentence=confirmation_sentence(decision.verb, tenant.contact.company),
        undo_url=url_for(f"decisions.{undo}", tenant_id=tenant.id) if undo else "",
        undo_label=_("Undo") if undo else "",
        undo_version=str(tenant.version or 0),
        next_url=url_for("staff.tenant", tenant_id=next_tenant[KEY]) if next_tenant else "",
        next_label=_("Next: %(company)s", company=next_tenant.get("contactCompanyName", ""))
        if next_tenant
        else "",
    )


def _history_line(event: Event) -> HistoryLine:
    zone = settings().time_zone
    details = [labels.reason_label(event.reason)] if event.reason else []
    for name, values in event.changes.items():
        if name not in labels.ATTRIBUTE:
            continue
        label = _(labels.ATTRIBUTE[name])
        # A value that is no timestamp stays as it is.
        old, new = (dates.edge_of_text(value, zone) or "–" for value in values)
        if any(values):
            details.append(f"{label}: {old} → {new}")
        else:
            details.append(_("%(what)s changed", what=label))
    return HistoryLine(
        when=dates.moment(event.at, zone),
        who=labels.actor_label(event.by),
        what=history_label(event.verb),
        details=details,
    )


def _sign_up_line(tenant: Tenant) -> HistoryLine:
    return HistoryLine(
        when=dates.moment(tenant.created_at, settings().time_zone),
        who=_("The customer"),
        what=history_label(Verb.SUBMIT.value),
    )


def _note_line(note: Note) -> HistoryLine:
    return HistoryLine(
        when=dates.moment(note.at, settings().time_zone), who=note.by, text=note.text
    )


def _duplicate_row(reason: DuplicateReason, row: Item) -> DuplicateRow:
    return DuplicateRow(
        url=url_for("staff.tenant", tenant_id=row[KEY]),
        company=str(row.get("contactCompanyName", "")),
        email=str(row.get("contactEmailAddress", "")),
        status=_(labels.STATUS[records.status_of(row)]),
        reason=_(labels.DUPLICATE_REASON[reason]),
    )
