"""The DynamoDB capacity units of each verb and query. They are exact: the engine counts as AWS
does."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from portal import onboarding, queries, records
from portal.grace.ended_tenants import ended_since
from portal.onboarding import SignUpLimitError, SignUpLimits
from portal.outbox import Delivery
from portal.queries import Tab
from portal.stores.contract import Add, Count, Item, Replace
from portal.stores.dynamodb.store import DynamoDbStore
from portal.stores.schema import GSI2, KEY
from portal.tenants import Ids, Reason, Tenant
from tests.conftest import START
from tests.dynamodb_engine import Engine
from tests.examples import ANN, CONTACT, IDS, NEXT_YEAR, PlainSealer, activate, reference, sign_up
from tests.mail.letters_and_facts import Kept, post_to

#: Read units, write units.
Units = tuple[float, float]

LIMITS = SignUpLimits("k" * 40, 5)
LIMITS_OF_ONE = SignUpLimits("k" * 40, 1)


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


def sent(store: DynamoDbStore, work: Callable[[], object]) -> list[str]:
    """The operations that `work` asks for. AWS charges a refused write as well, and does not say
    how much."""
    before = _calls(store)
    work()
    return list((_calls(store) - before).elements())


def _calls(store: DynamoDbStore) -> "Counter[str]":
    calls: Counter[str] = Counter()
    for operation, count in re.findall(
        r'^portal_store_calls_total\{.*operation="(\w+)".*\} (\S+)$',
        store.metrics.to_prometheus(),
        re.MULTILINE,
    ):
        calls[operation] += int(float(count))
    return calls


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


def test_a_sign_up_without_claims_is_charged_nine_write_units(store) -> None:
    # A transaction charges the item and its mail twice. The item's rows in three indexes and the
    # mail's in two are charged once each.
    assert charged(store, lambda: sign_up(store)) == (0, 9)


def test_a_sign_up_that_tells_nobody_is_charged_four_write_units(store) -> None:
    assert charged(store, lambda: sign_up(store, set_aside=True)) == (0, 4)


def test_a_sign_up_that_claims_ids_is_charged_for_the_claim_too(store) -> None:
    assert charged(store, lambda: sign_up(store, claims=IDS)) == (1, 11)


def limited_sign_up(
    store: DynamoDbStore, number: int, *, claims: Ids | None = None, limits: SignUpLimits = LIMITS
) -> Tenant:
    """A sign-up that is counted, from a network, an address and a domain of its own."""
    return onboarding.submit(
        store,
        reference=reference(number),
        contact=replace(CONTACT, email=f"kim@meyer{number}.example"),
        claims=claims,
        status_link="hash",
        now=START,
        limits=limits,
        network=f"192.0.2.{number}",
    )


def test_a_counted_sign_up_is_charged_17_write_units_and_19_with_a_claim(store) -> None:
    # The item, in a transaction: 5. The counters of the network and of the address, which are
    # made: 3 each. The one of all sign-ups: 2, and 1 more as it is made. The mail: 4.
    assert charged(store, lambda: limited_sign_up(store, 1))[1] == 18
    assert charged(store, lambda: limited_sign_up(store, 2)) == (0, 17)
    assert charged(store, lambda: limited_sign_up(store, 3, claims=IDS)) == (1, 19)


def test_a_refusal_of_a_flood_from_one_network_is_one_read(store) -> None:
    def again(number: int) -> None:
        with pytest.raises(SignUpLimitError):
            onboarding.submit(
                store, reference=reference(number), contact=CONTACT, claims=None,
                status_link="hash", now=START, limits=LIMITS_OF_ONE, network="192.0.2.1",
            )  # fmt: skip

    onboarding.submit(
        store, reference=reference(1), contact=CONTACT, claims=None,
        status_link="hash", now=START, limits=LIMITS_OF_ONE, network="192.0.2.1",
    )  # fmt: skip
    again(2)
    assert sent(store, lambda: again(3)) == ["GetItem"]


def test_a_refusal_of_a_flood_from_many_networks_is_one_read_once_no_more_are_set_aside(
    store,
) -> None:
    aside = records.item_of(sign_up(store, 0, set_aside=True))
    rows = [{**aside, KEY: f"pending-{n:026}", GSI2.sort: f"2026#{n}"} for n in range(1, 1000)]
    for at in range(0, len(rows), 100):
        store.write([Add(row) for row in rows[at : at + 100]])
    store.write([Count(f"limit-all-{START.date()}", {f"h{START:%H}": 1})])
    store.write([Replace({KEY: f"limit-all-{START.date()}", f"h{START:%H}": 200}, None)])
    limits = SignUpLimits("k" * 40, 5)

    def refused(number: int) -> None:
        with pytest.raises(SignUpLimitError):
            limited_sign_up(store, number, limits=limits)

    refused(2001)
    assert sent(store, lambda: refused(2002)) == ["GetItem"]


def test_an_activation_is_charged_twenty_write_units_and_22_with_a_claim(store) -> None:
    pending = sign_up(store)
    assert charged(store, lambda: activate(store, PlainSealer(), pending, secret="s" * 40)) == (
        1,
        20,
    )
    ids = Ids(account_id="86811", company_id="1", cluster="eu")
    claiming = sign_up(store, 2, claims=ids)
    assert charged(store, lambda: activate(store, PlainSealer(), claiming, ids=ids)) == (2, 22)


def test_an_activation_of_a_tenant_over_1_kb_is_charged_at_most_23(store) -> None:
    wide = Ids(
        account_id="1" * 40, company_id="2" * 40, account_name="a" * 100,
        company_name="c" * 100, cluster="eu",
    )  # fmt: skip
    pending = sign_up(store)
    secret = "s" * 300
    units = charged(store, lambda: activate(store, PlainSealer(), pending, ids=wide, secret=secret))
    assert units[1] <= 23


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
    # of which moves, and the event's row in two indexes: it took access away. The mail is charged
    # 4.
    assert charged(store, suspend) == (1, 15)
    assert charged(store, renew)[1] <= 10
    assert charged(store, lambda: store.get(active.id)) == (1, 0)
    # Each process asks this once a minute: what was suspended or shortened lately.
    assert charged(store, lambda: ended_since(store, START)) == (0.5, 0)


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


def test_what_a_mail_is_charged_after_the_decision(store, settings) -> None:
    sign_up(store)
    way = Kept()
    worker = Delivery(
        store=store, post=post_to(settings, way), clock=lambda: START + timedelta(seconds=1)
    )
    # The claim moves its row in one index and changes it in the other: 4 units. The end removes one
    # row, changes another and adds the one that finds it if it comes back: 4.
    assert charged(store, worker.send_due) == (3.5, 8)
    # What each look costs while nothing is due.
    assert charged(store, worker.send_due) == (0.5, 0)
    assert len(way.mails) == 1
