"""Client id and secret are tried at the cluster, as they stand in a form, before anything is saved.

The secret goes to the cluster and nowhere else: no page that comes back holds it.
"""

from datetime import datetime

from flask import g, make_response, render_template
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from portal import onboarding, queries
from portal.fsm import CALL_SECONDS
from portal.onboarding import TryLimitError, TypedCredentials
from portal.sealing import Secret
from portal.stores import remaining_seconds
from portal.tenants import Tenant
from portal.web.forms import form_version
from portal.web.http import audit_info, htmx, note_saved, services, settings, store
from portal.web.i18n import _, dates
from portal.web.staff.tenant.form_views import SubmittedForm
from portal.web.staff.tenant.mail_preview import show_expired, show_instead
from portal.web.staff.tenant.tenant_page import ConflictNotice, conflict_notice, tenant_page
from portal.web.staff.tenant.tried_view import latest_try, tried_view
from portal.web.staff.tenant.verb_entry import VerbEntry
from portal.web.staff.tenant.verb_form import VerbForm

#: Kept back from the time of the request, to save and to show what the try has shown.
_SECONDS_AFTERWARDS = 2.0
_IDS = ("account_id", "company_id")


def try_typed(entry: VerbEntry, tenant_id: str) -> AnyResponse:
    """What the cluster says, into the form; or why it was not asked."""
    if not settings().fsm.try_credentials:
        raise NotFound
    form = entry.form()
    if g.form_expired:
        return show_expired(tenant_id, entry.route, form)
    tenant = onboarding.find(store(), tenant_id)
    submitted = SubmittedForm(name=entry.route, form=form)
    if tenant.id != tenant_id or tenant.version != form_version() or not entry.is_offered(tenant):
        return show_instead(tenant.id, submitted, status=409, conflict=conflict_notice(tenant))
    if not _may_be_tried(form):
        return show_instead(tenant_id, submitted, status=422)
    account_id, company_id, label = _whose(form, tenant)
    caller = services().fsm
    cluster = caller.clusters.of_label(label)
    if cluster is None:
        return show_instead(tenant_id, submitted, status=422, conflict=_unknown_cluster(label))
    secret: Secret = form["client_secret"].value
    typed = TypedCredentials(
        client_id=form["client_id"].value,
        secret=secret,
        account_id=account_id,
        company_id=company_id,
    )
    try:
        tried = services().limits.credential_tries.perform(
            store(),
            caller,
            tenant,
            cluster,
            typed,
            audit=audit_info(),
            seconds=remaining_seconds(CALL_SECONDS + _SECONDS_AFTERWARDS) - _SECONDS_AFTERWARDS,
        )
    except TryLimitError as limit:
        notice = _too_often(limit.retry_at)
        return show_instead(tenant_id, submitted, status=429, conflict=notice)
    note_saved()
    view = tried_view(tried)
    if htmx.wants_fragment():
        # Somebody else's may be newer, and one that was not sent is none.
        latest = latest_try(queries.noted_use(store(), tenant))
        return make_response(render_template("staff/_try_outcome.html", tried=view, latest=latest))
    return tenant_page(tenant_id, submitted=SubmittedForm(name=entry.route, form=form, tried=view))


def _may_be_tried(form: VerbForm) -> bool:
    """Whether all is there that the cluster has to get. Other fields may be unfinished, and ids may
    be missing: then nobody says whether they fit."""
    form.validate()
    for name in ("client_id", "client_secret"):
        if not form[name].errors and not form[name].value:
            form[name].errors = [_("Enter this to have it tried.")]
    needed = {
        "client_id",
        "client_secret",
        "cluster",
        *(name for name in _IDS if _is_typed(form, name)),
    }
    for field in form:
        if field.short_name not in needed:
            field.errors = []
    return not any(field.errors for field in form)


def _is_typed(form: VerbForm, name: str) -> bool:
    return name in form and bool((form[name].data or "").strip())


def _whose(form: VerbForm, tenant: Tenant) -> tuple[str, str, str]:
    """Account id, company id and cluster: of the form if it has them, else of the tenant."""
    if "cluster" in form:
        return form["account_id"].value or "", form["company_id"].value or "", form["cluster"].value
    ids = tenant.ids
    return (ids.account_id, ids.company_id, ids.cluster) if ids else ("", "", "")


def _unknown_cluster(label: str) -> ConflictNotice:
    return ConflictNotice(
        headline=_("The portal does not know the cluster %(label)s.", label=label or "–"),
        advice=_(
            "Nothing was sent. Check the cluster; if it is right, the operator adds it to"
            " PORTAL_FSM_CLUSTERS. Type the secret again."
        ),
    )


def _too_often(retry_at: datetime) -> ConflictNotice:
    return ConflictNotice(
        headline=_("The credentials of this customer were tried ten times in this hour."),
        advice=_(
            "Nothing was sent. Try again after %(time)s. Type the secret again.",
            time=dates.moment(retry_at, settings().time_zone),
        ),
    )
