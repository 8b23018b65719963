"""The rows of lists, kept while they say the same.

Somebody who works off a queue asks for the same page again and again, and most of its rows have not
changed meanwhile. So the rows of the pages that were shown last are kept. A kept row is shown again
only if the store has just returned the very same item, what is known beside it is the same as well,
and no text of it depends on a time that has passed since. All else that it depends on, such as the
language, names the page for which it is kept. If that holds for all rows, the page is kept as a
whole.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock
from typing import NamedTuple

from portal import desk
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


_NO_FACTS = ListFacts()
#: Lists of owners that are kept with a page: each reader may be told of other ones.
_MOST_OWNED = 8


@dataclass(frozen=True, eq=False, slots=True)
class ShownRows:
    """The rows of a page as they are shown. Whoever gets this very object knows that no row has
    changed, and need not look at any."""

    rows: Sequence[QueueRow]


class KeptPage:
    """The rows of a page.

    Attributes:
        shown: Without who looks after the tenants.
        assignments: Where that is to be read.
    """

    def __init__(
        self, items: Sequence[Item], facts: Mapping[str, ListFacts], kept: Sequence[_Kept]
    ) -> None:
        self._items, self._facts = items, facts
        self._made = max([each.made for each in kept], default=datetime.min.replace(tzinfo=UTC))
        self._until = min([each.until for each in kept], default=datetime.max.replace(tzinfo=UTC))
        self.rows = {each.row.id: each for each in kept}
        self.shown = ShownRows([each.row for each in kept])
        self.assignments = desk.assignments_of(items)
        self._with_owners: dict[tuple[tuple[str, str], ...], ShownRows] = {}

    def says(self, items: Sequence[Item], facts: Mapping[str, ListFacts], now: datetime) -> bool:
        """Whether it says all that it would say now of these."""
        if not self._made <= now < self._until:
            return False
        return self._items == items and self._facts == facts

    def with_owners(self, texts: Mapping[str, str]) -> ShownRows:
        """The rows, with the text of who looks after each, by the ids of the tenants."""
        if not texts:
            return self.shown
        owners = tuple(texts.items())
        shown = self._with_owners.get(owners)
        if shown is None:
            shown = ShownRows(
                [row._replace(owner=texts.get(row.id, "")) for row in self.shown.rows]
            )
            if len(self._with_owners) >= _MOST_OWNED:
                self._with_owners.clear()
            self._with_owners[owners] = shown
        return shown


class KeptRows:
    """The rows of the pages that were shown last. Any number of threads may use it."""

    def __init__(self, most_pages: int = _MOST_PAGES) -> None:
        self._most_pages = most_pages
        self._pages: OrderedDict[RowSetting, KeptPage] = OrderedDict()
        self._guard = Lock()

    def page(
        self,
        items: Sequence[Item],
        facts: Mapping[str, ListFacts],
        setting: RowSetting,
        now: datetime,
    ) -> KeptPage:
        """The rows of these items, in their order.

        Args:
            facts: What is known of some of the tenants beside their rows, by their ids.
        """
        page = self._pages.get(setting)
        if page is None or not page.says(items, facts, now):
            before: Mapping[str, _Kept] = page.rows if page else {}
            kept = [
                _row(before.get(tenant_id), item, facts.get(tenant_id, _NO_FACTS), setting, now)
                for tenant_id, item in [(str(item[KEY]), item) for item in items]
            ]
            page = KeptPage(items, facts, kept)
        self._keep(setting, page)
        return page

    def _keep(self, setting: RowSetting, page: KeptPage) -> None:
        with self._guard:
            self._pages[setting] = page
            self._pages.move_to_end(setting)
            while len(self._pages) > self._most_pages:
                self._pages.popitem(last=False)


def _row(
    kept: _Kept | None, item: Item, facts: ListFacts, setting: RowSetting, now: datetime
) -> _Kept:
    """The kept row, or a new one if that would say something else."""
    if (
        kept is None
        or not kept.made <= now < kept.until
        or (kept.item is not item and kept.item != item)
        or (kept.facts is not facts and kept.facts != facts)
    ):
        return _made(item, facts, setting, now)
    return kept


def _made(item: Item, facts: ListFacts, setting: RowSetting, now: datetime) -> _Kept:
    try:
        until = next_change(item, setting, now)
    except OverflowError:
        # It is made anew each time.
        until = now
    return _Kept(item, facts, now, until, queue_row(item, facts, setting, now))


#: All applications of a process share it: a row is kept together with all that it was made of.
kept_rows = KeptRows()
