"""The DynamoDB capacity units of each verb and query. They are exact: the engine counts as AWS
does."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from portal import onboarding, queries, records
from portal.queries import Tab
from portal.stores.contract import Add, Item
from portal.stores.dynamodb.store import DynamoDbStore
from portal.stores.schema import GSI2, KEY
from portal.tenants import Ids, Reason, Tenant
from tests.conftest import START
from tests.dynamodb_engine import Engine
from tests.examples import ANN, CONTACT, IDS, NEXT_YEAR, PlainSealer, activate, reference, sign_up

#: Read units, write units.
Units = tuple[float, float]


@pytest.fixture
def store(engine: Engine) -> Iterator[DynamoDbStore]:
    opened = DynamoDbStore(engine.new_table())
    opened.metrics.enable_prometheus()
    yield opened
    opened.close()


def charged(store: DynamoDbStore, work: Callable[[], object]) -> Units:
    """The capacity units of `work`, by the metrics of the store."""
    before = _total(store)
    work()
    after = _total(store)
    return after[0] - before[0], after[1] - before[1]


def _total(store: DynamoDbStore) -> Units:
    counted = re.findall(
        r'^portal_store_capacity_units_total\{.*kind="(\w+)".*\} (\S+)$',
        store.metrics.to_prometheus(),
        re.MULTILINE,
    )
    read, write = (
        sum(float(units) for kind, units in counted if kind == each_kind)
        for each_kind in ("read", "write")
    )
    return read, write


def fill(store: DynamoDbStore, count: int) -> None:
    """Stores `count` pending tenants."""
    item = records.item_of(sign_up(store, 0, contact=CONTACT))
    started = str(item[GSI2.sort]).partition("#")[0]
    changes = []
    for number in range(1, count):
        tenant_id = records.pending_id(reference(number))
        sort = f"{started[:-5]}.{number % 1000:03d}Z#{tenant_id}"
        row: Item = {
            name: value
            for name, value in {**item, KEY: tenant_id, GSI2.sort: sort}.items()
            # Only the queue's index: filling one index takes a third of the time.
            if not name.startswith(("gsi3", "gsi4"))
        }
        changes.append(Add(row))
    for at in range(0, len(changes), 100):
        store.write(changes[at : at + 100])


def test_a_sign_up_without_claims_is_charged_four_write_units(store) -> None:
    assert charged(store, lambda: sign_up(store)) == (0, 4)


def test_a_sign_up_that_claims_ids_is_charged_for_the_claim_too(store) -> None:
    # A transaction charges the item and the claim twice; three indexes are charged once each.
    assert charged(store, lambda: sign_up(store, claims=IDS)) == (1, 7)


def test_an_activation_is_charged_fourteen_write_units_and_sixteen_with_a_claim(store) -> None:
    pending = sign_up(store)
    assert charged(store, lambda: activate(store, PlainSealer(), pending, secret="s" * 40)) == (
        1,
        14,
    )
    ids = Ids(account_id="86811", company_id="1")
    claiming = sign_up(store, 2, claims=ids)
    assert charged(store, lambda: activate(store, PlainSealer(), claiming, ids=ids)) == (2, 16)


def test_an_activation_of_a_tenant_over_1_kb_is_charged_at_most_seventeen(store) -> None:
    wide = Ids(
        account_id="1" * 40, company_id="2" * 40, account_name="a" * 100,
        company_name="c" * 100, cluster="eu",
    )  # fmt: skip
    pending = sign_up(store)
    secret = "s" * 300
    units = charged(store, lambda: activate(store, PlainSealer(), pending, ids=wide, secret=secret))
    assert units[1] <= 17


@pytest.fixture
def active(store: DynamoDbStore) -> Tenant:
    return activate(store, PlainSealer(), sign_up(store))


def test_what_the_other_verbs_are_charged(store, active) -> None:
    version = active.version or 0

    def suspend() -> None:
        onboarding.suspend(
            store, active.id, expected_version=version, audit=ANN, reason=Reason.OTHER
        )

    def renew() -> None:
        onboarding.set_validity(
            store, active.id, expected_version=version + 1, audit=ANN, validity=NEXT_YEAR
        )

    # The tenant and its event are charged twice each; then the tenant's rows in four indexes, one
    # of which moves, and the event's row in one index.
    assert charged(store, suspend) == (1, 10)
    assert charged(store, renew)[1] <= 10
    assert charged(store, lambda: store.get(active.id)) == (1, 0)


@pytest.mark.parametrize("count", [1000, 3000])
def test_a_page_of_the_queue_is_charged_two_read_units_however_many_wait(store, count) -> None:
    fill(store, count)
    ranges = queries.ranges_of_tab(Tab.PENDING, START)
    first = queries.page(store, ranges)
    assert charged(store, lambda: queries.page(store, ranges)) == (2, 0)
    assert charged(store, lambda: queries.page(store, ranges, after=first.after)) == (2, 0)
    now = START + timedelta(days=1)
    counted = charged(store, lambda: queries.count(store, Tab.PENDING, now))
    assert counted[0] <= 4
