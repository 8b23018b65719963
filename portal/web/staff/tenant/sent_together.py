"""What the browser sends together with the form of a decision: a note, an address, a colleague.

Without a script each of them is shown again with what was typed in it while another one was sent.
"""

from flask import request

from portal.tenants import Tenant
from portal.web.forms import form_version
from portal.web.http import htmx
from portal.web.staff.tenant.verbs import DECISIONS, offered

#: The endpoint of a note.
NOTE = "decisions.note"
#: The browser sends the form that stands first together with these.
_SENT_WITH_DECISION = frozenset({NOTE, "decisions.assign", "decisions.send_again"})
#: Their `text` is their own: the question to a customer has one as well.
_WITH_OWN_TEXT = frozenset({
    NOTE,
    *(f"decisions.{entry.route}" for entry in DECISIONS if hasattr(entry.form, "text")),
    *(f"decisions.{entry.route}_preview" for entry in DECISIONS if hasattr(entry.form, "text")),
})  # fmt: skip


def holds_note() -> bool:
    """Whether a decision was sent, without a script, while somebody had begun a note."""
    text = request.form.get("text", "") if _is_sent_without_script() else ""
    return request.endpoint not in _WITH_OWN_TEXT and bool(text.strip())


def holds_entries_beside() -> bool:
    """Whether something else was sent, without a script, while somebody had begun a note, typed a
    second address, or chosen a colleague."""
    if holds_note():
        return True
    others = {"address": "decisions.send_again", "colleague": "decisions.assign"}
    return _is_sent_without_script() and any(
        request.form.get(name, "").strip() and request.endpoint != endpoint
        for name, endpoint in others.items()
    )


def holds_begun_decision(tenant: Tenant) -> bool:
    """Whether a note, or another form beside it, was sent, without a script, while somebody had
    begun a decision."""
    if not holds_decision(tenant):
        return False
    for entry in offered(tenant):
        shown = entry.form.initial_data(tenant)
        names = [field.short_name for field in entry.form(formdata=None)]
        if names:
            return any(request.form.get(name, "") != shown.get(name, "") for name in names)
    return False


def holds_decision(tenant: Tenant) -> bool:
    """Whether something else was sent together with the first decision, as this tenant's page
    shows it."""
    is_other = _is_sent_without_script() and request.endpoint in _SENT_WITH_DECISION
    is_same = (request.view_args or {}).get("tenant_id") == tenant.id
    return is_other and is_same and form_version() == (tenant.version or None)


def _is_sent_without_script() -> bool:
    # With a script the page keeps its other entries itself, secrets as well.
    return request.method == "POST" and not htmx.wants_fragment()
