"""kill -9 while webhooks are sent: every event arrives, and twice only with the same id, if nobody
could know whether it had arrived."""

import os
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from pathlib import Path

import pytest

from portal.outbox import Schedule
from portal.settings import Settings
from portal.stores import Store
from portal.stores.dynamodb.store import DynamoDbStore
from portal.stores.file.store import JsonFileStore
from portal.timestamps import utc_now
from portal.webhooks import AnnouncingStore, WebhookSender, counts
from tests.dynamodb_engine import CREDENTIALS
from tests.examples import sign_up
from tests.processes import CLEAN
from tests.webhooks.receivers import SECRETS, Receiver, subscribe

KILLS = 8
NEW = 4
SCHEDULE = Schedule(pauses=(0.1,) * 100, lease=2.0, attempt=1.5, margin=0.3)
SEED = 20261130

OpenAgain = Callable[[], Store]


@pytest.fixture(params=["file", "table"])
def open_again(request: pytest.FixtureRequest, tmp_path: Path) -> OpenAgain:
    """Opens the store once more, as another machine would. Can be pickled."""
    if request.param == "file":
        return partial(JsonFileStore, tmp_path / "data")
    return partial(DynamoDbStore, request.getfixturevalue("engine").new_table())


@pytest.fixture
def store(open_again: OpenAgain) -> Iterator[AnnouncingStore]:
    opened = open_again()
    yield AnnouncingStore(opened)
    opened.close()


def deliver(open_store: OpenAgain, settings: Settings) -> None:
    """A process that sends until it is killed."""
    # It is a copy of a process that may be older than the engine.
    os.environ.update(CREDENTIALS)
    worker = WebhookSender(open_store(), settings, SECRETS, utc_now, schedule=SCHEDULE)
    never = threading.Event()
    while not never.wait(0.005):
        worker.send_due()


def test_kills_lose_no_event_and_repeat_only_what_nobody_could_know(
    open_again: OpenAgain, store: AnnouncingStore, receiver: Receiver, allowed: Settings
) -> None:
    chance = random.Random(SEED)
    arrived = threading.Event()
    receiver.on_got = lambda _got: arrived.set()
    subscription = subscribe(store, receiver.address)
    numbers = count()
    for _ in range(KILLS):
        for _new in range(NEW):
            sign_up(store, next(numbers), now=utc_now())
        arrived.clear()
        process = CLEAN.Process(target=deliver, args=(open_again, allowed))
        process.start()
        assert arrived.wait(30), "it sends nothing"
        threading.Event().wait(chance.random() * 0.05)
        process.kill()
        process.join()
    # What the last one left is due again after its lease.
    last = WebhookSender(store, allowed, SECRETS, utc_now, schedule=SCHEDULE)
    while counts(store, subscription.id, 1000).waiting:
        last.send_due()
        threading.Event().wait(0.05)
    times = Counter(got.id for got in receiver.got)
    assert len(times) == KILLS * NEW
    tenants = {got.id: got.json["data"]["id"] for got in receiver.got}
    assert len(set(tenants.values())) == KILLS * NEW
    assert sum(times.values()) - len(times) <= KILLS
