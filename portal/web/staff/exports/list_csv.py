"""A list of tenants as CSV: all rows of the list that the address names."""

from dataclasses import replace
from datetime import timedelta

from flask import Response, request

from portal.auth import SecurityAct
from portal.reports import tenants_as_csv
from portal.web.http import now, settings, store
from portal.web.staff.exports.csv_download import csv_download
from portal.web.staff.lists import ListView, iter_rows


def tenants_csv() -> Response:
    """Takes the parameters of the list."""
    view = ListView.of_query(request.args)
    rows = iter_rows(
        store(), view, now(), timedelta(days=settings().promised_days), settings().expiring
    )
    return csv_download(
        tenants_as_csv(rows, now()),
        f"tenants-{view.tab.value}-{now().astimezone(settings().time_zone):%Y-%m-%d}",
        SecurityAct.LIST_EXPORTED,
        _described(view),
    )


def _described(view: ListView) -> str:
    """The list without what may be personal: that somebody searched, not for what."""
    hidden = replace(view, search="", owner="")
    words = [hidden.query]
    words += ["q=…"] if view.search else []
    words += ["owner=…"] if view.owner else []
    return "&".join(words)
