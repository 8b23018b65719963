"""The overview, the first page of staff: counts, the longest waits, and what expires soon."""

from dataclasses import dataclass
from datetime import timedelta

from flask import Response, make_response, render_template

from portal import queries
from portal.auth import Role
from portal.queries import Tab
from portal.stores import KEY, Item
from portal.timestamps import parse_timestamp
from portal.web.http import now, person, settings, store, strip_unprintable, url_for
from portal.web.i18n import dates, locale_name
from portal.web.staff.figures import figures
from portal.web.staff.lists import ListView, not_in_queue, queue_tabs, queue_url, without_decided
from portal.web.staff.proofs import missing_proofs
from portal.web.staff.tenant import mail_label, mail_problem
from portal.webhooks import State, read_book

_ROWS = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class WaitingRow:
    company: str
    age: str
    late: bool
    url: str


@dataclass(frozen=True, kw_only=True, slots=True)
class UndeliveredRow:
    company: str
    what: str
    why: str
    url: str


@dataclass(frozen=True, kw_only=True, slots=True)
class GoneRow:
    """A receiver of webhooks that has answered that it is gone."""

    name: str
    url: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ExpiringRow:
    company: str
    until: str
    url: str


def overview_page() -> Response:
    zone = settings().time_zone
    counts = [tab for tab in queue_tabs() if tab.key != Tab.ALL.value]
    pending = queries.page(store(), queries.ranges_of_tab(Tab.PENDING, now()), limit=_ROWS)
    expiring = queries.page(
        store(),
        queries.ranges_of_tab(Tab.EXPIRING, now(), settings().expiring),
        limit=_ROWS,
    )
    page = render_template(
        "staff/overview.html",
        search_url=url_for("staff.tenants"),
        counts=counts,
        figures=figures(),
        aside=not_in_queue() if any(tab.key == Tab.ASIDE.value for tab in counts) else [],
        waiting=[_waiting_row(row) for row in without_decided(pending.rows)],
        all_waiting_url=queue_url(ListView(tab=Tab.PENDING)),
        expiring=[
            ExpiringRow(
                company=str(row.get("contactCompanyName", "")),
                until=dates.day(parse_timestamp(str(row.get("validTo", ""))), zone),
                url=_tenant_url(row),
            )
            for row in expiring.rows
        ],
        more_expiring_url=queue_url(ListView(tab=Tab.EXPIRING)),
        undelivered=[
            UndeliveredRow(
                company=each.company or each.entry.tenant_id,
                what=mail_label(each.entry.kind),
                why=mail_problem(each.entry.reason),
                url=url_for("staff.tenant", tenant_id=each.entry.tenant_id),
            )
            for each in queries.undelivered(store(), now(), limit=_ROWS)
        ],
        gone=_gone_rows(),
        proofs=missing_proofs(),
    )
    return make_response(page)


def _gone_rows() -> list[GoneRow]:
    """For admins, who alone can do something about them."""
    user = person()
    if user is None or user.role < Role.ADMIN:
        return []
    book = read_book(store())
    return [
        GoneRow(
            name=strip_unprintable(book.name_of(each)),
            url=url_for("staff.webhook", subscription_id=each.id),
        )
        for each in book.subscriptions
        if each.state is State.GONE
    ]


def _waiting_row(row: Item) -> WaitingRow:
    age = now() - (parse_timestamp(str(row.get("createdAt", ""))) or now())
    late = age > timedelta(days=settings().promised_days)
    return WaitingRow(
        company=str(row.get("contactCompanyName", "")),
        age=dates.age(age, locale_name(), late=late),
        late=late,
        url=_tenant_url(row),
    )


def _tenant_url(row: Item) -> str:
    return url_for("staff.tenant", tenant_id=str(row[KEY]))
