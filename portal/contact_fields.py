"""The fields of the contact form, each described once.

The form and its readers, the stored item, import, export, history and erasure use this table.
CONTRIBUTING.md says how to add a field. This module imports only the standard library and a marker
for messages, since everything that reads or writes a tenant imports it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from portal.translations import N_

#: Maximum length of an email address, by RFC 5321.
EMAIL_LENGTH = 254
#: Maximum length of a phone number as typed.
PHONE_LENGTH = 60


class FieldKind(StrEnum):
    """How a field is read, compared and shown: `portal.contact_readers` has a reader for each."""

    LINE = "line"
    EMAIL = "email"
    PHONE = "phone"


@dataclass(frozen=True, kw_only=True, slots=True)
class ContactField:
    """One field of the contact form.

    Attributes:
        name: Of the form field, and of the attribute of `portal.tenants.Contact`.
        attribute: Of the stored item, and in exported and imported files. Never rename it.
        label: For staff, in the form and the history.
        personal: Erased at the end of the retention of a closed sign-up. The history names the
            field without its values, and masks those of a phone number.
            `Tenant.without_personal_fields` says what goes besides.
        masked: The customer's page shows only the beginning and the end of the value. Left empty
            in the customer's form for changes, the field keeps its stored value.
        fact_label: In the list of a tenant's facts; empty: `label`.
        missing, too_long, invalid: Instructions for a text that was refused; empty: a general
            instruction.
        customer_label, customer_hint, customer_missing: For the customer; empty: as for staff.
        autocomplete: The HTML attribute of the form field.
    """

    name: str
    attribute: str
    label: str
    kind: FieldKind = FieldKind.LINE
    max_length: int = 200
    required: bool = False
    personal: bool = True
    masked: bool = False
    fact_label: str = ""
    hint: str = ""
    missing: str = ""
    too_long: str = ""
    invalid: str = ""
    customer_label: str = ""
    customer_hint: str = ""
    customer_missing: str = ""
    autocomplete: str = ""

    @property
    def parts(self) -> Mapping[str, str]:
        """Attribute of `Contact` -> attribute of the item. A phone number has three: the number in
        E.164, the text as typed if it differs, and the extension."""
        parts = {self.name: self.attribute}
        if self.kind is FieldKind.PHONE:
            parts |= {
                f"{self.name}_typed": f"{self.attribute}Typed",
                f"{self.name}_extension": f"{self.attribute}Extension",
            }
        return parts


CONTACT_FIELDS = (
    ContactField(
        name="company",
        attribute="contactCompanyName",
        label=N_("Company name"),
        required=True,
        fact_label=N_("Company"),
        missing=N_("Enter the company name."),
        too_long=N_("Company name must be 200 characters or fewer."),
        invalid=N_("Company name contains characters that cannot be used."),
        autocomplete="organization",
    ),
    ContactField(
        name="name",
        attribute="contactFullName",
        label=N_("Contact's name"),
        required=True,
        fact_label=N_("Name"),
        missing=N_("Enter the contact's name."),
        too_long=N_("Name must be 200 characters or fewer."),
        invalid=N_("Name contains characters that cannot be used."),
        customer_label=N_("Your name"),
        customer_missing=N_("Enter your name."),
        autocomplete="name",
    ),
    ContactField(
        name="phone",
        attribute="contactPhone",
        label=N_("Phone number"),
        kind=FieldKind.PHONE,
        max_length=PHONE_LENGTH,
        masked=True,
        hint=N_("With country code, like +49 30 901820."),
        invalid=N_("Enter a phone number with country code, like +49 30 901820."),
        autocomplete="tel",
    ),
    ContactField(
        name="email",
        attribute="contactEmailAddress",
        label=N_("Email address"),
        kind=FieldKind.EMAIL,
        max_length=EMAIL_LENGTH,
        required=True,
        masked=True,
        missing=N_("Enter the contact's email address."),
        too_long=N_("Email address is too long."),
        invalid=N_("Enter an email address like name@example.com."),
        customer_hint=N_("We use it only for questions about your access."),
        customer_missing=N_("Enter your email address."),
        autocomplete="email",
    ),
)

#: The order of the fields in a form: required ones first.
FORM_ORDER = tuple(sorted(CONTACT_FIELDS, key=lambda field: not field.required))

#: Attribute of `Contact` -> attribute of the item, for all fields.
CONTACT_ATTRIBUTES: Mapping[str, str] = {
    part: attribute for field in CONTACT_FIELDS for part, attribute in field.parts.items()
}


def fields_of_kind(kind: FieldKind) -> tuple[ContactField, ...]:
    """The fields of one kind, in the order of the table."""
    return tuple(field for field in CONTACT_FIELDS if field.kind is kind)
