"""A morning: 500 people of one company, behind one address, start the old application at once.

Each start sends three requests, each of them after one that asks for permission. The portal has its
usual limits. Whatever the answer is, it is never "too many requests".
"""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest

from portal.settings import Settings
from portal.stores.contract import Add, Store, Value
from portal.stores.factory import open_store
from portal.timestamps import format_timestamp, utc_now
from tests.server.nginx import running_nginx
from tests.server.raw_client import connect, head, read
from tests.serving import Portal, free_port, serving

ORIGIN = "https://app.example.com"
PEOPLE, ASKS, AT_ONCE = 500, 3, 40

#: What `validate` says to the company: account id -> isValid, error.
COMPANIES = {
    "1001": (True, None),
    "1002": (False, "EXPIRED"),
    "1003": (False, "NOT_FOUND"),
    "1004": (False, "INACTIVE"),
}


@contextmanager
def usual_portal(folder: Path, port: int = 0) -> Iterator[Portal]:
    """With the limits that it has without any setting, and two workers that share them."""
    # Other tests switch the limits off.
    usual = {"PORTAL_SIGN_UPS_PER_HOUR": "5", "PORTAL_PROXY_HOPS": "1"}
    given = {**usual, "API_ALLOWED_ORIGINS": ORIGIN}
    with serving(folder, "--workers", "2", port=port, settings=given) as portal:
        yield portal


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    with usual_portal(tmp_path_factory.mktemp("portal")) as portal:
        store = open_store(Settings.from_environment(portal.environ))
        add_companies(store)
        store.close()
        yield portal


def add_companies(store: Store) -> None:
    """One that is valid, and one that has ended. Nobody knows the others."""
    now = utc_now()
    for account, last in (("1001", 300), ("1002", -1)):
        item: dict[str, Value] = {
            "tenantId": f"{account}_7",
            "accountId": account,
            "accountName": "Meyer Group",
            "companyId": "7",
            "companyName": "Meyer Field Service",
            "cluster": "eu",
            "status": "active",
            "isActive": True,
            "validFrom": format_timestamp(now - timedelta(days=300)),
            "validTo": format_timestamp(now + timedelta(days=last)),
            "version": 1,
        }
        store.write([Add(item)])
    store.write([Add({"tenantId": "claim-1004_7", "count": 1, "version": 1})])


def arrive(url: str, account: str) -> Counter[object]:
    """Everybody starts the application. Their browsers keep their connections open.

    Returns:
        How often there was which answer: the status of a preflight, or what `validate` said.
    """
    query = urlencode({"accountId": account, "companyId": "7"})
    path = f"/api/validate?{query}"
    asks = ("Content-Type: application/json", f"Origin: {ORIGIN}")
    preflight = head(
        "OPTIONS",
        path,
        f"Origin: {ORIGIN}",
        "Access-Control-Request-Method: GET",
        "Access-Control-Request-Headers: content-type",
    )

    with ExitStack() as stack:

        def person(_number: int) -> list[object]:
            line = stack.enter_context(connect(url))
            seen: list[object] = []
            for _ in range(ASKS):
                line.sendall(preflight)
                seen.append(read(line).status)
                line.sendall(head("GET", path, *asks))
                answer = read(line)
                told = answer.json()
                seen.append((answer.status, told.get("isValid"), told.get("error")))
            return seen

        with ThreadPoolExecutor(AT_ONCE) as pool:
            return Counter(each for seen in pool.map(person, range(PEOPLE)) for each in seen)


@pytest.mark.parametrize("account", COMPANIES)
def test_a04_nobody_of_a_company_is_told_to_wait(portal: Portal, account: str) -> None:
    said = (200, *COMPANIES[account])
    assert arrive(portal.url, account) == {200: PEOPLE * ASKS, said: PEOPLE * ASKS}


def test_a04_nobody_is_told_to_wait_by_the_documented_nginx(portal: Portal, tmp_path: Path) -> None:
    """It limits the connections of each address, too."""
    with running_nginx(tmp_path, portal.url) as url:
        told = arrive(url, "1003")
    assert told == {200: PEOPLE * ASKS, (200, False, "NOT_FOUND"): PEOPLE * ASKS}
    assert "limiting connections" not in (tmp_path / "log").read_text()


def test_a04_nobody_is_told_to_wait_when_the_portal_is_back(tmp_path: Path) -> None:
    """Everybody has tried in vain, and tries again in the same minute."""
    port = free_port()
    said = {200: PEOPLE * ASKS, (200, False, "NOT_FOUND"): PEOPLE * ASKS}
    with usual_portal(tmp_path, port) as portal:
        assert arrive(portal.url, "1003") == said
    with pytest.raises(ConnectionRefusedError):
        arrive(portal.url, "1003")
    with usual_portal(tmp_path, port):
        assert arrive(portal.url, "1003") == said
