"""What a list shows and in which order, as its address says it.

    /staff/tenants?status=&q=&sort=&cluster=&source=&late=1&owner=

An address may be typed, or come from another version: what it says and nobody understands is left
out. What is usual is left out of the address as well, so each list has one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal, Self, TypeVar

from portal.contact_readers import without_meaningless
from portal.queries import Tab
from portal.search import usual_order
from portal.tenants import Source, cluster_of
from portal.web.staff.lists.back_links import query_of

MAX_SEARCH_LENGTH = 200
#: Those that show who waits. Nobody is late in another one.
WAITING_TABS = (Tab.PENDING, Tab.ALL)
_MAX_OWNER_LENGTH = 200
By = Literal["age", "company", "end"]
_Named = TypeVar("_Named", bound=StrEnum)


class Sort(StrEnum):
    """The order of a list. `age`: what waits longest comes first. `-` turns an order round."""

    AGE = "age"
    AGE_REVERSED = "-age"
    COMPANY = "company"
    COMPANY_REVERSED = "-company"
    END = "end"
    END_REVERSED = "-end"

    @property
    def by(self) -> By:
        return _BY[self]

    @property
    def is_reversed(self) -> bool:
        return self.value.startswith("-")


@dataclass(frozen=True, kw_only=True, slots=True)
class ListView:
    """A list of tenants: a tab, and what of it is shown.

    Attributes:
        sort: `None`: the usual order of the tab.
        cluster: Only tenants of this cluster. Empty: of any, or none.
        source: Only tenants that came in this way. `None`: in any.
        late: Only sign-ups that wait longer than was promised.
        owner: Whose sign-ups; empty: everybody's.
    """

    tab: Tab = Tab.PENDING
    search: str = ""
    sort: Sort | None = None
    cluster: str = ""
    source: Source | None = None
    late: bool = False
    owner: str = ""

    @classmethod
    def of_query(cls, query: Mapping[str, str]) -> Self:
        """The list of an address. It never fails."""
        tab = _named(Tab, query.get("status", "")) or Tab.PENDING
        return cls(
            tab=tab,
            search=without_meaningless(query.get("q", ""))[:MAX_SEARCH_LENGTH],
            sort=_named(Sort, query.get("sort", "")),
            cluster=cluster_of(query.get("cluster", "")) or "",
            source=_named(Source, query.get("source", "")),
            late=query.get("late", "") == "1" and tab in WAITING_TABS,
            owner=without_meaningless(query.get("owner", ""))[:_MAX_OWNER_LENGTH],
        )

    @property
    def parameters(self) -> dict[str, str]:
        """What the address says, in one order, without what is usual. It always names the tab."""
        values = {
            "status": str(self.tab),
            "q": self.search,
            "sort": str(self.sort or ""),
            "cluster": self.cluster,
            "source": str(self.source or ""),
            "late": "1" if self.late else "",
            "owner": self.owner,
        }
        return {name: value for name, value in values.items() if value}

    @property
    def query(self) -> str:
        """The query of the address, without its `?`."""
        return query_of(self.parameters)

    def sorted_by(self, by: By) -> Self:
        """The same in this order; if it has it already, turned round."""
        order = self.order
        is_by = order is not None and order.by == by
        return replace(self, sort=_REVERSED[order] if order and is_by else _FORWARD[by])

    @property
    def order(self) -> Sort | None:
        """The order, also if it is the usual one. `None`: by the latest decision."""
        usual = usual_order(self.tab)
        if self.sort or usual is None or self.search:
            return self.sort
        by, is_reversed = usual
        return _REVERSED[_FORWARD[by]] if is_reversed else _FORWARD[by]

    @property
    def cursor_scope(self) -> str:
        """The list that a cursor belongs to. A cursor of another list leads to the first page."""
        if self == type(self)(tab=self.tab, search=self.search):
            # As earlier versions have it: their links go on leading where they led.
            return f"{self.tab.value} {self.search}"
        return self.query

    @property
    def is_filtered(self) -> bool:
        return bool(self.cluster or self.source or self.late or self.owner)

    def without_filters(self) -> Self:
        return replace(self, cluster="", source=None, late=False, owner="")

    def in_tab(self, tab: Tab) -> Self:
        """The same in another tab: what was searched and chosen stays, its order does not."""
        return replace(self, tab=tab, sort=None, late=self.late and tab in WAITING_TABS)


_BY: Mapping[Sort, By] = {
    Sort.AGE: "age",
    Sort.AGE_REVERSED: "age",
    Sort.COMPANY: "company",
    Sort.COMPANY_REVERSED: "company",
    Sort.END: "end",
    Sort.END_REVERSED: "end",
}


_FORWARD: Mapping[By, Sort] = {"age": Sort.AGE, "company": Sort.COMPANY, "end": Sort.END}
_REVERSED = {
    Sort.AGE: Sort.AGE_REVERSED,
    Sort.AGE_REVERSED: Sort.AGE,
    Sort.COMPANY: Sort.COMPANY_REVERSED,
    Sort.COMPANY_REVERSED: Sort.COMPANY,
    Sort.END: Sort.END_REVERSED,
    Sort.END_REVERSED: Sort.END,
}


def _named(kind: type[_Named], value: str) -> _Named | None:
    return next((each for each in kind if each.value == value), None) if value else None
