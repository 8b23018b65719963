"""`import --answers` and `--most-losing`: whose access an import changes, in both stores."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from portal.stores import Store
from portal.stores.dynamodb import DynamoDbStore, TableLocation
from portal.stores.file import JsonFileStore
from tests.dynamodb_engine import CREDENTIALS, REGION, Engine
from tests.examples import all_items
from tests.imports.files import dump, tenant
from tests.migrations_tools.imports.tool_runner import json_output, run_tool
from tests.sealing_key import with_sealing_key

pytestmark = pytest.mark.usefixtures("own_environment")

END = "2999-12-31T23:59:59.999Z"
OVERWRITE = ("--policy", "overwrite")


@pytest.fixture(params=["json", "dynamodb"])
def opened(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], Store]:
    """Opens the store into which the command imports."""
    if request.param == "json":
        return lambda: JsonFileStore(tmp_path / "data")
    with_sealing_key(tmp_path / "data")
    engine: Engine = request.getfixturevalue("engine")
    location: TableLocation = engine.new_table()
    environ = {
        "USE_DYNAMODB": "true",
        "TENANT_TABLE_NAME": location.table,
        "AWS_REGION": REGION,
        "AWS_ENDPOINT_URL_DYNAMODB": str(location.endpoint),
        **CREDENTIALS,
    }
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    return lambda: DynamoDbStore(location)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """Three tenants with access; and the same, of which one is suspended, one ends."""
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    first.write_bytes(dump(*(tenant(number, validTo=END) for number in (1, 2, 3))))
    second.write_bytes(
        dump(
            tenant(1, validTo=END, isActive=False),
            tenant(2, validTo="2900-12-31T23:59:59.999Z"),
            tenant(3, validTo=END),
        )
    )
    return first, second


def stored(opened: Callable[[], Store]) -> dict[str, object]:
    store = opened()
    items = all_items(store)
    store.close()
    return dict(items)


def test_the_plan_is_told_and_a_limit_refuses_it(
    opened: Callable[[], Store], files: tuple[Path, Path]
) -> None:
    gained = run_tool("import", files[0], "--answers")
    assert gained.exit_code == 0, gained.output
    assert "Answers to the application: 0 the same, 3 gain access now.\n" in gained.stdout
    before = stored(opened)
    shown = run_tool("import", files[1], *OVERWRITE, "--dry-run", "--answers")
    assert shown.exit_code == 0
    assert (
        "Answers to the application: 1 the same, 1 loses access now, 1 on 1 January 2901.\n"
        "  86810_1 loses access now.\n"
        "  86810_2 loses access on 1 January 2901, 00:00 UTC.\n"
    ) in shown.stdout
    for dry_run in (["--dry-run"], []):
        refused: Result = run_tool("import", files[1], *OVERWRITE, *dry_run, "--most-losing", "1")
        assert refused.exit_code == 1
        assert "  86810_1 loses access now.\n" in refused.stderr
        assert "Nothing was written: 2 tenants would lose access, and at most 1 may." in (
            refused.stderr
        )
    assert stored(opened) == before
    report = files[0].with_name("report.csv")
    told = run_tool(
        "import", files[1], *OVERWRITE, "--most-losing", "1", "--json", "--report", report
    )
    assert told.exit_code == 1
    plan = json_output(told)
    assert (plan["applied"], plan["answerDiff"]["loseNow"], plan["answerDiff"]["loseLater"]) == (
        False, 1, 1,
    )  # fmt: skip
    assert [each["tenant"] for each in plan["answerDiff"]["lose"]] == ["86810_1", "86810_2"]
    assert [(row["kind"], row["written"]) for row in plan["rows"]] == [
        ("update", False), ("update", False), ("same", False),
    ]  # fmt: skip
    assert "importId" not in plan
    assert report.read_text().count('"update"') == 2
    assert "Nothing was written: 2 tenants would lose access" in told.stderr
    assert stored(opened) == before
    done = run_tool("import", files[1], *OVERWRITE, "--most-losing", "2", "--json")
    assert done.exit_code == 0
    output = json_output(done)
    assert output["applied"] is True
    counts = ("same", "loseNow", "loseLater", "gainNow", "gainLater", "otherwise")
    assert [output["answerDiff"][name] for name in counts] == [1, 1, 1, 0, 0, 0]
    assert output["answerDiff"]["loseOn"] == {"2901-01-01": 1}
    again = run_tool("import", files[1], *OVERWRITE, "--answers", "--most-losing", "0")
    assert "Answers to the application: 3 the same.\n" in again.stdout


def test_without_being_asked_people_are_told_nothing_new(
    opened: Callable[[], Store], files: tuple[Path, Path]
) -> None:
    result = run_tool("import", files[0])
    assert "Answers to the application" not in result.stdout
    assert "86810_3" in stored(opened)
