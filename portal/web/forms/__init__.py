"""Forms that customers and staff share.

base           fields, their views, and readers of single values
contact_form   the contact form, and notes beside its fields
form_messages  what to do about a field that cannot be taken
"""

from portal.web.forms import form_messages
from portal.web.forms.base import (
    FieldView,
    Form,
    TextField,
    form_version,
    is_final_id,
    line_reader,
    read_day,
    read_id,
    read_secret,
)
from portal.web.forms.contact_form import (
    ChangeForm,
    ContactForm,
    claimed_ids,
    email_note,
    phone_note,
    read_phone,
)

__all__ = [
    "ChangeForm",
    "ContactForm",
    "FieldView",
    "Form",
    "TextField",
    "claimed_ids",
    "email_note",
    "form_messages",
    "form_version",
    "is_final_id",
    "line_reader",
    "phone_note",
    "read_day",
    "read_id",
    "read_phone",
    "read_secret",
]
