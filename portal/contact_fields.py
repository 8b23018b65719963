"""The fields of the contact form, each described once.

The form, its reading, the item, the import, the history, the erasure and the export are made
from this table. CONTRIBUTING.md says how to add a field. Standard library only: everything that
reads or writes a tenant imports this.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from portal.translations import N_

#: Of an address, by RFC 5321.
EMAIL_LENGTH = 254
PHONE_LENGTH = 60


class FieldKind(StrEnum):
    """How a field is read, compared and shown: `portal.contacts` has a reader for each."""

    LINE = "line"
    EMAIL = "email"
    PHONE = "phone"


@dataclass(frozen=True, kw_only=True, slots=True)
class ContactField:
    """One field of the contact form.

    name: of the form field, and of the attribute of `portal.tenants.Contact`.
    attribute: in the store, in exports and in imported files. Never renamed.
    label: as staff, the history and a tenant's facts call it.
    personal: erased when the retention of a closed sign-up ends; the history names the field
        but not its values.
    masked: a customer's page shows only its beginning and end, and an empty field of the change
        form keeps what is stored.
    missing, too_long, invalid: what to do about a text that is refused; empty: a general
        sentence. `customer_…`: as the customer reads it, where that differs.
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
        """Attribute of `Contact` -> attribute of the item. A phone number has three: E.164,
        the text as it was typed where that differs, and the extension."""
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

#: The order of a form: what is required comes first.
FORM_ORDER = tuple(sorted(CONTACT_FIELDS, key=lambda field: not field.required))

#: Attribute of `Contact` -> attribute of the item, of all fields.
CONTACT_ATTRIBUTES: Mapping[str, str] = {
    part: attribute for field in CONTACT_FIELDS for part, attribute in field.parts.items()
}


def fields_of_kind(kind: FieldKind) -> tuple[ContactField, ...]:
    """The fields of one kind, in the order of the table."""
    return tuple(field for field in CONTACT_FIELDS if field.kind is kind)
