"""The mail of a decision as the customer will read it, before the decision is made. Nothing is
saved, and nothing that was typed is lost."""

from flask import Response, g, make_response, render_template
from werkzeug.wrappers import Response as AnyResponse

from portal import onboarding
from portal.mail import kind_after, preview_of
from portal.tenants import NotAllowedError, Tenant
from portal.web.forms import Form, form_version
from portal.web.http import audit_info, htmx, now, settings, store
from portal.web.i18n import _
from portal.web.staff.tenant.form_views import MailView, SubmittedForm
from portal.web.staff.tenant.tenant_page import ConflictNotice, conflict_notice, tenant_page
from portal.web.staff.tenant.verb_entry import VerbEntry
from portal.web.staff.tenant.verb_form import VerbForm


def preview_mail(entry: VerbEntry, tenant_id: str) -> AnyResponse:
    """The mail, into the form of the decision; or why it cannot be made."""
    form = entry.form()
    if g.form_expired:
        return show_expired(tenant_id, entry.route, form)
    tenant = onboarding.find(store(), tenant_id)
    submitted = SubmittedForm(name=entry.route, form=form)
    if tenant.id != tenant_id or tenant.version != form_version():
        return show_instead(tenant.id, submitted, status=409, conflict=conflict_notice(tenant))
    if not form.validate():
        return show_instead(tenant_id, submitted, status=422)
    try:
        view = mail_view(entry, tenant, form)
    except NotAllowedError:
        return show_instead(tenant_id, submitted, status=409, conflict=conflict_notice(tenant))
    if htmx.wants_fragment():
        return make_response(render_template("staff/_mail_preview.html", mail=view))
    shown = SubmittedForm(name=entry.route, form=form, mail=view)
    return tenant_page(tenant_id, submitted=shown)


def show_expired(tenant_id: str, name: str, form: Form) -> AnyResponse:
    """The form of a session that has ended, with what this person typed in it but for secrets."""
    tenant = onboarding.find(store(), tenant_id)
    submitted = SubmittedForm(name=name, form=form)
    return show_instead(tenant.id, submitted, status=400, conflict=expired_notice())


def expired_notice() -> ConflictNotice:
    return ConflictNotice(
        headline=_("This page has expired. Your entries are still here: send them again."),
        advice=_("Nothing was saved. Secrets have to be typed again."),
    )


def show_instead(
    tenant_id: str,
    submitted: SubmittedForm,
    *,
    status: int,
    conflict: ConflictNotice | None = None,
) -> Response:
    """The section of the tenant with the form as it was sent, wherever htmx wanted to put the
    answer, and although it would show some of these in the alert box."""
    answer = tenant_page(tenant_id, status=status, conflict=conflict, submitted=submitted)
    answer.headers.update({"HX-Retarget": "#tenant", "HX-Reswap": "outerHTML"})
    return answer


def mail_view(entry: VerbEntry, tenant: Tenant, form: VerbForm) -> MailView:
    """The mail that this decision would send.

    Raises:
        TypeError: The verb sends no mail with words of staff.
        NotAllowedError: The verb does not suit the tenant.
    """
    kind = kind_after(entry.verb)
    if entry.previewed is None or kind is None:
        raise TypeError(f"{entry.verb} sends no mail that can be previewed")
    after = entry.previewed(tenant, audit_info(), **form.arguments())
    mail = preview_of(kind, after, settings(), now())
    if mail is None:
        return MailView(headline=_("No mail is sent for this sign-up."))
    return MailView(
        headline=_("The customer gets this mail. Nothing is sent yet."),
        subject=mail.subject,
        text=mail.text,
        locale=mail.locale,
    )
