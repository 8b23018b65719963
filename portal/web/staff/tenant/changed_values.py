"""What a decision has changed, old → new, for the person who made it."""

from portal import records
from portal.stores import Item
from portal.tenants import Tenant, Validity
from portal.web.http import now, settings
from portal.web.i18n import _, dates, labels
from portal.web.staff.tenant.validity_form import end_day

#: Each is said by its name alone: the value is secret, or a part of another one.
_WITHOUT_VALUE = frozenset(
    {"clientSecret", "contactPhoneTyped", "contactPhoneExtension", "shellProof"}
)


def changed_values(before: Item, after: Item) -> list[str]:
    """`Company id: 104348 → 7.`, for each value that differs. The sentence before these says the
    status; of an activation it says all: whatever it gives was not there before."""
    changes: list[str] = []
    is_other_status = records.status_of(before) is not records.status_of(after)
    if is_other_status and records.validity_of(before) == Validity():
        return changes
    for name, label in labels.ATTRIBUTE.items():
        if name in ("validFrom", "validTo") or before.get(name) == after.get(name):
            continue
        if name in _WITHOUT_VALUE:
            changes.append(_("%(what)s changed", what=_(label)) + ".")
            continue
        what, values = _(label), (str(item.get(name) or "–") for item in (before, after))
        changes.append(f"{what}: {' → '.join(values)}.")
    return changes


def validity_sentences(tenant: Tenant, before: Validity) -> list[str]:
    """`The licence of Müller GmbH now ends on 5 December 2027, before: 5 December 2026.`; empty if
    nothing differs."""
    validity, company = tenant.validity, tenant.contact.company
    sentences = []
    if validity.valid_to != before.valid_to:
        days = {"new": end_day(validity) or "–", "old": end_day(before) or "–"}
        has_ended = validity.valid_to is not None and validity.valid_to < now()
        sentences.append(
            _(
                "The licence of %(company)s has ended on %(new)s, before: %(old)s.",
                company=company,
                **days,
            )
            if has_ended
            else _(
                "The licence of %(company)s now ends on %(new)s, before: %(old)s.",
                company=company,
                **days,
            )
        )
    if validity.valid_from != before.valid_from:
        days = {"new": _start_day(validity) or "–", "old": _start_day(before) or "–"}
        sentences.append(_("It begins on %(new)s, before: %(old)s.", **days))
    return sentences


def _start_day(validity: Validity) -> str:
    """`5 December 2026`, or the exact instant of an imported start; empty without one."""
    zone, start = settings().time_zone, validity.valid_from
    if start is None:
        return ""
    if dates.starts_with_a_day(start, zone):
        return dates.long_day(start.astimezone(zone).date())
    return dates.moment(start, zone)
