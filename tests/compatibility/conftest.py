"""Fixtures: a portal with the current code on a copy of the data that 1.0 wrote."""

import base64
import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import itsdangerous
import pytest

from portal.settings import SETTINGS
from tests.compatibility.driver import Browser, Clock, Portal, closing_portal
from tests.dynamodb_engine import CREDENTIALS, REGION, Engine
from tests.sealing_key import with_sealing_key
from tests.strict_client import StrictClient

WRITTEN = Path(__file__).with_name("written_by_1_0")
TEXTS: dict[str, str] = json.loads((WRITTEN / "texts" / "texts.json").read_text("utf-8"))
SECRET_KEY = (WRITTEN / "folder" / "secret-key").read_text("ascii").strip()


class UpgradedPortal(Portal):
    """A portal with the current code on data of 1.0.

    `placeholders` replaces those in `adopt-progress.json`, which names the store that it is for.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        clock: Clock,
        folder: Path,
        placeholders: Mapping[str, str],
    ) -> None:
        super().__init__(environ, clock)
        strict(self)
        self.folder = folder
        progress = folder / "adopt-progress.json"
        text = progress.read_text("ascii")
        for placeholder, value in placeholders.items():
            text = text.replace(placeholder, value)
        progress.write_text(text, encoding="ascii")

    def items(self) -> dict[str, Mapping[str, Any]]:
        page = self.store.scan(limit=1000)
        assert page.after is None
        return {str(item["tenantId"]): item for item in page.items}

    def in_session(self, text: str) -> Browser:
        """A browser that still has this session cookie."""
        browser = self.browser()
        browser.client.set_cookie("portal", text, domain="localhost")
        return browser


def strict(portal: Portal) -> None:
    portal.app.test_client_class = StrictClient


def copy_folder(name: str, into: Path) -> Path:
    """Copy a folder that 1.0 wrote. As the portal made it, only its owner may read it."""
    # Without the file times: `adopt` ignores a progress file that is older than a day.
    shutil.copytree(WRITTEN / name, into, copy_function=shutil.copyfile)
    into.chmod(0o700)
    for path in into.iterdir():
        path.chmod(0o600)
    return into


def environ_of(folder: Path, **more: str) -> dict[str, str]:
    nothing = {setting.name: "" for setting in SETTINGS}
    return {
        **nothing,
        "PORTAL_DATA_DIR": str(folder),
        "PORTAL_SIGN_UP_MIN_SECONDS": "0",
        "PORTAL_SIGN_UPS_PER_HOUR": "0",
        **more,
    }


def environ_of_table(folder: Path, engine: Engine, table: str) -> dict[str, str]:
    return environ_of(
        with_sealing_key(folder),
        USE_DYNAMODB="true",
        TENANT_TABLE_NAME=table,
        AWS_REGION=REGION,
        AWS_ENDPOINT_URL_DYNAMODB=engine.url,
        PORTAL_SECRET_KEY=SECRET_KEY,
        **CREDENTIALS,
    )


def items_of_table() -> list[dict[str, dict[str, Any]]]:
    """The items of the table, in the form that boto3 uses."""
    lines = (WRITTEN / "table" / "items.jsonl").read_text("utf-8").splitlines()
    return [{name: _value(each) for name, each in json.loads(line).items()} for line in lines]


def _value(attribute: dict[str, Any]) -> dict[str, Any]:
    """JSON holds bytes in base64. Only attributes at the top level are bytes."""
    ((kind, value),) = attribute.items()
    return {kind: base64.b64decode(value) if kind == "B" else value}


@pytest.fixture(autouse=True)
def time_of_signatures(monkeypatch: pytest.MonkeyPatch) -> None:
    """itsdangerous signs cookies with the time of the machine. Here it is the time at which 1.0
    signed them, so that a limit to the age of a cookie does not break the tests."""
    monkeypatch.setattr(
        itsdangerous.TimestampSigner, "get_timestamp", lambda _self: int(Clock().now().timestamp())
    )


@pytest.fixture
def upgraded_folder(tmp_path: Path) -> Iterator[UpgradedPortal]:
    folder = copy_folder("folder", tmp_path / "data")
    placeholders = {"@FOLDER@": str(folder)}
    with closing_portal(
        UpgradedPortal(environ_of(folder), Clock(), folder, placeholders)
    ) as upgraded:
        yield upgraded


@pytest.fixture
def upgraded_table(tmp_path: Path, engine: Engine) -> Iterator[UpgradedPortal]:
    folder = copy_folder("table", tmp_path / "data")
    table = engine.new_table().table
    for item in items_of_table():
        engine.client.put_item(TableName=table, Item=item)
    placeholders = {"@TABLE@": table, "@ENDPOINT@": engine.url}
    environ = environ_of_table(folder, engine, table)
    with closing_portal(UpgradedPortal(environ, Clock(), folder, placeholders)) as upgraded:
        yield upgraded


@pytest.fixture(params=["folder", "table"])
def upgraded(request: pytest.FixtureRequest) -> UpgradedPortal:
    found: UpgradedPortal = request.getfixturevalue(f"upgraded_{request.param}")
    return found


@pytest.fixture
def anna(upgraded: UpgradedPortal) -> Browser:
    """An approver, in a session that 1.0 started."""
    return upgraded.in_session(TEXTS["session"])


@pytest.fixture
def ada(upgraded: UpgradedPortal) -> Browser:
    """An administrator who signs in with the current code."""
    return upgraded.staff("Ada Admin", "admin")
