"""`python -m migrations_tools import` with the profiles of browsers: places, the choice, and what
is written."""

import json

import plyvel
import pytest

from tests.imports.browsers.profiles import (
    APP,
    IN_SHELL,
    STAGING,
    ChromiumProfile,
    firefox_file,
    firefox_path,
    firefox_row,
    webkit_db,
)
from tests.imports.files import SECRET, tenant
from tests.migrations_tools.imports.tool_runner import json_output, run_tool, stored_items

pytestmark = pytest.mark.usefixtures("own_environment")

PARTITION = "^partitionKey=%28https%2Csap.com%29"


def records(*tenants):
    return {f"fsm_tenant_86810_{each['companyId']}": json.dumps(each) for each in tenants}


def names(folder):
    return {key: item["contactFullName"] for key, item in stored_items(folder).items()
            if key.startswith("86810_")}  # fmt: skip


@pytest.fixture
def user_data(tmp_path):
    """Three places in one profile, and one of them in a second profile as well."""
    first = ChromiumProfile(tmp_path / "user-data")
    first.write(IN_SHELL, records(tenant(1, contactFullName="In the shell"), tenant(2)))
    first.write(APP, records(tenant(1, contactFullName="In a tab")))
    newer = tenant(1, contactFullName="Staging", updatedAt="2026-11-01T00:00:00.000Z")
    first.write(STAGING, records(newer) | {"other": "1"})
    second = ChromiumProfile(tmp_path / "user-data", "Profile 1")
    second.write(IN_SHELL, records(tenant(3, contactFullName="Second profile")))
    return tmp_path / "user-data"


def test_the_places_of_all_profiles_are_listed_one_a_line(user_data):
    result = run_tool("import", user_data, "--list")
    assert result.exit_code == 0
    listed = result.stdout.splitlines()
    assert len(listed) == len(set(listed)) == 4
    assert {APP, STAGING} < set(listed)
    others = sorted(set(listed) - {APP, STAGING})
    assert [name.startswith(IN_SHELL) for name in others] == [True, True]
    assert ["Profile 1" in name for name in others] == [False, True]
    assert run_tool("import", user_data / "Profile 1", "--list").stdout == f"{IN_SHELL}\n"


@pytest.mark.parametrize("options", [[], ["--dry-run", "--json"]])
def test_nothing_is_merged_without_a_choice(user_data, tmp_path, options):
    result = run_tool("import", user_data, *options)
    assert result.exit_code == 2
    assert "There are tenants of 4 places" in result.stderr
    assert STAGING in result.stderr
    assert stored_items(tmp_path) == {}


def test_a_place_is_chosen_by_what_the_list_prints(user_data, tmp_path):
    profile = user_data / "Default"
    assert run_tool("import", profile, "--list").stdout.splitlines() == [APP, IN_SHELL, STAGING]
    result = run_tool("import", profile, "--origin", IN_SHELL)
    assert result.exit_code == 0, result.output
    assert names(tmp_path) == {"86810_1": "In the shell", "86810_2": "Jörg Weiß"}
    # A plain origin is its own store only.
    again = run_tool("import", profile, "--origin", APP, "--json", "--policy", "overwrite")
    assert json_output(again)["counts"]["update"] == 1
    assert names(tmp_path)["86810_1"] == "In a tab"
    assert SECRET not in result.output + again.output


def test_firefox_and_webkit_are_imported_from_folders_and_files(tmp_path):
    path = firefox_path(tmp_path / "firefox", f"https+++app.example.com{PARTITION}")
    rows = [firefox_row(key, value, compression=1)
            for key, value in records(tenant(1, contactFullName="王小明")).items()]  # fmt: skip
    firefox_file(path, APP, rows)
    for source in (tmp_path / "firefox", path):
        assert run_tool("import", source, "--list").stdout == f"{APP}{PARTITION}\n"
    result = run_tool("import", path, "--json")
    assert (result.exit_code, json_output(result)["shapes"]) == (0, ["Firefox profile"])
    file = tmp_path / "webkit" / "https_app.example.com_0.localstorage"
    db = webkit_db(file, records(tenant(2, contactFullName="Zoë")))
    result = run_tool("import", file)
    assert result.exit_code == 0
    assert "WebKit keeps what pages in frames of other sites store in memory only" in result.stderr
    assert run_tool("import", tmp_path / "webkit", "--list").stdout == f"{APP}\n"
    db.close()
    assert names(tmp_path) == {"86810_1": "王小明", "86810_2": "Zoë"}


def leveldb_of(user_data):
    return plyvel.DB(str(user_data / "Default" / "Local Storage" / "leveldb"))


NOT_COMPLETE = f"the storage {IN_SHELL} is not complete. Its records have"
LAST_WRITE = "If the last write of the browser is missing as a whole, nothing shows it"


def test_a_chosen_storage_that_is_not_complete_is_refused_by_name(user_data, tmp_path):
    db = leveldb_of(user_data)
    db.delete(b"_" + IN_SHELL.encode() + b"\0\1fsm_tenant_86810_2")
    db.close()
    profile = user_data / "Default"
    for origins in ([IN_SHELL], [APP, IN_SHELL]):
        options = [option for origin in origins for option in ("--origin", origin)]
        for more in ([], ["--dry-run", "--json"]):
            result = run_tool("import", profile, *options, *more)
            assert (result.exit_code, result.stdout) == (2, "")
            assert NOT_COMPLETE in result.stderr
            assert f"Error: The storage of {IN_SHELL} is not complete." in result.stderr
            assert LAST_WRITE not in result.stderr
    assert stored_items(tmp_path) == {}


def test_the_only_storage_with_tenants_is_refused_if_it_is_not_complete(tmp_path):
    profile = ChromiumProfile(tmp_path / "profile")
    profile.write(APP, records(tenant(1), tenant(2)))
    profile.change(lambda db: db.delete(b"_" + APP.encode() + b"\0\1fsm_tenant_86810_2"))
    result = run_tool("import", profile.folder)
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"Error: The storage of {APP} is not complete." in result.stderr
    assert stored_items(tmp_path) == {}


def test_a_storage_that_is_not_complete_and_not_chosen_stops_nothing(user_data, tmp_path):
    db = leveldb_of(user_data)
    db.delete(b"_" + IN_SHELL.encode() + b"\0\1fsm_tenant_86810_2")
    db.put(b"META:https://news.example", b"\x08\0\x10\x09")
    db.close()
    profile = user_data / "Default"
    listed = run_tool("import", profile, "--list")
    assert (listed.exit_code, listed.stdout.splitlines()) == (0, [APP, IN_SHELL, STAGING])
    result = run_tool("import", profile, "--origin", APP)
    assert result.exit_code == 0, result.output
    for stderr in (listed.stderr, result.stderr):
        assert NOT_COMPLETE in stderr
        assert "the storage https://news.example is not complete" in stderr
    assert names(tmp_path) == {"86810_1": "In a tab"}


def test_that_a_last_write_may_be_missing_is_said_once_and_only_with_a_plan(user_data):
    two = (user_data / "Default", user_data / "Profile 1")
    assert LAST_WRITE not in run_tool("import", *two, "--list").stderr
    assert LAST_WRITE not in run_tool("import", *two).stderr
    planned = run_tool("import", *two, "--origin", APP, "--dry-run")
    assert (planned.exit_code, planned.stderr.count(LAST_WRITE)) == (0, 1)


def test_one_bad_value_is_one_invalid_row_of_a_report_that_names_the_place(tmp_path):
    profile = ChromiumProfile(tmp_path / "profile")
    profile.write(IN_SHELL, records(tenant(1)) | {"fsm_tenant_86810_2": "\ud800"})
    report = tmp_path / "report.json"
    result = run_tool("import", profile.folder, "--report", report)
    assert result.exit_code == 1
    rows = json.loads(report.read_text())["rows"]
    assert [row["kind"] for row in rows] == ["new", "invalid"]
    assert [row["place"] for row in rows] == [IN_SHELL, IN_SHELL]
    assert rows[1]["reasons"] == [
        {"field": "", "message": "It holds half of a surrogate pair, which is no character."}
    ]
