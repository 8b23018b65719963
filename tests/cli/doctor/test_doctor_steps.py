"""Whatever ends a check is a finding: `portal doctor` ends in no traceback, and names the rest."""

import json
import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import Result

from portal.cli.doctor.command import examine_all
from portal.cli.doctor.findings import Finding
from portal.cli.doctor.steps import Step, run_steps
from portal.settings import SETTINGS
from portal.stores import Add
from portal.stores.dynamodb import DynamoDbStore
from portal.stores.file import JsonFileStore
from portal.stores.schema import GSI3, INDEXES, KEY
from tests.cli.portal_command import run
from tests.conftest import SECRET_KEY
from tests.dynamodb_engine import REGION, Engine
from tests.fault_proxy import SPOILED, Refuse, always, between
from tests.serving import PORTAL, ROOT
from tests.stores.file.damage import item


class PanicError(BaseException):
    """What libraries of another language raise; `except Exception` does not catch it."""


def failing(error: BaseException) -> Callable[[], Iterator[Finding]]:
    def check() -> Iterator[Finding]:
        yield Finding("the first part")
        raise error

    return check


def fine() -> list[Finding]:
    return [Finding("fine")]


@pytest.mark.parametrize(
    "error",
    [ValueError("hush"), OSError(5, "hush"), PanicError("hush"), SystemExit("hush"), MemoryError(),
     RecursionError("hush"), UnicodeDecodeError("utf-8", b"", 0, 1, "hush")],
    ids=lambda error: type(error).__name__,
)  # fmt: skip
def test_an_error_of_a_check_is_its_finding_and_the_others_go_on(error: BaseException) -> None:
    steps = [Step("one", "the first", failing(error)), Step("two", "the second", fine)]
    first, failed, last = run_steps(steps)
    assert (first.check, first.outcome) == ("one", "ok")
    assert (failed.check, failed.what, failed.outcome) == ("one", "the first", "problem")
    assert type(error).__name__ in failed.problem
    assert "hush" not in repr(failed)
    assert (last.check, last.outcome) == ("two", "ok")


def test_a_library_that_is_missing_is_named() -> None:
    (_, failed) = run_steps([Step("one", "it", failing(ImportError("no x", name="cryptography")))])
    assert failed.problem == "The library cryptography is missing or cannot be loaded."


def test_after_ctrl_c_it_says_what_is_left() -> None:
    steps = [
        Step("one", "the first", failing(KeyboardInterrupt())),
        Step("two", "the second", fine),
    ]
    _, failed, left = run_steps(steps)
    assert (failed.outcome, failed.problem) == ("problem", "It was interrupted.")
    assert (left.what, left.outcome) == ("the second", "not_tried")


# ---- The command


def checks_of(result: Result) -> dict[str, dict[str, str]]:
    """The checks of the answer for programs, by name."""
    answer = json.loads(result.stdout)
    assert answer["outcome"] == ("problem" if result.exit_code else "ok")
    for each in answer["checks"]:
        assert each.keys() == {"check", "name", "outcome", "sentence", "remedy"}
        assert bool(each["sentence"]) == (each["outcome"] != "ok")
        assert bool(each["remedy"]) == (each["outcome"] in ("problem", "warning"))
    return {each["name"]: each for each in answer["checks"]}


def test_it_changes_nothing(folder: Path) -> None:
    result = run(folder, "doctor", PORTAL_SECRET_KEY="")
    assert result.exit_code == 0
    assert "it is made when the portal starts" in result.stdout
    assert "What was not tried:" in result.stdout
    assert not folder.exists()


def test_settings_that_cannot_be_used_leave_all_others_untried(folder: Path) -> None:
    result = run(folder, "doctor", "--json", PORTAL_PROXY_HOPS="many")
    checks = checks_of(result)
    assert result.exit_code == 1
    assert checks.pop("settings")["outcome"] == "problem"
    assert {each["outcome"] for each in checks.values()} == {"not_tried"}
    assert {each["check"] for each in checks.values()} == {
        "store", "last_known", "sealing", "adopt", "search", "mail", "sign_in", "fsm_proxy",
        "fsm_keys",
    }  # fmt: skip


def test_a_folder_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    checks = checks_of(run(tmp_path / "file" / "data", "doctor", "--json"))
    (store,) = [each for each in checks.values() if each["check"] == "store"]
    assert store["outcome"] == "problem"
    assert "PORTAL_DATA_DIR" in store["remedy"]


def test_a_damaged_file_and_a_damaged_key(folder: Path) -> None:
    store = JsonFileStore(folder)
    store.write([Add(item(1))])
    store.write([Add(item(2))])
    store.close()
    path = folder / "tenants.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"t1"', b'"t7"'))
    (folder / "sealing-keys.json").write_text("{}")
    (folder / "last-known.sqlite").write_text("no database")
    result = run(folder, "doctor", "--json")
    problems = [each for each in checks_of(result).values() if each["outcome"] == "problem"]
    assert [each["check"] for each in problems] == ["store", "sealing"]
    assert "portal store repair" in problems[0]["remedy"]
    assert result.exit_code == 1


def test_an_output_that_takes_few_characters(folder: Path) -> None:
    result = subprocess.run(
        [*PORTAL, "doctor"], cwd=ROOT, capture_output=True, text=True, check=False,
        env={"PATH": os.environ["PATH"], "PYTHONIOENCODING": "iso8859-1",
             "PORTAL_DATA_DIR": str(folder.with_name("Ω"))},
    )  # fmt: skip
    assert (result.returncode, result.stderr) == (0, "")
    # click has ASCII replaced by UTF-8, and no other encoding.
    assert r"\u03a9/tenants.jsonl" in result.stdout


# ---- DynamoDB


@pytest.fixture
def environ(engine: Engine, folder: Path) -> dict[str, str]:
    return {
        **{setting.name: "" for setting in SETTINGS},
        "USE_DYNAMODB": "true", "TENANT_TABLE_NAME": engine.new_table().table,
        "AWS_REGION": REGION, "AWS_ENDPOINT_URL_DYNAMODB": engine.url,
        "PORTAL_SECRET_KEY": SECRET_KEY, "PORTAL_DATA_DIR": str(folder),
    }  # fmt: skip


def outcomes(environ: dict[str, str]) -> dict[str, str]:
    return {each.what: each.outcome for each in examine_all(environ)}


@pytest.mark.parametrize("code", ["ExpiredTokenException", "ThrottlingException", "AccessDenied"])
def test_every_refusal_of_aws_leaves_each_check_with_an_outcome(
    code: str, environ: dict[str, str], engine: Engine
) -> None:
    known = outcomes(environ).keys()
    with between(engine.url) as proxy:
        proxy.plan = always(Refuse(code))
        found = outcomes(environ | {"AWS_ENDPOINT_URL_DYNAMODB": proxy.url})
    assert found.keys() == known
    assert "problem" in found.values()


def test_a_web_page_in_place_of_an_answer(environ: dict[str, str], engine: Engine) -> None:
    with between(engine.url) as proxy:
        proxy.plan = always(SPOILED["a web page"])
        found = outcomes(environ | {"AWS_ENDPOINT_URL_DYNAMODB": proxy.url})
    assert found["connection to DynamoDB"] == "problem"
    assert found["Scan"] == found["transactions"] == found["columns of GSI1"] == "not_tried"


def test_no_port_is_open_and_no_region_is_right(environ: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    there = {"AWS_ENDPOINT_URL_DYNAMODB": f"http://127.0.0.1:{port}", "AWS_REGION": "nowhere-1"}
    found = outcomes(environ | there)
    assert found["connection to DynamoDB"] == "problem"
    assert found["table"] == "not_tried"


def table_with_few_columns(engine: Engine, name: str) -> str:
    """A table whose third index has one column besides its keys."""
    names = {KEY} | {each for index in INDEXES for each in (index.partition, index.sort)}
    few = {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["status"]}
    engine.client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": KEY, "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in sorted(names)],
        GlobalSecondaryIndexes=[
            {
                "IndexName": index.name,
                "KeySchema": [
                    {"AttributeName": index.partition, "KeyType": "HASH"},
                    {"AttributeName": index.sort, "KeyType": "RANGE"},
                ],
                "Projection": few if index is GSI3 else {"ProjectionType": "ALL"},
            }
            for index in INDEXES
        ],
    )
    return name


def test_an_index_whose_answer_lacks_what_lists_show(
    environ: dict[str, str], engine: Engine
) -> None:
    there = environ | {"TENANT_TABLE_NAME": table_with_few_columns(engine, "few-columns")}
    assert outcomes(there)["columns of GSI3"] == "not_tried"
    store = DynamoDbStore(replace(engine.new_table(), table="few-columns"))
    store.write([Add({
        "tenantId": "86810_1", "version": 1, "status": "active", "contactCompanyName": "A",
        "gsi3pk": "COMPANY#a", "gsi3sk": "a#86810_1", "gsi2pk": "STATUS#active", "gsi2sk": "1",
    })])  # fmt: skip
    store.close()
    found = {each.what: each for each in examine_all(there)}
    assert found["columns of GSI3"].problem == (
        "It lacks columns that lists show: contactCompanyName, version."
    )
    assert "columns of GSI2" not in found
    assert found["columns of GSI1"].not_tried == "The index has no rows yet."
