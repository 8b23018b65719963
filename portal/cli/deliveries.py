"""What delivers, for `portal outbox`, for `portal serve`, and for a function of AWS Lambda.

Nothing here knows of commands: who calls it says what becomes of its errors.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from portal.metrics import Recorder, Regularly, names, recorder_of
from portal.settings import Settings
from portal.signing_keys import resolve_secret_keys
from portal.stores import RetryingStore, Store
from portal.timestamps import utc_now

if TYPE_CHECKING:
    from portal.outbox import Delivery, Rounds, Tally, Until
    from portal.tracing import Tracing
    from portal.webhooks import WebhookSecrets, WebhookSender


def send_all_due(settings: Settings, store: Store, until: "Until" = lambda: False) -> "Tally":
    """Deliver the mail and the webhooks that are due, and do what belongs beside it, once. What was
    counted and traced is written before this returns.

    Args:
        until: Whether no further delivery is to begin.

    Raises:
        SettingsError: A setting cannot be used, or something that it needs is not installed.
        StoreError: The store cannot be asked.
    """
    from portal.outbox import send_once  # noqa: PLC0415 - takes 0.3 s

    with counted_store(settings, store) as (recorder, counted), opened_tracing(settings) as tracing:
        retrying = RetryingStore(counted)
        delivery = mail_delivery(settings, retrying, tracing, recorder)
        tally = send_once(delivery, rounds_of(settings, retrying), until=until)
        tally.add(webhook_sender(settings, retrying, tracing, recorder).send_due(until))
    return tally


def rounds_of(settings: Settings, store: Store) -> "Rounds":
    """What is done beside sending, as the settings say."""
    from portal.desk import Escalation  # noqa: PLC0415 - takes 0.1 s
    from portal.mail import OldFiles  # noqa: PLC0415 - takes 0.1 s
    from portal.outbox import Daily, OldEntries  # noqa: PLC0415 - takes 0.3 s
    from portal.search import Keeper, Walk  # noqa: PLC0415 - takes 0.1 s
    from portal.usage import watch_usage  # noqa: PLC0415 - as above
    from portal.webhooks import WebhookRounds  # noqa: PLC0415 - as above

    def follow(tenant_id: str) -> None:
        if settings.note_use:
            watch_usage(store, tenant_id, utc_now())

    webhooks = WebhookRounds(store, _webhook_secrets(settings), utc_now)
    keeper = Keeper(store=store, clock=utc_now, also=follow)
    walk = Walk(store=store, clock=utc_now)
    old = OldEntries(store, clock=utc_now)
    files = OldFiles(settings.data_dir, settings.mail_file_days, clock=utc_now)
    escalation = Escalation(
        store=store, clock=utc_now, days=settings.escalate_days, to=settings.escalate_to
    )
    daily = Daily(
        store=store,
        clock=utc_now,
        zone=settings.time_zone,
        promised_days=settings.promised_days,
        staff=settings.mail_staff,
        staff_locale=settings.mail_staff_language,
        approvers=settings.mail_approvers,
        tells_customers=settings.mail_expiring,
    )

    def make(until: "Until") -> bool:
        # First what somebody waits for: a tenant that was changed a moment ago is to be found.
        is_left = keeper.work_off(until)
        files.remove_if_due(until)
        old.remove_if_due(until)
        has_told = bool(escalation.run_if_due(until))
        has_ended = daily.run_if_due(until)
        webhooks.run_if_due(until)
        is_walking = walk.run_if_due(until)
        is_under_way = daily.is_under_way or old.is_under_way or is_walking
        is_under_way = is_under_way or webhooks.is_under_way
        return is_left or has_told or has_ended or is_under_way

    return make


def mail_delivery(
    settings: Settings, store: Store, tracing: "Tracing", recorder: Recorder
) -> "Delivery":
    """What sends mail."""
    from portal.mail import KINDS, Post  # noqa: PLC0415 - takes 0.1 s
    from portal.outbox import Delivery  # noqa: PLC0415 - takes 0.3 s

    return Delivery(
        store=tracing.traced(store),
        post=Post(settings, resolve_secret_keys(settings)),
        clock=utc_now,
        tracing=tracing,
        told=_told(recorder, (kind.value for kind in KINDS)),
    )


def webhook_sender(
    settings: Settings, store: Store, tracing: "Tracing", recorder: Recorder
) -> "WebhookSender":
    """What sends webhooks."""
    from portal.webhooks import TEST, TYPES, WebhookSender  # noqa: PLC0415 - takes 0.3 s

    secrets = _webhook_secrets(settings)
    told = _told(recorder, (*TYPES, TEST))
    return WebhookSender(store, settings, secrets, utc_now, tracing=tracing, told=told)


def _webhook_secrets(settings: Settings) -> "WebhookSecrets":
    from portal.webhooks import WebhookSecrets  # noqa: PLC0415 - as above

    return WebhookSecrets(resolve_secret_keys(settings))


@contextmanager
def opened_tracing(settings: Settings) -> Iterator["Tracing"]:
    """What traces deliveries, if that was asked for. In the end it sends what is left."""
    from portal.tracing import open_tracing  # noqa: PLC0415 - takes 0.1 s

    tracing = open_tracing(settings)
    try:
        yield tracing
    finally:
        tracing.close()


@contextmanager
def counted_store(settings: Settings, store: Store) -> Iterator[tuple[Recorder, Store]]:
    """What counts in this process, and the store, which counts too."""
    recorder = recorder_of(settings)
    if not recorder.is_on:
        yield recorder, store
        return
    from portal.metrics.sources import measured  # noqa: PLC0415 - takes 0.1 s

    regularly = Regularly(recorder)
    try:
        yield recorder, measured(store, recorder)
    finally:
        regularly.stop()


def _told(recorder: Recorder, kinds: Iterable[str]) -> Callable[[str, str], None]:
    """Counts what becomes of deliveries of these kinds."""
    known = frozenset(kinds)
    if recorder.is_on:
        recorder.start_at_zero(names.DELIVERIES, [(kind, "given_up") for kind in sorted(known)])

    def told(kind: str, state: str) -> None:
        # A later version of the portal may have written kinds that this one does not know.
        recorder.count(names.DELIVERIES, kind if kind in known else "other", state)

    return told
