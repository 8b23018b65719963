"""How long a decision usually takes, and whom to ask: on each page that a customer waits at."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from portal.web.http import now, services, settings, store
from portal.web.i18n import _, dates


def usual_wait() -> str:
    """How long decisions took lately, in round words. Before there are enough of them, what staff
    promise."""
    known = services().waiting_times.at(store(), now())
    if known is None:
        promised = dates.span(timedelta(days=settings().promised_days))
        return _("We usually decide within %(time)s.", time=promised)
    half, nearly_all = dates.rounded_up(known.median), dates.rounded_up(known.nearly_all)
    if half == nearly_all:
        return _("Nearly all requests are decided within %(time)s.", time=dates.span(half))
    return _(
        "Most requests are decided within %(most)s, nearly all within %(all)s.",
        most=dates.span(half),
        all=dates.span(nearly_all),
    )


def waits_longer_than_usual(since: datetime | None) -> bool:
    """Whether a request of this time should have been decided by now."""
    known = services().waiting_times.at(store(), now())
    expected = known.nearly_all if known else timedelta(days=settings().promised_days)
    return since is not None and now() - since > dates.rounded_up(expected)


def contacts() -> Sequence[tuple[str, str]]:
    """(text, address) of each way to reach a person; nothing if the operator has set none."""
    email, phone = settings().contact_email, settings().contact_phone
    ways = [
        (_("Contact us"), settings().contact_url),
        (email, f"mailto:{email}" if email else ""),
        (phone, f"tel:+{''.join(filter(str.isdigit, phone))}" if phone else ""),
    ]
    return [(text, address) for text, address in ways if address]
