"""What a page of staff costs with few and with many tenants: read units, as DynamoDB would charge
them, and CPU on the file store, as a ratio between the two.

Both portals run in this process, and their requests alternate. Search entries are made as the
background process makes them. The folders are in memory if the machine has such a place, so that
making 100,000 tenants takes a minute.
"""

import gc
import re
import secrets
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flask.testing import FlaskClient

from portal import create_app, records
from portal.auth import make_sign_in_link
from portal.search import AT_ONCE, refresh
from portal.settings import Settings
from portal.stores import Add, Store, open_store
from portal.tenants import Client, Contact, Ids, Status, Tenant, Validity
from tests.benchmarks.charged_store import ChargedStore, FillingStore

#: Few fill a page of each list.
FEW, MANY = 300, 100_000
ROUNDS = 30
NOW = datetime.now(UTC).replace(microsecond=0)

#: Name -> address. The tenant and what is searched for are in both portals.
PAGES = {
    "overview": "/staff/",
    "pending": "/staff/tenants?status=pending",
    "all": "/staff/tenants?status=all",
    "all, by company": "/staff/tenants?status=all&sort=company",
    "pending, the late ones": "/staff/tenants?status=pending&late=1",
    "expiring": "/staff/tenants?status=expiring",
    "tenant": "/staff/tenants/100003_3",
    "search: a word of all": "/staff/tenants?status=all&q=lifts",
    "search: one company": "/staff/tenants?status=all&q=solar",
    "search: part of an address": "/staff/tenants?status=all&q=bernd@",
    "search: phone": "/staff/tenants?status=all&q=2012340003",
    "search: both ids": "/staff/tenants?status=all&q=100003+/+3",
}


@dataclass
class Portal:
    """A portal with so many tenants, and browsers in which an approver is signed in: one of the
    portal as it is with DynamoDB, where counts are remembered for some seconds, and one of the
    portal on the file store."""

    charged: ChargedStore
    on_dynamodb: FlaskClient
    on_file: FlaskClient


def main() -> None:
    with _portal(FEW) as few, _portal(MANY) as many:
        print(f"Pages of staff with {FEW} and with {MANY:,} tenants")
        print(f"{'page':<28}{'read units':>20}{'CPU ms':>16}{'ratio':>8}{'to reach':>10}")
        for name, path in PAGES.items():
            units = [_read_units(portal, path) for portal in (few, many)]
            spent = _cpu(few, many, path)
            print(
                f"{name:<28}{units[0]:>10g}{units[1]:>10g}"
                f"{spent[0] * 1e3:>8.1f}{spent[1] * 1e3:>8.1f}"
                f"{spent[1] / spent[0]:>8.2f}{'1.1':>10}",
                flush=True,
            )


def _read_units(portal: Portal, path: str) -> float:
    """Of a page that was asked for before: some figures are kept for a while."""
    _get(portal.on_dynamodb, path)
    before = portal.charged.read_units
    _get(portal.on_dynamodb, path)
    return portal.charged.read_units - before


def _cpu(few: Portal, many: Portal, path: str) -> tuple[float, float]:
    """The median seconds of CPU of each."""
    spent: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS):
        for portal, times in zip((few, many), spent, strict=True):
            before = time.process_time_ns()
            _get(portal.on_file, path)
            times.append((time.process_time_ns() - before) / 1e9)
    return statistics.median(spent[0]), statistics.median(spent[1])


def _get(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200, (path, answer.status_code)


@contextmanager
def _portal(number: int) -> Iterator[Portal]:
    memory = Path("/dev/shm")  # noqa: S108 - a folder of its own is made there
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        settings = Settings.from_environment({"PORTAL_DATA_DIR": folder})
        opened = open_store(settings)
        _fill(opened, number)
        # What is kept of a large store would be looked through again and again.
        gc.collect()
        gc.freeze()
        charged = ChargedStore(opened)
        with_table = Settings.from_environment(
            {
                "PORTAL_DATA_DIR": folder,
                "PORTAL_SECRET_KEY": secrets.token_urlsafe(48),
                "USE_DYNAMODB": "true",
                "PORTAL_KMS_KEY_ID": "alias/portal",
                "AWS_REGION": "eu-central-1",
            }
        )
        apps = create_app(with_table, store=charged), create_app(settings, store=opened)
        yield Portal(charged, *(_signed_in(app.test_client(), opened) for app in apps))
        opened.close()


def _signed_in(client: FlaskClient, store: Store) -> FlaskClient:
    token = make_sign_in_link(
        store, email="anna@example.com", name="Anna", role="approver", now=datetime.now(UTC)
    )
    page = client.get(f"/staff/sign-in/{token}").get_data(as_text=True)
    csrf_token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert csrf_token
    client.post(f"/staff/sign-in/{token}", data={"csrf_token": csrf_token[1]})
    return client


def _fill(store: Store, number: int) -> None:
    """A third of them pending, a third with licences of a year, a third with some that end soon."""
    filling = FillingStore(store)
    for n in range(number):
        tenant = _tenant(n)
        filling.write([Add(records.item_of(tenant))])
        refresh(filling, tenant.id, NOW, lease=AT_ONCE)
        if n % 1000 == 999:
            filling.flush()
    filling.flush()


def _tenant(n: int) -> Tenant:
    status = Status.PENDING if n % 3 == 1 else Status.ACTIVE
    # More than a page of them are late already with few.
    asked_at = NOW - timedelta(minutes=30 * n)
    ids = Ids(account_id=str(100_000 + n), company_id=str(n), cluster="eu")
    days = 20 if n % 3 == 2 else 300
    return Tenant(
        id=ids.tenant_id if status is Status.ACTIVE else records.pending_id(f"{n:026d}"),
        status=status,
        version=1,
        contact=Contact(
            company="Solar Lifts Ltd" if n == 3 else f"Northwind {n} Lifts Ltd",
            name="Aoife O’Brien",
            email="bernd@example.com" if n == 3 else f"aoife{n}@example.com",
            phone=f"+3532012{340_000 + n}",
        ),
        ids=ids,
        validity=Validity(valid_from=asked_at, valid_to=NOW + timedelta(days=days, seconds=n))
        if status is Status.ACTIVE
        else Validity(),
        client=Client(id="client"),
        created_at=asked_at,
        updated_at=asked_at,
    )


if __name__ == "__main__":
    main()
