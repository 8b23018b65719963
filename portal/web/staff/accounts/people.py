"""The list of staff, for admins: who may sign in, in which role; and invitations."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from flask import Response, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from portal import records
from portal.auth import (
    PERSON_ID,
    ListedPerson,
    OnTheListError,
    Role,
    find_person,
    invite,
    people_page,
)
from portal.contact_readers import Problem, ProblemError, read_email
from portal.mail import sign_in_entry
from portal.queries import PageCursor
from portal.stores import Add, Change, ItemNotFoundError
from portal.web.forms import Form, TextField, form_messages, line_reader
from portal.web.http import (
    note_saved,
    now,
    services,
    settings,
    source,
    store,
    strip_unprintable,
    url_for,
)
from portal.web.i18n import N_, _, labels, locale_name

_LIST_NAME = "people"
_NAME_LENGTH = 200


def read_role(text: str) -> Role:
    """Raises `ProblemError` for any other text."""
    try:
        return Role.named(text)
    except KeyError as error:
        raise ProblemError(Problem.CHOICE) from error


def _email_error(problem: Problem) -> str:
    del problem
    return _("Enter an email address like name@example.com.")


def role_field() -> TextField:
    choices = [("", N_("Choose …")), *((role.name.lower(), labels.ROLE[role]) for role in Role)]
    return TextField(N_("Role"), read_role, form_messages.choice, type="select", choices=choices)


class InviteForm(Form):
    autocomplete = "off"

    email = TextField(N_("Email address"), read_email, _email_error, type="email")
    name = TextField(
        N_("Name"),
        line_reader(_NAME_LENGTH),
        form_messages.text,
        hint=N_("The history of a tenant shows it beside what the person has done."),
    )
    role = role_field()


@dataclass(frozen=True, kw_only=True, slots=True)
class PersonRow:
    """A person as the list shows them."""

    name: str
    email: str
    role: str
    state: str
    tone: str
    way: str
    url: str


def list_page() -> AnyResponse:
    """GET shows the list; POST puts somebody on it and sends them a link."""
    if request.method != "POST":
        return _page(InviteForm(formdata=None))
    form = InviteForm()
    if not form.validate():
        return _page(form, status=422)

    def mail(person_id: str) -> Sequence[Change]:
        if not settings().sign_in_mail:
            return ()
        entry = sign_in_entry(person_id, locale_name(), now())
        return [Add(records.outbox_item(entry))]

    try:
        person = invite(
            store(),
            email=form.email.value,
            name=form.name.value,
            role=form.role.value,
            now=now(),
            source=source(),
            also=mail,
        )
    except OnTheListError:
        problem = _("Somebody with this address is on the list already. Change the role there.")
        return _page(form, status=409, problem=problem)
    note_saved()
    return redirect(url_for("staff.people", invited=person.id), 303)


def person_row(listed: ListedPerson) -> PersonRow:
    person = listed.person
    state, tone = _("May sign in"), "positive"
    if listed.has_no_role:
        state, tone = _("Has no role at the organization any more"), "warning"
    elif listed.is_disabled:
        state, tone = _("May not sign in"), "negative"
    return PersonRow(
        name=strip_unprintable(person.name),
        email=strip_unprintable(person.email),
        role=_(labels.ROLE[person.role]),
        state=state,
        tone=tone,
        way=_("With the account of the organization") if listed.issuer else _("With links"),
        url=url_for("staff.person", person_id=person.id),
    )


def _page(form: InviteForm, *, status: int = 200, problem: str = "") -> Response:
    cursor = services().links.read_cursor(request.args.get("after", ""), _LIST_NAME)
    page = people_page(store(), after=cursor.position if cursor else None)
    url, next_url = url_for("staff.people"), ""
    if page.after is not None:
        next_cursor = services().links.cursor(PageCursor(0, page.after), _LIST_NAME)
        next_url = f"{url}?after={next_cursor}"
    text = render_template(
        "staff/people.html",
        action=url,
        errors=[*([("", problem)] if problem else []), *form.problems()],
        fields=form.views(),
        by_mail=settings().sign_in_mail,
        has_provider=services().provider is not None,
        invited=_invited_name(),
        rows=[person_row(listed) for listed in page.people],
        first_url=url if cursor else "",
        next_url=next_url,
    )
    return make_response(text, status)


def _invited_name() -> str:
    """The name of whom this person has just invited; empty if nobody was."""
    person_id = request.args.get("invited", "")
    if not re.fullmatch(PERSON_ID, person_id):
        return ""
    try:
        listed = find_person(store(), person_id)
    except (ItemNotFoundError, KeyError, ValueError):
        return ""
    return strip_unprintable(listed.person.name)
