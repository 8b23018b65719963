"""The values of a tenant and its history as texts, to compare them with those that 1.0 read."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any


def values_of(tenant: Any, history: Iterable[Any], notes: Iterable[Any]) -> dict[str, Any]:
    """All values that are not empty."""
    contact, ids, decision = tenant.contact, tenant.ids, tenant.decision
    values = {
        "status": tenant.status.value,
        "version": tenant.version,
        "contact": [
            contact.company, contact.name, contact.email,
            contact.phone, contact.phone_typed, contact.phone_extension,
        ],
        "ids": ids and [
            ids.account_id, ids.company_id, ids.account_name, ids.company_name, ids.cluster,
        ],
        "validity": [_text(tenant.validity.valid_from), _text(tenant.validity.valid_to)],
        "open_ended": tenant.validity.open_ended,
        "client": [tenant.client.id, _text(tenant.client.secret_set_at)],
        "created_at": _text(tenant.created_at),
        "updated_at": _text(tenant.updated_at),
        "decision": decision and [
            decision.verb.value, decision.by, decision.who, _text(decision.at),
        ],
        "reason": tenant.reason,
        "message": tenant.message,
        "locale": tenant.locale,
        "pending_id": tenant.pending_id,
        "set_aside": tenant.set_aside,
        "erased": tenant.erased,
        "events": [
            [
                _text(event.at), event.by, event.verb, event.reason, event.request_id,
                {name: list(pair) for name, pair in event.changes.items()},
            ]
            for event in history
        ],
        "notes": [[_text(note.at), note.by, note.text] for note in notes],
    }  # fmt: skip
    return {name: value for name, value in values.items() if value}


def _text(instant: datetime | None) -> str:
    return instant.astimezone(UTC).isoformat(timespec="milliseconds") if instant else ""
