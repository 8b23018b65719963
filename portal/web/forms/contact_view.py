"""Contact details as pages show them: to staff, masked to customers, and in forms."""

from functools import lru_cache

from portal.contact_fields import CONTACT_FIELDS, FORM_ORDER, ContactField, FieldKind
from portal.contact_readers import ProblemError, read_phone
from portal.phone_numbers import plain_notation
from portal.tenants import Contact
from portal.web.i18n import LANGUAGES, _, language_name, locale_name, territory


def contact_facts(contact: Contact) -> list[tuple[str, str]]:
    """Label and value of each field, for staff; the value is empty where nothing is stored."""
    return [(_label(field), _value(field, contact)) for field in FORM_ORDER]


def masked_facts(contact: Contact) -> list[tuple[str, str]]:
    """As `contact_facts`, masked: anybody who has the link can open a customer's page."""
    return [(_label(field), _masked_fact(field, contact)) for field in FORM_ORDER]


def _masked_fact(field: ContactField, contact: Contact) -> str:
    """The masked value. Of a phone number that was typed without a country code also the country
    that was assumed: without JavaScript the form could not say so before it was sent."""
    value = masked_value(field, contact)
    if field.kind is not FieldKind.PHONE or not value:
        return value
    typed = plain_notation(getattr(contact, f"{field.name}_typed"))[0].lstrip(" (")
    try:
        phone = (
            None if not typed or typed.startswith("+") else read_phone(getattr(contact, field.name))
        )
    except ProblemError:
        return value
    if phone is None:
        return value
    return _(
        "%(number)s (country: %(country)s)",
        number=value,
        country=territory(phone.region),
    )


def masked_value(field: ContactField, contact: Contact) -> str:
    """`j•••@example.com`, `+49•••20`. A field that is not masked stays as it is."""
    value: str = getattr(contact, field.name)
    if not field.masked or not value:
        return value
    if field.kind is FieldKind.EMAIL:
        return masked_email(value)
    return f"{value[:3]}•••{value[-2:]}" if len(value) > 7 else "•••"


def masked_email(address: str) -> str:
    """`j•••@example.com`."""
    local, at, domain = address.rpartition("@")
    return f"{local[:1]}•••{at}{domain}" if at else "•••"


def contact_data(contact: Contact) -> dict[str, str]:
    """Field name -> text for the form of staff. A phone number is as it was typed."""
    return {
        field.name: getattr(contact, f"{field.name}_typed", "") or getattr(contact, field.name)
        for field in CONTACT_FIELDS
    }


def open_data(contact: Contact) -> dict[str, str]:
    """Field name -> text for the customer's change form, without the masked fields."""
    return {
        field.name: getattr(contact, field.name) for field in CONTACT_FIELDS if not field.masked
    }


def language_of_contact(locale: str) -> str:
    """The name of the contact's language in the reader's: `German`. Of another locale than ours,
    or none, the text as it is."""
    return _language_name(locale, locale_name()) if locale in LANGUAGES else locale


@lru_cache
def _language_name(locale: str, reader: str) -> str:
    """`reader`: the language of the request."""
    del reader
    return language_name(locale)


# As many as a few pages need, since they are personal.
@lru_cache(256)
def readable_number(number: str) -> str:
    """`+49 30 901820`; what is no phone number, as old records may hold it, stays as it is."""
    try:
        phone = read_phone(number)
    except ProblemError:
        return number
    return phone.international if phone and phone.e164 == number else number


def _label(field: ContactField) -> str:
    return _(field.fact_label or field.label)


def _value(field: ContactField, contact: Contact) -> str:
    value: str = getattr(contact, field.name)
    if field.kind is not FieldKind.PHONE:
        return value
    typed, extension = (getattr(contact, f"{field.name}_{part}") for part in ("typed", "extension"))
    value = readable_number(value)
    if typed == value:
        typed = ""
    if extension:
        value = _("%(number)s, extension %(ext)s", number=value, ext=extension)
    if typed:
        value = _("%(number)s (typed: %(typed)s)", number=value, typed=typed)
    return value
