"""Whose answer changes when the portal uses the target of a copy."""

import json
from pathlib import Path

import pytest

from portal.stores import Add, Store
from portal.stores.dynamodb import DynamoDbStore, TableLocation
from portal.stores.file import JsonFileStore
from tests.answer_diff.answer_rows import row
from tests.dynamodb_engine import REGION
from tests.examples import all_items
from tests.migrations_tools.copy.test_command import run


@pytest.fixture
def environ(location: TableLocation) -> dict[str, str]:
    return {
        "TENANT_TABLE_NAME": location.table,
        "AWS_REGION": REGION,
        "AWS_ENDPOINT_URL_DYNAMODB": str(location.endpoint),
    }


@pytest.mark.parametrize("direction", [("json", "dynamodb"), ("dynamodb", "json")])
def test_the_target_is_compared_as_it_will_be(
    file: JsonFileStore,
    table: DynamoDbStore,
    environ: dict[str, str],
    tmp_path: Path,
    direction: tuple[str, str],
) -> None:
    stores: dict[str, Store] = {"json": file, "dynamodb": table}
    source, target = (stores[name] for name in direction)
    arguments = ("--from", direction[0], "--to", direction[1])
    end = "2999-12-31T23:59:59.999Z"
    source.write([Add(row(number, validTo=end)) for number in range(1, 5)])
    source.write([Add(row(5, tenantId="pending-abcdefghijklmnopqrstuvwxyz", status="pending"))])
    target.write([
        # The same already; another one, which stays; one that only the target has.
        Add(row(1, validTo=end)), Add(row(2, validTo=end, status="suspended")),
        Add(row(9, validTo=end)),
    ])  # fmt: skip
    before = all_items(target)
    shown = run(tmp_path / "data", *arguments, "--answers", **environ)
    assert shown.exit_code == 0, shown.output
    assert shown.stdout == (
        "Answers to the application: 3 the same, 1 loses access now, 1 gains it.\n"
        "  86810_2 loses access now.\n"
    )
    as_json = run(tmp_path / "data", *arguments, "--answers", "--json", **environ)
    diff = json.loads(as_json.stdout)["answerDiff"]
    assert (diff["same"], diff["loseNow"], diff["gainNow"]) == (3, 1, 1)
    refused = run(tmp_path / "data", *arguments, "--most-losing", "0", **environ)
    assert refused.exit_code == 1
    assert "86810_2 loses access now." in refused.stderr
    assert "1 tenant would lose access, and at most 0 may." in refused.stderr
    assert all_items(target) == before
    copied = run(tmp_path / "data", *arguments, "--most-losing", "1", **environ)
    assert "Copied: 3." in copied.stdout
    assert all_items(target).keys() == before.keys() | all_items(source).keys()
