"""CPU per request, as a ratio to a bare Flask "hello" in the same process.

Requests of each kind are interleaved, so that a machine that slows down slows all of them;
`process_time` leaves out what waiting costs; the medians are compared. Requests go straight
to the WSGI application: no socket, no server. Between two requests of a kind come those of all
others, so none of them finds its code and data in the processor's cache; bench_validate.py measures
`validate` as a server runs it.

The page of the queue has the same fifty rows each time, and another count: a sign-up comes in
between. So it is that of somebody who works off a queue, and most of it is what the portal has kept
since the time before (portal/web/staff/lists/list_html.py). The page of a tenant is that of
somebody who works on it: the same one each time (portal/web/staff/tenant/section.py). What a tenant
costs that nobody has looked at since the process began has a row of its own.
"""

import io
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from flask import Flask

from portal import create_app, onboarding, records
from portal.auth import make_sign_in_link
from portal.settings import Settings
from portal.stores.contract import Add, Store
from portal.tenants import Client, Contact, Ids, Status, Tenant, Validity

ROUNDS = 400
#: The target of each request: its speed as a share of the speed of a hello.
TARGETS = {
    "validate": 1.5,
    "sign-up POST": 0.16,
    "queue page of 50": 0.15,
    "tenant page": 0.11,
}
#: The figure of each request is that of the whole run; its spread is that of so many parts of it.
PARTS = 8
#: Sign-ups of one day come from many companies. What is counted for the domain of their addresses
#: is one item for each company.
COMPANIES = 50
NOW = datetime.now(UTC).replace(microsecond=0)


def main() -> None:
    with _portal() as (app, cookie):
        print("CPU per request, beside a bare Flask hello in the same process")
        print(f"{'request':<20} {'median µs':>10} {'of hello':>9} {'spread':>15} {'to reach':>9}")
        spent = _spent(_kinds(app, cookie))
        for kind, times in spent.items():
            share = statistics.median(spent["hello"]) / statistics.median(times)
            shares = _shares_of_parts(spent["hello"], times)
            spread = f"{min(shares):.3f} to {max(shares):.3f}"
            target = f"{TARGETS[kind]:9.3f}" if kind in TARGETS else ""
            median = statistics.median(times) * 1e6
            print(f"{kind:<20} {median:10.0f} {share:9.3f} {spread:>15} {target}")
    print()
    print(f"Start-up, from nothing to an application: {_start_up():.2f} s (median of 5)")


def _shares_of_parts(hellos: list[float], times: list[float]) -> list[float]:
    """The speed of a request as a share of that of a hello, in each part of the run."""
    length = len(times) // PARTS
    parts = [slice(length * part, length * (part + 1)) for part in range(PARTS)]
    return [statistics.median(hellos[part]) / statistics.median(times[part]) for part in parts]


def _spent(kinds: dict[str, Callable[[], int]]) -> dict[str, list[float]]:
    """The seconds of CPU of each request, in the order in which they were sent."""
    for send in kinds.values():
        for _ in range(20):
            send()
    spent: dict[str, list[float]] = {kind: [] for kind in kinds}
    for _ in range(ROUNDS):
        for kind, send in kinds.items():
            before = time.process_time_ns()
            send()
            spent[kind].append((time.process_time_ns() - before) / 1e9)
    return spent


def _kinds(app: Flask, cookie: str) -> dict[str, Callable[[], int]]:
    hello = Flask("hello")
    hello.add_url_rule("/", "hello", lambda: "hello")
    browser = _anonymous(app)
    others = (f"{100000 + number}_{number}" for number in range(208, 1000))
    sign_ups = iter([body(browser[1]) for body in islice(_sign_up_bodies(app), 2 * ROUNDS)])
    return {
        "hello": lambda: _send(hello, "GET", "/", 200),
        "validate": lambda: _send(
            app, "GET", "/api/validate", 200, query="accountId=100007&companyId=7"
        ),
        "sign-up GET": lambda: _send(app, "GET", "/sign-up", 200, cookie=browser[0]),
        "sign-up POST": lambda: _send(
            app, "POST", "/sign-up", 303, cookie=browser[0], body=next(sign_ups)
        ),
        "queue page of 50": lambda: _send(
            app, "GET", "/staff/tenants", 200, query="status=pending", cookie=cookie
        ),
        "tenant page": lambda: _send(app, "GET", "/staff/tenants/100007_7", 200, cookie=cookie),
        "another tenant": lambda: _send(
            app, "GET", f"/staff/tenants/{next(others)}", 200, cookie=cookie
        ),
    }


def _sign_up_bodies(app: Flask) -> Iterator[Callable[[str], bytes]]:
    links = app.extensions["portal"].links
    number = 0
    while True:
        number += 1
        token = links.new_form_token(NOW)

        def body(csrf_token: str, number: int = number, token: str = token) -> bytes:
            return urlencode({
                "csrf_token": csrf_token,
                "form_token": token,
                "company": f"Müller Aufzüge {number} GmbH",
                "name": "Jörg Weiß",
                "email": f"joerg.{number}@aufzuege-{number % COMPANIES}.example",
                "phone": "+49 30 901820",
                "website": "",
            }).encode()  # fmt: skip

        yield body


def _anonymous(app: Flask) -> tuple[str, str]:
    """The session cookie of a browser, and the CSRF token that belongs to it."""
    client = app.test_client()
    page = client.get("/sign-up").get_data(as_text=True)
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    cookie = client.get_cookie("portal")
    assert token
    assert cookie
    return f"portal={cookie.value}", token[1]


def _send(
    app: Flask,
    method: str,
    path: str,
    expected: int,
    *,
    query: str = "",
    cookie: str = "",
    body: bytes = b"",
) -> int:
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "127.0.0.1:8000",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    if cookie:
        environ["HTTP_COOKIE"] = cookie
    if method == "POST":
        environ["CONTENT_TYPE"] = "application/x-www-form-urlencoded"
        environ["CONTENT_LENGTH"] = str(len(body))
    status = ""

    def start_response(line: str, headers: object, *rest: object) -> Any:
        nonlocal status
        status = line

    size = sum(len(part) for part in app(environ, start_response))
    assert status.startswith(str(expected)), status
    return size


@contextmanager
def _portal() -> Iterator[tuple[Flask, str]]:
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings.from_environment(
            {
                "PORTAL_DATA_DIR": folder,
                "PORTAL_SIGN_UP_MIN_SECONDS": "0",
                # One address sends them all. So what counting costs is not in the figure.
                "PORTAL_SIGN_UPS_PER_HOUR": "0",
            }
        )
        app = create_app(settings)
        store: Store = app.extensions["portal"].store
        _fill(store)
        token = make_sign_in_link(
            store, email="anna@example.com", name="Anna", role="approver", now=datetime.now(UTC)
        )
        client = app.test_client()
        page = client.get(f"/staff/sign-in/{token}").get_data(as_text=True)
        csrf_token = re.search(r'name="csrf_token" value="([^"]+)"', page)
        assert csrf_token
        client.post(f"/staff/sign-in/{token}", data={"csrf_token": csrf_token[1]})
        client.get("/staff/")  # From here on the cookie holds its form token too.
        cookie = client.get_cookie("portal")
        assert cookie
        yield app, f"portal={cookie.value}"
        store.close()


def _fill(store: Store) -> None:
    """1,000 tenants: 200 pending, the others active."""
    for number in range(1000):
        contact = Contact(
            company=f"Northwind Lifts {number} Ltd",
            name="Aoife O’Brien",
            email=f"aoife.{number}@example.com",
            phone="+353201234567",
        )
        signed_up_at = NOW - timedelta(hours=number)
        if number < 200:
            onboarding.submit(
                store,
                reference=f"{number:026d}",
                contact=contact,
                claims=None,
                status_link="0" * 64,
                now=signed_up_at,
            )
            continue
        tenant = Tenant(
            id=f"{100000 + number}_{number}",
            status=Status.ACTIVE,
            version=1,
            contact=contact,
            ids=Ids(account_id=str(100000 + number), company_id=str(number), cluster="eu"),
            validity=Validity(valid_from=signed_up_at, valid_to=NOW + timedelta(days=number)),
            client=Client(id="client"),
            created_at=signed_up_at,
            updated_at=signed_up_at,
        )
        store.write([Add(records.item_of(tenant))])
    seven = records.tenant_of(store.get("100207_207"))
    store.write([Add(records.item_of(_with_ids(seven, "100007", "7")))])


def _with_ids(tenant: Tenant, account_id: str, company_id: str) -> Tenant:
    ids = Ids(account_id=account_id, company_id=company_id)
    return replace(tenant, id=ids.tenant_id, ids=ids)


def _start_up() -> float:
    code = (
        "import tempfile, time; t = time.perf_counter();"
        "from portal import create_app; from portal.settings import Settings;"
        "create_app(Settings.from_environment({'PORTAL_DATA_DIR': tempfile.mkdtemp()}));"
        "print(time.perf_counter() - t)"
    )
    times = [
        float(
            subprocess.run(
                [sys.executable, "-c", code], capture_output=True, check=True, text=True
            ).stdout
        )
        for _ in range(5)
    ]
    return statistics.median(times)


if __name__ == "__main__":
    main()
