"""What staff decide: one verb, one view. Each is a plain form that works twice in a row."""

from collections.abc import Callable

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from portal import onboarding
from portal.onboarding import StaleError, TenantExistsError
from portal.tenants import ErasedError, NotAllowedError, PastWindowError, Status, Tenant
from portal.web.forms import Form, StaffContactForm, form_version, is_final_id
from portal.web.http import (
    audit_info,
    htmx,
    note_saved,
    services,
    store,
)
from portal.web.i18n import _, labels
from portal.web.staff.decision_forms import DecisionForm, SubmittedForm
from portal.web.staff.forms import (
    ActivateForm,
    ClientForm,
    NoteForm,
    PlainForm,
    RejectForm,
    SuspendForm,
    ValidityForm,
)
from portal.web.staff.recent_decisions import forget_decision, remember_decision
from portal.web.staff.tenant_page import Conflict, conflict_of, tenant_page

bp = Blueprint("decisions", __name__, url_prefix="/staff/tenants/<tenant:tenant_id>")


@bp.post("/activate")
def activate(tenant_id: str) -> AnyResponse:
    form = ActivateForm()
    return _decide(
        tenant_id,
        "activate",
        form,
        lambda: onboarding.activate(
            store(),
            services().sealer,
            tenant_id,
            expected_version=form_version(),
            audit=audit_info(),
            ids=form.to_ids(),
            validity=form.to_validity(),
            client_id=form.client_id.read,
            secret=form.client_secret.read,
        ),
    )


@bp.post("/renew")
def renew(tenant_id: str) -> AnyResponse:
    """Closes a sign-up towards the tenant that its account already has, with a new window."""
    form = ValidityForm()
    return _decide(
        tenant_id,
        "renew",
        form,
        lambda: onboarding.renew_existing(
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
    """A form that was tampered with names no tenant: `NotFound`."""
    named = request.form.get("existing_id", "")
    if not is_final_id(named):
        raise NotFound
    return named


@bp.post("/reject")
def reject(tenant_id: str) -> AnyResponse:
    form = RejectForm()
    return _decide(
        tenant_id,
        "reject",
        form,
        lambda: onboarding.reject(
            store(),
            tenant_id,
            expected_version=form_version(),
            audit=audit_info(),
            reason=form.reason.read,
            message=form.message.read,
        ),
    )


@bp.post("/reopen")
def reopen(tenant_id: str) -> AnyResponse:
    return _decide(
        tenant_id,
        "reopen",
        PlainForm(),
        lambda: onboarding.reopen(
            store(), tenant_id, expected_version=form_version(), audit=audit_info()
        ),
    )


@bp.post("/release")
def release(tenant_id: str) -> AnyResponse:
    return _decide(
        tenant_id,
        "release",
        PlainForm(),
        lambda: onboarding.release(
            store(), tenant_id, expected_version=form_version(), audit=audit_info()
        ),
    )


@bp.post("/suspend")
def suspend(tenant_id: str) -> AnyResponse:
    form = SuspendForm()
    return _decide(
        tenant_id,
        "suspend",
        form,
        lambda: onboarding.suspend(
            store(),
            tenant_id,
            expected_version=form_version(),
            audit=audit_info(),
            reason=form.reason.read,
        ),
    )


@bp.post("/reinstate")
def reinstate(tenant_id: str) -> AnyResponse:
    return _decide(
        tenant_id,
        "reinstate",
        PlainForm(),
        lambda: onboarding.reinstate(
            store(), tenant_id, expected_version=form_version(), audit=audit_info()
        ),
    )


@bp.post("/validity")
def validity(tenant_id: str) -> AnyResponse:
    form = ValidityForm()
    return _decide(
        tenant_id,
        "validity",
        form,
        lambda: onboarding.set_validity(
            store(),
            tenant_id,
            expected_version=form_version(),
            audit=audit_info(),
            validity=form.to_validity(),
        ),
    )


@bp.post("/client")
def client(tenant_id: str) -> AnyResponse:
    form = ClientForm()
    return _decide(
        tenant_id,
        "client",
        form,
        lambda: onboarding.set_client(
            store(),
            services().sealer,
            tenant_id,
            expected_version=form_version(),
            audit=audit_info(),
            client_id=form.client_id.read,
            secret=form.client_secret.read,
        ),
    )


@bp.post("/contact")
def contact(tenant_id: str) -> AnyResponse:
    form = StaffContactForm()
    return _decide(
        tenant_id,
        "contact",
        form,
        lambda: onboarding.edit_contact(
            store(),
            tenant_id,
            expected_version=form_version(),
            audit=audit_info(),
            contact=form.to_contact(),
        ),
    )


@bp.post("/note")
def note(tenant_id: str) -> AnyResponse:
    form = NoteForm()
    if not form.validate():
        return tenant_page(tenant_id, status=422, sent=SubmittedForm(verb="note", form=form))
    onboarding.add_note(
        store(),
        tenant_id,
        audit=audit_info(),
        text=form.text.read,
        after=request.form.get("after", ""),
    )
    note_saved()
    if htmx.wants_fragment():
        return tenant_page(tenant_id, said=_("The note is added."))
    return redirect(url_for("staff.tenant", tenant_id=tenant_id), 303)


def _decide(tenant_id: str, verb: str, form: Form, do: Callable[[], Tenant]) -> AnyResponse:
    """Answers one decision: the tenant as it is afterwards, or why nothing was done."""
    if not form.validate():
        tenant = onboarding.find(store(), tenant_id)
        if tenant.id != tenant_id or tenant.version != form_version():
            return tenant_page(tenant.id, status=409, conflict=conflict_of(tenant))
        return tenant_page(tenant_id, status=422, sent=SubmittedForm(verb=verb, form=form))
    try:
        tenant = do()
    except StaleError as stale:
        return tenant_page(stale.tenant.id, status=409, conflict=conflict_of(stale.tenant))
    except NotAllowedError as refused:
        tenant = onboarding.find(store(), tenant_id)
        said = Conflict(
            headline=_(labels.REFUSED[refused.verb]), sentence=conflict_of(tenant).sentence
        )
        return tenant_page(tenant.id, status=409, conflict=said)
    except ErasedError:
        said = Conflict(
            headline=_("The personal details of this sign-up were erased."),
            sentence=_("Ask the customer to send a new one."),
        )
        return tenant_page(tenant_id, status=409, conflict=said)
    except PastWindowError:
        form["valid_to"].errors = [_("The end must not be in the past.")]
        return tenant_page(tenant_id, status=422, sent=SubmittedForm(verb=verb, form=form))
    except TenantExistsError as taken:
        return _offer_renewal(taken, form)
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


def _offer_renewal(taken: TenantExistsError, form: Form) -> Response:
    """The account has a tenant already: its validity can be set, and the sign-up closed."""
    pending, existing = taken.pending, taken.existing
    offer = DecisionForm(
        verb="renew",
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
        explain=_(
            "%(company)s has this key already. Its status and its client stay as they are.",
            company=existing.contact.company,
        ),
        open=True,
    )
    conflict = Conflict(
        headline=_("This account already has a tenant."),
        sentence=_("Nothing was changed. Check the ids, or renew the tenant that is there."),
    )
    return tenant_page(
        pending.id,
        status=409,
        conflict=conflict,
        sent=SubmittedForm(verb="activate", form=form),
        offer=offer,
    )
