"""A page of the queue, or of another list of tenants: reads what a request asks for."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import lru_cache

from flask import Response, render_template, request

from portal import queries
from portal.queries import PageCursor, Tab
from portal.saved_views import views_of
from portal.search import Found
from portal.stores import Item
from portal.web.http import SignedLinks, htmx, now, person, services, settings, store
from portal.web.i18n import _, labels, locale_name
from portal.web.staff.lists.back_links import link_suffix
from portal.web.staff.lists.kept_rows import ShownRows, kept_rows
from portal.web.staff.lists.list_choices import may_lack_some
from portal.web.staff.lists.list_html import (
    ListState,
    QueueTab,
    base_url,
    here_of,
    list_heading,
    list_html,
    queue_url,
    shown_tabs,
    tabs_of,
)
from portal.web.staff.lists.list_owners import other_owner, with_owners
from portal.web.staff.lists.list_rows import rows_page
from portal.web.staff.lists.list_view import ListView
from portal.web.staff.lists.not_in_queue import empty_queue
from portal.web.staff.lists.queue_columns import RowSetting
from portal.web.staff.lists.recent_decisions import without_decided


def queue_page() -> Response:
    # What is missing in the arguments of a request costs an exception each time.
    query = dict(request.args.items())
    view, text = ListView.of_query(query), query.get("after", "")
    after = services().links.read_cursor(text, view.cursor_scope) if text else None
    page, items = _rows(view, after)
    is_emptied = bool(after) and not items and page.after is None
    if is_emptied:
        # The rows of a last page were decided, or moved on: the list may still have others.
        after = None
        page, items = _rows(view, after)
    if after is None:
        text = ""
    user, is_fragment, counts = person(), htmx.wants_fragment(), _counts()
    html = list_html(
        ListState(
            language=locale_name(),
            root=request.script_root,
            reader=(user.id, user.role) if user else None,
            is_fragment=is_fragment,
            view=view,
            after=text,
            next_url=queue_url_after(view, page.after),
            rows=_queue_rows(items, page, view, text),
            tabs=shown_tabs(counts),
            is_sorted=page.is_sorted,
            # Only page one knows it: others begin in the middle.
            elsewhere=tuple((page.elsewhere or {}).items()) if view.search and not text else (),
            is_all=page.is_all,
            may_lack_some=may_lack_some(store(), view),
            is_emptied=is_emptied,
            empty="" if items else _nothing_found(view, page),
            owner=other_owner(view),
            views=tuple(views_of(store(), user.id)) if user else (),
        ),
        counts,
    )
    if is_fragment:
        answer = Response(html)
        if "" in query.values():
            # A form sends its empty fields as well. An address is to be shared, and has none.
            answer.headers["HX-Replace-Url"] = queue_url(view, text)
        return answer
    return Response(render_template("staff/queue.html", list_html=html, heading=list_heading(view)))


def _queue_rows(items: Sequence[Item], page: Found, view: ListView, after: str) -> ShownRows:
    chosen = settings()
    setting = RowSetting(
        language=locale_name(),
        zone=chosen.time_zone,
        promised=timedelta(days=chosen.promised_days),
        expiring=chosen.expiring,
        url_prefix=f"{base_url()}/",
        url_suffix=link_suffix(here_of(view, after)),
    )
    return with_owners(kept_rows.page(items, page.facts, setting, now()))


def _rows(view: ListView, after: PageCursor | None) -> tuple[Found, Sequence[Item]]:
    """A page of the list, and its rows without those that this person has just decided."""
    promised = timedelta(days=settings().promised_days)
    page = rows_page(store(), view, now(), promised, settings().expiring, after=after)
    return page, without_decided(page.rows) if view.tab is Tab.PENDING else page.rows


def queue_url_after(view: ListView, cursor: PageCursor | None) -> str:
    """The address of the page behind the cursor; empty if nothing is behind it."""
    if cursor is None:
        return ""
    return queue_url(view, _cursor_text(services().links, cursor, view))


@lru_cache(256)
def _cursor_text(links: SignedLinks, cursor: PageCursor, view: ListView) -> str:
    """Signed once: the pages of a list end where they ended before."""
    return links.cursor(cursor, view.cursor_scope)


def _nothing_found(view: ListView, page: Found) -> str:
    if page.rows:
        done = _("You have decided all sign-ups of this page.")
        more = _("Go to the next page.") if page.after else empty_queue()
        return f"{done} {more}"
    if page.after:
        return _("Nothing was found on this page. Go to the next page.")
    if view.search and page.elsewhere:
        return _("Nothing was found in this list.")
    if view.is_filtered:
        return _("Nothing in this list matches the filters, or not any more. Show it without them.")
    if view.search:
        return _(
            "Nothing was found. Search for a word of the company's or the contact's name, an email"
            " address or its domain, the last digits of a phone number, or an id."
        )
    return (
        empty_queue()
        if view.tab is Tab.PENDING
        else _(labels.EMPTY_TAB[view.tab], days=settings().expiring.days)
    )


def queue_tabs() -> list[QueueTab]:
    """All tabs, where no list is shown."""
    return tabs_of(_counts())


def _counts() -> Mapping[Tab, int]:
    # In the file store counting costs next to nothing.
    if settings().store == "json":
        return queries.counts(store(), now(), settings().expiring)
    return services().counts.at(store(), now(), settings().expiring)
