"""kill -9 while mail is being delivered: every mail arrives, and none twice but those of which
nobody could know whether they had arrived."""

import os
import random
import threading
from collections import Counter
from dataclasses import replace
from itertools import count

from portal.mail import Post
from portal.outbox import Delivery, Schedule, watch
from portal.records import DeliveryState
from portal.settings import MailServer, Settings
from portal.stores.contract import Store
from portal.timestamps import utc_now
from tests.conftest import SECRET_KEY
from tests.dynamodb_engine import CREDENTIALS
from tests.examples import CONTACT, sign_up
from tests.mail.letters_and_facts import entries
from tests.mail_server import mail_server
from tests.outbox.conftest import OpenAgain
from tests.processes import CLEAN

KILLS = 60
#: Sign-ups that are added for each process to be killed.
NEW = 4
# On a busy machine an attempt may take long: if it were cut off, nobody could know either.
SCHEDULE = Schedule(pauses=(0.1,) * 100, lease=4.0, attempt=3.0, margin=0.5)
SEED = 20261129


def deliver(open_store: OpenAgain, settings: Settings) -> None:
    """A process that delivers until it is killed."""
    # It is a copy of a process that may be older than the engine.
    os.environ.update(CREDENTIALS)
    store = open_store()
    delivery = Delivery(
        store=store, post=Post(settings, [SECRET_KEY]), clock=utc_now, schedule=SCHEDULE
    )
    never = threading.Event()
    watch(delivery, never.wait, look_seconds=0.01)


def test_sixty_kills_lose_no_mail_and_repeat_only_what_nobody_could_know(
    open_again: OpenAgain, store: Store, settings: Settings
) -> None:
    chance = random.Random(SEED)
    happened: list[str] = []
    arrived = threading.Event()
    numbers = count()

    def on_data(mail) -> None:
        happened.append(mail.message_id)
        arrived.set()

    with mail_server() as server:
        server.on_data = on_data
        server.data_seconds = lambda: chance.choice([0.0, 0.0, 0.01, 0.05])
        own = replace(
            settings, mail_server=MailServer(way="smtp", host="127.0.0.1", port=server.port)
        )
        for _ in range(KILLS):
            for _new in range(NEW):
                number = next(numbers)
                contact = replace(CONTACT, email=f"kim{number}@meyer.example")
                sign_up(store, number, contact=contact, now=utc_now())
            arrived.clear()
            process = CLEAN.Process(target=deliver, args=(open_again, own))
            process.start()
            # It is killed while it delivers, sooner or later.
            assert arrived.wait(30), "it delivers nothing"
            arrived.clear()
            threading.Event().wait(chance.random() * 0.06)
            process.kill()
            process.join()
            # What it had sent may still be on its way.
            server.wait_until_idle()
            happened.append("killed")
        # What the last one left is due again after its lease.
        last = Delivery(store=store, post=Post(own, [SECRET_KEY]), clock=utc_now, schedule=SCHEDULE)
        while any(entry.state is DeliveryState.DUE for entry in entries(store)):
            last.send_due()
            threading.Event().wait(0.05)

    all_entries = entries(store)
    assert {entry.state for entry in all_entries} == {DeliveryState.SENT}
    times = Counter(happened)
    assert times.pop("killed") == KILLS
    assert len(times) == len(all_entries) == KILLS * NEW
    # Each that came again was the last thing that a killed process did.
    for position, message_id in enumerate(happened):
        if message_id in happened[position + 1 :] and message_id != "killed":
            assert happened[position + 1] == "killed"
    assert sum(times.values()) - len(times) <= KILLS
