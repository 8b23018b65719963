"""Staff clear doubtful sign-ups: the page says how many there are, and one press removes them.

They may be a thousand, so one request stops after some seconds and says how many are left.
"""

import time
from collections.abc import Sequence
from urllib.parse import urlencode

from flask import make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from portal import onboarding, queries
from portal.auth import SecurityAct, log_act, security_event
from portal.contact_readers import without_meaningless
from portal.queries import Doubtful, Tab
from portal.stores import Change, Item
from portal.timestamps import format_timestamp, parse_timestamp
from portal.web.forms import FieldView
from portal.web.http import note_saved, now, source, store, strip_unprintable, url_for
from portal.web.i18n import _
from portal.web.staff.lists.list_view import MAX_SEARCH_LENGTH
from portal.web.staff.lists.not_in_queue import not_in_queue

#: Of those that the page names.
_NAMED = 20
#: A request takes at most eight seconds; DynamoDB removes some hundreds in this time.
_SECONDS = 4.0
_MAX_DIGITS = 6


def doubtful_page() -> AnyResponse:
    """What one press would remove, and what the one before has removed."""
    return _page(_search(request.args.get("q", "")))


def clear_doubtful() -> AnyResponse:
    """Removes what the page showed. What came after it was made stays."""
    search = _search(request.form.get("q", ""))
    until = parse_timestamp(request.form.get("until", ""))
    if until is None:
        return _page(search, problem=_("Look through the list once more."), status=422)
    with_waiting = bool(request.form.get("waiting"))
    rows = _chosen(queries.doubtful(store(), until=until, text=search), with_waiting=with_waiting)
    result = onboarding.Cleared()
    if rows:
        end = time.monotonic() + _SECONDS
        result = onboarding.clear_doubtful(
            store(), rows, together=_event, enough=lambda: time.monotonic() > end
        )
        note_saved()
        if result.removed:
            log_act(SecurityAct.DOUBTFUL_CLEARED, source(), count=str(result.removed))
    parameters = {
        "q": search,
        "removed": str(result.removed),
        "changed": str(result.changed),
        **({"failed": "1"} if result.failed else {}),
        **({"waiting": "1"} if with_waiting else {}),
    }
    return redirect(f"{url_for('staff.doubtful')}?{urlencode(parameters)}", 303)


def _event(count: int) -> Change:
    details = {"count": str(count)}
    return security_event(SecurityAct.DOUBTFUL_CLEARED, source(), now(), details=details)


def _search(text: str) -> str:
    return without_meaningless(text)[:MAX_SEARCH_LENGTH]


def _chosen(found: Doubtful, *, with_waiting: bool) -> Sequence[Item]:
    return [*found.robots, *(found.waiting if with_waiting else ())]


def _number(name: str) -> int | None:
    """What has just been done, as the address of the page says it."""
    text = request.args.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS else None


def _page(search: str, *, problem: str = "", status: int = 200) -> AnyResponse:
    found = queries.doubtful(store(), until=now(), text=search)
    named = [*found.robots, *found.waiting][:_NAMED]
    robots, waiting = len(found.robots), len(found.waiting)
    values = request.form if request.method == "POST" else request.args
    page = render_template(
        "staff/clear_doubtful.html",
        removed=_number("removed"),
        changed=_number("changed"),
        failed="failed" in request.args,
        errors=[("", problem)] if problem else [],
        search=FieldView(
            name="q",
            id="q",
            label=_("Only those with this in a name, the address or the id"),
            value=strip_unprintable(search),
            type="search",
            required=False,
        ),
        robots=robots,
        waiting=waiting,
        rows=[_named(row) for row in named],
        more=robots + waiting - len(named),
        search_url=url_for("staff.doubtful"),
        action=url_for("staff.clear_doubtful"),
        hidden=[("q", search), ("until", format_timestamp(now()))],
        with_waiting=FieldView(
            name="waiting",
            id="waiting",
            label=_(
                "Also those that wait until their customers confirm the email address: %(n)s",
                n=waiting,
            ),
            hint=_(
                "They came while too many arrived at once, and real customers may be among them."
                " A press on the link in their mail moves them into the queue."
            ),
            value=values.get("waiting", ""),
            type="checkbox",
        )
        if waiting
        else None,
        by_setting=next((each for each in not_in_queue() if each.waits), None),
        list_url=f"{url_for('staff.tenants')}?{urlencode({'status': Tab.ASIDE.value})}",
    )
    return make_response(page, status)


def _named(row: Item) -> tuple[str, str]:
    company, email = row.get("contactCompanyName", ""), row.get("contactEmailAddress", "")
    return strip_unprintable(str(company)), strip_unprintable(str(email))
