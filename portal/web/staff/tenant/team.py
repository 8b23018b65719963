"""A tenant is given to somebody, or handed back; and an open page tells that one looks at it."""

from flask import Response, g, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from portal import desk, onboarding
from portal.auth import Person, Role, active_person
from portal.desk import TakenError
from portal.tenants import Tenant
from portal.web.forms import form_version
from portal.web.http import audit_info, htmx, note_saved, now, person, store, url_for
from portal.web.i18n import _
from portal.web.staff.lists import back_parameter
from portal.web.staff.tenant.confirmations import confirm_assignment
from portal.web.staff.tenant.mail_preview import show_expired
from portal.web.staff.tenant.sent_together import holds_begun_decision, holds_entries_beside
from portal.web.staff.tenant.team_view import (
    COLLEAGUE,
    PresenceView,
    assigned_sentence,
    changed_sentence,
    people_sentence,
)
from portal.web.staff.tenant.tenant_page import ConflictNotice, conflict_notice, tenant_page
from portal.web.staff.tenant.verb_form import VerbForm


def assign(tenant_id: str) -> AnyResponse:
    """Gives the tenant to the person in `to`, or whom the list names; or to nobody."""
    if g.form_expired:
        return show_expired(tenant_id, "assign", VerbForm())
    tenant = onboarding.find(store(), tenant_id)
    if tenant.id != tenant_id or not desk.is_assignable(tenant):
        return tenant_page(tenant.id, status=409, conflict=conflict_notice(tenant))
    chosen = request.form.get("to", request.form.get(COLLEAGUE))
    if chosen is None or (not chosen and "to" not in request.form):
        return _refused(tenant, _("Choose somebody from the list first."), 422)
    to = _approver(chosen) if chosen else None
    if chosen and to is None:
        return _refused(tenant, _("This person cannot look after tenants."), 422)
    try:
        found = desk.assign(store(), tenant, to, turn=form_version("turn") or 0, audit=audit_info())
    except TakenError as taken:
        return _refused(tenant, assigned_sentence(taken.desk), 409)
    note_saved()
    # Somebody may have decided meanwhile, without having seen this.
    desk.end_if_decided(store(), found, onboarding.find(store(), tenant_id))
    if htmx.wants_fragment() or holds_entries_beside() or holds_begun_decision(tenant):
        return tenant_page(tenant_id, confirmation=confirm_assignment(tenant, found))
    return redirect(
        url_for("staff.tenant", tenant_id=tenant_id, assigned="1", back=back_parameter()), 303
    )


def _approver(person_id: str) -> Person | None:
    """Asked for anew: what this process remembers is up to a minute old."""
    found = active_person(store(), person_id) if person_id.startswith("staff-") else None
    return found if found and found.role >= Role.APPROVER else None


def _refused(tenant: Tenant, headline: str, status: int) -> Response:
    notice = ConflictNotice(headline=headline, advice=_("Nothing was changed."))
    return tenant_page(tenant.id, status=status, conflict=notice)


def presence(tenant_id: str) -> AnyResponse:
    """An open page says that it is there, and hears who else is, and what has changed."""
    user = person()
    tenant = onboarding.find(store(), tenant_id)
    page_url = url_for("staff.tenant", tenant_id=tenant.id, back=back_parameter())
    if user is None or not htmx.wants_fragment():
        return redirect(page_url, 303)
    others = desk.note_presence(store(), tenant.id, user, now())
    found = desk.find_desk(store(), tenant)
    changed = []
    if tenant.id != tenant_id or tenant.version != form_version():
        changed.append(changed_sentence(tenant))
    elif found.turn != (form_version("turn") or 0):
        changed.append(assigned_sentence(found, is_exact=True))
    view = PresenceView(
        url="",
        version="",
        turn="",
        people=people_sentence(others),
        changed=changed,
        page_url=page_url,
    )
    return Response(render_template("staff/_presence.html", presence=view))
