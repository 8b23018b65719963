"""`import` and `export` while answers of DynamoDB are damaged, cut, or come from something else."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result

from portal.stores.dynamodb import DynamoDbStore, TableLocation
from tests.dynamodb_engine import CREDENTIALS, REGION, Engine
from tests.examples import all_items
from tests.fault_proxy import SPOILED, Between, Trouble, always, between
from tests.imports.files import lines, tenant
from tests.migrations_tools.imports.tool_runner import json_output, run_tool
from tests.sealing_key import with_sealing_key

TENANTS = 30

each_spoil = pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file.jsonl"
    path.write_bytes(lines(*(tenant(number) for number in range(TENANTS))))
    return path


@pytest.fixture
def location(engine: Engine) -> TableLocation:
    return engine.new_table()


@pytest.fixture
def proxy(
    engine: Engine,
    location: TableLocation,
    own_environment: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Between]:
    del own_environment
    with_sealing_key(tmp_path / "data")
    with between(engine.url) as here:
        for name, value in {
            **CREDENTIALS,
            "USE_DYNAMODB": "true",
            "TENANT_TABLE_NAME": location.table,
            "AWS_REGION": REGION,
            "AWS_ENDPOINT_URL_DYNAMODB": here.url,
        }.items():
            monkeypatch.setenv(name, value)
        yield here


def tenants_in(location: TableLocation) -> int:
    store = DynamoDbStore(location)
    number = sum(key.startswith("86810_") for key in all_items(store))
    store.close()
    return number


def ended_with_a_sentence(result: Result) -> bool:
    return (
        result.exit_code == 1
        and isinstance(result.exception, SystemExit)
        and "no answer of DynamoDB" in result.stderr
    )


@each_spoil
@pytest.mark.parametrize("operation", ["GetItem", "PutItem", "TransactWriteItems"])
def test_an_import_stops_with_a_sentence_and_goes_on_later(
    spoil: Trouble, operation: str, file: Path, proxy: Between, location: TableLocation
) -> None:
    proxy.plan = always(spoil, operation)
    result = run_tool("import", file, "--json")
    assert ended_with_a_sentence(result), result.stderr
    proxy.plan = lambda _operation, _number: None
    result = run_tool("import", file, "--json")
    assert result.exit_code == 0, result.stderr
    counts = json_output(result)["counts"]
    assert counts["new"] + counts["same"] == TENANTS
    assert tenants_in(location) == TENANTS


@each_spoil
def test_an_import_survives_one_damaged_answer_of_each_kind(
    spoil: Trouble, file: Path, proxy: Between, location: TableLocation
) -> None:
    proxy.plan = lambda _operation, number: spoil if number == 0 else None
    result = run_tool("import", file, "--json")
    assert result.exit_code == 0, result.stderr
    assert json_output(result)["counts"]["new"] == TENANTS
    assert tenants_in(location) == TENANTS


@each_spoil
def test_an_export_is_whole_or_none(
    spoil: Trouble, file: Path, proxy: Between, tmp_path: Path
) -> None:
    assert run_tool("import", file).exit_code == 0
    proxy.plan = always(spoil, "Scan")
    out = tmp_path / "out.jsonl"
    result = run_tool("export", "--out", out)
    assert ended_with_a_sentence(result), result.stderr
    assert not out.exists()
    scans = proxy.operations.count("Scan")
    proxy.plan = lambda operation, number: spoil if (operation, number) == ("Scan", scans) else None
    assert run_tool("export", "--out", out).exit_code == 0
    assert len(out.read_text().splitlines()) == TENANTS
