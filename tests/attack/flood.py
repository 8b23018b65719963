"""One client floods the portal with sign-ups while good ones come in from many networks."""

import http.client
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from portal import records
from portal.stores.contract import Store
from portal.web.http.signed_links import SignedLinks
from tests.attack.clients import Customer, programs, working
from tests.attack.http_client import COOKIE, Browser
from tests.attack.portal_processes import opened, port_of
from tests.attack.scenario import ONLY_CLIENTS_MISBEHAVE, Attack, Row, Size
from tests.attack.tally import Tally
from tests.conftest import SECRET_KEY

NAME = "flood"
FLOODER = "198.51.100.7"
PROGRAMS = "203.0.113.5"
DOMAINS = 10
#: Good customers at the same time.
AT_ONCE = 12
#: Connections of the client that floods.
CONNECTIONS = 8
#: The defaults, behind one proxy. `serving` has other ones for tests; empty means the default.
SETTINGS = {
    "PORTAL_PROXY_HOPS": "1",
    "PORTAL_SIGN_UP_MIN_SECONDS": "",
    "PORTAL_SIGN_UPS_PER_HOUR": "",
    "PORTAL_NOT_FOUND_PER_MINUTE": "",
}
#: Sign-ups of one network in an hour of the clock.
LIMIT = 5


def run(folder: Path, workers: int, size: Size) -> Row:
    tally = Tally(timeout=10)
    attack = Attack(NAME, folder, workers, tally, ONLY_CLIENTS_MISBEHAVE * size.slack, SETTINGS)
    with attack.portal() as portal:
        port = port_of(portal)
        flood = Flood(port, size.flood, time.monotonic() + size.flood_seconds)
        # People need longer than robots.
        good = Crowd(port, tally, size.good, think_seconds=3.5)
        # Slower than the limit on questions for unknown tenants.
        asking = working(*programs(port, tally, 2, {"X-Forwarded-For": PROGRAMS}), pause=0.01)
        steps: list[Callable[[], object]] = [
            *[flood.step] * CONNECTIONS,
            *[good.step] * AT_ONCE,
        ]
        with asking, working(*steps, pause=0):
            while not (flood.is_over and good.is_over):
                time.sleep(0.1)
    tally.requests += flood.sent
    if len(tally.sign_ups) < size.good:
        attack.broken.append(f"{len(tally.sign_ups)} of {size.good} good ones were acknowledged")
    with opened(folder, attack.settings) as store:
        if aside := _set_aside(store, tally):
            attack.broken.append(f"{aside} good ones were set aside")
    if flood.stored > LIMIT * flood.hours:
        attack.broken.append(f"{flood.stored:,} of {flood.sent:,} of one client were acknowledged")
    return attack.row()


def _set_aside(store: Store, tally: Tally) -> int:
    items = (store.get(records.pending_id(reference)) for reference in tally.sign_ups)
    return sum(records.tenant_of(item).set_aside for item in items)


class Flood:
    """Sends sign-ups as fast as the portal takes them, each with a form token that is old enough,
    as from a client that collected its forms before.

    Args:
        network: The address from which the sign-up of a number comes.
        typed: What it has besides, or instead.
    """

    def __init__(
        self,
        port: int,
        count: int,
        end: float,
        *,
        network: Callable[[int], str] = lambda _number: FLOODER,
        typed: Callable[[int], dict[str, str]] = lambda _number: {},
    ) -> None:
        self.port, self.end = port, end
        self._network, self._typed = network, typed
        self.sent = 0
        self.stored = 0
        self._numbers = iter(range(count))
        self._links = SignedLinks([SECRET_KEY])
        browser = Browser(port, 10, {"X-Forwarded-For": FLOODER})
        page = browser.get("/sign-up").text
        self._csrf_token = page.partition('name="csrf_token" value="')[2].partition('"')[0]
        self._headers = {
            "Cookie": f"{COOKIE}={browser.cookie}",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        self.is_over = False
        self._hour = _hour_of_clock()

    @property
    def hours(self) -> int:
        """The hours of the clock in which it floods: one, or two if the hour is over meanwhile."""
        return _hour_of_clock() - self._hour + 1

    def step(self) -> None:
        """Sends until nothing is left, or the time is up."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        for number in self._numbers:
            if time.monotonic() > self.end:
                break
            try:
                headers = {**self._headers, "X-Forwarded-For": self._network(number)}
                connection.request("POST", "/sign-up", self._body(number), headers)
                response = connection.getresponse()
                response.read()
            except (OSError, http.client.HTTPException):
                connection.close()
                continue
            self.sent += 1
            self.stored += response.status == 303
        connection.close()
        self.is_over = True
        time.sleep(0.1)

    def _body(self, number: int) -> bytes:
        token = self._links.new_form_token(datetime.now(UTC) - timedelta(seconds=10))
        return urlencode({
            "csrf_token": self._csrf_token,
            "form_token": token,
            "company": f"Flood {number} Ltd",
            "name": "Robot",
            "email": f"robot.{number}@flood-{number % 500}.com",
            "phone": "",
            "website": "",
            **self._typed(number),
        }).encode()  # fmt: skip


def _hour_of_clock() -> int:
    return int(time.time()) // 3600


class Crowd:
    """`count` customers, each from another network; they share ten domains.

    Args:
        options: Further arguments of `Customer`.
    """

    def __init__(self, port: int, tally: Tally, count: int, **options: Any) -> None:
        self.port, self.tally = port, tally
        self.count, self.options = count, options
        self.finished = 0
        self._numbers: Iterator[int] = iter(range(count))

    @property
    def is_over(self) -> bool:
        return self.finished >= self.count

    def step(self) -> None:
        number = next(self._numbers, None)
        if number is None:
            time.sleep(0.1)
            return
        customer = Customer(
            self.port,
            self.tally,
            domain=f"good-lifts-{number % DOMAINS}.com",
            headers={"X-Forwarded-For": f"100.{64 + number % 60}.{number}.9"},
            **self.options,
        )
        if path := customer.sign_up():
            customer.read_status(path)
        self.finished += 1
