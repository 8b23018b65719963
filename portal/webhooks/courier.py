"""Delivers to one subscription: what is sent, signed, and what the answer means."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

from portal import records
from portal.delivery_errors import DeliveryError, NothingToSayError, Retry
from portal.outgoing import Caller, CallError
from portal.records import OutboxEntry
from portal.stores import Store, find_item
from portal.webhooks.addresses import target_of
from portal.webhooks.book import Subscription
from portal.webhooks.deliveries import said
from portal.webhooks.signing import WebhookSecrets, signature

WAY = "webhook"
#: Why nothing could be sent: no key of the portal opens the secret.
NO_SECRET = "no_secret"  # noqa: S105 - a code
#: The receiver wants less, or is down as a whole.
_SLOWS = frozenset({
    HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
})  # fmt: skip
#: For longer a receiver cannot ask to be left alone.
_LONGEST_WAIT = timedelta(hours=12)


class WebhookError(DeliveryError):
    """A message was not taken. The reason is a code: `status 500`, or `call slow`."""

    def __init__(self, reason: str, *, retry: Retry = Retry.SOON, of_server: bool = False) -> None:
        super().__init__(reason)
        self.retry = retry
        self.of_server = of_server

    @property
    def reason(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """What is sent."""

    headers: dict[str, str]
    body: bytes = field(repr=False)


class WebhookCourier:
    """Delivers to one subscription, for a while.

    Attributes:
        subscription: As it is now. Whoever uses this for long reads it anew.
        is_fresh: It was read since the latest message, so the next one may leave.
        is_gone: The receiver has answered that it is gone for good.
        wait: How long it asked to be left alone; `None`: it did not.
    """

    way = WAY

    def __init__(self, subscription: Subscription, caller: Caller, sealing: WebhookSecrets) -> None:
        self.subscription = subscription
        self._caller = caller
        self._sealing = sealing
        self._now = datetime.now(UTC)
        self.is_fresh = False
        self.is_gone = False
        self.wait: timedelta | None = None

    def mail(self, store: Store, entry: OutboxEntry, now: datetime) -> Message:
        """What an entry stands for. The details of the contact are those of this moment.

        Raises:
            WebhookError: No key opens the secret.
            NothingToSayError: The receiver was gone a moment ago.
            StoreError: The tenant could not be read.
        """
        self.is_fresh = False
        if self.is_gone:
            raise NothingToSayError("gone")
        self._now = now
        kept = said(entry)
        payload: dict[str, Any] = {name: kept[name] for name in ("type", "timestamp", "data")}
        if self.subscription.personal and entry.tenant_id:
            payload["data"] = {**payload["data"], **_contact(store, entry.tenant_id)}
        body = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
        message_id, seconds = str(kept["id"]), int(now.timestamp())
        signatures = []
        for sealed in self.subscription.secrets_at(now):
            secret = self._sealing.open(sealed, self.subscription.id)
            if secret is None:
                raise WebhookError(NO_SECRET, of_server=True)
            signatures.append(signature(secret, message_id, seconds, body))
        headers = {
            "Content-Type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": str(seconds),
            "webhook-signature": " ".join(signatures),
        }
        return Message(headers=headers, body=body)

    def send(self, mail: Message, *, seconds: float) -> None:
        """Send it.

        Raises:
            WebhookError: It was not taken, or nobody knows. The same message may be sent again: its
                receiver knows it by its id.
        """
        target, path = target_of(self.subscription.address)
        try:
            answer = self._caller.call(
                target, "POST", path,
                headers=mail.headers, body=mail.body, seconds=seconds, reads_body=False,
            )  # fmt: skip
        except CallError as error:
            raise WebhookError(f"call {error.problem.value}", of_server=True) from error
        if HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
            return
        if answer.status == HTTPStatus.GONE:
            self.is_gone = True
            raise WebhookError("status 410", retry=Retry.NEVER, of_server=True)
        slows = answer.status in _SLOWS
        if slows:
            self.wait = read_retry_after(answer.retry_after, self._now)
        raise WebhookError(f"status {answer.status}", of_server=slows)


def read_retry_after(text: str, now: datetime) -> timedelta | None:
    """How long the header `Retry-After` asks to wait, up to 12 hours; `None`: it says nothing that
    can be read."""
    if text.isascii() and text.isdigit():
        return min(timedelta(seconds=int(text[:9])), _LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        return None
    return max(timedelta(0), min(moment - now, _LONGEST_WAIT))


def _contact(store: Store, tenant_id: str) -> dict[str, Any]:
    """Company, name and address of the contact, as they are now. Nothing if they were erased, or if
    there is no such tenant any more."""
    item = find_item(store, tenant_id)
    tenant = records.tenant_of(item) if item and records.is_tenant(item) else None
    if tenant is None or tenant.erased or tenant.is_doubtful:
        return {}
    contact = tenant.contact
    return {"contact": {"company": contact.company, "name": contact.name, "email": contact.email}}
