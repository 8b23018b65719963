"""Sign-ups that are not in the queue: what staff read of them wherever the queue may look empty."""

from dataclasses import dataclass

from portal import queries
from portal.queries import CAP, Tab
from portal.web.http import store, url_for
from portal.web.i18n import _


@dataclass(frozen=True, kw_only=True, slots=True)
class Aside:
    """How many there are of one sort, and what gets them into the queue.

    Attributes:
        waits: They wait for the proof of their address because a setting says so.
    """

    label: str
    what: str
    url: str
    waits: bool = False


def not_in_queue() -> list[Aside]:
    """What is true of each sort of them; nothing of a sort that holds none."""
    url = f"{url_for('staff.tenants')}?status={Tab.ASIDE.value}"
    waiting, doubtful = queries.waiting_for_address(store()), queries.doubtful_count(store())
    found = []
    if waiting:
        found.append(
            Aside(
                label=_("Sign-ups that wait for their address: %(n)s", n=_capped(waiting)),
                what=_(
                    "Each gets into the queue by itself when its customer presses the button"
                    " behind the link in the mail. If you know the customer, move it there."
                ),
                url=url,
                waits=True,
            )
        )
    if doubtful:
        found.append(
            Aside(
                label=_("Doubtful sign-ups: %(n)s", n=_capped(doubtful)),
                what=_("A robot may have sent them. Look through them now and then."),
                url=url,
            )
        )
    return found


def empty_queue() -> str:
    """What an empty queue says. Nobody reads that nobody waits while somebody does."""
    aside = not_in_queue()
    if not aside:
        return _("No sign-up is waiting.")
    return " ".join([
        _("The queue is empty. These are not in it:"), *(f"{each.label}." for each in aside)
    ])  # fmt: skip


def _capped(number: int) -> str:
    return f"{CAP - 1}+" if number >= CAP else str(number)
