"""kill -9 while entries are brought up to date: afterwards every tenant has its entries, and no
entry is left of one that has gone or changed."""

import os
import random
import threading
from dataclasses import replace
from datetime import timedelta
from itertools import count

from portal import onboarding
from portal.search import AT_ONCE, Keeper, MarkingStore, Walk
from portal.stores.contract import Store
from portal.tenants import Reason
from portal.timestamps import utc_now
from tests.dynamodb_engine import CREDENTIALS
from tests.examples import (
    CONTACT,
    CUSTOMER,
    IDS,
    OTHER_CONTACT,
    PlainSealer,
    activate,
    later,
    sign_up,
)
from tests.outbox.conftest import OpenAgain
from tests.processes import CLEAN
from tests.search.checks import marks, worked_off

KILLS = 60
SEED = 20261129
STAFF = replace(CUSTOMER, by="Ann Approver", who="staff-ann")
#: Shorter than what a call takes at times: processes take claims from each other all the time.
LEASE = timedelta(seconds=0.05)


def keep(open_store: OpenAgain) -> None:
    """A process that works off what is marked, until it is killed."""
    # It is a copy of a process that may be older than the engine.
    os.environ.update(CREDENTIALS)
    store = open_store()
    keeper = Keeper(store=store, clock=utc_now, lease=LEASE)
    walk = Walk(store=store, clock=utc_now)
    while True:
        keeper.work_off()
        walk.run_if_due()
        threading.Event().wait(0.005)


def change(store: Store, numbers: "count[int]", chance: random.Random) -> None:
    """Some sign-ups come, and become something else."""
    for _ in range(3):
        number = next(numbers)
        contact = replace(
            CONTACT, company=f"Solar {number} GmbH & Co. KG", email=f"kim{number}@meyer.example"
        )
        tenant = sign_up(store, number, contact=contact, now=utc_now())
        audit = replace(STAFF, at=utc_now())
        match chance.randrange(5):
            case 0:
                ids = replace(IDS, account_id=str(number), company_id="1")
                activate(store, PlainSealer(), tenant, ids=ids, audit=audit)
            case 1:
                onboarding.edit_contact(
                    store, tenant.id, expected_version=1, audit=audit, contact=OTHER_CONTACT
                )
            case 2:
                closed = onboarding.reject(
                    store, tenant.id, expected_version=1, audit=audit, reason=Reason.OTHER
                )
                onboarding.erase(
                    store, tenant.id, expected_version=closed.version, audit=later(audit, days=1)
                )


def test_after_sixty_kills_every_tenant_has_its_entries_and_no_other_is_left(
    open_again: OpenAgain, raw_store: Store
) -> None:
    store = MarkingStore(raw_store)
    chance = random.Random(SEED)
    numbers = count(1)
    for _ in range(KILLS // 2):
        change(store, numbers, chance)
        processes = [CLEAN.Process(target=keep, args=(open_again,)) for _ in range(2)]
        for process in processes:
            process.start()
        started = threading.Event()
        # Until one of them has begun, and then a moment more.
        before = len(marks(raw_store))
        while len(marks(raw_store)) >= before and not started.wait(0.002):
            pass
        for process in processes:
            threading.Event().wait(chance.random() * 0.03)
            change(store, numbers, chance)
            process.kill()
        for process in processes:
            process.join()

    Keeper(store=raw_store, clock=utc_now, lease=AT_ONCE).work_off()
    worked_off_later = utc_now() + timedelta(hours=1)
    Keeper(store=raw_store, clock=lambda: worked_off_later, lease=AT_ONCE).work_off()
    assert marks(raw_store) == []
    worked_off(raw_store)
