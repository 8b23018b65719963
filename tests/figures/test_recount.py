"""The counts are compared with what is stored, and corrected, while decisions go on."""

from datetime import timedelta

import pytest

from portal import figures, onboarding, records
from portal.figures import CountingStore, Difference
from portal.queries import weeks
from portal.stores.contract import Count, Item, Page, Remove, Segment, Store, VersionConflictError
from portal.stores.wrapper import StoreWrapper
from portal.tenants import AuditInfo, Reason, Tenant
from tests.conftest import START
from tests.examples import ANN, BOB, PlainSealer, activate, all_items, later, sign_up

ANNS = records.person_key(ANN.who)
WEEK = "2026-W48"
WHOLE = Segment()


def reject(store: Store, pending: Tenant, audit: AuditInfo = ANN) -> Tenant:
    return onboarding.reject(
        store, pending.id, expected_version=pending.version, audit=audit, reason=Reason.OTHER
    )


def test_what_was_counted_agrees(store) -> None:
    reject(store, sign_up(store, 1))
    activate(store, PlainSealer(), sign_up(store, 2), audit=BOB)
    aside = sign_up(store, 3, set_aside=True)
    sign_up(store, 4, set_aside=True)
    closed = reject(store, aside, later(ANN, days=9))
    onboarding.reopen(store, closed.id, expected_version=2, audit=later(ANN, days=10))
    for command in (figures.check, figures.repair):
        recount = command(store, START + timedelta(weeks=2), 3)
        assert (recount.differences, recount.changing) == ([], 0)
    assert records.CORRECTIONS not in all_items(store)


def test_what_an_earlier_version_did_not_count_is_found_and_counted(store) -> None:
    earlier = store.inner
    reject(earlier, sign_up(earlier, 1))
    sign_up(earlier, 2, now=START - timedelta(weeks=1))
    expected = [
        Difference(week="2026-W47", name="s", counted=0, found=1),
        Difference(week=WEEK, name=f"reject-{ANNS}", counted=0, found=1),
        Difference(week=WEEK, name="s", counted=0, found=1),
    ]
    assert figures.check(store, START, 12).differences == expected
    assert figures.repair(store, START, 12).differences == expected
    assert figures.check(store, START, 12).differences == []
    last, this = weeks(store, START, 2)
    assert (last.sign_ups, this.sign_ups, this.decided) == (1, 1, {("reject", ANNS): 1})


def test_what_was_counted_too_much_is_taken_away_and_later_counts_stay(store) -> None:
    reject(store, sign_up(store, 1))
    for _ in range(3):
        store.write([Count(f"stats-week-{WEEK}", {f"reject-{ANNS}": 99})])
    figures.repair(store, START, 12)
    assert weeks(store, START, 1)[0].decided == {("reject", ANNS): 1}
    reject(store, sign_up(store, 2))
    assert weeks(store, START, 1)[0].decided == {("reject", ANNS): 2}
    assert figures.check(store, START, 12).differences == []
    # A second correction comes on top of the first one.
    store.write([Remove(f"stats-week-{WEEK}", None)])
    figures.repair(store, START, 12)
    assert weeks(store, START, 1)[0].decided == {("reject", ANNS): 2}


def test_older_weeks_are_left_alone(store) -> None:
    sign_up(store.inner, 1, now=START - timedelta(weeks=12))
    assert figures.check(store, START, 12).differences == []
    assert len(figures.check(store, START, 13).differences) == 1


def test_how_long_sign_ups_waited_is_not_compared(store) -> None:
    store.write([Count(f"stats-week-{WEEK}", {"w07": 99})])
    assert figures.check(store, START, 12).differences == []


class Busy(StoreWrapper):
    """Something is decided while the store is read."""

    def __init__(self, store: CountingStore) -> None:
        super().__init__(store)
        self.left = [1, 2]

    def scan(
        self, segment: Segment = WHOLE, *, after: str | None = None, limit: int = 1000
    ) -> Page:
        page = super().scan(segment, after=after, limit=limit)
        if self.left:
            number = self.left.pop()
            reject(self.inner, sign_up(self.inner, number), BOB)
        return page


def test_what_goes_up_meanwhile_is_left_to_the_next_time(store) -> None:
    reject(store.inner, sign_up(store.inner, 7))
    recount = figures.repair(Busy(store), START, 12)
    assert recount.changing == 2
    assert [each.name for each in recount.differences] == [f"reject-{ANNS}"]
    assert [each.name for each in figures.repair(store, START, 12).differences] == ["s"]
    week = weeks(store, START, 1)[0]
    assert (week.sign_ups, week.decisions) == (2, 2)


class Two(StoreWrapper):
    """Somebody else corrects while the store is read."""

    is_done = False

    def scan(
        self, segment: Segment = WHOLE, *, after: str | None = None, limit: int = 1000
    ) -> Page:
        if not self.is_done:
            self.is_done = True
            figures.repair(self.inner, START, 12)
        return super().scan(segment, after=after, limit=limit)


def test_of_two_that_correct_at_once_one_changes_nothing(store) -> None:
    store.write([Count(f"stats-week-{WEEK}", {f"reject-{ANNS}": 99})])
    sign_up(store.inner, 1)
    figures.repair(store, START, 12)
    store.write([Count(f"stats-week-{WEEK}", {f"reject-{ANNS}": 99})])
    sign_up(store.inner, 2)

    class Late(Two):
        def get(self, item_id: str) -> Item:
            # It does not see the other one's correction when it compares.
            item = super().get(item_id)
            return {**item, f"{WEEK} s": 99} if item_id == records.CORRECTIONS else item

    with pytest.raises(VersionConflictError):
        figures.repair(Late(store), START, 12)
    assert weeks(store, START, 1)[0].sign_ups == 2
    assert figures.check(store, START, 12).differences == []
