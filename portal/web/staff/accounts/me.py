"""What each person of staff wants to hear by mail."""

from flask import make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from portal.auth import Person, Role
from portal.desk import set_mail_wishes
from portal.mail import mail_wishes
from portal.records import MailWishes
from portal.web.forms import FieldView
from portal.web.http import note_saved, person, settings, store, url_for
from portal.web.i18n import _, locale_name


def me_page() -> AnyResponse:
    user = person()
    if user is None:
        raise PermissionError("Nobody is signed in.")
    if request.method == "POST":
        return _save(user)
    wishes = mail_wishes(store(), user.id)
    text = render_template(
        "staff/me.html",
        email=user.email,
        fields=_fields(user, wishes),
        is_saved="done" in request.args,
        is_escalated_to=settings().escalate_to.casefold() == user.email.casefold(),
    )
    return make_response(text)


def _save(user: Person) -> AnyResponse:
    earlier = mail_wishes(store(), user.id)
    is_approver = user.role >= Role.APPROVER
    wishes = MailWishes(
        digest="digest" in request.form,
        assigned="assigned" in request.form if is_approver else earlier.assigned,
        done="done" in request.form if is_approver else earlier.done,
        locale=locale_name(),
    )
    set_mail_wishes(store(), user.id, wishes)
    note_saved()
    return redirect(url_for("staff.me", done="1"), 303)


def _fields(user: Person, wishes: MailWishes) -> list[FieldView]:
    """Only approvers are given tenants, and write notes."""
    is_named = user.email.casefold() in {each.casefold() for each in settings().mail_staff}
    digest = is_named if wishes.digest is None else wishes.digest
    fields = [
        _box(
            "digest",
            _("In the morning, what waits"),
            _("At most once a day, and nothing when nothing waits."),
            is_on=digest,
        )
    ]
    if user.role < Role.APPROVER:
        return fields
    return [
        *fields,
        _box("assigned", _("When somebody gives me a tenant"), "", is_on=wishes.assigned),
        _box(
            "done",
            _("When somebody else decides on what I look after"),
            _("Also on what I looked after before, or wrote a note about."),
            is_on=wishes.done,
        ),
    ]


def _box(name: str, label: str, hint: str, *, is_on: bool) -> FieldView:
    return FieldView(
        name=name,
        id=f"me-{name}",
        label=label,
        hint=hint,
        value="1" if is_on else "",
        type="checkbox",
        required=False,
    )
