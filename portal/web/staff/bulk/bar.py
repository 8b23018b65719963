"""The bar below a list: what can be done with the rows that somebody ticks."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from portal.auth import Role
from portal.web.http import person, url_for
from portal.web.i18n import _
from portal.web.staff.bulk.bulk_verbs import offered_in
from portal.web.staff.bulk.selection import MOST, write_listed
from portal.web.staff.lists import ListView, QueueRow


@dataclass(frozen=True, kw_only=True, slots=True)
class BulkBar:
    """action: with the list, so that what follows leads back to it.
    list: the parameters of the list.
    buttons: name of the verb, label, tone, shortcut key.
    listed: the rows of this page.
    all_label: for the box that chooses all rows of all pages; empty if there is one page.
    """

    action: str
    list: str
    buttons: Sequence[tuple[str, str, str, str]]
    listed: str
    all_label: str


def bulk_bar(here: str, rows: Sequence[QueueRow], *, has_more: bool) -> BulkBar | None:
    """`None` if there is nothing to do in this list, or if this person may not.

    here: the parameters of the list's address.
    """
    user, view = person(), ListView.of_query(dict(parse_qsl(here)))
    verbs = offered_in(view.tab)
    if user is None or user.role < Role.APPROVER or not rows or not verbs:
        return None
    return BulkBar(
        action=f"{url_for('bulk.ask')}?{urlencode({'back': here})}",
        list=view.query,
        buttons=[
            (each.verb.value, _(each.entry.button), each.tone, each.entry.key) for each in verbs
        ],
        listed=write_listed(rows),
        all_label=_all_label(view) if has_more else "",
    )


def _all_label(view: ListView) -> str:
    if view.search or view.is_filtered:
        return _("All that match, on every page (at most %(most)s)", most=MOST)
    return _("All in this list, on every page (at most %(most)s)", most=MOST)
