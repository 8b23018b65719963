"""The DynamoDB capacity units of each verb and query. They are exact: the engine counts as AWS
does."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from portal import onboarding, queries, records
from portal.figures import with_counts
from portal.grace.ended_tenants import ended_since
from portal.onboarding import SignUpLimitError, SignUpLimits
from portal.outbox import Delivery
from portal.queries import Tab
from portal.search import (
    MOST_TERMS,
    Keeper,
    MarkingStore,
    Walk,
    begin_anew,
    find,
    newest_changes,
    refresh,
)
from portal.search.terms import terms_of
from portal.stores.contract import Add, Change, Count, Item, Replace
from portal.stores.dynamodb.store import DynamoDbStore
from portal.stores.reading import iter_scan
from portal.stores.schema import GSI2, KEY
from portal.tenants import Ids, Reason, Status, Tenant
from tests.conftest import START
from tests.dynamodb_engine import Engine
from tests.examples import ANN, CONTACT, IDS, NEXT_YEAR, PlainSealer, activate, reference, sign_up
from tests.mail.letters_and_facts import Kept, post_to
from tests.search.copied import copy_changes, file_to_copy

#: Read units, write units.
Units = tuple[float, float]

LIMITS = SignUpLimits("k" * 40, 5)
LIMITS_OF_ONE = SignUpLimits("k" * 40, 1)


class Metered(MarkingStore):
    """As the verbs write to it, with the metrics of the table."""

    def __init__(self, store: DynamoDbStore) -> None:
        super().__init__(store, lambda: START)
        self.metrics = store.metrics

    def write(self, changes: Sequence[Change]) -> None:
        super().write(with_counts(changes))


@pytest.fixture
def store(engine: Engine) -> Iterator[Metered]:
    opened = DynamoDbStore(engine.new_table())
    opened.metrics.enable_prometheus()
    yield Metered(opened)
    opened.close()


def charged(store: Metered, work: Callable[[], object]) -> Units:
    """The capacity units of `work`, by the metrics of the store."""
    before = _total(store)
    work()
    after = _total(store)
    return after[0] - before[0], after[1] - before[1]


def _total(store: Metered) -> Units:
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


def sent(store: Metered, work: Callable[[], object]) -> list[str]:
    """The operations that `work` asks for. AWS charges a refused write as well, and does not say
    how much."""
    before = _calls(store)
    work()
    return list((_calls(store) - before).elements())


def _calls(store: Metered) -> "Counter[str]":
    calls: Counter[str] = Counter()
    for operation, count in re.findall(
        r'^portal_store_calls_total\{.*operation="(\w+)".*\} (\S+)$',
        store.metrics.to_prometheus(),
        re.MULTILINE,
    ):
        calls[operation] += int(float(count))
    return calls


def fill(store: MarkingStore, count: int) -> None:
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
        store.inner.write(changes[at : at + 100])


def test_a_sign_up_without_claims_is_charged_fourteen_write_units(store) -> None:
    # A transaction charges the item, its mail and its mark for search twice. The item's rows in
    # three indexes, the mail's in two and the mark's in one are charged once each. Without limits,
    # the count of the week is 2 more.
    assert charged(store, lambda: sign_up(store)) == (0, 14)


def test_a_sign_up_that_tells_nobody_is_charged_eight_write_units(store) -> None:
    assert charged(store, lambda: sign_up(store, set_aside=True)) == (0, 8)


def test_a_sign_up_that_claims_ids_is_charged_for_the_claim_too(store) -> None:
    assert charged(store, lambda: sign_up(store, claims=IDS)) == (1, 16)


def limited_sign_up(
    store: Metered, number: int, *, claims: Ids | None = None, limits: SignUpLimits = LIMITS
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


def test_a_counted_sign_up_is_charged_20_write_units_and_22_with_a_claim(store) -> None:
    # The item, in a transaction: 5. The counters of the network and of the address, which are
    # made: 3 each. The one of all sign-ups of the week: 2. The mail: 4. The mark for search: 3.
    assert charged(store, lambda: limited_sign_up(store, 1))[1] == 20
    assert charged(store, lambda: limited_sign_up(store, 2)) == (0, 20)
    assert charged(store, lambda: limited_sign_up(store, 3, claims=IDS)) == (1, 22)


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
        store.inner.write([Add(row) for row in rows[at : at + 100]])
    item_id, hour = records.sign_ups_item_id("2026-W48"), records.hour_name("all", START)
    store.write([Count(item_id, {hour: 1})])
    store.write([Replace({KEY: item_id, hour: 200}, None)])
    limits = SignUpLimits("k" * 40, 5)

    def refused(number: int) -> None:
        with pytest.raises(SignUpLimitError):
            limited_sign_up(store, number, limits=limits)

    refused(2001)
    assert sent(store, lambda: refused(2002)) == ["GetItem"]


def test_an_activation_is_charged_27_write_units_and_29_with_a_claim(store) -> None:
    pending = sign_up(store)
    assert charged(store, lambda: activate(store, PlainSealer(), pending, secret="s" * 40)) == (
        2,
        27,
    )
    ids = Ids(account_id="86811", company_id="1", cluster="eu")
    claiming = sign_up(store, 2, claims=ids)
    assert charged(store, lambda: activate(store, PlainSealer(), claiming, ids=ids)) == (3, 29)


def test_an_activation_of_a_tenant_over_1_kb_is_charged_at_most_33(store) -> None:
    wide = Ids(
        account_id="1" * 40, company_id="2" * 40, account_name="a" * 100,
        company_name="c" * 100, cluster="eu",
    )  # fmt: skip
    pending = sign_up(store)
    secret = "s" * 300
    units = charged(store, lambda: activate(store, PlainSealer(), pending, ids=wide, secret=secret))
    assert units[1] <= 33


@pytest.fixture
def active(store: Metered) -> Tenant:
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
    # 4, the mark for search 3, the count of the week 2, the row of the report 1. What undoing
    # needs makes the tenant larger than 1 KB. The item of whoever looks after it is read.
    assert charged(store, suspend) == (2, 24)
    assert charged(store, renew)[1] <= 19
    assert charged(store, lambda: store.get(active.id)) == (1, 0)
    # Each process asks this once a minute: what was suspended or shortened lately.
    assert charged(store, lambda: ended_since(store, START)) == (0.5, 0)


@pytest.mark.parametrize("count", [1000, 2000])
def test_a_page_of_the_queue_is_charged_two_read_units_however_many_wait(store, count) -> None:
    fill(store, count)
    ranges = queries.ranges_of_tab(Tab.PENDING, START)
    first = queries.page(store, ranges)
    assert charged(store, lambda: queries.page(store, ranges)) == (2, 0)
    assert charged(store, lambda: queries.page(store, ranges, after=first.after)) == (2, 0)
    now = START + timedelta(days=1)
    counted = charged(store, lambda: queries.count(store, Tab.PENDING, now))
    # Counts are exact up to 999. Large ones are remembered for some seconds.
    assert counted[0] <= 35


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


# ---- Search


#: As many terms as a tenant may have.
LONG = replace(
    CONTACT,
    company="Solar und Wind Energie Anlagen Service Gesellschaft Nord GmbH & Co. KG",
    name="Anna Maria von Meyer",
)


def kept_up(store: Metered) -> Keeper:
    return Keeper(store=store, clock=lambda: START + timedelta(minutes=1))


def test_what_a_sign_up_costs_more_for_search_is_and_lists(store) -> None:
    work_off = kept_up(store).work_off
    limited_sign_up(store, 1)
    # What each look costs while nothing is due, and what it reads for each mark.
    work_off()
    assert charged(store, work_off) == (0.5, 0)
    limited_sign_up(store, 2)
    # The mark: 3 with the sign-up, and 2 to remove it. The document: 1, then 2 with its row in the
    # list of changes. Two entries with four terms: 2 and 4. The place in other lists has three
    # rows, since there is another sign-up of the same company. That one gets its mark, once: its
    # two rows move, and a third one comes.
    assert charged(store, work_off) == (15, 2 + 3 + 2 + 4 + (1 + 3) + (1 + 2 * 2 + 1))
    # Five entries with fifteen terms, the most there are: 5 and 15.
    onboarding.submit(
        store, reference=reference(3), contact=LONG, claims=IDS, status_link="hash", now=START,
        limits=LIMITS, network="192.0.2.3",
    )  # fmt: skip
    assert charged(store, work_off)[1] == 29
    (long,) = (item for item in iter_scan(store) if item[KEY] == pending(3))
    assert len(terms_of(records.tenant_of(long))) == MOST_TERMS
    # 5 if another tenant has its address or company. The mark's 3 are part of the sign-up's own
    # write; 4 if it was one item alone, which is charged twice together with its mark.
    assert 25 + 5 <= 30


def pending(number: int) -> str:
    return records.pending_id(reference(number))


def test_what_other_verbs_cost_more_for_search(store) -> None:
    work_off = kept_up(store).work_off
    tenant = activate(store, PlainSealer(), sign_up(store))
    work_off()
    version = tenant.version or 0
    onboarding.suspend(store, tenant.id, expected_version=version, audit=ANN, reason=Reason.OTHER)
    # The mark goes: 2. The document's row moves in the list of changes: 1 and 2. So do three rows
    # of its place in other lists: 1 and 6.
    assert charged(store, work_off)[1] == 5 + 7
    onboarding.edit_contact(
        store, tenant.id, expected_version=version + 1, audit=ANN,
        contact=replace(CONTACT, phone=""),
    )  # fmt: skip
    # An entry with the phone number is another one, and so are those behind it. The place names the
    # version of the tenant: 4.
    assert charged(store, work_off)[1] == 25
    other = sign_up(store, 2, claims=Ids(account_id="86811", company_id="1", cluster="eu"))
    work_off()
    activate(store, PlainSealer(), other, ids=Ids(account_id="1", company_id="2", cluster="eu"))
    # The entries of the sign-up go, those of the tenant come. Its place goes and comes with four
    # rows each: 5 and 5.
    assert charged(store, work_off)[1] == 22 + 10


def test_what_a_tenant_costs_that_search_and_lists_have_already(store) -> None:
    tenant = sign_up(store)
    kept_up(store).work_off()
    # Tenant, document and place, the tenant once more, and three looks: for another one of the same
    # address and of the same company, and for notes.
    assert charged(store, lambda: refresh(store, tenant.id, START)) == (5.5, 0)


@pytest.mark.parametrize("count", [100, 1000])
def test_the_newest_changes_are_charged_the_same_however_many_there_are(
    store, count, tmp_path: Path
) -> None:
    with file_to_copy(tmp_path) as walked:
        fill(MarkingStore(walked, lambda: START), count)
        begin_anew(walked)
        assert not Walk(store=walked, clock=lambda: START).run_if_due()
        copy_changes(walked, store.inner)
    # One query for each status, with 50 rows of one of them, and 50 tenants.
    units = charged(store, lambda: newest_changes(store, list(Status), limit=50))
    assert units[0] == 50 + 4 * 0.5 + 1


def fill_entries(store: Metered, count: int) -> None:
    """Entries of `count` tenants that all have one word, and the first of these tenants."""
    tenants = [
        Tenant(
            id=records.pending_id(reference(number)),
            status=Status.PENDING,
            version=1,
            contact=replace(CONTACT, company=f"Nord Solar {number:05d}"),
            created_at=START,
        )
        for number in range(count)
    ]
    items = [records.search_entry_item(each.id, terms_of(each)[:3]) for each in tenants]
    items += [records.search_entry_item(each.id, terms_of(each)[3:6]) for each in tenants]
    items += [records.item_of(each) for each in tenants[:200]]
    for at in range(0, len(items), 100):
        store.inner.write([Add(item) for item in items[at : at + 100]])


@pytest.mark.parametrize("count", [100, 2000])
def test_what_a_search_reads_does_not_depend_on_the_number_of_tenants(store, count) -> None:
    fill_entries(store, count)
    # The reads of an id: 0.5. Two queries for a company's name that begins so, or an account: 1.
    # The entries in three indexes, of which one has rows: 2. The tenants: 1 for each of 51.
    assert charged(store, lambda: find(store, "solar", Tab.ALL, START)) == (55, 0)
    # Nobody is in this list: all that one page may read.
    assert charged(store, lambda: find(store, "solar", Tab.ACTIVE, START))[0] <= 110
    # Several words: first one range for each of them, to find the rarest.
    assert charged(store, lambda: find(store, "solar nord", Tab.ALL, START))[0] <= 55 + 12
    assert charged(store, lambda: find(store, "901820", Tab.ALL, START))[0] <= 55 + 4
    assert charged(store, lambda: find(store, "xylophone", Tab.ALL, START))[0] <= 3.5
