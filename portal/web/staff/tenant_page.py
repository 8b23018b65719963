"""The page of one tenant: everything known, what may be done, and what was done."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from flask import Response, url_for

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
from portal.web.staff.decision_forms import DecisionView, SubmittedForm, forms_of
from portal.web.staff.recent_decisions import recently_decided
from portal.web.staff.tenant_card import card_of
from portal.web.staff.verbs import BY_VERB, conflict_words, done_words, history_words

#: For so long after a decision its own page says that it was done.
_JUST_NOW = timedelta(minutes=5)


@dataclass(frozen=True, kw_only=True, slots=True)
class Conflict:
    headline: str
    sentence: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Done:
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
    why: str


def tenant_page(
    tenant_id: str,
    *,
    status: int = 200,
    just_decided: bool = False,
    conflict: Conflict | None = None,
    sent: SubmittedForm | None = None,
    offer: DecisionView | None = None,
    said: str = "",
) -> Response:
    """The page, or the card that htmx swaps. `UnknownTenantError`.

    `sent` is shown again with its problems; `offer` stands in front of the other forms;
    `said` is what was done when no decision tells it.
    """
    tenant = onboarding.find(store(), tenant_id)
    done = Done(sentence=said) if said else _done(tenant) if just_decided else None
    notes = queries.notes(store(), tenant)
    forms = forms_of(tenant, notes, sent) if _may_change() else []
    answer = htmx.render(
        "staff/tenant.html",
        "staff/_tenant.html",
        code=status,
        t=card_of(tenant),
        conflict=conflict,
        done=done,
        forms=[offer, *forms] if offer else forms,
        title_error=status == 422,
        history=[_event_line(event) for event in queries.history(store(), tenant)]
        + [_first_line(tenant)],
        duplicates=[_twin(why, row) for why, row in queries.possible_duplicates(store(), tenant)],
        notes=[_note_line(note) for note in notes],
        back_url=url_for("staff.tenants", status=_tab_of(tenant)),
    )
    answer.headers["X-Robots-Tag"] = "noindex"
    return answer


def conflict_of(tenant: Tenant) -> Conflict:
    """Who was faster, with what, and when."""
    zone = settings().time_zone
    decision = tenant.decision
    if decision is None:
        return Conflict(headline=_("This was changed meanwhile."), sentence=_("Reload and check."))
    who = labels.by_whom(decision.by)
    return Conflict(
        headline=conflict_words(decision.verb, who, dates.ago(now() - decision.at)),
        sentence=_(
            "Changed by %(name)s at %(time)s. Reload and check.",
            name=who,
            time=dates.moment(decision.at, zone),
        ),
    )


def _may_change() -> bool:
    someone = person()
    return someone is not None and someone.role >= Role.APPROVER


def _tab_of(tenant: Tenant) -> str:
    if tenant.set_aside:
        return "aside"
    return "rejected" if tenant.status is Status.WITHDRAWN else tenant.status.value


# ---- What was done


def _done(tenant: Tenant) -> Done | None:
    """What this person has just decided, its undo where the life cycle has one, and who
    waits next."""
    someone, decision = person(), tenant.decision
    if someone is None or decision is None or decision.who != someone.id:
        return None
    if now() - decision.at > _JUST_NOW:
        return None
    entry = BY_VERB[decision.verb]
    undo = BY_VERB[entry.undo].route if entry.undo else ""
    following = None
    if entry.shows_next:
        following = queries.next_waiting(store(), recently_decided())
    return Done(
        sentence=done_words(decision.verb, tenant.contact.company),
        undo_url=url_for(f"decisions.{undo}", tenant_id=tenant.id) if undo else "",
        undo_label=_("Undo") if undo else "",
        undo_version=str(tenant.version or 0),
        next_url=url_for("staff.tenant", tenant_id=following[KEY]) if following else "",
        next_label=_("Next: %(company)s", company=following.get("contactCompanyName", ""))
        if following
        else "",
    )


def _event_line(event: Event) -> HistoryLine:
    zone = settings().time_zone
    details = [labels.why(event.reason)] if event.reason else []
    for name, values in event.changes.items():
        if name not in labels.ATTRIBUTE:
            continue
        label = _(labels.ATTRIBUTE[name])
        # Texts that are no instants stay as they are.
        old, new = (dates.edge_of_text(value, zone) or "–" for value in values)
        told = _("%(what)s changed", what=label)
        details.append(f"{label}: {old} → {new}" if any(values) else told)
    return HistoryLine(
        when=dates.moment(event.at, zone),
        who=labels.by_whom(event.by),
        what=history_words(event.verb),
        details=details,
    )


def _first_line(tenant: Tenant) -> HistoryLine:
    return HistoryLine(
        when=dates.moment(tenant.created_at, settings().time_zone),
        who=_("The customer"),
        what=history_words(Verb.SUBMIT.value),
    )


def _note_line(note: Note) -> HistoryLine:
    return HistoryLine(
        when=dates.moment(note.at, settings().time_zone), who=note.by, text=note.text
    )


def _twin(why: DuplicateReason, row: Item) -> DuplicateRow:
    return DuplicateRow(
        url=url_for("staff.tenant", tenant_id=row[KEY]),
        company=str(row.get("contactCompanyName", "")),
        email=str(row.get("contactEmailAddress", "")),
        status=_(labels.STATUS[records.status_of(row)]),
        why=_(labels.ALIKE[why]),
    )
