"""Contact details as pages show them: to staff, masked to customers, and in forms."""

from portal.contact_fields import CONTACT_FIELDS, FORM_ORDER, ContactField, FieldKind
from portal.tenants import Contact
from portal.web.i18n import _


def contact_facts(contact: Contact) -> list[tuple[str, str]]:
    """Label and value of each field, for staff; the value is empty where nothing is stored."""
    return [(_label(field), _value(field, contact)) for field in FORM_ORDER]


def masked_facts(contact: Contact) -> list[tuple[str, str]]:
    """As `contact_facts`, masked: anybody who has the link can open a customer's page."""
    return [(_label(field), masked_value(field, contact)) for field in FORM_ORDER]


def masked_value(field: ContactField, contact: Contact) -> str:
    """`j•••@example.com`, `+49•••20`. A field that is not masked stays as it is."""
    value: str = getattr(contact, field.name)
    if not field.masked or not value:
        return value
    if field.kind is FieldKind.EMAIL:
        local, at, domain = value.rpartition("@")
        return f"{local[:1]}•••{at}{domain}" if at else "•••"
    return f"{value[:3]}•••{value[-2:]}" if len(value) > 7 else "•••"


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


def _label(field: ContactField) -> str:
    return _(field.fact_label or field.label)


def _value(field: ContactField, contact: Contact) -> str:
    value: str = getattr(contact, field.name)
    if field.kind is not FieldKind.PHONE:
        return value
    typed, extension = (getattr(contact, f"{field.name}_{part}") for part in ("typed", "extension"))
    if extension:
        value = _("%(number)s, extension %(ext)s", number=value, ext=extension)
    if typed:
        value = _("%(number)s (typed: %(typed)s)", number=value, typed=typed)
    return value
