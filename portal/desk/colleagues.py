"""To whom a tenant can be given: approvers and administrators with access."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from portal.auth import Person, Role, people_page
from portal.stores import Cursor, Store, StoreError

#: How long this process takes what it has read for the truth. Whoever has lost the access is asked
#: for once more before they get anything.
_KEPT = timedelta(minutes=1)
#: People that are read at once, and the most pages of them.
_PAGE, _MOST_PAGES = 25, 8
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class KnownColleagues:
    """Remembers them for a minute, so that a page of a tenant costs no read more."""

    def __init__(self) -> None:
        self._known: Sequence[Person] = ()
        self._until = _LONG_AGO

    def at(self, store: Store, now: datetime) -> Sequence[Person]:
        """At most 200 people are looked at, by their addresses. If the store cannot say, those who
        were known before."""
        if now >= self._until:
            try:
                self._known = _approvers(store)
            except StoreError:
                return self._known
            self._until = now + _KEPT
        return self._known

    def may_own(self, store: Store, now: datetime, person_id: str) -> bool:
        """Whether this person can still look after a tenant."""
        return any(each.id == person_id for each in self.at(store, now))


def _approvers(store: Store) -> list[Person]:
    found: list[Person] = []
    after: Cursor | None = None
    for _ in range(_MOST_PAGES):
        page = people_page(store, after=after, limit=_PAGE)
        found += [
            listed.person
            for listed in page.people
            if not listed.is_disabled and listed.person.role >= Role.APPROVER
        ]
        after = page.after
        if after is None:
            break
    return sorted(found, key=lambda person: person.name.casefold())
