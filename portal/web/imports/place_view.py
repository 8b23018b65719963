"""The places of an import in words."""

from portal.imports import ImportJob, PlaceSummary
from portal.timestamps import parse_timestamp
from portal.web.http import settings
from portal.web.i18n import _, dates, format_number

#: Places that are named one by one.
_MAX_NAMED = 10


def place_in_words(place: PlaceSummary) -> str:
    """How many entries it has, and when they last changed."""
    changed_at = parse_timestamp(place.last_change)
    if changed_at is None:
        return _("Entries: %(number)s", number=format_number(place.entries))
    return _(
        "Entries: %(number)s, last change: %(at)s",
        number=format_number(place.entries), at=dates.moment(changed_at, settings().time_zone),
    )  # fmt: skip


def places_of_job(job: ImportJob) -> str:
    """The places whose entries the import writes."""
    lines = [f"{place.name} ({place_in_words(place)})" for place in job.places[:_MAX_NAMED]]
    more = job.places_total - len(lines)
    if more:
        lines.append(_("and more: %(number)s", number=format_number(more)))
    return "\n".join(lines)
