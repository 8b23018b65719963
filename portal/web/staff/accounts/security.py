"""The security log: who signed in or out, for whom links and tokens were made, what was refused."""

from dataclasses import dataclass
from datetime import timedelta

from flask import Response, make_response, render_template, request

from portal import queries
from portal.auth import SECURITY_EVENTS, Role, SecurityAct, SecurityEvent, security_event_of
from portal.queries import IndexRange
from portal.records import LAST
from portal.stores import GSI2
from portal.timestamps import format_timestamp
from portal.web.http import now, services, settings, store, strip_unprintable, url_for
from portal.web.i18n import _, dates, labels

_CURSOR_SCOPE = "security"


@dataclass(frozen=True, kw_only=True, slots=True)
class SecurityRow:
    when: str
    who: str
    what: str
    tone: str
    details: str
    address: str


def security_page() -> Response:
    days = settings().security_log_days
    since = format_timestamp(now() - timedelta(days=days))
    events = IndexRange(GSI2, SECURITY_EVENTS, (since, LAST), newest_first=True)
    after = services().links.read_cursor(request.args.get("after", ""), _CURSOR_SCOPE)
    page = queries.page(store(), [events], after=after)
    url = url_for("staff.security")
    cursor = services().links.cursor(page.after, _CURSOR_SCOPE) if page.after else ""
    text = render_template(
        "staff/security.html",
        rows=[_row(security_event_of(item)) for item in page.rows],
        days=days,
        report_url=url_for("staff.report"),
        first_url=url if after else "",
        next_url=f"{url}?after={cursor}" if cursor else "",
    )
    return make_response(text)


def _row(event: SecurityEvent) -> SecurityRow:
    is_refusal = event.act in (SecurityAct.ROLE_REFUSED, SecurityAct.SCOPE_REFUSED)
    return SecurityRow(
        when=dates.second(event.at, settings().time_zone) if event.at else "",
        who=strip_unprintable(event.source.by) if event.source.who else _("An operator"),
        what=_(labels.SECURITY_ACT[event.act]) if event.act else _("Something else"),
        tone="warning" if is_refusal else "",
        details=strip_unprintable(", ".join(_details(event))),
        address=event.source.address or ("" if event.source.who else _("Command")),
    )


def _details(event: SecurityEvent) -> list[str]:
    parts = [event.about] if event.about else []
    if event.earlier_role:
        parts.append(f"{_role(event.earlier_role)} → {_role(event.role)}")
    elif event.role:
        parts.append(_role(event.role))
    if event.count:
        parts.append(_("Sign-ups: %(n)s", n=event.count))
    if event.route:
        parts.append(event.route)
    return parts


def _role(name: str) -> str:
    try:
        return _(labels.ROLE[Role.named(name)])
    except KeyError:
        return name
