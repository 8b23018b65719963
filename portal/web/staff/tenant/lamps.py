"""The five proofs of a decision, each as a lamp on the page of a tenant: decided, saved, mail
delivered, status page opened, application let in.

That nothing is known of a failure is no success: a lamp says yes only where something says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import Enum
from typing import NamedTuple

from portal.mail import DELIVERED, Problem, kind_entry, problem_of
from portal.queries import NotedUse
from portal.records import DeliveryState, Event, OutboxEntry, Usage
from portal.tenants import Status, Tenant, Verb
from portal.web.http import settings
from portal.web.i18n import _, dates, labels
from portal.web.staff.tenant.mails import mail_label, mail_problem
from portal.web.staff.tenant.verbs import history_label

#: Changes that decide nothing about access. All other verbs are decisions.
_NO_DECISIONS = frozenset({
    Verb.SUBMIT, Verb.RELEASE, Verb.SET_CLIENT, Verb.EDIT_NAMES, Verb.EDIT_CONTACT, Verb.QUESTION,
    Verb.ANSWER, Verb.CONFIRM_EMAIL, Verb.END_LINK, Verb.NEW_LINK, Verb.ERASE, Verb.KEEP,
})  # fmt: skip


class State(Enum):
    """The tone of its word, and a sign: neither stands alone."""

    YES = ("positive", "✓")
    NOT_YET = ("", "○")
    PROBLEM = ("negative", "✗")
    UNKNOWN = ("warning", "?")
    NONE = ("", "–")

    def __init__(self, tone: str, sign: str) -> None:
        # As plain attributes: a page reads them five times, and `value` takes a call.
        self.tone = tone
        self.sign = sign


class Lamp(NamedTuple):
    """`word`: what the lamp says; `text`: when, who, why."""

    label: str
    state: State
    word: str
    text: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Decided:
    verb: str
    by: str
    at: datetime | None


def lamps(
    tenant: Tenant, events: Sequence[Event], mails: Sequence[OutboxEntry], use: NotedUse
) -> list[Lamp]:
    """The lamps of a tenant.

    Args:
        events: Its history, the newest first.
        mails: Its mails, the newest first.
        use: What was noted of it.
    """
    decided = _decided(tenant, events)
    return [
        _decided_lamp(decided),
        _saved_lamp(tenant),
        _mail_lamp(mails, decided.at if decided else None),
        _visit_lamp(tenant, use.visits, decided.at if decided else None),
        _application_lamp(tenant, use.application),
    ]


def _decided(tenant: Tenant, events: Sequence[Event]) -> _Decided | None:
    """The latest decision; `None` while the sign-up waits for one."""
    if tenant.status is Status.PENDING:
        return None
    event = next((each for each in events if each.verb not in _NO_DECISIONS), None)
    if event:
        return _Decided(verb=event.verb, by=event.by, at=event.at)
    decision = tenant.decision
    if decision and decision.verb not in _NO_DECISIONS:
        return _Decided(verb=decision.verb.value, by=decision.by, at=decision.at)
    return _Decided(verb="", by="", at=None)


def _decided_lamp(decided: _Decided | None) -> Lamp:
    label = _("Decision")
    if decided is None:
        return Lamp(label=label, state=State.NOT_YET, word=_("Not yet"))
    if not decided.verb:
        text = _("By the application before this portal.")
        return Lamp(label=label, state=State.UNKNOWN, word=_("Not known"), text=text)
    text = _(
        "%(what)s: %(who)s, %(time)s",
        what=history_label(decided.verb),
        who=labels.actor_label(decided.by),
        time=dates.moment(decided.at, settings().time_zone),
    )
    return Lamp(label=label, state=State.YES, word=_("Yes"), text=text)


def _saved_lamp(tenant: Tenant) -> Lamp:
    """This page has read it from the store."""
    where = _("in DynamoDB") if settings().store == "dynamodb" else _("in the file of the portal")
    text = (
        _("Version %(number)s, %(where)s", number=tenant.version, where=where)
        if tenant.version
        else _("As the old application wrote it, %(where)s", where=where)
    )
    return Lamp(label=_("Saved"), state=State.YES, word=_("Yes"), text=text)


# ---- Mail


def _mail_lamp(mails: Sequence[OutboxEntry], decided_at: datetime | None) -> Lamp:
    label = _("Mail to the customer")
    entry = next((each for each in mails if _counts(each)), None)
    if entry is None or (decided_at and entry.at < decided_at):
        text = _("No mail was written for this.")
        return Lamp(label=label, state=State.NONE, word=_("None"), text=text)
    state, word, text = _mail_state(entry)
    what = mail_label(entry.kind)
    return Lamp(label=label, state=state, word=word, text=f"{what}. {text}".rstrip())


def _counts(entry: OutboxEntry) -> bool:
    """Not what anybody can have sent to an address, nor what staff were told."""
    kind = kind_entry(entry.kind)
    is_of_customer = kind is None or not (kind.for_address or kind.to_staff)
    return is_of_customer and entry.state is not DeliveryState.DROPPED


def _mail_state(entry: OutboxEntry) -> tuple[State, str, str]:
    ended = dates.moment(entry.ended_at, settings().time_zone)
    match entry.state:
        case DeliveryState.CAME_BACK:
            return State.PROBLEM, _("Came back"), f"{ended}. {mail_problem(entry.reason)}"
        case DeliveryState.GIVEN_UP:
            is_refused = problem_of(entry.reason)[0] in _REFUSED
            word = _("Refused") if is_refused else _("Given up")
            return State.PROBLEM, word, f"{ended}. {mail_problem(entry.reason)}"
        case DeliveryState.SENT if entry.way == "file":
            text = _("No mail server is set up: it was written to a file.")
            return State.UNKNOWN, _("Sent to nobody"), text
        case DeliveryState.SENT if entry.reason == DELIVERED:
            text = _("%(time)s. The mail server of the addressee has taken it.", time=ended)
            return State.YES, _("Delivered"), text
        case DeliveryState.SENT if problem_of(entry.reason)[0] is Problem.COMPLAINT:
            return State.YES, _("Delivered"), f"{ended}. {mail_problem(entry.reason)}"
        case DeliveryState.SENT if entry.soft_bounces:
            return State.UNKNOWN, _("Not arrived so far"), mail_problem(entry.reason)
        case DeliveryState.SENT:
            text = _("%(time)s. Nothing came back. That is no proof that it arrived.", time=ended)
            return State.YES, _("Handed to the mail server"), text
        case _ if entry.reason:
            return State.UNKNOWN, _("Tried again"), mail_problem(entry.reason)
        case _:
            return State.NOT_YET, _("On its way"), ""


_REFUSED = frozenset({Problem.ADDRESS_REFUSED, Problem.CONTENT_REFUSED, Problem.BLOCKED})


# ---- Visits and the application


def _visit_lamp(tenant: Tenant, usage: Usage | None, decided_at: datetime | None) -> Lamp:
    label, zone = _("Status page"), settings().time_zone
    if tenant.is_final and not tenant.pending_id:
        text = _("There is none, since no sign-up led to this tenant.")
        return Lamp(label=label, state=State.NONE, word=_("None"), text=text)
    last = usage.opened_last if usage else None
    if usage is None or last is None:
        return _not_noted(label, _("Nobody has opened it since visits are noted."))
    if decided_at and last < decided_at:
        text = _(
            "Last opened %(time)s, which was before the decision.", time=dates.moment(last, zone)
        )
        return Lamp(label=label, state=State.NOT_YET, word=_("Not since then"), text=text)
    text = _(
        "First %(first)s, last %(last)s. Programs that check mail open links, too.",
        first=dates.moment(usage.opened_first, zone),
        last=dates.moment(last, zone),
    )
    return Lamp(label=label, state=State.YES, word=_("Opened"), text=text)


def _application_lamp(tenant: Tenant, usage: Usage | None) -> Lamp:
    label = _("Application let in")
    if not tenant.is_final:
        text = _("Only an active tenant is let in.")
        return Lamp(label=label, state=State.NONE, word=_("None"), text=text)
    days = (
        _(
            "First day %(first)s, last day %(last)s.",
            first=noted_day(usage.first_day),
            last=noted_day(usage.last_day),
        )
        if usage and usage.last_day
        else ""
    )
    if usage and usage.refused_day:
        text = _(
            "It asks and is refused: since %(first)s, last %(last)s.",
            first=noted_day(usage.refused_since),
            last=noted_day(usage.refused_day),
        )
        text = f"{text} {days}".rstrip()
        return Lamp(label=label, state=State.PROBLEM, word=_("Refused"), text=text)
    if days:
        return Lamp(label=label, state=State.YES, word=_("Yes"), text=days)
    return _never_let_in(label, tenant, usage)


def _never_let_in(label: str, tenant: Tenant, usage: Usage | None) -> Lamp:
    if tenant.status is not Status.ACTIVE:
        text = _("Only an active tenant is let in.")
        return Lamp(label=label, state=State.NONE, word=_("None"), text=text)
    if usage is None or usage.expected_since is None:
        text = _("Nothing was noted of this tenant so far.")
        return Lamp(label=label, state=State.UNKNOWN, word=_("Not known"), text=text)
    since = dates.day(usage.expected_since, settings().time_zone)
    if settings().store == "dynamodb":
        # Nobody can see who reads the table.
        text = _(
            "It has not asked over HTTP since %(day)s. An application that reads the table by"
            " itself is not seen.",
            day=since,
        )
        return Lamp(label=label, state=State.UNKNOWN, word=_("Not known"), text=text)
    return _not_noted(label, _("It could be let in since %(day)s.", day=since))


def _not_noted(label: str, text: str) -> Lamp:
    """Nothing was noted: it did not happen, or nobody notes it."""
    if settings().note_use:
        return Lamp(label=label, state=State.NOT_YET, word=_("Not yet"), text=text)
    text = _("PORTAL_NOTE_USE is turned off, so nobody notes it.")
    return Lamp(label=label, state=State.UNKNOWN, word=_("Not known"), text=text)


def noted_day(day_: date | None) -> str:
    """`3 May 2026`, of a day that was noted in the portal's zone."""
    zone = settings().time_zone
    return dates.day(datetime.combine(day_, time(12), zone), zone) if day_ else ""
