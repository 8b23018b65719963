"""Staff ask the customer of a sign-up; the customer answers. The sign-up stays pending meanwhile,
and keeps its place in the queue."""

from functools import partial

from portal import records
from portal.onboarding.decisions import decide
from portal.stores import Add, Change, Store
from portal.tenants import AuditInfo, Contact, Question, Tenant, Verb


def ask(
    store: Store,
    tenant_id: str,
    *,
    expected_version: int | None,
    audit: AuditInfo,
    text: str,
    fields: tuple[str, ...] = (),
    locale: str = "",
) -> Tenant:
    """Asks the customer. An earlier question, answered or not, stays in the history.

    Args:
        fields: The contact fields that need correcting. What they hold now is kept beside.
        locale: The language in which the asker reads of the answer.

    Raises:
        UnknownTenantError: No tenant has this id.
        StaleError: The tenant has another version.
        NotAllowedError: The tenant is not pending.
        BusyError: Other changes kept interfering.
    """
    return decide(
        store,
        tenant_id,
        Verb.QUESTION,
        audit,
        expected_version,
        change=partial(_asked, text=text, fields=fields, locale=locale),
        key_parts=(text, fields),
        extra_changes=partial(_said, verb=Verb.QUESTION, audit=audit, text=text),
    )


def asked(
    tenant: Tenant, audit: AuditInfo, *, text: str, fields: tuple[str, ...] = (), locale: str = ""
) -> Tenant:
    """The sign-up as `ask` would leave it. Nothing is saved.

    Raises:
        NotAllowedError: It is not pending, or doubtful.
    """
    return _asked(tenant, audit, "", text=text, fields=fields, locale=locale)


def _asked(
    tenant: Tenant,
    audit: AuditInfo,
    idempotency_key: str,
    *,
    text: str,
    fields: tuple[str, ...],
    locale: str,
) -> Tenant:
    before = tuple((name, str(getattr(tenant.contact, name))) for name in fields)
    question = Question(
        text=text, at=audit.at, by=audit.by, who=audit.who, locale=locale, before=before
    )
    return tenant.asked(audit, idempotency_key, question=question)


def answer(
    store: Store,
    tenant_id: str,
    *,
    expected_version: int | None,
    audit: AuditInfo,
    text: str,
    contact: Contact,
) -> Tenant:
    """Answers the question, for the customer.

    Args:
        text: Empty if the customer only corrected fields.
        contact: With the fields that were corrected.

    Raises:
        UnknownTenantError: No tenant has this id.
        StaleError: The tenant has another version.
        NotAllowedError: The tenant is not pending, or no question waits for an answer.
        BusyError: Other changes kept interfering.
    """
    return decide(
        store,
        tenant_id,
        Verb.ANSWER,
        audit,
        expected_version,
        change=partial(Tenant.answered, answer=text, contact=contact),
        key_parts=(text, contact),
        extra_changes=partial(_said, verb=Verb.ANSWER, audit=audit, text=text),
    )


def _said(
    _store: Store, tenant_id: str, *, verb: Verb, audit: AuditInfo, text: str
) -> list[Change]:
    return [Add(records.said_item(tenant_id, verb, audit, text))] if text else []
