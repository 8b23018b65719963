"""The report for auditors: a page that asks for the days, and the file."""

from datetime import date, timedelta

from flask import Response, make_response, render_template, request

from portal import queries
from portal.auth import SecurityAct
from portal.contact_readers import ProblemError
from portal.reports import decisions_as_csv
from portal.tenants import first_instant
from portal.web.forms import FieldView, form_messages, read_day
from portal.web.http import now, settings, store, strip_unprintable, url_for
from portal.web.i18n import N_, _
from portal.web.staff.exports.csv_download import csv_download

_FIELDS = {"from": N_("First day"), "to": N_("Last day")}


def report_page() -> Response:
    """Offers the last month."""
    today = now().astimezone(settings().time_zone).date()
    last = today.replace(day=1) - timedelta(days=1)
    return _page({"from": last.replace(day=1).isoformat(), "to": last.isoformat()}, {})


def report_csv() -> Response:
    typed = {name: request.args.get(name, "") for name in _FIELDS}
    days: dict[str, date] = {}
    errors: dict[str, str] = {}
    for name, text in typed.items():
        try:
            days[name] = read_day(text)
        except ProblemError as error:
            errors[name] = form_messages.date(error.problem)
    if not errors and days["to"] < days["from"]:
        errors["to"] = _("Enter a last day that is not before the first day.")
    if errors:
        return _page(typed, errors)
    zone = settings().time_zone
    start, end = first_instant(days["from"], zone), first_instant(days["to"] + timedelta(1), zone)
    period = f"{days['from']}-to-{days['to']}"
    return csv_download(
        decisions_as_csv(store(), start, end),
        f"decisions-{period}",
        SecurityAct.REPORT_EXPORTED,
        period,
    )


def _page(typed: dict[str, str], errors: dict[str, str]) -> Response:
    fields = [
        FieldView(
            name=name,
            id=name,
            label=_(label),
            value=strip_unprintable(typed[name]),
            error=errors.get(name, ""),
            type="date",
        )
        for name, label in _FIELDS.items()
    ]
    page = render_template(
        "staff/report.html",
        action=url_for("staff.report_csv"),
        fields=fields,
        errors=list(errors.items()),
        is_whole=queries.report_is_whole(store()),
        zone=settings().time_zone.key,
    )
    return make_response(page, 422 if errors else 200)
