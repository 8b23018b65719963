"""The forms of staff: the fields that each verb asks for."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from portal import contact_readers
from portal.contact_readers import Problem, ProblemError
from portal.tenants import (
    CLUSTER_LENGTH,
    REJECT_REASONS,
    SUSPEND_REASONS,
    Ids,
    Reason,
    Tenant,
    Validity,
)
from portal.web.forms import (
    Form,
    StaffContactForm,
    TextField,
    contact_data,
    form_messages,
    line_reader,
    read_day,
    read_id,
    read_secret,
)
from portal.web.http import now, settings
from portal.web.i18n import N_, _, dates, labels

MESSAGE_LENGTH = 2000
#: A new validity is suggested to begin today and to end this much later.
SUGGESTED_TERM = timedelta(days=14)


class VerbForm(Form):
    """The fields of a verb. A verb without fields uses this class: its form is only a button."""

    @staticmethod
    def initial_data(tenant: Tenant) -> Mapping[str, str]:
        """Field name -> text that the field holds when the tenant's page offers the form."""
        del tenant
        return {}

    def arguments(self) -> Mapping[str, object]:
        """Keyword arguments for the verb's function. Call it on a valid form only."""
        return {}


class IdsForm(VerbForm):
    account_id = TextField(N_("Account id"), read_id, form_messages.account_id, inputmode="numeric")
    company_id = TextField(N_("Company id"), read_id, form_messages.company_id, inputmode="numeric")
    account_name = TextField(
        N_("Account name"),
        line_reader(contact_readers.NAME_LENGTH, required=False),
        form_messages.text,
        required=False,
    )
    company_name = TextField(
        N_("Company name in FSM"),
        line_reader(contact_readers.NAME_LENGTH, required=False),
        form_messages.text,
        required=False,
    )
    cluster = TextField(
        N_("Cluster"),
        line_reader(CLUSTER_LENGTH, required=False),
        form_messages.text,
        required=False,
        hint=N_("For example eu or us."),
    )

    def to_ids(self) -> Ids:
        return Ids(
            account_id=self.account_id.value,
            company_id=self.company_id.value,
            account_name=self.account_name.value,
            company_name=self.company_name.value,
            cluster=self.cluster.value,
        )


class ValidityForm(VerbForm):
    valid_from = TextField(N_("Valid from"), read_day, form_messages.date, type="date")
    valid_to = TextField(N_("Valid through"), read_day, form_messages.date, type="date")
    term = TextField(
        N_("Term"),
        str,
        form_messages.choice,
        type="select",
        required=False,
        hint=N_("Counts from the first day and replaces the last day."),
        choices=[
            ("", N_("No term: use the two days above")),
            ("30d", N_("30 days")),
            ("1y", N_("One year")),
            ("eoy", N_("Through 31 December")),
        ],
    )

    def validate(self, *args: Any, **kwargs: Any) -> bool:
        self._apply_term()
        valid = super().validate(*args, **kwargs)
        if valid and self.valid_to.value < self.valid_from.value:
            self.valid_to.errors = [_("The end must not be before the start.")]
            return False
        return bool(valid)

    def _apply_term(self) -> None:
        """A term counts from the first day and replaces the last day."""
        try:
            first = read_day(self.valid_from.data or "")
        except ProblemError:
            return
        match self.term.data:
            case "30d":
                last = first + timedelta(days=29)
            case "1y":
                last = _year_later(first) - timedelta(days=1)
            case "eoy":
                last = date(first.year, 12, 31)
            case _:
                return
        self.valid_to.data = last.isoformat()
        self.term.data = ""

    @staticmethod
    def initial_data(tenant: Tenant) -> Mapping[str, str]:
        zone, validity = settings().time_zone, tenant.validity
        first, last = dates.days_of(validity.valid_from, validity.valid_to, zone)
        return {"valid_from": first, "valid_to": last}

    def arguments(self) -> Mapping[str, object]:
        return {"validity": self.to_validity()}

    def to_validity(self) -> Validity:
        return Validity.of_days(self.valid_from.value, self.valid_to.value, settings().time_zone)


def _year_later(day: date) -> date:
    try:
        return day.replace(year=day.year + 1)
    except ValueError:  # 29 February
        return date(day.year + 1, 3, 1)


class ClientForm(VerbForm):
    client_id = TextField(
        N_("Client id"),
        line_reader(contact_readers.NAME_LENGTH, required=False),
        form_messages.text,
        required=False,
    )
    client_secret = TextField(
        N_("Client secret"),
        read_secret,
        form_messages.text,
        required=False,
        type="password",
        autocomplete="off",
        hint=N_("Encrypted at once and never shown again."),
    )

    @staticmethod
    def initial_data(tenant: Tenant) -> Mapping[str, str]:
        return {"client_id": tenant.client.id}

    def arguments(self) -> Mapping[str, object]:
        return {"client_id": self.client_id.value, "secret": self.client_secret.value}


class ActivateForm(ClientForm, ValidityForm, IdsForm):
    """The ids, the validity and the OAuth client."""

    def __iter__(self) -> Any:
        order = (
            *("account_id", "company_id", "account_name", "company_name", "cluster"),
            *("valid_from", "valid_to", "term", "client_id", "client_secret"),
        )
        return iter(self._fields[name] for name in order)

    @staticmethod
    def initial_data(tenant: Tenant) -> Mapping[str, str]:
        """The ids that the sign-up claims, and a suggested validity."""
        names = ("account_id", "company_id", "account_name", "company_name", "cluster")
        ids = {name: str(getattr(tenant.ids, name)) for name in names} if tenant.ids else {}
        today = dates.today(now(), settings().time_zone)
        last = today + SUGGESTED_TERM
        return {**ids, "valid_from": today.isoformat(), "valid_to": last.isoformat()}

    def arguments(self) -> Mapping[str, object]:
        return {
            "ids": self.to_ids(),
            **ValidityForm.arguments(self),
            **ClientForm.arguments(self),
        }


def _reason_field(reasons: Sequence[Reason]) -> TextField:
    def read(text: str) -> Reason:
        for reason in reasons:
            if text == reason.value:
                return reason
        raise ProblemError(Problem.CHOICE)

    choices = [("", N_("Choose …")), *((reason.value, labels.REASON[reason]) for reason in reasons)]
    return TextField(N_("Reason"), read, form_messages.choice, type="select", choices=choices)


class RejectForm(VerbForm):
    reason = _reason_field(REJECT_REASONS)
    message = TextField(
        N_("Message to the customer"),
        lambda text: contact_readers.read_text(text, most=MESSAGE_LENGTH),
        form_messages.text,
        required=False,
        type="textarea",
        hint=N_("The customer's page shows this text exactly as you write it."),
    )

    def arguments(self) -> Mapping[str, object]:
        return {"reason": self.reason.value, "message": self.message.value}


class SuspendForm(VerbForm):
    reason = _reason_field(SUSPEND_REASONS)

    def arguments(self) -> Mapping[str, object]:
        return {"reason": self.reason.value}


class EditContactForm(StaffContactForm, VerbForm):
    """The contact form, filled with what is stored."""

    @staticmethod
    def initial_data(tenant: Tenant) -> Mapping[str, str]:
        return contact_data(tenant.contact)

    def arguments(self) -> Mapping[str, object]:
        return {"contact": self.to_contact()}


class NoteForm(Form):
    text = TextField(
        N_("Note"),
        lambda text: contact_readers.read_text(text, most=MESSAGE_LENGTH, required=True),
        form_messages.text,
        type="textarea",
        hint=N_("For staff only."),
    )
