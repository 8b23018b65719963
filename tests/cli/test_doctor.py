"""`portal doctor`: each trouble under its name, with what mends it, and nothing changed."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import boto3
import pytest
from click.testing import CliRunner, Result
from moto import mock_aws

from portal.cli.doctor import Finding, examine, seconds_off
from portal.cli.main import main
from portal.settings import SETTINGS
from portal.stores.dynamodb.permission_checks import PERMISSION_CHECKS
from portal.timestamps import utc_now
from tests.conftest import SECRET_KEY
from tests.dynamodb_engine import CREDENTIALS, REGION, Engine
from tests.fault_proxy import Between, Dated, Refuse, always, between

Environ = dict[str, str]


@pytest.fixture
def proxy(engine: Engine) -> Iterator[Between]:
    with between(engine.url) as here:
        yield here


@pytest.fixture
def environ(engine: Engine, proxy: Between, tmp_path: Path) -> Environ:
    return {
        "USE_DYNAMODB": "true",
        "TENANT_TABLE_NAME": engine.new_table().table,
        "AWS_REGION": REGION,
        "AWS_ENDPOINT_URL_DYNAMODB": proxy.url,
        "PORTAL_SECRET_KEY": SECRET_KEY,
        "PORTAL_DATA_DIR": str(tmp_path / "data"),
    }


def problems(environ: Environ) -> list[Finding]:
    return [finding for finding in examine(environ) if finding.problem]


def run(environ: Environ) -> Result:
    nothing = {setting.name: "" for setting in SETTINGS}
    return CliRunner().invoke(main, ["doctor"], env={**nothing, **environ})


def test_all_is_well(environ: Environ, engine: Engine, proxy: Between) -> None:
    result = run(environ)
    assert result.exit_code == 0
    tried = [line.removeprefix("ok       ") for line in result.stdout.splitlines()]
    assert tried == [
        "settings", "AWS credentials", "AWS region", "way to DynamoDB",
        "AWS takes the credentials", "clock", "table",
        "GetItem", "PutItem", "UpdateItem", "DeleteItem",
        "Query on GSI1", "Query on GSI2", "Query on GSI3", "Query on GSI4", "Scan",
    ]  # fmt: skip
    rows = engine.client.scan(TableName=environ["TENANT_TABLE_NAME"])
    assert rows["Count"] == 0
    assert set(proxy.operations) == {operation for operation, _ in PERMISSION_CHECKS.values()}


@pytest.mark.parametrize(
    "operation", ["GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "Scan"]
)
def test_access_denied_is_told_for_each_permission(
    operation: str, environ: Environ, proxy: Between
) -> None:
    proxy.plan = always(Refuse("AccessDeniedException"), operation)
    all_found = list(examine(environ))
    # Whether the table is there, only who may read it knows.
    assert ("table" in [finding.what for finding in all_found]) == (operation != "GetItem")
    found = [finding for finding in all_found if finding.problem]
    wanted = [what for what, (asked, _) in PERMISSION_CHECKS.items() if asked == operation]
    assert [finding.what for finding in found] == wanted
    for finding in found:
        assert f"AWS denied {operation}" in finding.problem
        # The manual's advice: permissions, credentials, region.
        for advice in ("IAM policy", "credentials", REGION):
            assert advice in finding.remedy


def test_a_table_that_is_not_there(environ: Environ) -> None:
    result = run(environ | {"TENANT_TABLE_NAME": "fsm-elsewhere"})
    assert result.exit_code == 1
    assert "PROBLEM  table: There is no table fsm-elsewhere in eu-central-1" in result.stdout
    # The manual's advice: deploy it, look at its name, look at the region.
    for advice in ("migrations_tools table deploy", "TENANT_TABLE_NAME", "AWS_REGION"):
        assert advice in result.stdout
    # What rests on the table is not tried.
    assert "Scan" not in result.stdout


def test_throttling(environ: Environ, proxy: Between) -> None:
    proxy.plan = always(Refuse("ProvisionedThroughputExceededException"), "Query")
    found = problems(environ)
    assert [finding.what.partition(" ")[0] for finding in found] == ["Query"] * 4
    # The manual's advice: look at CloudWatch, raise the capacity or use on-demand mode.
    for advice in ("CloudWatch", "capacity", "on-demand"):
        assert advice in found[0].problem


def test_an_index_that_is_not_there(environ: Environ, engine: Engine) -> None:
    table = engine.new_table(without="GSI3").table
    (finding,) = problems(environ | {"TENANT_TABLE_NAME": table})
    assert finding.what == "Query on GSI3"
    assert "migrations_tools table deploy" in finding.remedy


@pytest.mark.parametrize(
    ("refuse", "what", "advice"),
    [
        (Refuse("UnrecognizedClientException"), "AWS takes the credentials", "access key"),
        (Refuse("ExpiredTokenException"), "AWS takes the credentials", "Sign in again"),
        (Refuse("RequestTimeTooSkewed"), "clock", "NTP"),
        (Refuse("InternalServerError", 500), "way to DynamoDB", "health page"),
    ],
)
def test_what_is_wrong_with_everything_is_told_once(
    refuse: Refuse, what: str, advice: str, environ: Environ, proxy: Between
) -> None:
    proxy.plan = always(refuse)
    (finding,) = problems(environ)
    assert finding.what == what
    assert advice in finding.remedy


def test_no_way_there(environ: Environ) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    (finding,) = problems(environ | {"AWS_ENDPOINT_URL_DYNAMODB": f"http://127.0.0.1:{port}"})
    assert finding.what == "way to DynamoDB"
    assert "AWS_ENDPOINT_URL_DYNAMODB" in finding.remedy


def test_no_credentials(environ: Environ, tmp_path: Path) -> None:
    # In a process of its own: AWS's library remembers what it found.
    nowhere = {
        "HOME": str(tmp_path),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
    }
    done = subprocess.run(
        [sys.executable, "-m", "portal.cli", "doctor"],
        env=environ | nowhere,
        cwd=Path(__file__).parent.parent.parent,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert "PROBLEM  AWS credentials: No AWS credentials were found." in done.stdout
    assert "IAM role" in done.stdout
    assert "aws configure" in done.stdout
    assert done.stderr == ""


def test_no_region(environ: Environ, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for variable in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    (finding,) = problems(environ | {"AWS_REGION": ""})
    assert finding.what == "AWS region"
    assert "Set AWS_REGION" in finding.remedy


def test_a_clock_that_is_off_is_told_before_aws_refuses() -> None:
    now = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
    told = "Mon, 23 Nov 2026 10:00:00 GMT"
    assert seconds_off(told, now) == 0
    assert seconds_off(told, now + timedelta(minutes=4)) == 240
    assert seconds_off(told, now - timedelta(seconds=61)) == -61


def test_a_clock_that_is_off_is_found(environ: Environ, proxy: Between) -> None:
    for minutes, told in ((2, "fast"), (-3, "slow")):
        date = utc_now() - timedelta(minutes=minutes)
        proxy.plan = always(Dated(format_datetime(date, usegmt=True)), "GetItem")
        (finding,) = problems(environ)
        assert finding.what == "clock"
        assert f"seconds {told}" in finding.problem
        assert "NTP" in finding.remedy


def test_a_setting_that_is_missing(environ: Environ) -> None:
    (finding,) = examine(environ | {"PORTAL_SECRET_KEY": ""})
    assert finding.what == "settings"
    assert "PORTAL_SECRET_KEY" in finding.remedy


def test_a_setting_that_cannot_be_right(environ: Environ) -> None:
    result = run(environ | {"PORTAL_PROXY_HOPS": "many"})
    assert result.exit_code == 1
    assert "PORTAL_PROXY_HOPS: Set it to a whole number" in result.stdout


# ---- What seals


def test_the_key_in_kms_is_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    environ = {"PORTAL_DATA_DIR": str(tmp_path / "data"), "AWS_REGION": REGION}
    with mock_aws():
        key = boto3.client("kms", region_name=REGION).create_key()["KeyMetadata"]["KeyId"]
        assert str(list(examine(environ | {"PORTAL_KMS_KEY_ID": key}))[-1]) == (
            "ok       kms:Encrypt"
        )
        (finding,) = problems(environ | {"PORTAL_KMS_KEY_ID": "alias/none"})
    assert finding.what == "kms:Encrypt"
    assert "NotFoundException" in finding.problem
    assert "PORTAL_KMS_KEY_ID" in finding.remedy


# ---- The file store


def test_the_file_store_is_well(tmp_path: Path) -> None:
    result = run({"PORTAL_DATA_DIR": str(tmp_path / "data")})
    assert result.exit_code == 0
    assert f"ok       JSON file {tmp_path}/data/tenants.jsonl" in result.stdout


def test_a_data_folder_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file, where a folder is to be")
    result = run({"PORTAL_DATA_DIR": str(tmp_path / "data"), "PORTAL_SECRET_KEY": SECRET_KEY})
    assert result.exit_code == 1
    assert f"PROBLEM  JSON file {tmp_path}/data/tenants.jsonl" in result.stdout
