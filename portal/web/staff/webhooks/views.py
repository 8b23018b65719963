"""Receivers of webhooks and what went to them, in words."""

from dataclasses import dataclass

from portal.records import DeliveryState, OutboxEntry
from portal.web.http import settings, strip_unprintable, url_for
from portal.web.i18n import N_, _, dates
from portal.webhooks import State, Subscription, said

TYPE_LABEL = {
    "tenant.pending": N_("A sign-up is in the queue (tenant.pending)"),
    "tenant.activated": N_("A tenant was activated (tenant.activated)"),
    "tenant.rejected": N_("A sign-up was rejected (tenant.rejected)"),
    "tenant.suspended": N_("A tenant was suspended (tenant.suspended)"),
    "tenant.reinstated": N_("A tenant was reinstated (tenant.reinstated)"),
    "tenant.validity_changed": N_("The validity was changed (tenant.validity_changed)"),
    "tenant.expiring": N_("The validity ends soon (tenant.expiring)"),
    "tenant.expired": N_("The validity has ended (tenant.expired)"),
    "tenant.withdrawn": N_("A sign-up was withdrawn (tenant.withdrawn)"),
}
ADDRESS_PROBLEM = {
    "form": N_("This is no address of a receiver. Enter one such as https://example.com/hooks,"
               " without a user name and without #."),
    "https": N_("Enter an address that begins with https://."),
    "port": N_("Enter an address with the port 443, or with one from 1024 on."),
    "private": N_("This address leads into an inner network. Enter one that is open to the"
                  " internet, or have an operator set PORTAL_WEBHOOK_PRIVATE_ADDRESSES."),
}  # fmt: skip
_STATE = {
    State.ON: (N_("On"), "positive"),
    State.OFF: (N_("Off"), ""),
    State.GONE: (N_("Gone"), "negative"),
}
_DELIVERY = {
    DeliveryState.DUE: (N_("Waits"), "information"),
    DeliveryState.SENT: (N_("Sent"), "positive"),
    DeliveryState.GIVEN_UP: (N_("Given up"), "negative"),
    DeliveryState.CAME_BACK: (N_("Given up"), "negative"),
    DeliveryState.DROPPED: (N_("Not needed any more"), ""),
}
_REASON = {
    "call busy": N_("Too much was sent at once."),
    "call unreachable": N_("The receiver could not be reached."),
    "call private": N_("The name of the receiver leads into an inner network."),
    "call certificate": N_("The receiver has no valid certificate."),
    "call slow": N_("The receiver did not answer in time."),
    "call too-large": N_("The answer was too large."),
    "call no-http": N_("The answer could not be read."),
    "no_secret": N_("The secret cannot be opened. Make a new one."),
    "too_old": N_("It waited for three days."),
    "gone": N_("The receiver was gone."),
}
_OTHER_REASON = N_("Something went wrong; the log has more.")


@dataclass(frozen=True, kw_only=True, slots=True)
class ReceiverRow:
    """A receiver as the list shows it. Its address may hold a secret, so the host is enough."""

    id: str
    host: str
    state: str
    tone: str
    types: str
    url: str


@dataclass(frozen=True, kw_only=True, slots=True)
class DeliveryRow:
    """A delivery. `replay`: its id, if it can be sent once more."""

    when: str
    type: str
    tenant: str
    tenant_url: str
    state: str
    tone: str
    reason: str
    replay: str


def receiver_row(each: Subscription) -> ReceiverRow:
    label, tone = _STATE[each.state]
    return ReceiverRow(
        id=each.id,
        host=strip_unprintable(each.host),
        state=_(label),
        tone=tone,
        types=", ".join(name.removeprefix("tenant.") for name in each.types),
        url=url_for("staff.webhook", subscription_id=each.id),
    )


def delivery_row(entry: OutboxEntry) -> DeliveryRow:
    zone = settings().time_zone
    label, tone = _DELIVERY[entry.state]
    is_due = entry.state is DeliveryState.DUE
    return DeliveryRow(
        when=dates.moment(entry.ended_at or entry.at, zone),
        type=entry.kind,
        tenant=entry.tenant_id,
        tenant_url=(url_for("staff.tenant", tenant_id=entry.tenant_id) if entry.tenant_id else ""),
        state=_(label),
        tone=tone,
        reason="" if entry.state is DeliveryState.SENT else _reason(entry),
        replay="" if is_due else entry.id,
    )


def _reason(entry: OutboxEntry) -> str:
    parts = []
    kind, _space, status = entry.reason.partition(" ")
    if kind == "status":
        parts.append(_("The receiver answered %(status)s.", status=status))
    elif entry.reason:
        parts.append(_(_REASON.get(entry.reason, _OTHER_REASON)))
    if entry.state is DeliveryState.DUE and entry.tries and entry.due_at:
        when = dates.moment(entry.due_at, settings().time_zone)
        parts.append(_("It is tried again on %(when)s.", when=when))
    return " ".join(parts)


def message_id(entry: OutboxEntry) -> str:
    return str(said(entry)["id"])
