"""What staff tell each other: that somebody was given a tenant, that one takes long, that it is
decided.

The entries of the outbox name the person and the tenant by their ids. Whether the person wants such
mail, and whether it is still so, is asked when the mail leaves.
"""

import re
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum

from portal import records
from portal.auth import Person, active_person
from portal.day_texts import day_text
from portal.mail.messages import Letter, NothingToSayError, Words, tenant_told_of
from portal.mail.staff.digest import STAFF
from portal.mail.staff.wishes import mail_wishes
from portal.records import Desk, OutboxEntry
from portal.settings import Settings
from portal.stores import ItemNotFoundError, Store
from portal.tenants import Status, Tenant
from portal.translations import N_


class DeskMail(StrEnum):
    """The kinds of these entries. Their names are stored, so they stay as they are for ever."""

    ASSIGNED = "assigned"
    ESCALATED = "escalated"
    DONE = "done"


_PERSON = re.compile(r"-(staff-[0-9a-f]{32})-")
_STATUS = {
    Status.ACTIVE: N_("The access is active."),
    Status.SUSPENDED: N_("The access is suspended."),
    Status.REJECTED: N_("The request was rejected."),
    Status.WITHDRAWN: N_("The customer has withdrawn the request."),
}


def desk_entry(
    kind: DeskMail, person_id: str, tenant_id: str, now: datetime, *, by: str
) -> OutboxEntry:
    """The entry of a mail to this person about this tenant.

    Args:
        by: Who gave it to them, or decided; empty: nobody did.
    """
    suffix = f"{kind.value}-{person_id}-{secrets.token_hex(4)}"
    entry = records.new_outbox_entry(STAFF, kind.value, "", now, by=by, suffix=suffix, since=now)
    return records.about_tenant(entry, tenant_id)


def is_desk_mail(entry: OutboxEntry) -> bool:
    return entry.kind in set(DeskMail)


def desk_letter(
    store: Store, settings: Settings, entry: OutboxEntry
) -> tuple[Person, Words, Letter]:
    """To whom, in which language, and what it says.

    Raises:
        NothingToSayError: The person has no access any more, or wants no such mail; or it is not so
            any more.
    """
    found = _PERSON.search(entry.id)
    person = active_person(store, found[1]) if found else None
    if person is None:
        raise NothingToSayError("gone")
    kind, wishes = DeskMail(entry.kind), mail_wishes(store, person.id)
    if (kind is DeskMail.ASSIGNED and not wishes.assigned) or (
        kind is DeskMail.DONE and not wishes.done
    ):
        raise NothingToSayError("unwanted")
    tenant = tenant_told_of(store, entry.requests[0] if entry.requests else "")
    desk = _desk(store, tenant)
    words = Words(wishes.locale or settings.mail_staff_language)
    letter = _WRITE[kind](_Facts(entry, person, tenant, desk, settings), words)
    return person, words, letter


class _Facts:
    def __init__(
        self, entry: OutboxEntry, person: Person, tenant: Tenant, desk: Desk, settings: Settings
    ) -> None:
        self.by, self.person, self.tenant, self.desk = entry.by, person, tenant, desk
        self.company = tenant.contact.company or tenant.id
        self.zone = settings.time_zone
        self.page = f"{settings.base_url}/staff/tenants/{tenant.id}"
        self.wishes = f"{settings.base_url}/staff/me"


def _assigned(facts: _Facts, _: Words) -> Letter:
    if facts.desk.owner != facts.person.id:
        raise NothingToSayError("overtaken")
    return Letter(
        subject=_("You are to look after a tenant"),
        greeting=_("Hello,"),
        paragraphs=(
            _("%(by)s gave %(company)s to you.", by=facts.by, company=facts.company),
            _("If you cannot see to it, hand it back there, or give it to somebody else."),
        ),
        link=(_("Open the page"), facts.page),
        also=((_("Choose what you are told by mail"), facts.wishes),),
        is_about_request=False,
    )


def _escalated(facts: _Facts, _: Words) -> Letter:
    desk = facts.desk
    if not desk.owner or desk.at is None or desk.escalated_to != facts.person.id:
        raise NothingToSayError("overtaken")
    return Letter(
        subject=_("Somebody has had a tenant for long"),
        greeting=_("Hello,"),
        paragraphs=(
            _(
                "%(name)s has looked after %(company)s since %(day)s, and nothing is decided yet.",
                name=desk.owner_name,
                company=facts.company,
                day=day_text(desk.at, facts.zone, _.locale),
            ),
            _("You can decide yourself, or give it to somebody else."),
        ),
        link=(_("Open the page"), facts.page),
        is_about_request=False,
    )


def _done(facts: _Facts, _: Words) -> Letter:
    outcome = _STATUS.get(facts.tenant.status)
    if outcome is None:
        # Somebody took the decision back.
        raise NothingToSayError("overtaken")
    decided = (
        _("%(by)s decided on %(company)s.", by=facts.by, company=facts.company)
        if facts.by
        else _("%(company)s is decided.", company=facts.company)
    )
    said = _(outcome)
    return Letter(
        subject=_("What you were looking after is done"),
        greeting=_("Hello,"),
        paragraphs=(f"{decided} {said}", _("You do not need to do anything.")),
        link=(_("Open the page"), facts.page),
        also=((_("Choose what you are told by mail"), facts.wishes),),
        is_about_request=False,
    )


_WRITE: Mapping[DeskMail, Callable[[_Facts, Words], Letter]] = {
    DeskMail.ASSIGNED: _assigned,
    DeskMail.ESCALATED: _escalated,
    DeskMail.DONE: _done,
}


def _desk(store: Store, tenant: Tenant) -> Desk:
    try:
        desk = records.desk_of(store.get(records.desk_id(tenant.id)))
    except ItemNotFoundError:
        return records.new_desk(tenant)
    return desk if desk.status is tenant.status else records.new_desk(tenant)
