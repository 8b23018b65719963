"""The forms of staff: the fields that each verb asks for."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from portal import contact_readers
from portal.contact_fields import FORM_ORDER
from portal.contact_readers import Problem, ProblemError
from portal.tenants import (
    REJECT_REASONS,
    SUSPEND_REASONS,
    Ids,
    Reason,
    Tenant,
    cluster_of,
)
from portal.web.forms import (
    FieldView,
    Form,
    StaffContactForm,
    TextField,
    contact_data,
    form_messages,
    language_of_contact,
    line_reader,
    phone_notes,
    read_cluster,
    read_id,
    read_secret,
)
from portal.web.http import now, settings
from portal.web.i18n import LANGUAGES, N_, _, dates, labels, locale_name
from portal.web.staff.tenant.validity_form import SUGGESTED_LAST, ValidityForm, term_field
from portal.web.staff.tenant.verb_form import VerbForm

MESSAGE_LENGTH = 2000


class NamesForm(VerbForm):
    """The names of the account and the company, and the cluster."""

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
        read_cluster,
        form_messages.cluster,
        hint=N_("For example eu or us. You can also paste the host."),
    )

    @staticmethod
    def initial_data(tenant: Tenant) -> Mapping[str, str]:
        names = ("account_name", "company_name", "cluster")
        return {name: str(getattr(tenant.ids, name)) for name in names} if tenant.ids else {}

    def arguments(self) -> Mapping[str, object]:
        names = ("account_name", "company_name", "cluster")
        return {name: self[name].value for name in names}


class IdsForm(VerbForm):
    """The two ids."""

    account_id = TextField(N_("Account id"), read_id, form_messages.account_id, inputmode="numeric")
    company_id = TextField(N_("Company id"), read_id, form_messages.company_id, inputmode="numeric")

    @staticmethod
    def initial_data(tenant: Tenant) -> Mapping[str, str]:
        ids = tenant.ids
        return {"account_id": ids.account_id, "company_id": ids.company_id} if ids else {}

    def arguments(self) -> Mapping[str, object]:
        return {"account_id": self.account_id.value, "company_id": self.company_id.value}


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
        type="secret",
        hint=N_("Encrypted at once and never shown again."),
    )

    @staticmethod
    def initial_data(tenant: Tenant) -> Mapping[str, str]:
        return {"client_id": tenant.client.id}

    def arguments(self) -> Mapping[str, object]:
        return {"client_id": self.client_id.value, "secret": self.client_secret.value}


class ActivateForm(ClientForm, ValidityForm, NamesForm, IdsForm):
    """The ids, the validity and the OAuth client."""

    term = term_field(N_("Counts from the first day. Leave the last day as it is."))

    def __iter__(self) -> Any:
        order = (
            *("account_id", "company_id", "account_name", "company_name", "cluster"),
            *("valid_from", "valid_to", "term", "client_id", "client_secret"),
        )
        return iter(self._fields[name] for name in order)

    @staticmethod
    def initial_data(tenant: Tenant) -> Mapping[str, str]:
        """The ids that the sign-up claims, and a suggested validity."""
        ids = {**IdsForm.initial_data(tenant), **NamesForm.initial_data(tenant)}
        # What an earlier version took from a link may be no cluster. The facts show it as it is.
        ids |= {"cluster": cluster_of(ids.get("cluster", "")) or ""}
        today = dates.today(now(), settings().time_zone)
        last = today + timedelta(days=settings().first_term_days - 1)
        return {
            **ids,
            "valid_from": today.isoformat(),
            "valid_to": last.isoformat(),
            SUGGESTED_LAST: last.isoformat(),
        }

    def arguments(self) -> Mapping[str, object]:
        return {
            "ids": Ids(
                account_id=self.account_id.value,
                company_id=self.company_id.value,
                account_name=self.account_name.value,
                company_name=self.company_name.value,
                cluster=self.cluster.value,
            ),
            "validity": self.to_change(),
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


def _written_in(tenant: Tenant) -> str:
    """Beside a text of staff that goes to the customer as it is."""
    language = language_of_contact(tenant.locale or LANGUAGES[0])
    return _("Write it in the language of the customer: %(language)s.", language=language)


class RejectForm(VerbForm):
    reason = _reason_field(REJECT_REASONS)
    message = TextField(
        N_("Message to the customer"),
        lambda text: contact_readers.read_text(text, most=MESSAGE_LENGTH),
        form_messages.text,
        required=False,
        type="textarea",
        hint=N_("The customer gets this text by mail and on the status page, as you write it."),
    )

    @staticmethod
    def notes(tenant: Tenant, typed: Mapping[str, str]) -> Mapping[str, str]:
        del typed
        return {"message": _written_in(tenant)}

    def arguments(self) -> Mapping[str, object]:
        return {"reason": self.reason.value, "message": self.message.value}


class QuestionForm(VerbForm):
    """The question, and a box for each field of the contact that needs correcting."""

    text = TextField(
        N_("Question to the customer"),
        lambda text: contact_readers.read_text(text, most=MESSAGE_LENGTH, required=True),
        form_messages.text,
        type="textarea",
        hint=N_("The customer gets this text by mail and on the status page, and answers there."),
    )

    @staticmethod
    def notes(tenant: Tenant, typed: Mapping[str, str]) -> Mapping[str, str]:
        del typed
        return {"text": _written_in(tenant)}

    def view(self, field: Any, prefix: str = "", note: str = "") -> FieldView:
        view = super().view(field, prefix, note)
        if not view.name.startswith("correct_"):
            return view
        return replace(view, label=_("Please correct: %(field)s", field=view.label))

    def arguments(self) -> Mapping[str, object]:
        named = tuple(field.name for field in FORM_ORDER if self[f"correct_{field.name}"].value)
        return {"text": self.text.value, "fields": named, "locale": locale_name()}


for _field in FORM_ORDER:
    # WTForms also collects fields that are set after the class was made.
    setattr(
        QuestionForm,
        f"correct_{_field.name}",
        TextField(_field.label, bool, form_messages.text, type="checkbox"),
    )


class SuspendForm(VerbForm):
    reason = _reason_field(SUSPEND_REASONS)

    def arguments(self) -> Mapping[str, object]:
        return {"reason": self.reason.value}


class EditContactForm(StaffContactForm, VerbForm):
    """The contact form, filled with what is stored. What nobody touched stays as it is."""

    def validate(self, *args: Any, **kwargs: Any) -> bool:
        if self.tenant:
            self.keep_untouched(self.tenant.contact, contact_data(self.tenant.contact))
        return bool(super().validate(*args, **kwargs))

    @staticmethod
    def initial_data(tenant: Tenant) -> Mapping[str, str]:
        return contact_data(tenant.contact)

    @staticmethod
    def notes(tenant: Tenant, typed: Mapping[str, str]) -> Mapping[str, str]:
        return phone_notes(tenant.contact, typed)

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
