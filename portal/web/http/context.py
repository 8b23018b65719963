"""What a view needs and hands down as arguments: the store, the sealer, now, who acts."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from flask import current_app, g, request

from portal import logs
from portal.auth import Person
from portal.sealing import Sealer, SecretFingerprints
from portal.settings import Settings
from portal.stores import Store, StoreMetrics
from portal.tenants import AuditInfo
from portal.web.http.signed_links import SignedLinks


@dataclass(frozen=True, kw_only=True, slots=True)
class Services:
    settings: Settings
    store: Store
    sealer: Sealer
    links: SignedLinks
    fingerprints: SecretFingerprints
    clock: Callable[[], datetime]
    metrics: StoreMetrics | None = None
    """What calls to the store cost; `None` where nobody counts."""


def services() -> Services:
    return cast(Services, current_app.extensions["portal"])


def store() -> Store:
    return services().store


def settings() -> Settings:
    return services().settings


def now() -> datetime:
    """The one "now" of this request."""
    moment = g.get("now")
    if moment is None:
        moment = g.now = services().clock()
    return cast(datetime, moment)


def note_saved() -> None:
    """What this request is about has been saved, whatever becomes of showing it."""
    g.saved = True


def was_saved() -> bool:
    """Also on the page that a decision leads to once it was saved."""
    return "saved" in g or (request.endpoint == "staff.tenant" and "done" in request.args)


def person() -> Person | None:
    """Who is signed in."""
    return cast(Person | None, g.get("person"))


def audit_info() -> AuditInfo:
    """A change by whoever is signed in, now. Only on routes that nobody else enters."""
    someone = person()
    if someone is None:
        raise PermissionError("Nobody is signed in.")
    return AuditInfo(by=someone.name, who=someone.id, at=now(), request_id=logs.request_id.get())


def audit_of_customer() -> AuditInfo:
    return AuditInfo(by="customer", at=now(), request_id=logs.request_id.get())
