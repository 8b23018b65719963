"""A program in JavaScript that knows only the old attributes, and the portal, on one table."""

import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from portal import onboarding, queries
from portal.search import find
from portal.stores.dynamodb.store import DynamoDbStore
from portal.stores.schema import GSI1
from tests.dynamodb_engine import CACHE, CREDENTIALS, REGION, Engine
from tests.examples import ANN, IDS, NEXT_YEAR, PlainSealer, activate, sign_up

SDK = {"@aws-sdk/client-dynamodb": "3.1164.0", "@aws-sdk/lib-dynamodb": "3.1162.0"}
SCRIPT = Path(__file__).with_name("downstream.mjs")

#: As the old application writes a tenant.
WRITTEN_BY_IT = {
    "tenantId": "90001_70001",
    "accountId": "90001",
    "accountName": "Schmidt",
    "companyId": "70001",
    "companyName": "Schmidt Service",
    "cluster": "eu",
    "contactCompanyName": "Schmidt Lifts",
    "contactFullName": "Ines Schmidt",
    "contactPhone": None,
    "contactEmailAddress": "ines@schmidt.example",
    "clientId": "client-9",
    "clientSecret": "as plain as it was",
    "validFrom": "2026-01-01T00:00:00.000Z",
    "validTo": "2026-12-31T23:59:59.999Z",
    "isActive": True,
    "createdAt": "2025-12-31T08:00:00.000Z",
    "updatedAt": "2025-12-31T08:00:00.000Z",
    "gsi1pk": "ACCOUNT#90001",
    "gsi1sk": "TENANT#90001_70001",
    "tags": ["pilot", 7, {"deep": True}],
    "share": 0.25,
}


@pytest.fixture(scope="session")
def sdk() -> Path:
    """The folder with AWS's SDK for JavaScript, fetched once."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("npm and node, which run AWS's SDK for JavaScript, are not installed")
    folder = CACHE / f"aws-sdk-{SDK['@aws-sdk/client-dynamodb']}"
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "aws-sdk.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            folder.mkdir(exist_ok=True)
            packages = [f"{name}@{version}" for name, version in SDK.items()]
            options = ["--silent", "--no-audit", "--no-fund", "--no-package-lock"]
            command = [npm, "install", *options, "--prefix", str(folder), *packages]
            done = subprocess.run(command, check=False, capture_output=True, timeout=180)
            if done.returncode:
                pytest.skip("npm could not fetch AWS's SDK for JavaScript")
            (folder / "complete").touch()
    return folder


class Downstream:
    """The other program."""

    def __init__(self, sdk: Path, url: str, table: str) -> None:
        self._table = table
        self._environ = {
            "PATH": os.environ["PATH"],
            "SDK_FOLDER": str(sdk),
            "AWS_REGION": REGION,
            "AWS_ENDPOINT_URL_DYNAMODB": url,
            **CREDENTIALS,
        }

    def run(self, **instruction: object) -> dict:
        done = subprocess.run(
            ["node", "--no-warnings", str(SCRIPT)],
            input=json.dumps({"table": self._table, **instruction}),
            env=self._environ,
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        answer: dict[Any, Any] = json.loads(done.stdout)
        return answer


@pytest.fixture
def shared(engine: Engine, sdk: Path) -> Iterator[tuple[DynamoDbStore, Downstream]]:
    place = engine.new_table()
    store = DynamoDbStore(place)
    yield store, Downstream(sdk, engine.url, place.table)
    store.close()


def test_it_reads_what_the_portal_wrote_by_key_and_by_account(shared) -> None:
    store, downstream = shared
    pending = sign_up(store, claims=IDS)
    before = downstream.run(accountId="86810", companyId="104348")
    # Who only claims the ids is nowhere where it looks.
    assert before == {"byKey": None, "byAccount": [], "isValid": False}
    tenant = activate(store, PlainSealer(), pending, secret="hush")
    told = downstream.run(accountId="86810", companyId="104348")
    assert told["byKey"] == dict(store.get(tenant.id))
    assert told["byAccount"] == [told["byKey"]]
    assert told["isValid"] is True
    assert {
        name: told["byKey"][name]
        for name in ("tenantId", "accountId", "companyId", "cluster", "isActive", "validTo")
    } == {
        "tenantId": "86810_104348",
        "accountId": "86810",
        "companyId": "104348",
        "cluster": "eu",
        "isActive": True,
        "validTo": "2027-11-22T23:59:59.999Z",
    }
    assert "hush" not in json.dumps(told)


def test_the_portal_reads_and_keeps_what_it_wrote(shared) -> None:
    store, downstream = shared
    downstream.run(put=WRITTEN_BY_IT)
    tenant = onboarding.find(store, "90001_70001")
    assert (tenant.is_active, tenant.version, tenant.contact.phone) == (True, None, "")
    assert tenant.contact.company == "Schmidt Lifts"
    by_account = store.query(GSI1, "ACCOUNT#90001").items
    assert [row["tenantId"] for row in by_account] == ["90001_70001"]

    onboarding.set_validity(store, tenant.id, expected_version=None, audit=ANN, validity=NEXT_YEAR)
    (row,) = downstream.run(accountId="90001", companyId="70001")["byAccount"]
    changed = {"validFrom", "validTo", "updatedAt"}
    # Its lists, fractions and nulls are as they were.
    assert {name: row[name] for name in WRITTEN_BY_IT if name not in changed} == {
        name: value for name, value in WRITTEN_BY_IT.items() if name not in changed
    }
    assert row["validTo"] == "2028-11-22T23:59:59.999Z"
    # From its first change on, lists show it.
    found = find(store, "schmidt lifts", queries.Tab.ALL, ANN.at)
    assert [row["tenantId"] for row in found.rows] == ["90001_70001"]
