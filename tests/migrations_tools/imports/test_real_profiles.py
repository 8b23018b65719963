"""The real thing: a page in a frame of another site fills its storage, the browser is closed, and
its profile is imported."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.imports.browsers.profiles import Reading
from tests.imports.files import SECRET, tenant
from tests.migrations_tools.imports.real_browsers import (
    CHROMIUM,
    FIREFOX,
    Sites,
    chromium,
    firefox,
)
from tests.migrations_tools.imports.tool_runner import json_output, run_tool, stored_items

pytestmark = [pytest.mark.usefixtures("own_environment"), pytest.mark.browser]

BROWSERS = [
    pytest.param(
        chromium,
        id="chromium",
        marks=pytest.mark.skipif(CHROMIUM is None, reason="no Chromium (apt-get install chromium)"),
    ),
    pytest.param(
        firefox,
        id="firefox",
        marks=pytest.mark.skipif(
            FIREFOX is None, reason="no Firefox (apt-get install firefox-esr)"
        ),
    ),
]
#: Short and long, Latin-1 and beyond, so that each browser uses all its encodings.
TENANTS = [
    tenant(1),
    tenant(2, contactFullName="Zoë Müller-Lüdenscheidt"),
    tenant(3, contactFullName="王小明 😀", contactCompanyName="株式会社見本"),
    tenant(4, companyName="x" * 190, accountName="y" * 190),
    tenant(5, contactFullName="A", updatedAt="2026-02-01T00:00:00.000Z"),
]


def script(tenants: list[dict[str, Any]]) -> str:
    keys = [f"fsm_tenant_86810_{each['companyId']}" for each in tenants]
    return f"""
      const put = (key, value) => localStorage.setItem(key, JSON.stringify(value));
      put("fsm_tenant_86810_5", {json.dumps(tenant(5, contactFullName="Overwritten"))});
      put("fsm_tenant_86810_6", {json.dumps(tenant(6, contactFullName="Deleted"))});
      put("fsm_tenant_86810_7", "half a pair \\ud800");
      localStorage.setItem("fsm_tenant_86810_8", "\\ud800");
      localStorage.setItem("other", "of another program");
      const keys = {json.dumps(keys)}, tenants = {json.dumps(tenants)};
      keys.forEach((key, at) => put(key, tenants[at]));
      localStorage.removeItem("fsm_tenant_86810_6")
    """


@pytest.mark.parametrize("browser", BROWSERS)
def test_the_profile_of_a_closed_browser_is_imported(browser, tmp_path):
    profile = tmp_path / "profile"
    with Sites(script(TENANTS)) as sites, browser(profile, f"{sites.shell}/shell"):
        sites.wait()
        running = run_tool("import", profile, "--dry-run")
        assert running.exit_code == 2
        assert "The browser is running" in running.stderr or "No local storage" in running.stderr
    reading = Reading(profile)
    read = {entry.key: json.loads(entry.value) for entry in reading.entries
            if not entry.problem and entry.key[-1] < "7"}  # fmt: skip
    assert read == {f"fsm_tenant_86810_{each['companyId']}": each for each in TENANTS}
    assert reading.ignored_keys == 1
    assert set(reading.problems) == {"fsm_tenant_86810_8"}
    (place,) = {entry.place for entry in reading.entries}
    assert (place.origin, place.top_site) == (sites.app, "http://127.0.0.1")
    assert place.storage_key in {
        f"{sites.app}/^0http://127.0.0.1", f"{sites.app}^partitionKey=%28http%2C127.0.0.1%29"
    }  # fmt: skip

    result = run_tool("import", profile, "--json")
    assert result.exit_code == 1
    assert json_output(result)["counts"] == {
        "new": 5, "same": 0, "update": 0, "conflict": 0, "duplicate": 0, "invalid": 2
    }  # fmt: skip
    assert SECRET not in result.output
    items = stored_items(tmp_path)
    names = {key: item["contactFullName"] for key, item in items.items() if key.startswith("86810")}
    assert names == {f"86810_{each['companyId']}": each["contactFullName"] for each in TENANTS}


def test_the_file_of_one_origin_alone_is_imported(tmp_path: Path):
    if FIREFOX is None:
        pytest.skip("no Firefox (apt-get install firefox-esr)")
    profile = tmp_path / "profile"
    with Sites(script(TENANTS)) as sites, firefox(profile, f"{sites.shell}/shell"):
        sites.wait()
    (path,) = (profile / "storage" / "default").glob("*/ls/data.sqlite")
    assert json_output(run_tool("import", path, "--json"))["counts"]["new"] == 5
