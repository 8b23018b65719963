"""The customer's forms: who asks for access, and what they change about it."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from flask import request

from portal import contacts
from portal.contact_fields import FORM_ORDER, ContactField, FieldKind
from portal.contacts import ProblemError
from portal.tenants import CLUSTER_LENGTH, Contact, Ids
from portal.web.forms import form_messages
from portal.web.forms.base import Form, TextField, line_reader, read_id
from portal.web.i18n import _, territory


def read_phone(text: str) -> contacts.Phone | None:
    """As `contacts.read_phone`, where the browser's language names a region. `ProblemError`."""
    return contacts.read_phone(text, region())


def region() -> str:
    """The region that the browser's language names (`de-CH`: `CH`), or an empty text: only a
    default, for numbers without a country code."""
    for language in request.accept_languages.values():
        country = language.replace("_", "-").rpartition("-")[2]
        if len(country) == 2 and country.isalpha() and "-" in language.replace("_", "-"):
            return country.upper()
    return ""


class ContactForm(Form):
    """Who asks for access, as the customer fills it in. Its fields are `CONTACT_FIELDS`."""

    def to_contact(self) -> Contact:
        """Only of a form that is valid."""
        values: dict[str, str] = {}
        for field in FORM_ORDER:
            values |= _attributes(field, self[field.name].value)
        return Contact(**values)


class ChangeForm(ContactForm):
    """The customer's own changes. What is masked on the page stays as it is if left empty."""

    def to_contact_over(self, old: Contact) -> Contact:
        """Only of a form that is valid."""
        new = self.to_contact()
        unchanged = {
            part: getattr(old, part)
            for field in FORM_ORDER
            if field.masked and not getattr(new, field.name)
            for part in field.parts
        }
        return replace(new, **unchanged)


class StaffContactForm(ContactForm):
    """The same for staff, who write about somebody else."""


def _attributes(field: ContactField, value: Any) -> dict[str, str]:
    """The attributes of `Contact` for what was read of one field."""
    if field.kind is not FieldKind.PHONE:
        return {field.name: value}
    phone: contacts.Phone | None = value
    typed = phone.typed if phone and phone.typed != phone.e164 else ""
    parts = (phone.e164, typed, phone.extension) if phone else ("", "", "")
    return dict(zip(field.parts, parts, strict=True))


def _customer_field(field: ContactField) -> TextField:
    return _text_field(
        field,
        label=field.customer_label or field.label,
        missing=field.customer_missing or field.missing,
        hint=field.customer_hint or field.hint,
        autocomplete=field.autocomplete,
    )


def _change_field(field: ContactField) -> TextField:
    if not field.masked:
        return _customer_field(field)
    optional = replace(field, required=False, customer_hint="")
    return _customer_field(optional)


def _staff_field(field: ContactField) -> TextField:
    return _text_field(field, label=field.label, missing=field.missing, hint=field.hint)


def _text_field(
    field: ContactField, *, label: str, missing: str, hint: str, autocomplete: str = ""
) -> TextField:
    return TextField(
        label,
        _reader(field),
        partial(form_messages.contact_field, field, missing),
        type=_INPUT_TYPES[field.kind],
        autocomplete=autocomplete,
        required=field.required,
        hint=hint,
    )


def _reader(field: ContactField) -> Callable[[str], Any]:
    match field.kind:
        case FieldKind.LINE:
            return line_reader(field.max_length, required=field.required)
        case FieldKind.EMAIL if field.required:
            return contacts.read_email
        case FieldKind.EMAIL:
            return lambda text: contacts.read_email(text) if text.strip() else ""
        case FieldKind.PHONE:
            return read_phone


_INPUT_TYPES = {FieldKind.LINE: "text", FieldKind.EMAIL: "email", FieldKind.PHONE: "tel"}

for _form, _make_field in (
    (ContactForm, _customer_field), (ChangeForm, _change_field), (StaffContactForm, _staff_field),
):  # fmt: skip
    for _field in FORM_ORDER:
        # WTForms collects the fields of a class also when they are set afterwards.
        setattr(_form, _field.name, _make_field(_field))


def note_beside(field: ContactField, typed: str) -> str:
    """What stands beside a field that can be taken: a probable slip, or how it was read."""
    match field.kind:
        case FieldKind.LINE:
            return ""
        case FieldKind.EMAIL:
            return _email_note(typed)
        case FieldKind.PHONE:
            return _phone_note(typed)


def _email_note(typed: str) -> str:
    """A hint for an address that can be used, but may be a slip."""
    try:
        suggestion = contacts.likelier_email(contacts.read_email(typed))
    except ProblemError:
        return ""
    return _("Did you mean %(address)s?", address=suggestion) if suggestion else ""


def _phone_note(typed: str) -> str:
    """How a number was read."""
    try:
        phone = contacts.read_phone(typed, region())
    except ProblemError:
        return ""
    if phone is None:
        return ""
    country = territory(phone.region)
    if not phone.in_use:
        return _(
            "We read this as %(number)s (%(country)s). No such number seems to be in use there;"
            " please check it.",
            number=phone.international,
            country=country,
        )
    return _(
        "We read this as %(number)s (%(country)s).", number=phone.international, country=country
    )


def claimed_ids(fields: Any) -> Ids | None:
    """The ids that a link out of the Field Service Management shell claims; what is not well
    formed was not written by it, and is left out."""
    try:
        return Ids(
            account_id=read_id(fields.get("account_id", "")),
            company_id=read_id(fields.get("company_id", "")),
            account_name=line_reader(contacts.NAME_LENGTH, required=False)(
                fields.get("account_name", "")
            ),
            company_name=line_reader(contacts.NAME_LENGTH, required=False)(
                fields.get("company_name", "")
            ),
            cluster=line_reader(CLUSTER_LENGTH, required=False)(fields.get("cluster", "")),
        )
    except ProblemError:
        return None
