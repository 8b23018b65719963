"""What the page of a tenant confirms to the person who has just decided, or written a note."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from flask import url_for

from portal import queries
from portal.records import Desk, Event, Note
from portal.stores import KEY
from portal.tenants import Tenant, Verb
from portal.web.http import now, person, settings, store
from portal.web.i18n import _, dates, labels
from portal.web.staff.lists import back_parameter, recently_decided
from portal.web.staff.tenant.renewal import closed_sign_up
from portal.web.staff.tenant.verbs import (
    BY_VERB,
    confirmation_sentence,
    tells_customer,
    validity_has_ended,
)

#: For this long after it, a decision or a note is confirmed.
_JUST_NOW = timedelta(minutes=5)


@dataclass(frozen=True, kw_only=True, slots=True)
class Confirmation:
    sentence: str
    undo_url: str = ""
    undo_label: str = ""
    undo_version: str = ""
    next_url: str = ""
    next_label: str = ""


def confirm_decision(tenant: Tenant, events: Sequence[Event], closed: str) -> Confirmation | None:
    """What this person has just decided, how to undo it, and the next pending tenant.

    `None` if somebody else made the latest decision, or if it is older than five minutes.
    """
    user, decision = person(), tenant.decision
    if user is None or decision is None or decision.who != user.id:
        return None
    if now() - decision.at > _JUST_NOW:
        return None
    sign_up = closed_sign_up(tenant, closed) if closed else None
    if sign_up:
        return Confirmation(
            sentence=" ".join([
                _(
                    "The sign-up of %(company)s is closed. Its status page now shows the access of"
                    " %(existing)s (%(id)s).",
                    company=sign_up.contact.company,
                    existing=tenant.contact.company,
                    id=tenant.id,
                ),
                *_old_and_new(tenant, events),
            ]),
            undo_url=url_for(
                "decisions.undo_renew", tenant_id=sign_up.id, back=back_parameter()
            ),
            undo_label=_("Undo"),
            undo_version=str(tenant.version or 0),
        )  # fmt: skip
    entry = BY_VERB[decision.verb]
    undo = BY_VERB[entry.undo].route if entry.undo else ""
    next_tenant = None
    if entry.shows_next:
        next_tenant = queries.next_waiting(store(), recently_decided())
    return Confirmation(
        sentence=" ".join([_sentence(tenant, decision.verb), *_old_and_new(tenant, events)]),
        undo_url=url_for(f"decisions.{undo}", tenant_id=tenant.id, back=back_parameter())
        if undo
        else "",
        undo_label=_("Undo") if undo else "",
        undo_version=str(tenant.version or 0),
        next_url=url_for("staff.tenant", tenant_id=next_tenant[KEY], back=back_parameter())
        if next_tenant
        else "",
        next_label=_("Next: %(company)s", company=next_tenant.get("contactCompanyName", ""))
        if next_tenant
        else "",
    )


def confirm_note(notes: Sequence[Note]) -> Confirmation | None:
    """`None` if somebody else wrote the latest note, or if it is older than five minutes."""
    user, latest = person(), notes[0] if notes else None
    if user is None or latest is None or latest.at is None or latest.by != user.name:
        return None
    if now() - latest.at > _JUST_NOW:
        return None
    return Confirmation(sentence=_("The note is added."))


def confirm_assignment(tenant: Tenant, desk: Desk) -> Confirmation | None:
    """`None` if somebody else gave the tenant to its owner, or did so five minutes ago."""
    user, company = person(), tenant.contact.company
    if user is None or desk.at is None or desk.who != user.id or now() - desk.at > _JUST_NOW:
        return None
    if not desk.owner:
        return Confirmation(sentence=_("Nobody looks after %(company)s now.", company=company))
    if desk.owner == user.id:
        return Confirmation(sentence=_("You look after %(company)s now.", company=company))
    return Confirmation(
        sentence=_("%(name)s looks after %(company)s now.", name=desk.owner_name, company=company)
    )


def _sentence(tenant: Tenant, verb: Verb) -> str:
    """An end in the past is said in other words."""
    if verb is Verb.SET_VALIDITY and validity_has_ended(tenant):
        return _("The validity of %(company)s has ended.", company=tenant.contact.company)
    if verb is Verb.REOPEN and tells_customer(tenant):
        return _(
            "The sign-up of %(company)s is back in the queue. The customer gets a mail that you"
            " look at it again.",
            company=tenant.contact.company,
        )
    return confirmation_sentence(verb, tenant.contact.company)


def _old_and_new(tenant: Tenant, events: Sequence[Event]) -> list[str]:
    """Old and new, if the latest decision set the validity. An index may not show its event yet:
    then nothing."""
    decision = tenant.decision
    if decision is None or decision.verb not in (Verb.SET_VALIDITY, Verb.RENEW):
        return []
    zone = settings().time_zone
    for event in events:
        if event.at == decision.at and event.verb == decision.verb.value:
            changes = []
            for name in ("validFrom", "validTo"):
                if name in event.changes:
                    label = _(labels.ATTRIBUTE[name])
                    edges = [dates.edge_of_text(value, zone) for value in event.changes[name]]
                    changes.append(f"{label}: " + " → ".join(edge or "–" for edge in edges))
            return [f"{change}." for change in changes] or [_("Nothing has changed.")]
    return []
