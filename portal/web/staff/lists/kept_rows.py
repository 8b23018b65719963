"""The rows of lists, kept while they say the same.

Somebody who works off a queue asks for the same page again and again, and most of its rows have not
changed meanwhile. So the rows of the pages that were shown last are kept. A kept row is shown again
only if the store has just returned the very same item, what is known beside it is the same as well,
and no text of it depends on a time that has passed since. All else that it depends on, such as the
language, names the page for which it is kept.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from datetime import datetime
from threading import Lock
from typing import NamedTuple

from portal.records import ListFacts
from portal.stores import KEY, Item
from portal.web.staff.lists.queue_columns import QueueRow, RowSetting, next_change, queue_row

#: Pages whose rows are kept: of each list, language and position those of one page.
_MOST_PAGES = 32


class _Kept(NamedTuple):
    """A row, and what it was made of.

    Attributes:
        made, until: The row says the same from the one instant on until before the other.
    """

    item: Item
    facts: ListFacts
    made: datetime
    until: datetime
    row: QueueRow


_Page = Mapping[str, _Kept]
_NO_ROWS: _Page = {}
_NO_FACTS = ListFacts()


class KeptRows:
    """The rows of the pages that were shown last. Any number of threads may use it."""

    def __init__(self, most_pages: int = _MOST_PAGES) -> None:
        self._most_pages = most_pages
        self._pages: OrderedDict[RowSetting, _Page] = OrderedDict()
        self._guard = Lock()

    def rows(
        self,
        items: Iterable[Item],
        facts: Mapping[str, ListFacts],
        setting: RowSetting,
        now: datetime,
    ) -> list[QueueRow]:
        """The rows of these items, in their order.

        Args:
            facts: What is known of some of the tenants beside their rows, by their ids.
        """
        before = self._pages.get(setting, _NO_ROWS)
        page: dict[str, _Kept] = {}
        rows = []
        for item in items:
            tenant_id = str(item[KEY])
            known = facts.get(tenant_id, _NO_FACTS)
            kept = before.get(tenant_id)
            if (
                kept is None
                or not kept.made <= now < kept.until
                or (kept.item is not item and kept.item != item)
                or (kept.facts is not known and kept.facts != known)
            ):
                kept = _made(item, known, setting, now)
            page[tenant_id] = kept
            rows.append(kept.row)
        self._keep(setting, page)
        return rows

    def _keep(self, setting: RowSetting, page: _Page) -> None:
        with self._guard:
            self._pages[setting] = page
            self._pages.move_to_end(setting)
            while len(self._pages) > self._most_pages:
                self._pages.popitem(last=False)


def _made(item: Item, facts: ListFacts, setting: RowSetting, now: datetime) -> _Kept:
    try:
        until = next_change(item, setting, now)
    except OverflowError:
        # It is made anew each time.
        until = now
    return _Kept(item, facts, now, until, queue_row(item, facts, setting, now))


#: All applications of a process share it: a row is kept together with all that it was made of.
kept_rows = KeptRows()
