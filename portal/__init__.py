"""The self-service onboarding portal of the FSM Appointment Manager."""

import logging
import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask

from portal import logs
from portal.settings import Settings
from portal.signing_keys import resolve_secret_keys
from portal.timestamps import utc_now

if TYPE_CHECKING:
    from portal.stores.contract import Store

logger = logging.getLogger(__name__)

_PACKAGE = Path(__file__).parent


def create_app(
    settings: Settings | None = None,
    *,
    store: "Store | None" = None,
    clock: Callable[[], datetime] = utc_now,
) -> Flask:
    """Puts everything together. `SettingsError`, `CorruptStoreError`.

    Without `settings` the environment is read; without `store` the one they name is opened.
    `clock` answers aware instants in UTC, no finer than milliseconds.
    """
    # Whoever imports portal.settings alone must not load all of these worlds.
    from portal import web  # noqa: PLC0415 - Flask
    from portal.sealing.fingerprints import SecretFingerprints  # noqa: PLC0415 - cryptography
    from portal.sealing.sealers import open_sealer  # noqa: PLC0415 - cryptography
    from portal.sealing.sealing_store import SealingStore  # noqa: PLC0415 - cryptography
    from portal.stores import open_store, refuse_corrupt_store  # noqa: PLC0415 - the store
    from portal.stores.dynamodb.metrics import MeteredStore  # noqa: PLC0415 - the store
    from portal.web.http.context import Services  # noqa: PLC0415 - Flask
    from portal.web.http.signed_links import SignedLinks  # noqa: PLC0415 - Flask

    logs.configure()
    settings = settings or Settings.from_environment(os.environ)
    keys = resolve_secret_keys(settings)
    app = Flask(
        __name__,
        template_folder=str(_folder("templates")),
        static_folder=str(_folder("static")),
        static_url_path="/static",
    )
    sealer = open_sealer(settings)
    kept = store or open_store(settings)
    if store is None:
        refuse_corrupt_store(settings, kept)
    logger.info("Store: %s", kept.describe())
    services = Services(
        settings=settings,
        store=SealingStore(kept, sealer),
        metrics=kept.metrics if isinstance(kept, MeteredStore) else None,
        sealer=sealer,
        links=SignedLinks(keys),
        fingerprints=SecretFingerprints(keys),
        clock=clock,
    )
    web.init_app(app, services, keys)
    return app


def _folder(name: str) -> Path:
    """Inside the package in a wheel, else beside it: a checkout and an editable install."""
    inside = _PACKAGE / name
    return inside if inside.is_dir() else _PACKAGE.parent / name
