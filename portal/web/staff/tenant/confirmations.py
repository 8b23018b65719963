"""What the page of a tenant confirms to the person who has just decided, or written a note."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from portal import queries, records
from portal.records import Desk, Note
from portal.stores import KEY, Item
from portal.tenants import Client, Tenant, Verb
from portal.web.http import now, person, settings, store, url_for
from portal.web.i18n import _, dates
from portal.web.staff.lists import back_parameter, recently_decided
from portal.web.staff.tenant.changed_values import changed_values, validity_sentences
from portal.web.staff.tenant.renewal import closed_sign_up, closed_validity_before
from portal.web.staff.tenant.verbs import confirmation_sentence, history_label, tells_customer

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
    #: What undoing does not restore.
    undo_hint: str = ""


def confirm_decision(tenant: Tenant, item: Item, closed: str) -> Confirmation | None:
    """What this person has just decided, what changed with it, how to undo it, and the next sign-up
    that waits.

    `None` if somebody else made the latest decision, or if it is older than five minutes.

    Args:
        closed: The sign-up that the decision closed towards this tenant.
    """
    user, decision = person(), tenant.decision
    if user is None or decision is None or decision.who != user.id:
        return None
    if now() - decision.at > _JUST_NOW:
        return None
    undo = undo_offer(tenant, item) or Confirmation(sentence="")
    sentence = _sentence(tenant, item, decision.verb)
    sign_up = closed_sign_up(tenant, closed) if closed else None
    if sign_up:
        sentence = _(
            "The sign-up of %(company)s is closed. Its status page now shows the access of"
            " %(existing)s (%(id)s).",
            company=sign_up.contact.company,
            existing=tenant.contact.company,
            id=tenant.id,
        )
        if before := closed_validity_before(closed):
            sentence = " ".join([sentence, *validity_sentences(tenant, before)])
        undo = Confirmation(
            sentence="",
            undo_url=url_for("decisions.undo_renew", tenant_id=sign_up.id, back=back_parameter()),
            undo_label=_("Undo"),
            undo_version=str(tenant.version or 0),
        )
    next_tenant = queries.next_waiting(store(), recently_decided() | {tenant.id})
    if next_tenant:
        undo = replace(
            undo,
            next_url=url_for("staff.tenant", tenant_id=next_tenant[KEY], back=back_parameter()),
            next_label=_("Next: %(company)s", company=next_tenant.get("contactCompanyName", "")),
        )
    return replace(undo, sentence=sentence)


def undo_offer(tenant: Tenant, item: Item) -> Confirmation | None:
    """What this person decided last on the tenant, and how to undo it; `None` if somebody has
    changed it since, or if it cannot be undone."""
    user, decision = person(), tenant.decision
    if user is None or decision is None or decision.who != user.id:
        return None
    if records.undo_of(item) is None:
        return None
    # After an activation is undone, its final id leads nowhere, but that of the sign-up does.
    is_activation = decision.verb is Verb.ACTIVATE and tenant.pending_id
    return Confirmation(
        sentence=_(
            "Your latest decision: %(what)s, %(ago)s.",
            what=history_label(decision.verb),
            ago=dates.ago(now() - decision.at),
        ),
        undo_url=url_for(
            "decisions.undo",
            tenant_id=tenant.pending_id if is_activation else tenant.id,
            back=back_parameter(),
        ),
        undo_label=_("Undo"),
        undo_version=str(tenant.version or 0),
        undo_hint=_("If you undo it, client id and client secret have to be typed again.")
        if is_activation and tenant.client != Client()
        else "",
    )


#: The customer is told that these are undone, if they had been told of them.
_TOLD_BACK = frozenset({
    Verb.ACTIVATE.value, Verb.REJECT.value, Verb.SUSPEND.value, Verb.REINSTATE.value,
    Verb.REOPEN.value,
})  # fmt: skip


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


def _sentence(tenant: Tenant, item: Item, verb: Verb) -> str:
    company = tenant.contact.company
    undo = records.undo_of(item)
    before = records.restored(item, undo) if undo else None
    match verb:
        case Verb.UNDO:
            return _undone_sentence(tenant, item)
        case Verb.SET_VALIDITY | Verb.RENEW if before is not None:
            said = validity_sentences(tenant, records.validity_of(before))
            nothing = [confirmation_sentence(verb, company), _("Nothing has changed.")]
            return " ".join(said or nothing)
        case Verb.REOPEN if tells_customer(tenant):
            first = _(
                "The sign-up of %(company)s is back in the queue. The customer gets a mail that you"
                " look at it again.",
                company=company,
            )
        case _:
            first = confirmation_sentence(verb, company)
    return " ".join([first, *(changed_values(before, item) if before is not None else [])])


def _undone_sentence(tenant: Tenant, item: Item) -> str:
    undone = records.undone_of(item)
    if undone is None:
        return confirmation_sentence(Verb.UNDO, tenant.contact.company)
    sentence = _(
        "Undone: %(what)s. %(company)s is as before.",
        what=history_label(undone.verb),
        company=tenant.contact.company,
    )
    if undone.told_at is None:
        return sentence
    time = dates.moment(undone.told_at, settings().time_zone)
    if undone.verb in _TOLD_BACK:
        told = _(
            "The customer had been told by mail already (%(time)s), and is told now that it was"
            " taken back.",
            time=time,
        )
    else:
        told = _("The customer had been told by mail already (%(time)s).", time=time)
    return f"{sentence} {told}"
