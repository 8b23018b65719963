"""The mails of a tenant, as its page shows them: when they were sent, or why they were not."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import request

from portal.contact_readers import ProblemError, read_email
from portal.mail import DELIVERED, PROBLEM_SENTENCES, Problem, kind_entry, problem_of
from portal.records import DeliveryState, OutboxEntry
from portal.tenants import Tenant
from portal.web.forms import FieldView
from portal.web.http import now, settings, url_for
from portal.web.i18n import _, dates, labels
from portal.web.staff.lists import back_parameter


@dataclass(frozen=True, kw_only=True, slots=True)
class MailLine:
    """One mail: what it is, when it was decided or who sent it again, and what became of it."""

    what: str
    when: str
    state: str


@dataclass(frozen=True, kw_only=True, slots=True)
class AgainForm:
    """The button that sends the newest mail again. `mail`: the id of its entry."""

    button: str
    action: str
    mail: str
    address: FieldView


def mail_lines(entries: Sequence[OutboxEntry]) -> list[MailLine]:
    zone = settings().time_zone
    return [
        MailLine(
            what=_what(entry),
            when=_when(entry, dates.moment(entry.at, zone)),
            state=_state(entry),
        )
        for entry in entries
    ]


def again_form(tenant: Tenant, entries: Sequence[OutboxEntry]) -> AgainForm | None:
    """For the newest mail that still is true and is not on its way; `None` if there is none. What
    anybody can have sent to an address hides no other mail."""
    newest = next((entry for entry in entries if not _is_for_address(entry)), None)
    kind = kind_entry(newest.kind) if newest else None
    if newest is None or kind is None or tenant.erased or not kind.is_true(tenant, now()):
        return None
    if newest.state is DeliveryState.DUE and not newest.reason:
        return None
    return AgainForm(
        button=_("Send again: %(mail)s", mail=_what(newest)),
        action=url_for("decisions.send_again", tenant_id=tenant.id, back=back_parameter()),
        mail=newest.id,
        address=FieldView(
            name="address",
            id="again-address",
            label=_("Second email address"),
            hint=_(
                "Leave it empty to use the same address. Otherwise the mail goes to this one, and"
                " so does later mail that cannot be delivered."
            ),
            # As it was typed, if it could not be read.
            value=request.form.get("address", ""),
            type="email",
            required=False,
            error=_problem(request.form.get("address", "").strip()),
        ),
    )


def _problem(typed: str) -> str:
    """What is wrong with the second address that was typed; empty if nothing is."""
    try:
        if typed:
            read_email(typed)
    except ProblemError:
        return _("Enter an email address like name@example.com.")
    return ""


def _is_for_address(entry: OutboxEntry) -> bool:
    kind = kind_entry(entry.kind)
    return kind is not None and kind.for_address


def _what(entry: OutboxEntry) -> str:
    label = mail_label(entry.kind)
    return _("%(mail)s, to the second address", mail=label) if entry.to_second else label


def mail_label(name: str) -> str:
    """What staff call this kind of mail."""
    kind = kind_entry(name)
    # A kind of a later version of the portal stays as it is.
    return _(kind.label) if kind else name


def _when(entry: OutboxEntry, at: str) -> str:
    if not entry.by:
        return at
    return _("%(who)s, %(time)s", who=labels.actor_label(entry.by), time=at)


def _state(entry: OutboxEntry) -> str:
    ended = dates.moment(entry.ended_at, settings().time_zone)
    match entry.state:
        case DeliveryState.SENT if entry.way == "file":
            return _(
                "Written to a file on %(time)s, and sent to nobody: no mail server is set up.",
                time=ended,
            )
        case DeliveryState.SENT if problem_of(entry.reason)[0] is Problem.COMPLAINT:
            return _("Sent on %(time)s. %(why)s", time=ended, why=mail_problem(entry.reason))
        case DeliveryState.SENT if entry.reason == DELIVERED:
            return _("Sent on %(time)s. The mail server of the addressee has taken it.", time=ended)
        case DeliveryState.SENT if entry.soft_bounces:
            return _(
                "Sent, but it has not arrived so far. %(why)s Reports: %(count)s.",
                why=mail_problem(entry.reason),
                count=entry.soft_bounces,
            )
        case DeliveryState.CAME_BACK:
            return _("Came back on %(time)s. %(why)s", time=ended, why=mail_problem(entry.reason))
        case DeliveryState.SENT:
            return _("Sent on %(time)s.", time=ended)
        case DeliveryState.GIVEN_UP:
            return _("Not sent. %(why)s", why=mail_problem(entry.reason))
        case DeliveryState.DROPPED if entry.reason == "ended":
            return _("Not sent, since the customer wants no reminders.")
        case DeliveryState.DROPPED if entry.reason == "undone":
            return _("Not sent, since the decision was undone.")
        case DeliveryState.DROPPED:
            return _("Not sent, since the tenant was changed before.")
        case _:
            if entry.reason:
                return _("Not sent yet. %(why)s It is tried again.", why=mail_problem(entry.reason))
            return _("On its way.")


def mail_problem(reason: str) -> str:
    """Why a mail was not sent, of a stored reason."""
    problem, detail = problem_of(reason)
    sentence = _(PROBLEM_SENTENCES[problem]) if problem else reason
    return f"{sentence} ({detail})" if problem and detail else sentence
