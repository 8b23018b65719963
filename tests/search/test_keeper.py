"""Entries follow their tenants, whoever else is at it, and wherever somebody is interrupted."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from portal import onboarding, records
from portal.search import AT_ONCE, Keeper, MarkingStore, backlog, refresh
from portal.search.keeping import LEASE, SECOND_LOOK
from portal.stores.contract import Add, Change, Item, Store, StoreError
from portal.stores.file.store import JsonFileStore
from portal.tenants import Contact, Reason, Tenant
from tests.conftest import START, Clock
from tests.examples import (
    ANN,
    CONTACT,
    OTHER_CONTACT,
    Behind,
    Failing,
    PlainSealer,
    activate,
    all_items,
    later,
    sign_up,
)
from tests.search.checks import marks, of_search, worked_off

LONG = replace(CONTACT, company="Solar Nord Service GmbH & Co. KG", phone="", phone_typed="")


def edited(store: Store, tenant: Tenant, contact: Contact) -> Tenant:
    return onboarding.edit_contact(
        store, tenant.id, expected_version=tenant.version, audit=ANN, contact=contact
    )


def test_nothing_is_left_of_the_words_before_a_change(
    raw_store: Store, store: Store, work_off
) -> None:
    tenant = sign_up(store)
    work_off()
    edited(store, tenant, OTHER_CONTACT)
    work_off()
    assert "elevators" not in str(of_search(raw_store))
    assert "lifts" in str(of_search(raw_store))


def test_an_activation_leaves_nothing_under_the_id_of_the_sign_up(
    raw_store: Store, store: Store, work_off
) -> None:
    pending = sign_up(store)
    work_off()
    active = activate(store, PlainSealer(), pending)
    work_off()
    found = of_search(raw_store)
    assert [key for key in found if pending.id in key] == []
    assert [key for key in found if active.id in key] != []


def test_ids_of_entries_show_no_term(raw_store: Store, store: Store, work_off) -> None:
    sign_up(store)
    work_off()
    keys = " ".join(of_search(raw_store)).lower()
    assert [word for word in ("meyer", "kim", "elevators", "028") if word in keys] == []
    for key, item in of_search(raw_store).items():
        if key.startswith("search-doc-"):
            assert "meyer" not in str(item).lower()


def test_what_retention_erases_is_gone_with_its_run(raw_store: Store, store: Store) -> None:
    closed = onboarding.reject(
        store, sign_up(store).id, expected_version=1, audit=ANN, reason=Reason.OTHER
    )
    aside = sign_up(store, 2, set_aside=True)
    Keeper(store=raw_store, clock=lambda: START + timedelta(seconds=2)).work_off()
    assert onboarding.erase_closed_before(store, later(ANN, days=60).at, later(ANN, days=90)) == 1
    assert onboarding.remove_set_aside_before(store, later(ANN, days=60).at) == 1
    left = {key: item for key, item in of_search(raw_store).items() if "search-due" not in key}
    # Its place in the list of changes stays, as the record does.
    assert left.keys() == {
        records.search_document_id(closed.id),
        records.list_place_id(closed.id),
    }
    assert "entries" not in left[records.search_document_id(closed.id)]
    assert aside.id not in str(left)
    assert "meyer" not in str(of_search(raw_store)).lower()


def test_a_second_time_changes_nothing(raw_store: Store, store: Store, work_off) -> None:
    tenant = sign_up(store)
    work_off()
    before = all_items(raw_store)
    assert refresh(raw_store, tenant.id, START)
    assert all_items(raw_store) == before


def test_a_claim_is_left_alone_until_its_lease_is_over(
    raw_store: Store, store: Store, clock: Clock
) -> None:
    sign_up(store)
    clock.advance(seconds=2)
    # Somebody claims it and is killed.
    with pytest.raises(StoreError):
        Keeper(store=Failing(raw_store, 12), clock=clock.now).work_off()
    keeper = Keeper(store=raw_store, clock=clock.now)
    keeper.work_off()
    assert len(marks(raw_store)) == 1
    clock.advance(seconds=LEASE.total_seconds())
    keeper.work_off()
    worked_off(raw_store)
    (second_look,) = marks(raw_store)
    assert second_look.due_at == clock.now() + SECOND_LOOK
    clock.advance(seconds=SECOND_LOOK.total_seconds())
    keeper.work_off()
    assert marks(raw_store) == []
    worked_off(raw_store)


@pytest.fixture
def files(tmp_path):
    """Makes a store on a new folder, and closes all of them."""
    opened: list[JsonFileStore] = []

    def new() -> JsonFileStore:
        opened.append(JsonFileStore(tmp_path / str(len(opened))))
        return opened[-1]

    yield new
    for store in opened:
        store.close()


def settle(store: Store, clock: Clock) -> None:
    """Everybody who was at it has ended, and the second look has come."""
    for _ in range(2):
        clock.advance(seconds=(LEASE + SECOND_LOOK).total_seconds())
        Keeper(store=store, clock=clock.now).work_off()
    assert marks(store) == []
    worked_off(store)


@pytest.mark.parametrize("too_late", [False, True])
def test_whichever_call_fails_the_next_run_mends_it(files, clock: Clock, too_late: bool) -> None:
    for failing in range(200):
        raw = files()
        store = MarkingStore(raw, clock.now)
        tenant = sign_up(store, now=clock.now())
        Keeper(store=raw, clock=lambda: clock.advance(seconds=2)).work_off()
        tenant = edited(store, tenant, LONG)
        activate(store, PlainSealer(), tenant)
        clock.advance(seconds=2)
        flaky = Failing(raw, failing, too_late=too_late)
        try:
            Keeper(store=flaky, clock=clock.now).work_off()
        except StoreError:
            settle(raw, clock)
        else:
            worked_off(raw)
            assert not flaky.failed
            assert failing > 20
            return
    raise AssertionError("it never ends")


class Slow(Behind):
    """Before its write `number`, another keeper takes everything over and finishes. At its write
    `killed`, it ends."""

    def __init__(self, store: Store, number: int, killed: int, overtake) -> None:
        super().__init__(store)
        self._number, self._killed, self._overtake = number, killed, overtake
        self.writes = 0

    def write(self, changes: Sequence[Change]) -> None:
        if self.writes == self._killed:
            raise KeyboardInterrupt
        if self.writes == self._number:
            self._overtake()
        self.writes += 1
        super().write(changes)


@pytest.mark.parametrize("back", [False, True], ids=["changed", "changed back"])
def test_a_slow_one_that_is_overtaken_and_killed_leaves_nothing(
    files, clock: Clock, back: bool
) -> None:
    ends = 0
    for number in range(14):
        for killed in range(number + 1, 18):
            raw = files()
            store = MarkingStore(raw, clock.now)
            tenant = sign_up(store, contact=CONTACT, now=clock.now())
            Keeper(store=raw, clock=lambda: clock.advance(seconds=2)).work_off()
            tenant = edited(store, tenant, LONG)

            def overtake(store=store, tenant=tenant, raw=raw) -> None:
                edited(store, tenant, CONTACT if back else OTHER_CONTACT)
                clock.advance(seconds=2)
                Keeper(store=raw, clock=clock.now, lease=AT_ONCE).work_off()
                worked_off(raw)

            clock.advance(seconds=2)
            slow = Slow(raw, number, killed, overtake)
            try:
                Keeper(store=slow, clock=clock.now).work_off()
            except KeyboardInterrupt:
                ends += 1
            settle(raw, clock)
    assert ends > 50


def test_a_tenant_that_cannot_be_read_keeps_no_other_from_its_turn(
    raw_store: Store, store: Store, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    # Nobody writes such a document.
    document: Item = {"tenantId": records.search_document_id("1_2"), "version": "Meyer"}
    raw_store.write([Add(document)])
    store.write([Add({"tenantId": "1_2"})])
    tenant = sign_up(store)
    clock.advance(seconds=2)
    Keeper(store=raw_store, clock=clock.now).work_off()
    assert records.search_document_id(tenant.id) in all_items(raw_store)
    assert "could not be indexed for search: ValueError" in caplog.text
    assert "Meyer" not in caplog.text
    (left,) = marks(raw_store)
    assert (left.tenant_ids, left.due_at) == (("1_2",), clock.now() + timedelta(minutes=10))


def test_what_waits_is_counted(raw_store: Store, store: Store, clock: Clock) -> None:
    assert backlog(raw_store, clock.now(), cap=10).oldest is None
    for number in range(3):
        sign_up(store, number)
        clock.advance(minutes=1)
    waiting = backlog(raw_store, clock.now(), cap=2)
    assert (waiting.waiting, waiting.oldest) == (2, START)
