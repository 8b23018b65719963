"""What a view looks up and passes on as arguments: the store, the sealer, now, who acts."""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from flask import Flask, Request, current_app, g, request
from flask.ctx import RequestContext
from flask.globals import request_ctx

from portal import logs
from portal.auth import KnownTokens, Person, Refusals, Source
from portal.desk import KnownColleagues
from portal.fsm import HttpsCaller
from portal.grace import LastKnown
from portal.metrics import Recorder
from portal.proof_of_work import Challenges
from portal.queries import KnownCounts, KnownFigures, KnownWaitingTimes
from portal.refusal_links import RefusalLinks
from portal.sealing import Sealer, SecretFingerprints
from portal.settings import Settings
from portal.stores import Store
from portal.tenants import AuditInfo
from portal.tracing import NoTracing, Tracing
from portal.usage import UsageNoter
from portal.web.http.client_limits import ClientLimits
from portal.web.http.client_networks import client_address
from portal.web.http.signed_links import SignedLinks
from portal.webhooks import WebhookSecrets

if TYPE_CHECKING:
    from portal.fsm import ShellProofs
    from portal.oidc import OpenIdProvider


@dataclass(frozen=True, kw_only=True, slots=True)
class Services:
    """What an application is made with, and its views use."""

    settings: Settings
    store: Store
    last_known: LastKnown
    sealer: Sealer
    links: SignedLinks
    refusal_links: RefusalLinks
    fingerprints: SecretFingerprints
    clock: Callable[[], datetime]
    limits: ClientLimits
    challenges: Challenges
    usage: UsageNoter
    fsm: HttpsCaller
    """Asks the clusters of Field Service Management."""
    webhook_secrets: WebhookSecrets
    provider: "OpenIdProvider | None" = None
    """Where staff sign in; None: with links alone."""
    shell_proofs: "ShellProofs | None" = None
    """Verifies tokens of the shell; None: the ids of every sign-up are a claim."""
    tracing: Tracing = field(default_factory=NoTracing)
    metrics: Recorder = field(default_factory=Recorder)
    """Counts what happens; without outputs if nobody asked for metrics."""
    refusals: Refusals = field(default_factory=Refusals)
    known_tokens: KnownTokens = field(default_factory=KnownTokens)
    waiting_times: KnownWaitingTimes = field(default_factory=KnownWaitingTimes)
    figures: KnownFigures = field(default_factory=KnownFigures)
    colleagues: KnownColleagues = field(default_factory=KnownColleagues)
    counts: KnownCounts = field(default_factory=KnownCounts)


class _Request:
    """What views ask for again and again, of the request that this thread answers. A page asks
    more than a hundred times, and Flask's `current_app`, `request` and `g` take four times as long
    or longer."""

    __slots__ = ("context", "g", "now", "request", "script_root", "services")

    def __init__(self, context: RequestContext, own: object) -> None:
        self.context = context
        self.request = context.request
        self.g = own
        self.services: Services = context.app.extensions["portal"]
        self.script_root = context.request.script_root
        self.now: datetime | None = None


#: `None` outside of a request.
_request: ContextVar[_Request | None] = ContextVar("request", default=None)


def init_app(app: Flask) -> None:
    """To be called before anything that is to run before a request."""

    def begin() -> None:
        _request.set(_Request(_object(request_ctx), _object(g)))

    def end(_error: BaseException | None) -> None:
        _request.set(None)

    app.before_request(begin)
    app.teardown_request(end)


def leave_request() -> None:
    """Another request begins here: until it says so, nothing is known of any."""
    _request.set(None)


def _object(proxy: Any) -> Any:
    """What one of Flask's proxies stands for: werkzeug's documented way."""
    return proxy._get_current_object()


def request_context() -> RequestContext:
    """Flask's, of this request: it has the application, the request and its session."""
    under_way = _request.get()
    return under_way.context if under_way else cast(RequestContext, _object(request_ctx))


def this_request() -> Request:
    """The request itself. Flask's `request` looks for it at each use, which takes four calls."""
    under_way = _request.get()
    return under_way.request if under_way else cast(Request, _object(request))


def of_request(name: str) -> object:
    """What stands in Flask's `g` under this name, or None."""
    under_way = _request.get()
    return getattr(under_way.g, name, None) if under_way else g.get(name)


def services() -> Services:
    under_way = _request.get()
    return under_way.services if under_way else cast(Services, current_app.extensions["portal"])


def script_root() -> str:
    """The path below which the portal is: what its own addresses begin with; often empty."""
    under_way = _request.get()
    return under_way.script_root if under_way else request.script_root


def store() -> Store:
    return services().store


def settings() -> Settings:
    return services().settings


#: What a page says that was redirected to, though nothing was saved.
_NOTHING_DONE = frozenset({"late", "waiting"})


def now() -> datetime:
    """The time of this request: the same for everything that it does."""
    under_way = _request.get()
    if under_way:
        if under_way.now is None:
            under_way.now = under_way.services.clock()
        return under_way.now
    moment = g.get("now")
    if moment is None:
        moment = g.now = services().clock()
    return cast(datetime, moment)


def note_saved() -> None:
    """The change is saved. If the page then fails, its error must not say "nothing was saved"."""
    g.saved = True
    services().counts.forget()


def was_saved() -> bool:
    """Whether a change was saved, in this request or in the one that redirected to this page."""
    if "saved" in g or request.method == "POST":
        return "saved" in g
    done = request.args.get("done", request.args.get("removed", ""))
    return done not in {"", *_NOTHING_DONE}


def person() -> Person | None:
    """The member of staff who is signed in, or None."""
    return of_request("person")  # type: ignore[return-value] # as `access` sets it, once a request


def source() -> Source:
    """The network address and the person of this request, for the security log."""
    address = client_address()
    user = person()
    by, who = (user.name, user.id) if user else ("", "")
    return Source(by=by, who=who, address=address, request_id=logs.request_id.get())


def audit_info() -> AuditInfo:
    """For a change by the person who is signed in. Only for routes that need a sign-in.

    Raises:
        PermissionError: Nobody is signed in.
    """
    user = person()
    if user is None:
        raise PermissionError("Nobody is signed in.")
    return AuditInfo(by=user.name, who=user.id, at=now(), request_id=logs.request_id.get())


def audit_of_customer() -> AuditInfo:
    return AuditInfo(by="customer", at=now(), request_id=logs.request_id.get())
