"""Robots in thousands of networks flood the portal with sign-ups while good ones come in. Every
good one gets into the queue, the store grows by a bounded amount, and staff clear the rest in one
act."""

import hmac
import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from altcha import create_challenge

from portal import records
from portal.onboarding.sign_up_limits import MAX_SET_ASIDE, SIGN_UPS_IN_ALL
from portal.stores import GSI2
from portal.stores.contract import Store
from portal.stores.reading import iter_scan
from tests.attack.clients import StaffMember, form_of, programs, working
from tests.attack.flood import AT_ONCE, CONNECTIONS, PROGRAMS, SETTINGS, Crowd, Flood
from tests.attack.http_client import ask
from tests.attack.portal_processes import opened, port_of
from tests.attack.scenario import ONLY_CLIENTS_MISBEHAVE, Attack, Row, Size
from tests.attack.tally import Tally, percentile
from tests.conftest import SECRET_KEY
from tests.serving import Portal
from tests.test_proof_of_work import answer_to, encoded

NAME = "many-networks"
#: What one accepted sign-up leaves at most: itself, its mail, the counters of its network and of
#: its address or domain, the proof of work, and what search has of it: a mark until that is made,
#: one item that says what there is, and up to five entries.
ITEMS_PER_SIGN_UP = 12
#: In bytes of JSON, of all items of a sign-up together.
BYTES_PER_SIGN_UP = 5_000
#: What all of them share: counters of all, of those that are set aside, sessions of staff.
SHARED_ITEMS = 30
_PAGE, _CLEAR = "/staff/doubtful", "/staff/doubtful/clear"
_MOST_PRESSES = 5


def run(folder: Path, workers: int, size: Size) -> Row:
    tally = Tally(timeout=10)
    attack = Attack(NAME, folder, workers, tally, ONLY_CLIENTS_MISBEHAVE * size.slack, SETTINGS)
    form_seconds: list[float] = []
    with attack.portal() as portal:
        with opened(folder, attack.settings) as store:
            before = _size_of(store)
        port = port_of(portal)
        end = time.monotonic() + size.crowd_seconds
        flood = Flood(port, size.robots, end, network=_network, typed=_typed)
        good = Crowd(port, tally, size.crowd, think_seconds=2.5, proof=_easy_proof)
        reader = _FormReader(port, form_seconds)
        asking = working(
            *programs(port, tally, 2, {"X-Forwarded-For": PROGRAMS}), reader.step, pause=0.05
        )
        steps: list[Callable[[], object]] = [
            *[flood.step] * CONNECTIONS,
            *[good.step] * AT_ONCE,
        ]
        with asking, working(*steps, pause=0):
            while not (flood.is_over and good.is_over):
                time.sleep(0.1)
        tally.requests += flood.sent + len(form_seconds)
        attack.broken += _after_the_flood(attack, flood, before, size)
        attack.broken += _cleared(attack, portal, port)
    slowest = percentile(form_seconds, 0.99)
    if not slowest <= 2 * ONLY_CLIENTS_MISBEHAVE * size.slack:
        attack.broken.append(f"the form: p99 of {slowest:.2f} s")
    return attack.row()


def _network(number: int) -> str:
    return f"10.{number // 250 % 250}.{number % 250}.{number % 7 + 1}"


def _typed(number: int) -> dict[str, str]:
    """A third fills the trap, a third looks like a browser without scripts, a third gives up when
    a proof of work is asked for. Each has a domain of its own."""
    kinds: list[dict[str, str]] = [{"website": "https://robot.example"}, {"unproved": "1"}, {}]
    return {"email": f"robot@flood-{number}.com", **kinds[number % 3]}


def _size_of(store: Store) -> tuple[int, int]:
    """How many items, and their bytes in JSON."""
    items = [json.dumps(dict(item)) for item in iter_scan(store)]
    return len(items), sum(map(len, items))


def _after_the_flood(
    attack: Attack, flood: Flood, before: tuple[int, int], size: Size
) -> Iterator[str]:
    """The promises about the store that do not hold."""
    tally = attack.tally
    if flood.sent < 0.99 * size.robots:
        yield f"only {flood.sent:,} of {size.robots:,} robots were answered"
    if len(tally.sign_ups) < size.crowd:
        yield f"{len(tally.sign_ups)} of {size.crowd} good ones were acknowledged"
    with opened(attack.folder, attack.settings) as store:
        queued = [
            records.tenant_of(store.get(records.pending_id(each))).is_queued
            for each in tally.sign_ups
        ]
        if not all(queued):
            yield f"{queued.count(False)} good ones are not in the queue"
        items, size_in_bytes = _size_of(store)
    # Of robots, without a proof of work; two hours if one is over meanwhile.
    sign_ups = SIGN_UPS_IN_ALL * flood.hours + MAX_SET_ASIDE + size.crowd
    print(f"  The store grew by {items - before[0]:,} items, {size_in_bytes - before[1]:,} bytes.")
    if items - before[0] > ITEMS_PER_SIGN_UP * sign_ups + SHARED_ITEMS:
        yield f"the store grew by {items - before[0]:,} items"
    if size_in_bytes - before[1] > BYTES_PER_SIGN_UP * sign_ups:
        yield f"the store grew by {size_in_bytes - before[1]:,} bytes"


def _cleared(attack: Attack, portal: Portal, port: int) -> Iterator[str]:
    """Staff clear what was set aside: one press, or a few if the machine is slow."""
    link = portal.staff_link("anna@example.com", "approver", "Anna")
    browser = StaffMember(port, attack.tally, urlsplit(link).path).browser
    with opened(attack.folder, attack.settings) as store:
        aside = store.count(GSI2, records.ASIDE, cap=MAX_SET_ASIDE)
        if not aside:
            yield "nothing was set aside"
        for _ in range(_MOST_PRESSES):
            form = form_of(browser.get(_PAGE).text, _CLEAR)
            if not form:
                break
            browser.post(_CLEAR, form | {"waiting": "1"})
        if left := store.count(GSI2, records.ASIDE, cap=MAX_SET_ASIDE):
            yield f"{left} of {aside} doubtful ones are left"
        kept = [
            reference
            for reference in attack.tally.sign_ups
            if records.tenant_of(store.get(records.pending_id(reference))).is_queued
        ]
    if len(kept) < len(attack.tally.sign_ups):
        yield "a good one was cleared"


def _easy_proof() -> str:
    """What a phone computes in a second. Here hundreds of them would share the two cores of the
    portal, so the challenges are easy: the portal checks them as any other."""
    key = SECRET_KEY.encode()
    challenge = create_challenge(
        "PBKDF2/SHA-256",
        1,
        counter=1,
        expires_at=datetime.now(UTC) + timedelta(minutes=5),
        hmac_secret=hmac.digest(key, b"proof of work: challenges", "sha256"),
        hmac_key_secret=hmac.digest(key, b"proof of work: answers", "sha256"),
    )
    return encoded(answer_to(challenge.to_dict()))


class _FormReader:
    """Somebody who opens the form again and again."""

    def __init__(self, port: int, seconds: list[float]) -> None:
        self.port, self.seconds = port, seconds

    def step(self) -> None:
        answer = ask(self.port, "GET", "/sign-up", headers={"X-Forwarded-For": "203.0.113.77"})
        self.seconds.append(answer.seconds if answer.status == 200 else 15)
