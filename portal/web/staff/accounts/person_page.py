"""One person of staff, for admins: the role, the access, and the sessions."""

from dataclasses import dataclass

from flask import make_response, redirect, render_template, request, session
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from portal.auth import (
    ListedPerson,
    ListedSession,
    end_access,
    end_session_of,
    find_person,
    give_access,
    is_session_of_token,
    sessions_of,
    set_role,
)
from portal.stores import ItemNotFoundError
from portal.web.forms import Form
from portal.web.http import (
    SESSION_TOKEN,
    note_saved,
    now,
    person,
    settings,
    source,
    store,
    strip_unprintable,
    url_for,
)
from portal.web.i18n import N_, _, dates
from portal.web.staff.accounts.people import person_row, role_field

#: What was done, as the address of the page says it, and the sentence.
_DONE = {
    "role": N_("%(name)s has another role now. The sessions of the earlier one have ended."),
    "ended": N_("%(name)s is signed out everywhere and may not sign in any more."),
    "given": N_("%(name)s may sign in again."),
    "session": N_("The session has ended."),
}


class RoleForm(Form):
    role = role_field()


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionRow:
    """A session as the page shows it. `is_own`: the one in which the page is seen."""

    device: str
    began: str
    last_seen: str
    is_own: bool
    end_url: str


def show_person(person_id: str) -> AnyResponse:
    return _page(_found(person_id), RoleForm(formdata=None))


def change_role(person_id: str) -> AnyResponse:
    """Another role. The same one again changes nothing."""
    listed, form = _found(person_id), RoleForm()
    if listed.issuer:
        return _page(listed, form, status=409, problem=_(
            "The organization of this person gives the role. Change it there."
        ))  # fmt: skip
    if _is_own(listed):
        return _page(listed, form, status=409, problem=_own_sentence())
    if not form.validate():
        return _page(listed, form, status=422)
    set_role(store(), person_id, form.role.value, now(), source())
    return _done(person_id, "role")


def end_the_access(person_id: str) -> AnyResponse:
    listed = _found(person_id)
    if _is_own(listed):
        return _page(listed, RoleForm(formdata=None), status=409, problem=_own_sentence())
    end_access(store(), person_id, now(), source())
    return _done(person_id, "ended")


def give_the_access(person_id: str) -> AnyResponse:
    _found(person_id)
    give_access(store(), person_id, now(), source())
    return _done(person_id, "given")


def end_one_session(person_id: str, session_id: str) -> AnyResponse:
    """Also one's own, on another device or here."""
    _found(person_id)
    end_session_of(store(), person_id, session_id, now(), source())
    return _done(person_id, "session")


def _found(person_id: str) -> ListedPerson:
    try:
        return find_person(store(), person_id)
    except ItemNotFoundError as error:
        raise NotFound from error


def _is_own(listed: ListedPerson) -> bool:
    user = person()
    return user is not None and user.id == listed.person.id


def _own_sentence() -> str:
    # So one admin is left at any time.
    return _("You cannot change your own role or access. Ask another administrator.")


def _done(person_id: str, what: str) -> AnyResponse:
    note_saved()
    return redirect(url_for("staff.person", person_id=person_id, done=what), 303)


def _page(
    listed: ListedPerson, form: RoleForm, *, status: int = 200, problem: str = ""
) -> AnyResponse:
    person_id, row = listed.person.id, person_row(listed)
    sentence = _DONE.get(request.args.get("done", "")) if request.method == "GET" else None
    sessions = sessions_of(store(), person_id, now())
    text = render_template(
        "staff/person.html",
        person=row,
        errors=[*([("", problem)] if problem else []), *form.problems()],
        outcome=_(sentence, name=row.name) if sentence else "",
        is_own=_is_own(listed),
        gets_role_elsewhere=bool(listed.issuer),
        role=form.view(form.role),
        role_url=url_for("staff.change_role", person_id=person_id),
        end_url="" if _is_ended(listed) else url_for("staff.end_access", person_id=person_id),
        give_url=url_for("staff.give_access", person_id=person_id) if _is_ended(listed) else "",
        people_url=url_for("staff.people"),
        sessions=[_session_row(each, person_id) for each in sessions],
    )
    return make_response(text, status)


def _is_ended(listed: ListedPerson) -> bool:
    """Whether an admin or an operator ended the access; then one of them gives it back."""
    return listed.is_disabled and not listed.has_no_role


def _session_row(each: ListedSession, person_id: str) -> SessionRow:
    zone, token = settings().time_zone, session.get(SESSION_TOKEN)
    return SessionRow(
        device=strip_unprintable(each.device) or _("Unknown device"),
        began=dates.moment(each.began_at, zone),
        last_seen=dates.moment(each.last_seen, zone),
        is_own=isinstance(token, str) and is_session_of_token(each.id, token),
        end_url=url_for("staff.end_session", person_id=person_id, session_id=each.id),
    )
