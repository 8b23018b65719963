# The modules of 1.0 are not there.
# mypy: ignore-errors
# ruff: noqa: I001 - sorted by the modules of 1.0, and not by those of today
"""Writes the files of `written_by_1_0` with the code of 1.0, which is commit 978e9a5.

    git worktree add /tmp/portal-1.0 978e9a5
    PYTHONPATH=/tmp/portal-1.0 python tests/compatibility/write_1_0.py

It is not for the code of today: it reaches into modules by the names that they had then, to make
what happens by accident happen on purpose (a process that dies, a disk that fails), and to make
two runs write the same bytes (the clock, and what is random). What people do is told in
`scenario.py`. It needs the tests' DynamoDB engine, which it takes from that commit's tests.
"""

import base64
import contextlib
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
import migrations_tools.memory
import migrations_tools.rows
import migrations_tools.table_rows
import portal.cli
import portal.imports.applying
import portal.imports.planning
import portal.imports.saving
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
# What that commit has is found there first; the scenario is only here.
sys.path.append(str(HERE.parent.parent))

from tests.compatibility import driver, sample_records, scenario, tenant_values  # noqa: E402 - see above

INTO = HERE / "written_by_1_0"
NOTHING = {setting.name: "" for setting in SETTINGS}


# ---- The same bytes each time


class Seeded:
    """What is random, worked out from the time on the scenario's clock. A store has its own, since
    only one of the two needs any."""

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


def make_the_same_each_time() -> driver.Clock:
    seeded = Seeded()
    clock = driver.Clock(seeded.begin)
    # Everything in `secrets` comes from here, and so does what Flask-WTF makes.
    random._urandom = os.urandom = seeded
    assert len(secrets.token_hex(4)) == 8
    itsdangerous.TimestampSigner.get_timestamp = lambda _self: int(clock.now().timestamp())
    portal.cli.utc_now = portal.token_commands.utc_now = clock.now

    class Now(datetime):
        @classmethod
        def now(cls, _zone: object) -> datetime:
            return clock.now()

    portal.cli.datetime = Now
    # The engine names attributes in any order, and a copy in the file keeps it.
    read = portal.stores.dynamodb.from_attributes
    portal.stores.dynamodb.from_attributes = lambda found: read(dict(sorted(found.items())))
    # One at a time, so that each secret is sealed with the same nonce.
    portal.imports.planning._ASK_TABLE = 1
    return clock


# ---- What happens by accident


@contextlib.contextmanager
def one_step(rows: int):
    """One press of the button writes so many rows, as if the process had died then."""
    defaults = portal.imports.applying.step.__kwdefaults__
    before, defaults["rows"] = defaults["rows"], rows
    yield
    defaults["rows"] = before


@contextlib.contextmanager
def breaking_off():
    """The process dies once the rows of a plan are saved, and before the plan is."""

    def die(*_arguments):
        raise KeyboardInterrupt

    before, portal.imports.saving._add = portal.imports.saving._add, die
    try:
        yield
    finally:
        portal.imports.saving._add = before


def adopt_and_be_stopped(office: driver.Portal) -> None:
    """`adopt --apply`, stopped when some of the old rows have what they need, and some have not."""
    memory = migrations_tools.memory.Memory
    keep = memory.keep
    old = ("90001_1", "90003_1")

    def keep_and_die(self, number, place):
        keep(self, number, place)
        # Which one comes first, the store says.
        if any(str(office.store.get(each)["clientSecret"]).startswith("v1.") for each in old):
            raise KeyboardInterrupt

    memory.keep = keep_and_die
    for module in (migrations_tools.rows, migrations_tools.table_rows):
        module.PAGE = 1
    try:
        with contextlib.suppress(AssertionError):
            office.tool("adopt", "--apply", "--segments", "1")
    finally:
        memory.keep = keep
    state = [str(office.store.get(each)["clientSecret"])[:3] for each in old]
    print("adopted:", dict(zip(old, state, strict=True)))


class DyingDisk(LocalDisk):
    """Half of a commit gets to the disk, and then the process is gone."""

    dies = False

    def write(self, fd, data, offset):
        if self.dies and b'"durable"' in data:
            super().write(fd, data[: len(data) // 2], offset)
            raise KeyboardInterrupt
        return super().write(fd, data, offset)


class FailingDisk(LocalDisk):
    """It does not sync the journal any more, nor cuts anything off."""

    fails = False

    def sync(self, fd):
        if self.fails and self.size(fd) > 160:
            raise OSError(5, "Input/output error")
        super().sync(fd)

    def truncate(self, fd, size):
        if self.fails:
            raise OSError(5, "Input/output error")
        super().truncate(fd, size)


def write_damaged(name: str, disk: LocalDisk, flag: str, error: type[BaseException]) -> None:
    """A folder with two sign-ups, and what is left of a third one that was refused."""
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
        raise AssertionError("the third one was taken")
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


def played(environ: dict[str, str], clock: driver.Clock) -> driver.Portal:
    office = driver.Portal(environ, clock, one_step=one_step, breaking_off=breaking_off)
    scenario.play(office)
    clock.set(f"{scenario.LAST_DAY} 09:58")
    cursor_and_reports(office)
    clock.set(f"{scenario.LAST_DAY} 09:59")
    adopt_and_be_stopped(office)
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
    # One has a date that nobody can read.
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
        office = played(environ, clock)
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
        office = played(environ_of(folder, PORTAL_SECRET_KEY=key, **more), clock)
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
    """What the code of 1.0 itself reads in the folder: each tenant with its history, a line each,
    without what is empty."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "data"
        shutil.copytree(INTO / "folder", folder)
        store = JsonFileStore(folder)
        items = store.scan(limit=1000).items
        tenants = [onboarding.find(store, item["tenantId"]) for item in items if is_tenant(item)]
        told = {
            tenant.id: tenant_values.values_of(
                tenant, portal.listings.history(store, tenant), portal.listings.notes(store, tenant)
            )
            for tenant in tenants
        }
        store.close()
    lines = [f"{json.dumps(name)}: {json.dumps(told[name], ensure_ascii=False)}" for name in told]
    (INTO / "values.json").write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def plain(value: object) -> object:
    """For JSON: sorted, sets too, and bytes as DynamoDB's own exports have them."""
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
    clock = make_the_same_each_time()
    with dynamodb.running() as url:
        engine = dynamodb.Engine(url)
        texts = write_folder(engine, clock)
        others = write_table(engine, clock)
        engine.close()
    for name in sorted(texts.keys() | others.keys()):
        # Only the order of an export is the store's.
        if sorted(texts[name].splitlines()) != sorted(others[name].splitlines()):
            print("not the same of both stores:", name)
    files = {name: texts.pop(name) for name in [*texts] if "." in name}
    held = INTO / "texts"
    held.mkdir()
    for name, text in files.items():
        (held / name).write_bytes(text.encode())
    (held / "texts.json").write_text(json.dumps(texts, indent=2, ensure_ascii=False) + "\n")
    write_values()
    clock.set(f"{scenario.LAST_DAY} 10:00")
    write_damaged("torn", DyingDisk(), "dies", KeyboardInterrupt)
    write_damaged("spoilt", FailingDisk(), "fails", Exception)
    for path in sorted(INTO.rglob("*")):
        if path.is_file():
            print(f"{path.stat().st_size:8} {path.relative_to(INTO)}")


if __name__ == "__main__":
    main()
