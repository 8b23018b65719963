"""What may be done with a tenant: the forms that its page offers, in each status."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from flask import url_for

from portal.records import Note
from portal.tenants import Status, Tenant
from portal.timestamps import format_timestamp
from portal.web.forms import FieldView, Form, StaffContactForm, contact_data
from portal.web.http import now, settings
from portal.web.i18n import _, dates
from portal.web.staff.forms import (
    ActivateForm,
    ClientForm,
    NoteForm,
    RejectForm,
    SuspendForm,
    ValidityForm,
)

#: A new window is offered as today and so many days more.
OFFERED = timedelta(days=14)


@dataclass(frozen=True, kw_only=True, slots=True)
class DecisionForm:
    """A form as the page shows it; `verb` is also the prefix of its fields' ids."""

    verb: str
    action: str
    legend: str
    submit: str
    tone: str
    fields: Sequence[FieldView] = ()
    errors: Sequence[tuple[str, str]] = ()
    hidden: Sequence[tuple[str, str]] = ()
    explain: str = ""
    open: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class SubmittedForm:
    """The form that was sent and could not be taken, to be shown again as it was typed."""

    verb: str
    form: Form
    problems: Sequence[str] = ()


def forms_of(
    tenant: Tenant, notes: Sequence[Note], sent: SubmittedForm | None
) -> list[DecisionForm]:
    seen = [("version", str(tenant.version or 0))]
    newest = notes[0].at if notes else None
    # A note changes no version. It stands behind the newest one that its page shows.
    behind = [*seen, ("after", format_timestamp(newest) if newest else "")]
    return [
        _form(tenant, offered, sent, hidden=behind if offered[0] == "note" else seen)
        for offered in _offered(tenant)
    ]


def _offered(tenant: Tenant) -> list[tuple[str, str, str, str, str]]:
    """Verb, legend, button, tone and explanation of each form that makes sense now."""
    zone = settings().time_zone.key
    both_days = _("Both days count. The last day ends at 24:00 %(zone)s.", zone=zone)
    contact = ("contact", _("Change the contact"), _("Change contact"), "plain", "")
    note = ("note", _("Write a note"), _("Add note"), "plain", "")
    match tenant.status:
        case Status.PENDING:
            release = ("release", _("Move into the queue"), _("Move into the queue"), "plain", "")
            return [
                *([release] if tenant.set_aside else []),
                ("activate", _("Activate"), _("Activate"), "emphasised", both_days),
                ("reject", _("Reject"), _("Reject"), "negative", ""),
                contact,
                note,
            ]
        case Status.ACTIVE:
            return [
                ("validity", _("Set the validity"), _("Set validity"), "emphasised", both_days),
                ("suspend", _("Suspend"), _("Suspend"), "negative",
                 _("Access stops at once; the validity keeps running.")),
                ("client", _("Replace the OAuth client"), _("Set client"), "plain", ""),
                contact,
                note,
            ]  # fmt: skip
        case Status.SUSPENDED:
            over = _("The validity has passed: set it too, or access stays refused.")
            return [
                ("reinstate", _("Reinstate"), _("Reinstate"), "positive",
                 over if window_is_over(tenant) else _("The validity stays as it is.")),
                ("validity", _("Set the validity"), _("Set validity"), "plain", both_days),
                ("client", _("Replace the OAuth client"), _("Set client"), "plain", ""),
                contact,
                note,
            ]  # fmt: skip
        case Status.REJECTED | Status.WITHDRAWN:
            if tenant.erased:
                return [note]
            explain = _("It goes back into the queue as it was.")
            return [("reopen", _("Reopen"), _("Reopen"), "emphasised", explain), note]


def _form(
    tenant: Tenant,
    offered: tuple[str, str, str, str, str],
    sent: SubmittedForm | None,
    *,
    hidden: Sequence[tuple[str, str]],
) -> DecisionForm:
    verb, legend, submit, tone, explain = offered
    was_sent = sent is not None and sent.verb == verb
    form = sent.form if sent is not None and was_sent else _fresh(tenant, verb)
    problems = [("", problem) for problem in sent.problems] if sent and was_sent else []
    return DecisionForm(
        verb=verb,
        action=url_for(f"decisions.{verb}", tenant_id=tenant.id),
        legend=legend,
        submit=submit,
        tone=tone,
        fields=form.views(verb) if form else (),
        errors=[*problems, *form.problems(verb)] if form and was_sent else problems,
        hidden=hidden,
        explain=explain,
        open=was_sent,
    )


def _fresh(tenant: Tenant, verb: str) -> Form | None:
    """The form as it is offered, filled with what is known."""
    zone = settings().time_zone
    contact, ids = tenant.contact, tenant.ids
    today = dates.today(now(), zone)
    match verb:
        case "activate":
            known = {
                "account_id": ids.account_id,
                "company_id": ids.company_id,
                "account_name": ids.account_name,
                "company_name": ids.company_name,
                "cluster": ids.cluster,
            } if ids else {}  # fmt: skip
            days = {"valid_from": today.isoformat(), "valid_to": (today + OFFERED).isoformat()}
            return ActivateForm(formdata=None, data={**known, **days})
        case "validity":
            first, last = dates.days_of(tenant.validity.valid_from, tenant.validity.valid_to, zone)
            return ValidityForm(formdata=None, data={"valid_from": first, "valid_to": last})
        case "client":
            return ClientForm(formdata=None, data={"client_id": tenant.client.id})
        case "contact":
            return StaffContactForm(formdata=None, data=contact_data(contact))
        case "reject":
            return RejectForm(formdata=None)
        case "suspend":
            return SuspendForm(formdata=None)
        case "note":
            return NoteForm(formdata=None)
        case _:
            return None


def window_is_over(tenant: Tenant) -> bool:
    """Whether the licence has ended, so that reinstating alone gives no access."""
    return tenant.validity.valid_to is not None and tenant.validity.valid_to < now()
