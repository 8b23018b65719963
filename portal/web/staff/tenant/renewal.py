"""A sign-up for an account that already has a tenant, or whose customer asks to renew it: the offer
to set the validity of that tenant, the differences between the two, and what was closed."""

from dataclasses import replace
from typing import Any

from flask import request

from portal import records
from portal.stores import ItemNotFoundError
from portal.tenants import Status, Tenant, Term, Validity
from portal.web.forms import FieldView, Form, contact_facts
from portal.web.http import now, settings, store, strip_unprintable, url_for
from portal.web.i18n import _, dates
from portal.web.staff.lists import back_parameter
from portal.web.staff.tenant.form_views import Difference, FormView, SubmittedForm, asked
from portal.web.staff.tenant.validity_form import SUGGESTED_LAST, ValidityForm, validity_text


def renewal_of_known_ids(pending: Tenant) -> FormView | None:
    """The same offer before anybody tries to activate: if the ids that a sign-up names belong to a
    tenant. One read by key."""
    if pending.status is not Status.PENDING or pending.ids is None:
        return None
    try:
        existing = records.tenant_of(store().get(pending.renews or pending.ids.tenant_id))
    except ItemNotFoundError:
        return None
    days = ValidityForm.initial_data(existing)
    form = ValidityForm(formdata=None, data={**days, "term": Term.YEAR.value})
    offer = offered_renewal(pending, existing, form)
    if not pending.renews:
        return replace(offer, open=False)
    return replace(
        offer,
        legend=_("Renew %(id)s", id=existing.id),
        submit=_("Renew"),
        tone="emphasised",
        key="a",
    )


def offered_renewal(
    pending: Tenant, existing: Tenant, form: Form, submitted: SubmittedForm | None = None
) -> FormView:
    """The form that sets the validity of `existing` and closes `pending`.

    form: holds the days and the term.
    submitted: the same form, if it was refused and is shown again.
    """
    first, last = (form.view(form[name], "renew") for name in ("valid_from", "valid_to"))
    suggested = strip_unprintable(request.form.get(SUGGESTED_LAST, ""))
    if submitted is None:
        first, last = _untouched(first, last, suggested, existing)
        if last.value != form["valid_to"].data:
            suggested = last.value
    hidden = [
        ("version", str(pending.version or 0)),
        ("existing_id", existing.id),
        ("existing_version", str(existing.version or 0)),
        # The activation suggested a day. Beside a term it counts as not typed here, too.
        (SUGGESTED_LAST, suggested),
    ]
    term = replace(
        form.view(form["term"], "renew"),
        hint=_("Prolongs the licence: counts from its end, or from today if that has passed."),
    )
    differences = _differences(pending, existing)
    explanation = _(
        "These ids already belong to %(company)s, %(validity)s. Its contact, its status and its"
        " OAuth client do not change. The customer of this sign-up is told that the access is that"
        " of %(company)s.",
        company=existing.contact.company,
        validity=validity_text(existing.validity),
    )
    if not differences:
        same = _("Company and contact are the same.")
        explanation = f"{explanation} {same}"
    texts: dict[str, Any] = {"submit": _("Set validity and close this sign-up"), "hidden": hidden}
    if submitted and submitted.question:
        texts |= asked(submitted.question, hidden)
    return FormView(
        name="renew",
        action=url_for("decisions.renew", tenant_id=pending.id, back=back_parameter()),
        legend=_("Set the validity of %(id)s instead", id=existing.id),
        fields=[first, last, term],
        errors=submitted.form.problems("renew") if submitted else (),
        explanation=explanation,
        differences=differences,
        open=True,
        **texts,
    )


def _untouched(
    first: FieldView, last: FieldView, suggested: str, existing: Tenant
) -> tuple[FieldView, FieldView]:
    """The two days, with those of the existing tenant where nobody typed another one: a start stays
    as it is, and so does an end that is later than the suggested one."""
    zone = settings().time_zone
    validity = existing.validity
    present_first, present_last = dates.days_of(validity.valid_from, validity.valid_to, zone)
    if present_first and first.value == dates.today(now(), zone).isoformat():
        first = replace(first, value=present_first)
    if last.value == suggested and present_last > suggested:
        last = replace(last, value=present_last)
    return first, last


def _differences(pending: Tenant, existing: Tenant) -> list[Difference]:
    """What the sign-up says otherwise than the tenant."""
    pairs = zip(contact_facts(pending.contact), contact_facts(existing.contact), strict=True)
    return [
        Difference(label=label, here=here or "–", there=there or "–")
        for (label, here), (_label, there) in pairs
        if here != there
    ]


def closed_sign_up(tenant: Tenant, sign_up_id: str) -> Tenant | None:
    """The sign-up that was closed towards `tenant` by the latest decision about it; `None` if there
    is none, so that nothing can be undone."""
    try:
        item = store().get(sign_up_id)
    except ItemNotFoundError:
        return None
    forward, closed = records.forward_of(item), records.closed_sign_up_of(item)
    if forward is None or closed is None or forward.to != tenant.id or tenant.decision is None:
        return None
    if forward.idempotency_key != tenant.decision.idempotency_key:
        return None
    return records.tenant_of(closed.sign_up)


def closed_validity_before(sign_up_id: str) -> Validity | None:
    """The validity that the tenant had before a sign-up was closed towards it."""
    try:
        closed = records.closed_sign_up_of(store().get(sign_up_id))
    except ItemNotFoundError:
        return None
    return records.validity_of(closed.validity_before) if closed else None
