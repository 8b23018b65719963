# The modules of 1.0 are not there, so nobody can check their types, nor sort them.
# mypy: ignore-errors
# isort: skip_file
"""Writes the files in `written_by_1_0`. It must run with the code of 1.0: commit 978e9a5.

    git worktree add ../portal-1.0 978e9a5
    PYTHONPATH=../portal-1.0 python tests/compatibility/write_1_0.py

It does not run with the current code, because it replaces functions of modules that have other
names today: to simulate a crash or a failing disk (`accidents_1_0.py`), and to write the same bytes
in each run (time and random numbers). What people do is in `scenario.py`. The DynamoDB engine comes
from the tests of that commit.
"""

import base64
import json
import os
import random
import secrets
import shutil
import sys
import tempfile
import threading
from datetime import datetime
from hashlib import sha256
from pathlib import Path

import itsdangerous
import portal.cli
import portal.imports.planning
import portal.listings
import portal.stores.dynamodb
import portal.token_commands
from portal import onboarding
from portal.records import is_tenant
from portal.settings import SETTINGS
from portal.stores.disk import LocalDisk
from portal.stores.json_file import JsonFileStore
from portal.tenants import Contact

from tests import engine as dynamodb

HERE = Path(__file__).parent
# Modules of that commit come first in the path; the scenario exists only here.
sys.path.append(str(HERE.parent.parent))

from tests.compatibility import (  # noqa: E402 - see above
    accidents_1_0 as accidents,
    driver,
    sample_records,
    scenario,
    tenant_values,
)

INTO = HERE / "written_by_1_0"
NOTHING = {setting.name: "" for setting in SETTINGS}


# ---- The same bytes each time


class Seeded:
    """Random bytes, seeded with the time of the scenario. The stores draw from a generator of their
    own: only one of the two stores needs random bytes, and both must get the same ids."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.begin("")

    def begin(self, seed: str) -> None:
        self._random, self._of_store = random.Random(seed), random.Random(f"store {seed}")

    def __call__(self, size: int) -> bytes:
        frame, source = sys._getframe(1), self._random
        while frame is not None:
            if "/portal/stores/" in frame.f_code.co_filename:
                source = self._of_store
            frame = frame.f_back
        with self._lock:
            return source.randbytes(size)


def make_deterministic() -> driver.Clock:
    seeded = Seeded()
    clock = driver.Clock(seeded.begin)
    # All functions of `secrets`, and the CSRF tokens of Flask-WTF, use these.
    random._urandom = os.urandom = seeded
    assert len(secrets.token_hex(4)) == 8
    itsdangerous.TimestampSigner.get_timestamp = lambda _self: int(clock.now().timestamp())
    portal.cli.utc_now = portal.token_commands.utc_now = clock.now

    class Now(datetime):
        @classmethod
        def now(cls, _zone: object) -> datetime:
            return clock.now()

    portal.cli.datetime = Now
    # The engine returns attributes in random order, and the file store keeps that order.
    read = portal.stores.dynamodb.from_attributes
    portal.stores.dynamodb.from_attributes = lambda found: read(dict(sorted(found.items())))
    # With one worker each secret gets the same nonce in each run.
    portal.imports.planning._ASK_TABLE = 1
    return clock


def write_damaged(name: str, disk: LocalDisk, flag: str, error: type[BaseException]) -> None:
    """A folder with two sign-ups, and the remnant of a third one that failed."""
    folder = INTO / name
    store = JsonFileStore(folder, disk=disk)
    try:
        for number, company in enumerate(("First Ltd", "Second Ltd", "Third Ltd"), 1):
            if number == 3:
                setattr(disk, flag, True)
            onboarding.submit(
                store,
                reference=f"{number:026}",
                contact=Contact(company=company, name="Sam", email=f"sam{number}@example.com"),
                claims=None,
                status_link=sha256(f"made-up link {number}".encode()).hexdigest(),
                now=driver.END,
                locale="en",
            )
    except error as expected:
        print(f"{name}: {type(expected).__name__}")
    else:
        raise AssertionError("the third sign-up was stored")
    finally:
        setattr(disk, flag, False)
        store.close()


# ---- The files


def environ_of(folder: Path, **more: str) -> dict[str, str]:
    return {**NOTHING, "PORTAL_DATA_DIR": str(folder), "PORTAL_SIGN_UP_MIN_SECONDS": "0", **more}


def by_dynamodb(engine: dynamodb.Engine, place: object) -> dict[str, str]:
    return {
        "USE_DYNAMODB": "true",
        "TENANT_TABLE_NAME": place.table,
        "AWS_REGION": dynamodb.REGION,
        "AWS_ENDPOINT_URL_DYNAMODB": engine.url,
    }


def put_old_rows(engine: dynamodb.Engine, place: object) -> None:
    for row in sample_records.OLD_ROWS:
        engine.client.put_item(TableName=place.table, Item=row)


def run_all(environ: dict[str, str], clock: driver.Clock) -> driver.Portal:
    office = driver.Portal(
        environ, clock, limited_step=accidents.limited_step, interrupted=accidents.interrupted
    )
    scenario.run_scenario(office)
    clock.set(f"{scenario.LAST_DAY} 09:58")
    cursor_and_reports(office)
    clock.set(f"{scenario.LAST_DAY} 09:59")
    accidents.adopt_and_be_stopped(office)
    return office


def cursor_and_reports(office: driver.Portal) -> None:
    ada = office.staff("Ada Admin", "admin")
    defaults = portal.listings.page.__kwdefaults__
    defaults["limit"] = 1
    page = ada.get("/staff/tenants?status=pending").text
    defaults["limit"] = portal.listings.PAGE
    office.texts["cursor"] = page.partition("after=")[2].partition('"')[0]
    late = office.texts["import late"]
    office.texts["report.csv"] = ada.get(f"{late}/report.csv").text
    office.texts["report.json"] = ada.get(f"{late}/report.json").text
    office.texts["planned.json"] = ada.get(f"{office.texts['import planned']}/report.json").text
    # Exit status 1: one tenant has an invalid date.
    office.texts["export.jsonl"] = office.tool("export", ends_with=1)
    ada.send("/staff/", "/staff/sign-out")


def write_folder(engine: dynamodb.Engine, clock: driver.Clock) -> dict[str, str]:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "data"
        place = engine.new_table()
        put_old_rows(engine, place)
        environ = environ_of(folder)
        clock.set("2025-03-03 08:00")
        driver.Portal(environ, clock).close()
        both = environ | by_dynamodb(engine, place)
        office = driver.Portal(environ, clock)
        office.environ = both | {"USE_DYNAMODB": ""}
        print(office.tool("copy", "--from", "dynamodb", "--to", "json"))
        office.close()
        office = run_all(environ, clock)
        office.close()
        into = INTO / "folder"
        shutil.copytree(folder, into)
        replace_in(into / "adopt-progress.json", str(folder), "@FOLDER@")
        return office.texts


def write_table(engine: dynamodb.Engine, clock: driver.Clock) -> dict[str, str]:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "data"
        place = engine.new_table()
        put_old_rows(engine, place)
        key = (INTO / "folder" / "secret-key").read_text().strip()
        more = by_dynamodb(engine, place)
        office = run_all(environ_of(folder, PORTAL_SECRET_KEY=key, **more), clock)
        office.close()
        into = INTO / "table"
        shutil.copytree(folder, into)
        replace_in(into / "adopt-progress.json", place.table, "@TABLE@")
        replace_in(into / "adopt-progress.json", engine.url, "@ENDPOINT@")
        items = engine.client.scan(TableName=place.table)["Items"]
        items.sort(key=lambda item: item["tenantId"]["S"])
        text = "".join(f"{json.dumps(plain(item), ensure_ascii=False)}\n" for item in items)
        (into / "items.jsonl").write_text(text, encoding="utf-8")
        return office.texts


def write_values() -> None:
    """The values that the code of 1.0 reads in the folder: one line for each tenant."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "data"
        shutil.copytree(INTO / "folder", folder)
        store = JsonFileStore(folder)
        items = store.scan(limit=1000).items
        tenants = [onboarding.find(store, item["tenantId"]) for item in items if is_tenant(item)]
        values = {
            tenant.id: tenant_values.values_of(
                tenant, portal.listings.history(store, tenant), portal.listings.notes(store, tenant)
            )
            for tenant in tenants
        }
        store.close()
    lines = [
        f"{json.dumps(name)}: {json.dumps(values[name], ensure_ascii=False)}" for name in values
    ]
    (INTO / "values.json").write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def plain(value: object) -> object:
    """For JSON: names sorted, and bytes in base64 as in DynamoDB's own exports."""
    if isinstance(value, dict):
        return {name: plain(value[name]) for name in sorted(value)}
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, list):
        return [plain(each) for each in value]
    return value


def replace_in(path: Path, text: str, by: str) -> None:
    path.write_text(path.read_text().replace(text, by))


def main() -> None:
    print("with", portal.__file__)
    shutil.rmtree(INTO, ignore_errors=True)
    os.environ.update(dynamodb.CREDENTIALS)
    clock = make_deterministic()
    with dynamodb.running() as url:
        engine = dynamodb.Engine(url)
        texts = write_folder(engine, clock)
        others = write_table(engine, clock)
        engine.close()
    for name in sorted(texts.keys() | others.keys()):
        # The order of an export depends on the store.
        if sorted(texts[name].splitlines()) != sorted(others[name].splitlines()):
            print("differs between the stores:", name)
    files = {name: texts.pop(name) for name in [*texts] if "." in name}
    folder = INTO / "texts"
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_bytes(text.encode())
    (folder / "texts.json").write_text(json.dumps(texts, indent=2, ensure_ascii=False) + "\n")
    write_values()
    clock.set(f"{scenario.LAST_DAY} 10:00")
    write_damaged("torn", accidents.DyingDisk(), "dies", KeyboardInterrupt)
    write_damaged("spoilt", accidents.FailingDisk(), "fails", Exception)
    for path in sorted(INTO.rglob("*")):
        if path.is_file():
            print(f"{path.stat().st_size:8} {path.relative_to(INTO)}")


if __name__ == "__main__":
    main()
