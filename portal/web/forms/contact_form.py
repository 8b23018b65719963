"""The customer's forms: who asks for access, and what they change about it."""

from typing import Any

from flask import request

from portal import contacts
from portal.contacts import ProblemError
from portal.tenants import CLUSTER_LENGTH, Contact, Ids
from portal.web.forms import form_messages
from portal.web.forms.base import Form, TextField, line_reader, read_id
from portal.web.i18n import N_, _, territory


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
    company = TextField(
        N_("Company name"),
        line_reader(contacts.COMPANY_LENGTH),
        form_messages.company,
        autocomplete="organization",
    )
    name = TextField(
        N_("Your name"),
        line_reader(contacts.NAME_LENGTH),
        form_messages.name,
        autocomplete="name",
    )
    email = TextField(
        N_("Email address"),
        contacts.read_email,
        form_messages.email,
        type="email",
        autocomplete="email",
        hint=N_("We use it only for questions about your access."),
    )
    phone = TextField(
        N_("Phone number"),
        read_phone,
        form_messages.phone,
        type="tel",
        autocomplete="tel",
        required=False,
        hint=N_("With country code, like +49 30 901820."),
    )

    def __iter__(self) -> Any:
        """The same order in every form, whichever fields it words anew."""
        return iter(self._fields[name] for name in ("company", "name", "email", "phone"))

    def to_contact(self) -> Contact:
        """Only of a form that is valid."""
        phone: contacts.Phone | None = self.phone.read
        return Contact(
            company=self.company.read,
            name=self.name.read,
            email=self.email.read,
            phone=phone.e164 if phone else "",
            phone_typed=phone.typed if phone and phone.typed != phone.e164 else "",
            phone_extension=phone.extension if phone else "",
        )


class ChangeForm(ContactForm):
    """The customer's own changes. What is masked on the page stays as it is if left empty."""

    email = TextField(
        N_("Email address"),
        lambda text: contacts.read_email(text) if text.strip() else "",
        form_messages.email,
        type="email",
        autocomplete="email",
        required=False,
    )

    def to_contact_over(self, old: Contact) -> Contact:
        """Only of a form that is valid."""
        new = self.to_contact()
        keeps_phone = not new.phone
        return Contact(
            company=new.company,
            name=new.name,
            email=new.email or old.email,
            phone=old.phone if keeps_phone else new.phone,
            phone_typed=old.phone_typed if keeps_phone else new.phone_typed,
            phone_extension=old.phone_extension if keeps_phone else new.phone_extension,
        )


def email_note(typed: str) -> str:
    """A hint for an address that can be used, but may be a slip."""
    try:
        likelier = contacts.likelier_email(contacts.read_email(typed))
    except ProblemError:
        return ""
    return _("Did you mean %(address)s?", address=likelier) if likelier else ""


def phone_note(typed: str) -> str:
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
