"""After a change of a tenant: whether it is listed as one that was never let in."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from portal import records
from portal.search import Keeper, MarkingStore
from portal.stores.contract import Add, Remove, Replace, Store
from portal.stores.schema import GSI3, GSI4
from portal.tenants import Decision, Status, Tenant, Validity, Verb
from portal.usage import remove_usage, watch_usage
from tests.conftest import START, Clock
from tests.examples import all_items
from tests.usage.conftest import NewNoter
from tests.web.api.api_calls import stored_tenant

Change = Callable[..., Tenant]


@pytest.fixture
def active() -> Tenant:
    decision = Decision(verb=Verb.ACTIVATE, by="Anna", at=START - timedelta(hours=1))
    return replace(stored_tenant(), decision=decision)


def never(store: Store) -> dict[str, datetime | None]:
    rows = store.query(GSI4, records.USAGE_NEVER).items
    return {records.usage_tenant_id(row): records.usage_expected_since(row) for row in rows}


@pytest.fixture
def save(store: Store, clock: Clock) -> Change:
    """Stores a tenant, and lets the background process come by."""
    marking = MarkingStore(store, clock.now)

    def change(tenant: Tenant, **fields: object) -> Tenant:
        changed = replace(tenant, **fields)  # type: ignore[arg-type]
        item = records.item_of(changed)
        is_new = tenant.id not in all_items(store)
        marking.write([Add(item) if is_new else Replace(item, tenant.version)])
        work_off(store, clock)
        return changed

    return change


def work_off(store: Store, clock: Clock) -> None:
    clock.advance(seconds=2)
    follow = lambda tenant_id: watch_usage(store, tenant_id, clock.now())  # noqa: E731
    assert not Keeper(store=store, clock=clock.now, lease=timedelta(0), also=follow).work_off()


def test_an_activated_tenant_is_listed_since_its_activation_until_it_is_let_in(
    store: Store, save: Change, active: Tenant, new_noter: NewNoter, clock: Clock
) -> None:
    save(active)
    assert never(store) == {active.id: START - timedelta(hours=1)}
    noter = new_noter(store)
    noter.gave_access(active.id, clock.now())
    noter.flush()
    assert never(store) == {}


def test_of_a_tenant_that_was_active_before_the_list_says_since_when_it_is_watched(
    store: Store, save: Change, active: Tenant, clock: Clock
) -> None:
    assert active.decision
    save(active, decision=replace(active.decision, verb=Verb.SET_CLIENT))
    assert never(store) == {active.id: clock.now()}


def test_a_licence_that_begins_later_is_not_expected_before(
    store: Store, save: Change, active: Tenant
) -> None:
    begins = START + timedelta(days=30)
    save(active, validity=Validity(valid_from=begins, valid_to=begins + timedelta(days=365)))
    assert never(store) == {active.id: begins}


def test_a_suspended_tenant_is_not_expected(store: Store, save: Change, active: Tenant) -> None:
    saved = save(active)
    save(saved, status=Status.SUSPENDED, version=2)
    assert never(store) == {}


def test_a_renewal_takes_a_tenant_off_the_list_of_those_that_ask_after_their_end(
    store: Store, save: Change, active: Tenant, new_noter: NewNoter, clock: Clock
) -> None:
    over = Validity(valid_from=START - timedelta(days=9), valid_to=START - timedelta(days=1))
    saved = save(active, validity=over)
    noter = new_noter(store)
    noter.refused(active.id, clock.now())
    noter.flush()
    assert len(store.query(GSI3, records.USAGE_REFUSED).items) == 1
    save(saved, validity=replace(over, valid_to=START + timedelta(days=365)), version=2)
    assert store.query(GSI3, records.USAGE_REFUSED).items == []


def test_a_tenant_that_is_removed_takes_its_notes_along(
    store: Store, save: Change, active: Tenant, clock: Clock
) -> None:
    saved = save(active)
    MarkingStore(store, clock.now).write([Remove(saved.id, saved.version)])
    work_off(store, clock)
    assert [key for key in all_items(store) if key.startswith("usage-")] == []


def test_notes_of_a_visit_go_with_the_sign_up(
    store: Store, new_noter: NewNoter, clock: Clock, active: Tenant
) -> None:
    sign_up = replace(active, id="pending-" + "a" * 26, status=Status.PENDING, decision=None)
    marking = MarkingStore(store, clock.now)
    marking.write([Add(records.item_of(sign_up))])
    noter = new_noter(store)
    noter.opened(sign_up.id, None, clock.now())
    noter.flush()
    work_off(store, clock)
    assert f"usage-{sign_up.id}" in all_items(store)
    marking.write([Remove(sign_up.id, sign_up.version)])
    work_off(store, clock)
    assert f"usage-{sign_up.id}" not in all_items(store)


def test_a_mark_that_is_worked_off_twice_writes_once(
    store: Store, save: Change, active: Tenant, clock: Clock
) -> None:
    save(active)
    before = all_items(store)
    clock.advance(days=1)
    watch_usage(store, active.id, clock.now())
    assert all_items(store) == before


def test_to_remove_what_is_not_there_is_no_error(store: Store) -> None:
    remove_usage(store, "1_2")
