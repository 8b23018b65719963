"""The contact form: for a sign-up, for a customer's changes, and for staff.

Its fields are made from `portal.contact_fields.CONTACT_FIELDS`.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from flask import request

from portal import contact_readers
from portal.contact_fields import FORM_ORDER, ContactField, FieldKind
from portal.contact_readers import ProblemError
from portal.tenants import CLUSTER_LENGTH, Contact, Ids
from portal.web.forms import form_messages
from portal.web.forms.base import Form, TextField, line_reader, read_id
from portal.web.i18n import _, territory


def read_phone(text: str) -> contact_readers.Phone | None:
    """As `contacts.read_phone`, in the region of the browser's language.

    Raises:
        ProblemError: the text is no phone number.
    """
    return contact_readers.read_phone(text, region())


def region() -> str:
    """The region of the browser's language (`de-CH`: `CH`); empty if no language names one.

    A default for phone numbers without a country code.
    """
    for language in request.accept_languages.values():
        country = language.replace("_", "-").rpartition("-")[2]
        if len(country) == 2 and country.isalpha() and "-" in language.replace("_", "-"):
            return country.upper()
    return ""


class ContactForm(Form):
    """The contact of a sign-up, as the customer fills it in."""

    def to_contact(self) -> Contact:
        """The contact that was filled in. Call it on a valid form only."""
        values: dict[str, str] = {}
        for field in FORM_ORDER:
            values |= _attributes(field, self[field.name].value)
        return Contact(**values)


class ChangeForm(ContactForm):
    """The customer's own changes. A field that the page masks may be left empty: no change."""

    def to_contact_over(self, old: Contact) -> Contact:
        """The changed contact. Call it on a valid form only."""
        new = self.to_contact()
        unchanged = {
            part: getattr(old, part)
            for field in FORM_ORDER
            if field.masked and not getattr(new, field.name)
            for part in field.parts
        }
        return replace(new, **unchanged)


class StaffContactForm(ContactForm):
    """The contact form for staff, whose sentences are about somebody else's details."""


def _attributes(field: ContactField, value: Any) -> dict[str, str]:
    """The attributes of `Contact` for the value of one field."""
    if field.kind is not FieldKind.PHONE:
        return {field.name: value}
    phone: contact_readers.Phone | None = value
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
            return contact_readers.read_email
        case FieldKind.EMAIL:
            return lambda text: contact_readers.read_email(text) if text.strip() else ""
        case FieldKind.PHONE:
            return read_phone


_INPUT_TYPES = {FieldKind.LINE: "text", FieldKind.EMAIL: "email", FieldKind.PHONE: "tel"}

for _form, _make_field in (
    (ContactForm, _customer_field), (ChangeForm, _change_field), (StaffContactForm, _staff_field),
):  # fmt: skip
    for _field in FORM_ORDER:
        # WTForms also collects fields that are set after the class was made.
        setattr(_form, _field.name, _make_field(_field))


def note_beside(field: ContactField, typed: str) -> str:
    """The note beside a field that was accepted: a likely typing error, or how it was read."""
    match field.kind:
        case FieldKind.LINE:
            return ""
        case FieldKind.EMAIL:
            return _email_note(typed)
        case FieldKind.PHONE:
            return _phone_note(typed)


def _email_note(typed: str) -> str:
    """Suggests another address if this one looks like a typing error."""
    try:
        suggestion = contact_readers.likelier_email(contact_readers.read_email(typed))
    except ProblemError:
        return ""
    return _("Did you mean %(address)s?", address=suggestion) if suggestion else ""


def _phone_note(typed: str) -> str:
    """How the number was read, and whether such numbers are in use."""
    try:
        phone = contact_readers.read_phone(typed, region())
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
    """The ids that a link out of the Field Service Management shell claims.

    `None` if one of them is malformed: the shell did not make such a link.
    """
    try:
        return Ids(
            account_id=read_id(fields.get("account_id", "")),
            company_id=read_id(fields.get("company_id", "")),
            account_name=line_reader(contact_readers.NAME_LENGTH, required=False)(
                fields.get("account_name", "")
            ),
            company_name=line_reader(contact_readers.NAME_LENGTH, required=False)(
                fields.get("company_name", "")
            ),
            cluster=line_reader(CLUSTER_LENGTH, required=False)(fields.get("cluster", "")),
        )
    except ProblemError:
        return None
