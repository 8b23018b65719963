"""The form that adds a receiver of webhooks."""

from typing import Any

from portal.contact_readers import Problem, ProblemError
from portal.web.forms import FieldView, Form, TextField, form_messages
from portal.web.http import settings
from portal.web.i18n import N_, _
from portal.web.staff.webhooks.views import ADDRESS_PROBLEM, TYPE_LABEL
from portal.webhooks import TYPES, AddressError, read_address


def _read_address(text: str) -> str:
    try:
        return read_address(text, settings())
    except AddressError as error:
        raise ProblemError(Problem.CHOICE) from error


def _address_error(problem: Problem) -> str:
    del problem
    return _("Enter the address of the receiver.")


def _type_field(name: str) -> TextField:
    return TextField(TYPE_LABEL[name], bool, form_messages.text, type="checkbox", required=False)


class WebhookForm(Form):
    autocomplete = "off"

    address = TextField(
        N_("Address of the receiver"),
        _read_address,
        _address_error,
        type="url",
        hint=N_("It begins with https:// and is open to the internet."),
    )
    pending = _type_field("tenant.pending")
    activated = _type_field("tenant.activated")
    rejected = _type_field("tenant.rejected")
    suspended = _type_field("tenant.suspended")
    reinstated = _type_field("tenant.reinstated")
    validity_changed = _type_field("tenant.validity_changed")
    expiring = _type_field("tenant.expiring")
    expired = _type_field("tenant.expired")
    withdrawn = _type_field("tenant.withdrawn")
    personal = TextField(
        N_("Also send company, name and email address of the contact"),
        bool,
        form_messages.text,
        type="checkbox",
        required=False,
        hint=N_("Personal details leave the portal then. Without them, a program gets ids and"
                " states, and asks for the rest with an API token."),
    )  # fmt: skip

    def validate(self, *args: Any, **kwargs: Any) -> bool:
        valid = bool(super().validate(*args, **kwargs))
        if self.address.errors and (self.address.data or "").strip():
            try:
                read_address(self.address.data or "", settings())
            except AddressError as error:
                self.address.errors = [_(ADDRESS_PROBLEM[str(error.args[0])])]
        if not self.types():
            self.pending.errors = [_("Choose at least one.")]
            return False
        return valid

    def types(self) -> tuple[str, ...]:
        return tuple(name for name in TYPES if self._field_of(name).data)

    def type_views(self) -> list[FieldView]:
        return [self.view(self._field_of(name)) for name in TYPES]

    def _field_of(self, name: str) -> Any:
        return self[name.removeprefix("tenant.")]
