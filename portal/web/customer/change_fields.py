"""The fields with which a customer changes details that are stored. What pages mask stands in a
hint, and its field is empty: left so, it keeps what is stored.

Whoever proves an address sees the details whole, and anybody who has the link can name another
address. So with another address nothing that is masked is kept: it is typed anew, or removed.
"""

from collections.abc import Sequence
from dataclasses import replace

from flask import request

from portal.contact_fields import FORM_ORDER, FieldKind
from portal.tenants import Contact
from portal.web.customer.address import sees_whole
from portal.web.customer.opened_link import OpenedLink
from portal.web.forms import ChangeForm, FieldView, masked_value, note_beside
from portal.web.i18n import _


def change_fields(
    form: ChangeForm, link: OpenedLink, *, sent: bool, without_address: bool = False
) -> Sequence[FieldView]:
    """The fields of the form.

    Args:
        sent: It was sent and comes back, so it has notes as well.
        without_address: The page does not show the address, so nobody can change it there.
    """
    notes = (
        {each.name: note_beside(each, form[each.name].data or "") for each in FORM_ORDER}
        if sent
        else {}
    )
    hints = _hints(link, without_address=without_address)
    return [_with_hint(view, hints.get(view.name, "")) for view in form.views(**notes)]


def removal_fields(link: OpenedLink) -> Sequence[FieldView]:
    """A box to tick for each optional field whose value is masked: emptying it keeps the value."""
    return [
        FieldView(
            name=f"remove_{field.name}",
            id=f"remove_{field.name}",
            label=_("%(detail)s: remove what is stored", detail=_(field.label)),
            type="checkbox",
            value=request.form.get(f"remove_{field.name}", ""),
        )
        for field in FORM_ORDER
        if field.masked and not field.required and masked_value(field, link.contact)
    ]


def removed_fields() -> set[str]:
    """The names of the fields whose boxes were ticked."""
    return {field.name for field in FORM_ORDER if request.form.get(f"remove_{field.name}")}


def keeps_nothing_masked(form: ChangeForm, link: OpenedLink, contact: Contact) -> bool:
    """Whether this contact may be saved: it has the address of before, this browser sees the
    details whole already, or nothing that is masked goes over to the other address. If not, a
    sentence is beside each such field. Call it on a valid form only.
    """
    if contact.has_email(link.contact.email) or sees_whole(link):
        return True
    kept = [
        field
        for field in FORM_ORDER
        if field.masked and form[field.name].is_untouched and getattr(contact, field.name)
    ]
    for field in kept:
        form[field.name].errors = [
            _(
                "You change the email address. So enter this again as well, or remove it:"
                " %(detail)s.",
                detail=_(field.label),
            )
        ]
    return not kept


def changed_fields(before: Contact, after: Contact) -> list[str]:
    """The names of the fields that differ."""
    return [
        field.name
        for field in FORM_ORDER
        if any(getattr(before, part) != getattr(after, part) for part in field.parts)
    ]


def field_labels(names: Sequence[str]) -> list[str]:
    """What the fields of these names are called; other names are left out."""
    return [_(field.fact_label or field.label) for field in FORM_ORDER if field.name in names]


def _hints(link: OpenedLink, *, without_address: bool) -> dict[str, str]:
    is_kept = without_address or sees_whole(link)
    again = "" if is_kept else _("If you change the email address, enter this again.")
    return {
        field.name: " ".join(
            filter(
                None,
                (
                    _("Leave empty to keep %(value)s.", value=masked),
                    again if field.kind is not FieldKind.EMAIL else "",
                ),
            )
        )
        for field in FORM_ORDER
        if field.masked and (masked := masked_value(field, link.contact))
    }


def _with_hint(view: FieldView, hint: str) -> FieldView:
    """An empty field keeps its value, so the hint says so, and "optional" would mislead."""
    return replace(view, hint=hint, required=True) if hint else view
