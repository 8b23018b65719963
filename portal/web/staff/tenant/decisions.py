"""The decisions of staff: a route for each verb, for renewals and for notes."""

from collections.abc import Callable
from functools import partial

from flask import Blueprint, Response, g, redirect, request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from portal import onboarding
from portal.contact_readers import ProblemError, read_email
from portal.onboarding import (
    IdsTakenError,
    SameIdsError,
    StaleError,
    TenantExistsError,
    activation,
    notes,
)
from portal.tenants import (
    BackwardWindowError,
    ErasedError,
    NotAllowedError,
    PastWindowError,
    ShorterWindowError,
    Status,
    Tenant,
    TermConflictError,
    Verb,
)
from portal.web.forms import Form, form_version, is_final_id
from portal.web.http import access, audit_info, csrf, htmx, note_saved, services, store, url_for
from portal.web.i18n import _, dates
from portal.web.staff.lists import back_parameter, note_decision
from portal.web.staff.tenant import credentials, team
from portal.web.staff.tenant.confirmations import Confirmation
from portal.web.staff.tenant.form_views import SubmittedForm
from portal.web.staff.tenant.forms import NoteForm
from portal.web.staff.tenant.mail_preview import expired_notice, preview_mail, show_expired
from portal.web.staff.tenant.renewal import offered_renewal
from portal.web.staff.tenant.sent_together import holds_begun_decision, holds_entries_beside
from portal.web.staff.tenant.tenant_page import (
    ConflictNotice,
    conflict_notice,
    tenant_page,
)
from portal.web.staff.tenant.validity_form import ValidityForm, agreed_window, question_before
from portal.web.staff.tenant.verb_entry import VerbEntry, find_tenant
from portal.web.staff.tenant.verb_form import VerbForm
from portal.web.staff.tenant.verbs import BY_VERB, DECISIONS, has_credentials

#: A field of the form that renews the tenant which an account has already. Its address is that of
#: a plain renewal.
_EXISTING_ID = "existing_id"

bp = Blueprint("decisions", __name__, url_prefix="/staff/tenants/<tenant:tenant_id>")


def decide(entry: VerbEntry, tenant_id: str) -> AnyResponse:
    """Makes one decision. The same decision again changes nothing."""
    if entry.verb is Verb.RENEW and _EXISTING_ID in request.form:
        return _renew_existing(tenant_id)
    form = entry.form()
    if entry.keeps_untouched:
        form.tenant = find_tenant(tenant_id)
    if g.form_expired:
        return show_expired(tenant_id, entry.route, form)
    return _decide(tenant_id, entry.route, form, lambda: entry.perform(tenant_id, form))


for _entry in DECISIONS:
    access.allow(f"decisions.{_entry.route}", _entry.role)
    csrf.handle_expired(f"decisions.{_entry.route}")
    bp.add_url_rule(f"/{_entry.route}", _entry.route, partial(decide, _entry), methods=["POST"])

for _entry in DECISIONS:
    if _entry.previewed is None:
        continue
    _preview = f"{_entry.route}_preview"
    # Whoever may decide may see what it would send.
    access.allow(f"decisions.{_preview}", _entry.role)
    csrf.handle_expired(f"decisions.{_preview}")
    bp.add_url_rule(
        f"/{_entry.route}/preview", _preview, partial(preview_mail, _entry), methods=["POST"]
    )

for _entry in filter(has_credentials, DECISIONS):
    _try = f"{_entry.route}_try"
    # Whoever may set a client may have it tried.
    access.allow(f"decisions.{_try}", _entry.role)
    csrf.handle_expired(f"decisions.{_try}")
    bp.add_url_rule(
        f"/{_entry.route}/try", _try, partial(credentials.try_typed, _entry), methods=["POST"]
    )


def _renew_existing(tenant_id: str) -> AnyResponse:
    """Sets the validity of the tenant that the account already has, and closes the sign-up.

    The status link of the sign-up leads to that tenant from then on.
    """
    form = ValidityForm()
    existing_id = request.form.get(_EXISTING_ID, "")
    form.tenant = find_tenant(existing_id) if is_final_id(existing_id) else None
    if g.form_expired:
        return _offered_again(tenant_id, SubmittedForm(name="renew", form=form), is_expired=True)
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
            validity=form.to_change(),
            may_shorten=agreed_window(),
        ),
    )


@bp.post("/undo")
def undo(tenant_id: str) -> AnyResponse:
    """Undoes the latest decision on a tenant, if this person made it."""
    return _decide(
        tenant_id,
        "undo",
        VerbForm(),
        lambda: onboarding.undo(
            store(), tenant_id, expected_version=form_version(), audit=audit_info()
        ),
    )


@bp.post("/undo-renew")
def undo_renew(tenant_id: str) -> AnyResponse:
    """Makes a sign-up pending again that `renew` has closed."""
    return _decide(
        tenant_id,
        "undo-renew",
        VerbForm(),
        lambda: onboarding.undo_renewal(
            store(), tenant_id, expected_version=form_version(), audit=audit_info()
        ),
    )


def _existing_id() -> str:
    """The id of the tenant to renew.

    Raises:
        NotFound: the form was tampered with and names no tenant.
    """
    existing_id = request.form.get(_EXISTING_ID, "")
    if not is_final_id(existing_id):
        raise NotFound
    return existing_id


csrf.handle_expired("decisions.note")


@bp.post("/note")
def note(tenant_id: str) -> AnyResponse:
    form = NoteForm()
    if g.form_expired:
        return show_expired(tenant_id, "note", form)
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
    is_begun = holds_entries_beside() or holds_begun_decision(onboarding.find(store(), tenant_id))
    if htmx.wants_fragment() or is_begun:
        return tenant_page(tenant_id, just_noted=True)
    return redirect(_page_url(tenant_id, noted="1"), 303)


csrf.handle_expired("decisions.assign")
bp.add_url_rule("/assign", "assign", team.assign, methods=["POST"])

csrf.handle_expired("decisions.send_again")


@bp.post("/send-again")
def send_again(tenant_id: str) -> AnyResponse:
    """The newest mail to the customer, once more."""
    if g.form_expired:
        return show_expired(tenant_id, "send-again", VerbForm())
    typed = request.form.get("address", "").strip()
    try:
        address = read_email(typed) if typed else ""
    except ProblemError:
        headline, advice = _("This is no email address."), _("Check it, then try again.")
        notice = ConflictNotice(headline=headline, advice=advice)
        return tenant_page(tenant_id, status=422, conflict=notice)
    # The newest mail that the page showed: so the same form twice sends one.
    mail_id = request.form.get("mail", "")
    onboarding.send_again(
        store(),
        tenant_id,
        audit=audit_info(),
        mail_id=mail_id,
        after=mail_id,
        address=address,
        proof_mails=services().limits.proof_mails,
    )
    note_saved()
    is_begun = holds_entries_beside() or holds_begun_decision(onboarding.find(store(), tenant_id))
    if htmx.wants_fragment() or is_begun:
        sentence = _("The mail is sent again.")
        return tenant_page(tenant_id, confirmation=Confirmation(sentence=sentence))
    return redirect(_page_url(tenant_id), 303)


def erased_notice(tenant: Tenant) -> ConflictNotice:
    """Why nothing was saved: nobody is there who could be told."""
    if tenant.is_closed:
        return ConflictNotice(
            headline=_("The personal details of this sign-up were erased."),
            advice=_("Ask the customer to sign up again."),
        )
    return ConflictNotice(
        headline=_("The personal details of this tenant were erased."),
        advice=_("Nothing was saved. Enter a contact first, then try again."),
    )


def _decide(tenant_id: str, name: str, form: Form, perform: Callable[[], Tenant]) -> AnyResponse:
    """The tenant's page after the decision, or with the reason why nothing was saved."""
    if not form.validate():
        tenant = onboarding.find(store(), tenant_id)
        if tenant.id != tenant_id or tenant.version != form_version():
            return tenant_page(tenant.id, status=409, conflict=conflict_notice(tenant))
        return _shown_again(tenant_id, SubmittedForm(name=name, form=form))
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
        conflict = erased_notice(onboarding.find(store(), tenant_id))
        return tenant_page(tenant_id, status=409, conflict=conflict)
    except (PastWindowError, BackwardWindowError, TermConflictError) as refused:
        form["valid_to"].errors = [_about_the_end(refused)]
        return _shown_again(tenant_id, SubmittedForm(name=name, form=form))
    except ShorterWindowError as shorter:
        question = question_before(shorter)
        return _shown_again(tenant_id, SubmittedForm(name=name, form=form, question=question))
    except SameIdsError:
        form["company_id"].errors = [_("The tenant has these ids already.")]
        return _shown_again(tenant_id, SubmittedForm(name=name, form=form))
    except IdsTakenError as taken:
        return _ids_taken(tenant_id, SubmittedForm(name=name, form=form), taken.existing)
    except TenantExistsError as exists:
        conflict = ConflictNotice(
            headline=_("This account already has a tenant."),
            advice=_(
                "Nothing was saved. Check the ids. If both are the same customer, set the validity"
                " of the existing tenant."
            ),
        )
        return tenant_page(
            tenant_id,
            status=409,
            conflict=conflict,
            submitted=SubmittedForm(name=name, form=form),
            extra_form=offered_renewal(exists.pending, exists.existing, form),
        )
    return _decided(tenant_id, tenant)


def _ids_taken(tenant_id: str, submitted: SubmittedForm, existing: Tenant) -> Response:
    conflict = ConflictNotice(
        headline=_("These ids already belong to %(company)s.", company=existing.contact.company),
        advice=_("Nothing was saved. Check the ids: %(id)s.", id=existing.id),
    )
    return tenant_page(tenant_id, status=409, conflict=conflict, submitted=submitted)


def _about_the_end(refused: Exception) -> str:
    match refused:
        case TermConflictError(last=last):
            return _(
                "Choose a term or type a last day, not both: the term ends on %(day)s.",
                day=dates.long_day(last),
            )
        case BackwardWindowError():
            return _("The end must not be before the start.")
        case _:
            return _("The end must not be in the past.")


def _shown_again(tenant_id: str, submitted: SubmittedForm) -> Response:
    """The page with the form that was refused."""
    if _EXISTING_ID not in request.form:
        return tenant_page(tenant_id, status=422, submitted=submitted)
    return _offered_again(tenant_id, submitted)


def _offered_again(
    tenant_id: str, submitted: SubmittedForm, *, is_expired: bool = False
) -> Response:
    pending = onboarding.find(store(), tenant_id)
    existing = onboarding.find(store(), _existing_id())
    if pending.status is not Status.PENDING:
        return tenant_page(pending.id, status=409, conflict=conflict_notice(pending))
    offer = offered_renewal(pending, existing, submitted.form, submitted)
    if is_expired:
        return tenant_page(tenant_id, status=400, conflict=expired_notice(), extra_form=offer)
    return tenant_page(tenant_id, status=422, extra_form=offer)


def _decided(tenant_id: str, tenant: Tenant) -> AnyResponse:
    note_decision(tenant_id, tenant)
    # A renewal closes this sign-up towards another tenant. Its page says so, and offers to undo it.
    is_other = tenant.is_final and tenant_id not in (tenant.id, tenant.pending_id)
    closed = tenant_id if is_other and not is_final_id(tenant_id) else ""
    # A redirect would lose a note that was begun. Reloading this answer decides nothing twice.
    if not htmx.wants_fragment() and not holds_entries_beside():
        return redirect(_page_url(tenant.id, done="1", closed=closed or None), 303)
    answer = tenant_page(tenant.id, just_decided=True, closed=closed)
    if htmx.wants_fragment() and tenant.id != tenant_id:
        answer.headers["HX-Replace-Url"] = _page_url(tenant.id)
    return answer


def _page_url(
    tenant_id: str, *, done: str | None = None, noted: str | None = None, closed: str | None = None
) -> str:
    """done, noted, closed: what the page confirms, see `show_tenant`."""
    return url_for(
        "staff.tenant",
        tenant_id=tenant_id,
        done=done,
        noted=noted,
        closed=closed,
        back=back_parameter(),
    )
