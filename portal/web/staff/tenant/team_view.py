"""Who looks after a tenant, and who looks at it: as its page shows them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import request

from portal import desk, records
from portal.auth import Person, Role
from portal.records import Desk, Presence
from portal.stores import Item
from portal.tenants import Tenant
from portal.web.http import htmx, now, person, services, settings, store, url_for
from portal.web.i18n import _, dates, labels
from portal.web.staff.lists import back_parameter
from portal.web.staff.tenant.verbs import conflict_headline

#: The field that holds who gets it, beside the buttons that say so themselves.
COLLEAGUE = "colleague"


@dataclass(frozen=True, kw_only=True, slots=True)
class TeamButton:
    """`to`: the id of the person who gets the tenant; empty: it is handed back."""

    label: str
    to: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PresenceView:
    """Who else looks at the tenant, and what has changed since the page was opened.

    url: where an open page asks.
    version, turn: of the tenant, and of who looks after it, as the page shows them.
    changed: a sentence for each change.
    page_url: the page as it is now.
    """

    url: str
    version: str
    turn: str
    people: str = ""
    changed: Sequence[str] = ()
    page_url: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class TeamView:
    """Who looks after the tenant.

    sentence: empty if nobody can: it is decided, or set aside.
    reported: that it takes long.
    action: where the buttons send; empty if this person may not.
    beside: the decision that the browser sends with them; empty: the note alone.
    colleagues: id and name of those to whom it can be given.
    chosen: the id of whom this person had chosen before another form was sent.
    """

    presence: PresenceView
    sentence: str = ""
    reported: str = ""
    action: str = ""
    beside: str = ""
    buttons: Sequence[TeamButton] = ()
    colleagues: Sequence[tuple[str, str]] = ()
    chosen: str = ""


def team_view(tenant: Tenant, items: Mapping[str, Item], *, beside: str) -> TeamView:
    """Who looks after the tenant, and who looks at it.

    Args:
        items: What the page has read, by id: the desk, and who looks at the tenant.
        beside: As in `TeamView`.
    """
    found = desk.desk_of(items.get(records.desk_id(tenant.id)), tenant)
    user = person()
    others = desk.people_of(
        items.get(records.presence_id(tenant.id)),
        tenant.id,
        now(),
        beside=user.id if user else "",
    )
    presence = PresenceView(
        url=url_for("staff.presence", tenant_id=tenant.id),
        version=str(tenant.version or 0),
        turn=str(found.turn),
        people=people_sentence(others),
    )
    if not desk.is_assignable(tenant):
        return TeamView(presence=presence)
    colleagues = services().colleagues.at(store(), now())
    owner = current_owner(found, colleagues)
    sentence = _sentence(found, is_current=bool(owner))
    reported = _reported(found, colleagues) if owner else ""
    if user is None or user.role < Role.APPROVER:
        return TeamView(presence=presence, sentence=sentence, reported=reported)
    return TeamView(
        presence=presence,
        sentence=sentence,
        reported=reported,
        action=url_for("decisions.assign", tenant_id=tenant.id, back=back_parameter()),
        beside=beside,
        buttons=_buttons(found, user, colleagues),
        colleagues=[
            (each.id, _name(each, colleagues))
            for each in colleagues
            if each.id not in (user.id, owner)
        ],
        chosen=_chosen(),
    )


def _chosen() -> str:
    """Whom this person had chosen before they sent another form, without a script."""
    if request.method != "POST" or htmx.wants_fragment():
        return ""
    return request.form.get(COLLEAGUE, "")


def current_owner(found: Desk, colleagues: Sequence[Person]) -> str:
    """The id of who looks after it; empty: nobody, or somebody without access."""
    return found.owner if any(each.id == found.owner for each in colleagues) else ""


def people_sentence(others: Sequence[Presence]) -> str:
    """Empty if nobody else is there."""
    names = [each.name for each in others]
    if not names:
        return ""
    if len(names) == 1:
        return _("%(name)s is looking at this, too.", name=names[0])
    return _("%(names)s are looking at this, too.", names=", ".join(names))


def changed_sentence(tenant: Tenant) -> str:
    """Who changed the tenant last, how, and when: the same words a minute later."""
    decision = tenant.decision
    if decision is None:
        return _("This tenant was changed in the meantime.")
    at = dates.moment(decision.at, settings().time_zone)
    who = labels.actor_label(decision.by)
    return conflict_headline(decision.verb, who, _("at %(time)s", time=at))


def assigned_sentence(found: Desk, *, is_exact: bool = False) -> str:
    """Who gave it to whom, and when. `is_exact`: in words that are the same a minute later."""
    if found.at is None:
        return _("This tenant was decided in the meantime.")
    ago = dates.ago(now() - found.at)
    if is_exact:
        ago = _("at %(time)s", time=dates.moment(found.at, settings().time_zone))
    if not found.owner:
        return _("%(who)s handed this back %(ago)s.", who=found.by, ago=ago)
    if found.owner == found.who:
        return _("%(who)s took this %(ago)s.", who=found.by, ago=ago)
    return _("%(who)s gave this to %(name)s %(ago)s.", who=found.by, name=found.owner_name, ago=ago)


def _sentence(found: Desk, *, is_current: bool) -> str:
    if not found.owner or found.at is None:
        return _("Nobody looks after this yet.")
    user = person()
    if not is_current:
        return _("%(name)s looked after this, and has no access now.", name=found.owner_name)
    since = dates.moment(found.at, settings().time_zone)
    if user is not None and found.owner == user.id:
        return _("You look after this, since %(since)s.", since=since)
    return _("%(name)s looks after this, since %(since)s.", name=found.owner_name, since=since)


def _reported(found: Desk, colleagues: Sequence[Person]) -> str:
    if found.escalated_at is None:
        return ""
    to = next((each.name for each in colleagues if each.id == found.escalated_to), "")
    ago = dates.ago(now() - found.escalated_at)
    if not to:
        return _("That it takes long was reported %(ago)s.", ago=ago)
    return _("That it takes long was reported to %(name)s %(ago)s.", name=to, ago=ago)


def _buttons(found: Desk, user: Person, colleagues: Sequence[Person]) -> list[TeamButton]:
    buttons = []
    if found.owner != user.id:
        buttons.append(TeamButton(label=_("Take it"), to=user.id))
    if current_owner(found, colleagues):
        buttons.append(TeamButton(label=_("Hand back"), to=""))
    address = settings().escalate_to.casefold()
    return buttons + [
        TeamButton(label=_("Escalate to %(name)s", name=each.name), to=each.id)
        for each in colleagues
        if each.email.casefold() == address and each.id not in (user.id, found.owner)
    ]


def _name(one: Person, colleagues: Sequence[Person]) -> str:
    """With the address if two have the same name."""
    is_alone = sum(each.name == one.name for each in colleagues) == 1
    return one.name if is_alone else one.label
