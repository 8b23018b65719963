"""kill -9 of processes that accept sign-ups and decide: whatever they had saved is counted, and
nothing else."""

import os
import random
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from portal import figures, onboarding
from portal.figures import CountingStore
from portal.onboarding import SignUpLimits
from portal.queries import weeks
from portal.stores.contract import BusyError, Store
from portal.stores.dynamodb.store import DynamoDbStore
from portal.stores.file.store import JsonFileStore
from portal.tenants import Reason
from portal.timestamps import utc_now
from tests.conftest import SECRET_KEY
from tests.dynamodb_engine import CREDENTIALS, Engine
from tests.examples import ANN, CONTACT
from tests.processes import CLEAN

OpenAgain = Callable[[], Store]

ROUNDS, WORKERS = 12, 3
SEED = 20261129


@pytest.fixture(params=["json", "dynamodb"])
def open_again(request: pytest.FixtureRequest, tmp_path: Path) -> OpenAgain:
    """Opens the store under test once more. Can be pickled."""
    if request.param == "json":
        return partial(JsonFileStore, tmp_path / "data")
    engine: Engine = request.getfixturevalue("engine")
    return partial(DynamoDbStore, engine.new_table())


def work(open_store: OpenAgain, place: int) -> None:
    """A process that accepts sign-ups, and rejects each second one, until it is killed."""
    os.environ.update(CREDENTIALS)
    store = CountingStore(open_store())
    limits = SignUpLimits(SECRET_KEY, 1000)
    audit = replace(ANN, who=f"staff-{place % WORKERS}")
    for number in range(10**6):
        contact = replace(CONTACT, email=f"kim@meyer-{place}-{number}.example")
        try:
            tenant = onboarding.submit(
                store, reference=f"{place:013d}{number:013d}", contact=contact, claims=None,
                status_link="hash", now=utc_now(), limits=limits,
                network=f"2001:db8:{place:x}:{number:x}::1",
            )  # fmt: skip
            if number % 2:
                onboarding.reject(
                    store, tenant.id, expected_version=1, audit=replace(audit, at=utc_now()),
                    reason=Reason.OTHER,
                )  # fmt: skip
        except BusyError:
            continue


def test_after_thirty_six_kills_every_count_agrees(open_again: OpenAgain) -> None:
    store = open_again()
    chance = random.Random(SEED)
    for each in range(ROUNDS):
        before = weeks(store, utc_now(), 2)
        processes = [
            CLEAN.Process(target=work, args=(open_again, each * WORKERS + n))
            for n in range(WORKERS)
        ]
        for process in processes:
            process.start()
        paused = threading.Event()
        while weeks(store, utc_now(), 2) == before and not paused.wait(0.002):
            pass
        for process in processes:
            paused.wait(chance.random() * 0.05)
            process.kill()
        for process in processes:
            process.join()
    recount = figures.check(store, utc_now(), 2)
    assert (recount.differences, recount.changing) == ([], 0)
    counted = weeks(store, utc_now(), 2)
    assert sum(week.sign_ups for week in counted) >= ROUNDS
    assert sum(week.decisions for week in counted) >= 1
    store.close()
