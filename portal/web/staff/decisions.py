"""The decisions of staff: a route for each verb, for renewals and for notes."""

from collections.abc import Callable
from functools import partial

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from portal import onboarding
from portal.onboarding import StaleError, TenantExistsError, activation, notes
from portal.tenants import ErasedError, NotAllowedError, PastWindowError, Status, Tenant
from portal.web.forms import Form, form_version, is_final_id
from portal.web.http import access, audit_info, htmx, note_saved, store
from portal.web.i18n import _
from portal.web.staff.form_views import FormView, SubmittedForm
from portal.web.staff.forms import NoteForm, ValidityForm
from portal.web.staff.recent_decisions import forget_decision, remember_decision
from portal.web.staff.tenant_page import (
    Confirmation,
    ConflictNotice,
    conflict_notice,
    tenant_page,
)
from portal.web.staff.verbs import BY_VERB, DECISIONS, VerbEntry

bp = Blueprint("decisions", __name__, url_prefix="/staff/tenants/<tenant:tenant_id>")


def decide(entry: VerbEntry, tenant_id: str) -> AnyResponse:
    """Makes one decision. The same decision again changes nothing."""
    form = entry.form()
    return _decide(tenant_id, entry.route, form, lambda: entry.perform(tenant_id, form))


for _entry in DECISIONS:
    access.allow(f"decisions.{_entry.route}", _entry.role)
    bp.add_url_rule(f"/{_entry.route}", _entry.route, partial(decide, _entry), methods=["POST"])


@bp.post("/renew")
def renew(tenant_id: str) -> AnyResponse:
    """Sets the validity of the tenant that the account already has, and closes the sign-up.

    The status link of the sign-up leads to that tenant from then on.
    """
    form = ValidityForm()
    return _decide(
        tenant_id,
        "renew",
        form,
        lambda: activation.renew_existing(
            store(),
            tenant_id,
            expected_version=form_version(),
            audit=audit_info(),
            existing_id=_existing_id(),
            expected_existing_version=form_version("existing_version"),
            validity=form.to_validity(),
        ),
    )


def _existing_id() -> str:
    """The id of the tenant to renew.

    Raises:
        NotFound: the form was tampered with and names no tenant.
    """
    existing_id = request.form.get("existing_id", "")
    if not is_final_id(existing_id):
        raise NotFound
    return existing_id


@bp.post("/note")
def note(tenant_id: str) -> AnyResponse:
    form = NoteForm()
    if not form.validate():
        return tenant_page(tenant_id, status=422, submitted=SubmittedForm(name="note", form=form))
    notes.add_note(
        store(),
        tenant_id,
        audit=audit_info(),
        text=form.text.value,
        after=request.form.get("after", ""),
    )
    note_saved()
    if htmx.wants_fragment():
        return tenant_page(tenant_id, confirmation=Confirmation(sentence=_("The note is added.")))
    return redirect(url_for("staff.tenant", tenant_id=tenant_id), 303)


def _decide(tenant_id: str, name: str, form: Form, perform: Callable[[], Tenant]) -> AnyResponse:
    """The tenant's page after the decision, or with the reason why nothing was saved."""
    if not form.validate():
        tenant = onboarding.find(store(), tenant_id)
        if tenant.id != tenant_id or tenant.version != form_version():
            return tenant_page(tenant.id, status=409, conflict=conflict_notice(tenant))
        return tenant_page(tenant_id, status=422, submitted=SubmittedForm(name=name, form=form))
    try:
        tenant = perform()
    except StaleError as stale:
        return tenant_page(stale.tenant.id, status=409, conflict=conflict_notice(stale.tenant))
    except NotAllowedError as refused:
        tenant = onboarding.find(store(), tenant_id)
        conflict = ConflictNotice(
            headline=_(BY_VERB[refused.verb].refused), advice=conflict_notice(tenant).advice
        )
        return tenant_page(tenant.id, status=409, conflict=conflict)
    except ErasedError:
        conflict = ConflictNotice(
            headline=_("The personal details of this sign-up were erased."),
            advice=_("Ask the customer to sign up again."),
        )
        return tenant_page(tenant_id, status=409, conflict=conflict)
    except PastWindowError:
        form["valid_to"].errors = [_("The end must not be in the past.")]
        return tenant_page(tenant_id, status=422, submitted=SubmittedForm(name=name, form=form))
    except TenantExistsError as exists:
        return _offer_renewal(exists, form)
    return _decided(tenant_id, tenant)


def _decided(tenant_id: str, tenant: Tenant) -> AnyResponse:
    note_saved()
    if tenant.status is Status.PENDING:
        forget_decision(tenant_id)
    else:
        remember_decision(tenant_id)
    if not htmx.wants_fragment():
        return redirect(url_for("staff.tenant", tenant_id=tenant.id, done="1"), 303)
    answer = tenant_page(tenant.id, just_decided=True)
    if tenant.id != tenant_id:
        answer.headers["HX-Replace-Url"] = url_for("staff.tenant", tenant_id=tenant.id)
    return answer


def _offer_renewal(exists: TenantExistsError, form: Form) -> Response:
    """The account already has a tenant: offers to set its validity and to close the sign-up."""
    pending, existing = exists.pending, exists.existing
    offer = FormView(
        name="renew",
        action=url_for("decisions.renew", tenant_id=pending.id),
        legend=_("Set the validity of %(id)s instead", id=existing.id),
        submit=_("Set validity and close this sign-up"),
        tone="emphasised",
        fields=[form.view(form[name], "renew") for name in ("valid_from", "valid_to", "term")],
        hidden=[
            ("version", str(pending.version or 0)),
            ("existing_id", existing.id),
            ("existing_version", str(existing.version or 0)),
        ],
        explanation=_(
            "These ids already belong to %(company)s. Its status and its OAuth client do not"
            " change.",
            company=existing.contact.company,
        ),
        open=True,
    )
    conflict = ConflictNotice(
        headline=_("This account already has a tenant."),
        advice=_("Nothing was saved. Check the ids, or set the validity of the existing tenant."),
    )
    return tenant_page(
        pending.id,
        status=409,
        conflict=conflict,
        submitted=SubmittedForm(name="activate", form=form),
        extra_form=offer,
    )
