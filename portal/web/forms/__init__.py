"""Forms that customers and staff share.

base           fields, their views, and readers of single values
contact_form   the contact form of customers and staff, and notes beside its fields
contact_view   contact details as pages show them
form_messages  what to do about a text that a field refuses
"""

from portal.web.forms import form_messages
from portal.web.forms.base import (
    FieldView,
    Form,
    TextField,
    form_version,
    is_final_id,
    line_reader,
    read_cluster,
    read_day,
    read_id,
    read_secret,
)
from portal.web.forms.contact_form import (
    CLAIM_FIELDS,
    AddressForm,
    ChangeForm,
    ContactForm,
    StaffContactForm,
    claimed_ids,
    note_beside,
    phone_notes,
    read_phone,
    region,
)
from portal.web.forms.contact_view import (
    contact_data,
    contact_facts,
    language_of_contact,
    masked_email,
    masked_facts,
    masked_value,
    open_data,
    readable_number,
)

__all__ = [
    "CLAIM_FIELDS", "AddressForm", "ChangeForm", "ContactForm", "FieldView", "Form",
    "StaffContactForm", "TextField", "claimed_ids", "contact_data", "contact_facts",
    "form_messages", "form_version", "is_final_id", "language_of_contact", "line_reader",
    "masked_email", "masked_facts", "masked_value", "note_beside", "open_data", "phone_notes",
    "read_cluster", "read_day", "read_id", "read_phone", "read_secret", "readable_number", "region",
]  # fmt: skip
