"""The contact form: for a sign-up, for a customer's changes, and for staff.

Its fields are made from `portal.contact_fields.CONTACT_FIELDS`.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any

from flask import request

from portal import contact_readers
from portal.contact_fields import FORM_ORDER, ContactField, FieldKind, fields_of_kind
from portal.contact_readers import ProblemError
from portal.phone_numbers import Phone, country_of_language
from portal.tenants import Contact, Ids, cluster_of
from portal.web.forms import form_messages
from portal.web.forms.base import Form, TextField, line_reader, read_id
from portal.web.forms.contact_view import contact_data
from portal.web.http import strip_unprintable
from portal.web.i18n import _, locale_name, territory


def read_phone(text: str) -> Phone | None:
    """As `contacts.read_phone`, in the region of the browser's language.

    Raises:
        ProblemError: the text is no phone number.
    """
    return contact_readers.read_phone(text, region())


def region() -> str:
    """The country that the browser's first language names or implies; empty if it does not.

    Assumed for phone numbers without a country code. A later language is no sign of a country:
    many browsers add `en-US`.
    """
    languages = (tag for tag, quality in request.accept_languages if quality > 0)
    return country_of_language(next(languages, ""))


class ContactForm(Form):
    """The contact of a sign-up, as the customer fills it in."""

    _stored = Contact()

    def keep_untouched(self, stored: Contact, shown: Mapping[str, str]) -> None:
        """Keeps what is stored in each field whose text is still the one that was shown. Call it
        before `validate`.

        shown: name of a field -> text; a field that is missing was shown empty.
        """
        self._stored = stored
        for field in FORM_ORDER:
            before, now = (
                strip_unprintable(text or "").strip()
                for text in (shown.get(field.name), self[field.name].data)
            )
            self[field.name].is_untouched = before == now

    def to_contact(self) -> Contact:
        """The contact that was filled in. Call it on a valid form only."""
        values: dict[str, str] = {}
        for field in FORM_ORDER:
            typed = self[field.name]
            if typed.is_untouched:
                values |= {part: getattr(self._stored, part) for part in field.parts}
            else:
                values |= _attributes(field, typed.value)
        return Contact(**values)


class ChangeForm(ContactForm):
    """The customer's own changes. A field that the page masks is shown empty, and may be left so:
    no change."""

    def to_contact_without(self, removed: Collection[str]) -> Contact:
        """The changed contact. Call it on a valid form only.

        removed: names of optional fields that were ticked for removal; a new value counts more.
        """
        empty = {
            part: ""
            for field in FORM_ORDER
            if field.masked and not field.required and field.name in removed
            if self[field.name].is_untouched
            for part in field.parts
        }
        return replace(self.to_contact(), **empty)


class StaffContactForm(ContactForm):
    """The contact form for staff, whose sentences are about somebody else's details."""


def phone_notes(stored: Contact, typed: Mapping[str, str]) -> dict[str, str]:
    """Name of a field of staff's form -> how its phone number is read, and the country that is
    assumed for one without a country code.

    Args:
        stored: What stays while nobody changes the text.
        typed: Name of a field -> the text that it holds.
    """
    country = region()
    assumed = _assumed(country, locale_name()) if country else ""
    notes = {}
    for field in fields_of_kind(FieldKind.PHONE):
        text = typed.get(field.name, "").strip()
        number = getattr(stored, field.name)
        shown = contact_data(stored)[field.name].strip()
        if text == shown:
            # It was read in the country of whoever typed it, and stays so.
            read = _phone_note(number if number != shown else "")
            notes[field.name] = " ".join(filter(None, (read, assumed)))
        else:
            notes[field.name] = _phone_note(text) or assumed
    return notes


@lru_cache(1024)
def _assumed(country: str, language: str) -> str:
    """`language`: that of the request."""
    del language
    return _(
        "A number without a country code is read as one of this country: %(country)s.",
        country=territory(country),
    )


class AddressForm(Form):
    """The email address of a customer, and nothing else."""


def _attributes(field: ContactField, value: Any) -> dict[str, str]:
    """The attributes of `Contact` for the value of one field."""
    if field.kind is not FieldKind.PHONE:
        return {field.name: value}
    phone: Phone | None = value
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
for _field in fields_of_kind(FieldKind.EMAIL):
    # The hint says what the contact's address is used for.
    setattr(AddressForm, _field.name, _customer_field(replace(_field, customer_hint="")))


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
    return _note_on(typed, region(), locale_name()) if typed else ""


# As many as a few pages need, since they are personal.
@lru_cache(256)
def _note_on(typed: str, country: str, language: str) -> str:
    """`country`: assumed for a number without a country code; `language`: that of the request."""
    del language
    try:
        phone = contact_readers.read_phone(typed, country)
    except ProblemError:
        return ""
    if phone is None:
        return ""
    named = territory(phone.region)
    if phone.in_use:
        note = _(
            "We read this as %(number)s (%(country)s).", number=phone.international, country=named
        )
    else:
        note = _(
            "We read this as %(number)s (%(country)s). No such number seems to be in use there;"
            " please check it.",
            number=phone.international,
            country=named,
        )
    if not phone.is_assumed:
        return note
    question = _("Another country? Write the number with its country code.")
    return f"{note} {question}"


#: The fields of what the Field Service Management shell says of whoever asks: parameters of a link
#: out of it, and hidden fields of the page in its frame.
CLAIM_FIELDS = ("account_id", "company_id", "account_name", "company_name", "cluster")


def claimed_ids(fields: Any) -> Ids | None:
    """The ids that a link out of the Field Service Management shell claims.

    `None` if an id or a name is malformed: the shell did not make such a link. A malformed cluster
    alone is dropped, since the ids still help staff, who then ask for the cluster.
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
            cluster=cluster_of(fields.get("cluster", "")) or "",
        )
    except ProblemError:
        return None
