"""What runs in the background, for admins: mail that waits or was given up, and the daily round."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Response, make_response, render_template

from portal import queries
from portal.mail import DigestReader, digest_readers
from portal.queries import Background
from portal.web.http import now, settings, store, strip_unprintable
from portal.web.i18n import _, dates, format_number
from portal.web.staff.tenant import mail_label, mail_problem
from portal.webhooks import State, counts, read_book

#: Counted up to here. More costs too much to be counted for a page.
_CAP = 1000
#: What is due for longer shows that nothing sends it.
_LATE = timedelta(minutes=15)


@dataclass(frozen=True, kw_only=True, slots=True)
class GivenUpRow:
    when: str
    what: str
    why: str


def background_page() -> Response:
    zone = settings().time_zone
    state = queries.background(store(), cap=_CAP)
    text = render_template(
        "staff/background.html",
        facts=[
            (_("Mails that wait"), _counted(state.waiting)),
            (_("The next one is due"), _when(state.due_since) or _("Nothing waits")),
            (_("Mails that were given up or came back"), _counted(state.given_up)),
            *_webhook_facts(),
            *_unreadable_facts(state),
            (_("Last daily round"), _when(state.last_round) or _("There was none yet")),
            (_("Addresses that get the digest"), format_number(len(_readers()))),
        ],
        warning=_warning(state),
        rows=[
            GivenUpRow(
                when=dates.moment(entry.ended_at, zone),
                what=mail_label(entry.kind),
                why=mail_problem(entry.reason),
            )
            for entry in state.latest_given_up
        ],
        has_round=_has_round(),
    )
    return make_response(text)


def _webhook_facts() -> list[tuple[str, str]]:
    """Nothing if there are no webhooks."""
    book = read_book(store())
    found = book.subscriptions
    if not found:
        return []
    left = [counts(store(), each.id, _CAP) for each in found]
    facts = [
        (_("Webhooks that wait"), _counted(sum(each.waiting for each in left))),
        (_("Webhooks that were given up"), _counted(sum(each.given_up for each in left))),
    ]
    gone = [strip_unprintable(book.name_of(each)) for each in found if each.state is State.GONE]
    return [*facts, (_("Receivers of webhooks that are gone"), ", ".join(gone))] if gone else facts


def _unreadable_facts(state: Background) -> list[tuple[str, str]]:
    """Nothing if all is well."""
    if not state.unreadable:
        return []
    return [(_("Messages that cannot be read and are set aside"), _counted(state.unreadable))]


def _readers() -> list[DigestReader]:
    chosen = settings()
    return digest_readers(
        store(), chosen.mail_staff, chosen.mail_staff_language, approvers=chosen.mail_approvers
    )


def _has_round() -> bool:
    chosen = settings()
    return bool(chosen.mail_staff or chosen.mail_approvers or chosen.mail_expiring)


def _warning(state: Background) -> str:
    if state.due_since and now() - state.due_since > _LATE:
        return _(
            "Mail has waited for longer than 15 minutes. Look whether “portal serve” or “portal"
            " outbox send --watch” runs, and whether the mail server answers."
        )
    return ""


def _when(instant: datetime | None) -> str:
    return dates.moment(instant, settings().time_zone)


def _counted(number: int) -> str:
    return f"{format_number(number)}+" if number >= _CAP else format_number(number)
