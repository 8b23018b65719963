"""Finds tenants by what somebody typed: in all states, in an order and in pages that are the same
on both stores.

What was typed is read in several ways, one after the other:

    an id, or a reference   then that tenant is all there is
    a whole email address, an account id, the beginning of the company's name
                            in the indexes of the tenants themselves: right after every write, and
                            also before a tenant has entries
    words                   in the entries
    a phone number          in the entries

A tenant that an earlier way has shown is left out of the later ones. One page reads at most
`MOST_TENANTS` tenants, and of each word one range of entries, however many tenants there are.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from portal import records
from portal.queries import DISJOINT_TABS, PAGE, IndexRange, PageCursor, Tab, is_in_tab
from portal.records import LAST, TERM_INDEXES, ListFacts
from portal.search.newest import merged
from portal.search.terms import SHORTEST_TERM, Query, query_of, terms_of
from portal.stores import GSI1, GSI3, GSI4, KEY, Cursor, Item, ItemNotFoundError, Store, find_item
from portal.tenants import EXPIRING, Tenant

#: Tenants that one page reads at most.
MOST_TENANTS = 100
#: Rows of indexes that one page looks through at most. A row that is a tenant's own needs no read.
_MOST_ROWS = 200
_ROWS_PER_TENANT = _MOST_ROWS // MOST_TENANTS
#: Words whose entries are looked at, to begin with the rarest. Others are only compared.
_MOST_PROBED = 4

Keep = Callable[[Item], bool]

#: What a cursor calls the ways: the words by the one whose entries are read.
_BY_ADDRESS, _BY_ACCOUNT, _BY_COMPANY, _BY_PHONE, _BY_WORDS = 0, 1, 2, 3, 10


@dataclass(frozen=True, slots=True)
class Found:
    """A page of what was found.

    Attributes:
        rows: Items, or rows of an index. A page may be short, or empty, though more follow.
        after: `None` on the last page.
        elsewhere: How many of the tenants that this page looked at are in other tabs.
        is_all: Whether it has looked at all that match, from the first to the last.
        is_sorted: Whether the rows have the order that was asked for.
        facts: What lists know of some of the rows beside them, by the id of the tenant.
    """

    rows: Sequence[Item]
    after: PageCursor | None = None
    elsewhere: Mapping[Tab, int] | None = None
    is_all: bool = True
    is_sorted: bool = True
    facts: Mapping[str, ListFacts] = field(default_factory=dict)


def find(
    store: Store,
    text: str,
    tab: Tab,
    now: datetime,
    *,
    after: PageCursor | None = None,
    expiring: timedelta = EXPIRING,
    keep: Keep | None = None,
) -> Found:
    """The tenants of the tab that match the text.

    Args:
        keep: Whether a tenant, read whole, is to be found. `None`: all are.

    Raises:
        StoreError: The store failed.
    """
    finding = _Finding(store, tab, now, expiring, keep)
    by_id = _rows_by_id(store, _possible_id(text))
    if by_id:
        return finding.page(by_id)
    ways = _ways(store, text, after)
    names = [way.name for way in ways]
    first = names.index(after.index_range) if after and after.index_range in names else 0
    start = after.position if after else None
    for number in range(first, len(ways)):
        if not finding.look_through(ways[number], ways[:number], start):
            break
        start = None
    return finding.result(is_first=after is None)


# ---- The ways


@dataclass(frozen=True, slots=True)
class _Way:
    """One way to read what was typed.

    Attributes:
        ranges: Of one order. Together they have whatever this way finds.
        covers: Whether this way shows a tenant.
        term: Which terms the ranges have: those with this beginning. Empty: they are no entries.
    """

    name: int
    ranges: Sequence[IndexRange]
    covers: Callable[[Tenant], bool]
    term: str = ""


def _ways(store: Store, text: str, after: PageCursor | None) -> list[_Way]:
    return [*_ways_without_entries(text), *_ways_by_entries(store, query_of(text), after)]


def _ways_without_entries(text: str) -> Iterator[_Way]:
    if "@" in text:
        partition = records.email_partition(text)
        yield _Way(
            _BY_ADDRESS,
            [IndexRange(GSI4, partition, newest_first=True)],
            lambda tenant: records.email_partition(tenant.contact.email) == partition,
        )
        return
    company = records.normalised(text)
    if not company:
        return
    if text.isascii() and text.isalnum():
        yield _Way(
            _BY_ACCOUNT,
            [IndexRange(GSI1, records.account_partition(text))],
            lambda tenant: tenant.is_final and _account_of(tenant) == text,
        )
    yield _Way(
        _BY_COMPANY,
        [IndexRange(GSI3, records.company_partition(company), (company, company + LAST))],
        lambda tenant: records.normalised(tenant.contact.company).startswith(company),
    )


def _account_of(tenant: Tenant) -> str:
    return tenant.ids.account_id if tenant.ids else ""


def _ways_by_entries(store: Store, query: Query, after: PageCursor | None) -> Iterator[_Way]:
    if query.words:
        chosen = _chosen_word(store, query.words, after)
        if chosen is not None:
            word = query.words[chosen]
            yield _Way(
                _BY_WORDS + chosen,
                _term_ranges(word),
                lambda tenant: query.matches_words(tenant) and _has_entry(tenant, word),
                word,
            )
    if query.phone:
        yield _Way(_BY_PHONE, _term_ranges(query.phone), query.matches_phone, query.phone)


def _chosen_word(store: Store, words: Sequence[str], after: PageCursor | None) -> int | None:
    """The number of the word whose entries are read: the one with the fewest. Later pages go on
    with that of the first."""
    if after and _BY_WORDS <= after.index_range < _BY_WORDS + len(words):
        return after.index_range - _BY_WORDS
    possible = [number for number, word in enumerate(words) if len(word) >= SHORTEST_TERM]
    # Digits may be the end of a phone number, whose entries are elsewhere.
    letters = [number for number in possible if not words[number].isdecimal()]
    possible = sorted(letters or possible, key=lambda number: -len(words[number]))
    if len(possible) <= 1:
        return possible[0] if possible else None
    return min(possible[:_MOST_PROBED], key=lambda number: _number_of(store, words[number]))


def _number_of(store: Store, word: str) -> int:
    """How many entries a word has, as far as one page tells."""
    return len(merged(store, _term_ranges(word), None, MOST_TENANTS + 1).rows)


def _term_ranges(term: str) -> list[IndexRange]:
    partition = records.term_partition(term)
    return [IndexRange(index, partition, (term, term + LAST)) for index in TERM_INDEXES]


def _has_entry(tenant: Tenant, beginning: str) -> bool:
    return any(term.startswith(beginning) for term in terms_of(tenant))


# ---- A page of rows


class _Finding:
    """Looks through the ways until the page is full, or enough was read."""

    def __init__(
        self, store: Store, tab: Tab, now: datetime, expiring: timedelta, keep: Keep | None
    ) -> None:
        self._store = store
        self._keep = keep
        self._tab = tab
        self._now = now
        self._expiring = expiring
        self._rows: list[Item] = []
        self._elsewhere: Counter[Tab] = Counter()
        self._seen: set[str] = set()
        self._left = _MOST_ROWS
        #: Where the next page begins, if this one is cut off here.
        self._place: PageCursor | None = None
        self._is_cut = False

    def page(self, rows: Sequence[Item]) -> Found:
        for row in rows:
            self._sort_in(row)
        return self.result(is_first=True)

    def result(self, *, is_first: bool) -> Found:
        is_all = is_first and not self._is_cut
        return Found(
            self._rows, self._place if self._is_cut else None, dict(self._elsewhere), is_all
        )

    def look_through(self, way: _Way, earlier: Sequence[_Way], after: Cursor | None) -> bool:
        """Whether the next way may be looked through: this one has no more, and there is room."""
        start = after
        cost = _ROWS_PER_TENANT if way.term or self._keep else 1
        while True:
            # One more than the page shows: then it is certain whether there is another page.
            room = PAGE + 1 - len(self._rows) if self._tab is Tab.ALL else PAGE
            number = min(room, self._left // cost)
            if number == 0:
                self._is_cut = True
                return False
            found = merged(self._store, way.ranges, after, number)
            for sort, row in found.rows:
                item = self._item(way, row, start)
                tenant = records.tenant_of(item) if item else None
                if tenant and any(other.covers(tenant) for other in earlier):
                    item = None
                if item is not None and not self._sort_in(item):
                    self._is_cut = True
                    return False
                after = sort, str(row[KEY])
                self._left -= 1 if item is None and self._was_seen(way, row) else cost
                self._place = PageCursor(way.name, after)
            if not found.has_more:
                return True

    def _was_seen(self, way: _Way, row: Item) -> bool:
        """Whether the tenant of a row needed no read, since this page has it already."""
        return bool(way.term) and records.entry_tenant_id(row) in self._seen

    def _sort_in(self, item: Item) -> bool:
        """Whether there was room for it."""
        if self._keep and not self._keep(item):
            self._seen.add(str(item[KEY]))
            return True
        if is_in_tab(item, self._tab, self._now, self._expiring):
            if len(self._rows) == PAGE:
                return False
            self._rows.append(item)
        else:
            self._elsewhere.update(tab for tab in DISJOINT_TABS if is_in_tab(item, tab, self._now))
        self._seen.add(str(item[KEY]))
        return True

    def _item(self, way: _Way, row: Item, start: Cursor | None) -> Item | None:
        """What is shown of a row; `None` if it does not belong here, or this way has shown it."""
        if not way.term:
            if str(row[KEY]) in self._seen:
                return None
            # What is to be kept shows only the whole item.
            return _tenant_item(self._store, str(row[KEY])) if self._keep else row
        tenant_id = records.entry_tenant_id(row)
        item = None if tenant_id in self._seen else _tenant_item(self._store, tenant_id)
        if item is None:
            return None
        tenant = records.tenant_of(item)
        if not way.covers(tenant):
            return None
        # It may match twice, and an earlier page has shown it by the other term.
        was_shown = start is not None and _first_sort(tenant, way.term) <= start[0]
        return None if was_shown else item


def _first_sort(tenant: Tenant, beginning: str) -> str:
    terms = [term for term in terms_of(tenant) if term.startswith(beginning)]
    return f"{min(terms)}#{tenant.id}" if terms else LAST


def _tenant_item(store: Store, tenant_id: str) -> Item | None:
    item = find_item(store, tenant_id)
    return item if item and records.is_tenant(item) else None


# ---- By id


def _possible_id(text: str) -> str:
    """The id to look up. A customer knows the reference of the sign-up, which is the pending id
    without its prefix."""
    reference = text.strip().lower()
    is_reference = len(reference) == records.REFERENCE_LENGTH and reference.isalnum()
    return records.pending_id(reference) if is_reference else text


def _rows_by_id(store: Store, tenant_id: str) -> list[Item]:
    try:
        item = store.get(tenant_id)
        if records.forward_of(item):
            item = records.get_where_it_leads(store, item)
    except ItemNotFoundError:
        return []
    return [item] if records.is_tenant(item) else []
