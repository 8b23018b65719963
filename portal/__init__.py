"""The self-service onboarding portal of the FSM Appointment Manager."""

import logging
import os
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from flask import Flask

from portal import logs
from portal.folders import folder
from portal.settings import Settings
from portal.signing_keys import resolve_secret_keys
from portal.timestamps import utc_now

if TYPE_CHECKING:
    from portal.stores import Store
    from portal.tracing import Tracing

logger = logging.getLogger(__name__)


def create_app(
    settings: Settings | None = None,
    *,
    store: "Store | None" = None,
    clock: Callable[[], datetime] = utc_now,
    tracing: "Tracing | None" = None,
) -> Flask:
    """Builds the Flask application.

    Args:
        settings: Read from the environment if omitted.
        store: Opened as the settings say if omitted.
        clock: Returns the current time: aware, in UTC, cut to milliseconds.
        tracing: Opened as the settings say if omitted.

    Raises:
        SettingsError: A setting is missing or invalid.
        CorruptStoreError: The data file is damaged.
    """
    # Importing a module such as portal.settings runs this file, and must not load all of these.
    from portal import web  # noqa: PLC0415 - Flask
    from portal.figures import CountingStore  # noqa: PLC0415 - the store
    from portal.fsm import HttpsCaller, open_shell_proofs  # noqa: PLC0415 - the store
    from portal.grace import RememberingStore, open_last_known  # noqa: PLC0415 - the store
    from portal.metrics import recorder_of  # noqa: PLC0415 - what only the application needs
    from portal.metrics.sources import WaitingGauges, measured  # noqa: PLC0415 - the store
    from portal.oidc import open_provider  # noqa: PLC0415 - the store
    from portal.proof_of_work import Challenges  # noqa: PLC0415 - altcha
    from portal.refusal_links import RefusalLinks  # noqa: PLC0415 - itsdangerous
    from portal.sealing import (  # noqa: PLC0415 - cryptography
        SealingStore,
        SecretFingerprints,
        open_sealer,
    )
    from portal.search import MarkingStore  # noqa: PLC0415 - the store
    from portal.stores import (  # noqa: PLC0415 - the store
        WatchedStore,
        open_store,
        refuse_corrupt_store,
    )
    from portal.tracing import open_tracing  # noqa: PLC0415 - the store
    from portal.usage import open_noter  # noqa: PLC0415 - the store
    from portal.webhooks import AnnouncingStore, WebhookSecrets  # noqa: PLC0415 - the store

    logs.configure()
    settings = settings or Settings.from_environment(os.environ)
    keys = resolve_secret_keys(settings)
    app = web.FlaskApp(
        __name__,
        template_folder=str(folder("templates")),
        static_folder=str(folder("static")),
        static_url_path="/static",
    )
    sealer = open_sealer(settings)
    raw_store = store or open_store(settings)
    if store is None:
        refuse_corrupt_store(settings, raw_store)
    logger.info("Store: %s", raw_store.describe())
    recorder = recorder_of(settings)
    raw_store = measured(raw_store, recorder)
    gauges = WaitingGauges(raw_store, recorder, clock)
    recorder.add_source(gauges.read_if_due)
    last_known = open_last_known(settings, raw_store, clock)
    tracing = tracing or open_tracing(settings)
    counting = CountingStore(MarkingStore(tracing.traced(raw_store), clock))
    marking = AnnouncingStore(counting, clock)
    fsm = HttpsCaller(settings.fsm)
    services = web.Services(
        settings=settings,
        store=RememberingStore(SealingStore(WatchedStore(marking), sealer), last_known, clock),
        last_known=last_known,
        tracing=tracing,
        metrics=recorder,
        refusals=web.counted_refusals(recorder),
        sealer=sealer,
        links=web.SignedLinks(keys),
        refusal_links=RefusalLinks(settings.base_url, keys, offered=settings.validate_links),
        fingerprints=SecretFingerprints(keys),
        clock=clock,
        limits=web.ClientLimits.of(settings, keys[0]),
        challenges=Challenges(keys[0]),
        usage=open_noter(settings, raw_store, clock),
        fsm=fsm,
        provider=open_provider(settings),
        webhook_secrets=WebhookSecrets(keys),
        shell_proofs=open_shell_proofs(fsm) if settings.fsm_proof else None,
    )
    web.init_app(app, services, keys)
    return app
