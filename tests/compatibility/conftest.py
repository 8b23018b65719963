"""What 1.0 wrote, copied for one test, in each kind of store: `written`."""

import base64
import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import itsdangerous
import pytest

from portal.settings import SETTINGS
from tests.compatibility.driver import Browser, Clock, Portal, running
from tests.conftest import COMPILED
from tests.dynamodb_engine import CREDENTIALS, REGION, Engine
from tests.strict_client import StrictClient

WRITTEN = Path(__file__).with_name("written_by_1_0")
TEXTS: dict[str, str] = json.loads((WRITTEN / "texts" / "texts.json").read_text("utf-8"))
SECRET_KEY = (WRITTEN / "folder" / "secret-key").read_text("ascii").strip()


class Written(Portal):
    """A portal of today on what 1.0 wrote. `where` replaces what stands in the files for the
    place that they have come from."""

    def __init__(
        self, environ: Mapping[str, str], clock: Clock, folder: Path, where: Mapping[str, str]
    ) -> None:
        super().__init__(environ, clock)
        strict(self)
        self.folder = folder
        progress = folder / "adopt-progress.json"
        text = progress.read_text("ascii")
        for stand_in, place in where.items():
            text = text.replace(stand_in, place)
        progress.write_text(text, encoding="ascii")

    def items(self) -> dict[str, Mapping[str, Any]]:
        page = self.store.scan(limit=1000)
        assert page.after is None
        return {str(item["tenantId"]): item for item in page.items}

    def in_session(self, text: str) -> Browser:
        """A browser that still has this cookie."""
        browser = self.browser()
        browser.client.set_cookie("portal", text, domain="localhost")
        return browser


def strict(portal: Portal) -> None:
    portal.app.test_client_class = StrictClient
    portal.app.jinja_env.bytecode_cache = COMPILED


def copied(name: str, into: Path) -> Path:
    """A folder that 1.0 wrote, for its owner only, as it was."""
    # Not its times: what `adopt` keeps is no good after a day.
    shutil.copytree(WRITTEN / name, into, copy_function=shutil.copyfile)
    into.chmod(0o700)
    for path in into.iterdir():
        path.chmod(0o600)
    return into


def environ_of(folder: Path, **more: str) -> dict[str, str]:
    nothing = {setting.name: "" for setting in SETTINGS}
    return {**nothing, "PORTAL_DATA_DIR": str(folder), "PORTAL_SIGN_UP_MIN_SECONDS": "0", **more}


def environ_of_table(folder: Path, engine: Engine, table: str) -> dict[str, str]:
    return environ_of(
        folder,
        USE_DYNAMODB="true",
        TENANT_TABLE_NAME=table,
        AWS_REGION=REGION,
        AWS_ENDPOINT_URL_DYNAMODB=engine.url,
        PORTAL_SECRET_KEY=SECRET_KEY,
        **CREDENTIALS,
    )


def items_of_table() -> list[dict[str, dict[str, Any]]]:
    """The items of the table, as boto3 has them."""
    lines = (WRITTEN / "table" / "items.jsonl").read_text("utf-8").splitlines()
    return [{name: _value(each) for name, each in json.loads(line).items()} for line in lines]


def _value(attribute: dict[str, Any]) -> dict[str, Any]:
    """Bytes stand in base64 in JSON; the old application left some, and not inside of others."""
    ((kind, value),) = attribute.items()
    return {kind: base64.b64decode(value) if kind == "B" else value}


@pytest.fixture(autouse=True)
def time_of_signatures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cookies are signed with a time of their own, whatever the clock of the portal says. They
    are read here as they were on the day that they were made."""
    monkeypatch.setattr(
        itsdangerous.TimestampSigner, "get_timestamp", lambda _self: int(Clock().now().timestamp())
    )


@pytest.fixture
def in_folder(tmp_path: Path) -> Iterator[Written]:
    folder = copied("folder", tmp_path / "data")
    where = {"@FOLDER@": str(folder)}
    with running(Written(environ_of(folder), Clock(), folder, where)) as written:
        yield written


@pytest.fixture
def in_table(tmp_path: Path, engine: Engine) -> Iterator[Written]:
    folder = copied("table", tmp_path / "data")
    table = engine.new_table().table
    for item in items_of_table():
        engine.client.put_item(TableName=table, Item=item)
    where = {"@TABLE@": table, "@ENDPOINT@": engine.url}
    environ = environ_of_table(folder, engine, table)
    with running(Written(environ, Clock(), folder, where)) as written:
        yield written


@pytest.fixture(params=["folder", "table"])
def written(request: pytest.FixtureRequest) -> Written:
    return request.getfixturevalue(f"in_{request.param}")


@pytest.fixture
def anna(written: Written) -> Browser:
    """The approver, in the session that 1.0 began."""
    return written.in_session(TEXTS["session"])


@pytest.fixture
def ada(written: Written) -> Browser:
    """The administrator, who signs in today."""
    return written.staff("Ada Admin", "admin")
