"""`portal doctor`: each problem under its name, with its remedy. Nothing is changed."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import boto3
import pytest
from click.testing import Result
from moto import mock_aws

from portal.cli.doctor import Finding, clock_error_seconds, examine
from portal.stores.dynamodb import PERMISSION_CHECKS
from portal.timestamps import utc_now
from tests.cli import portal_command
from tests.conftest import SECRET_KEY
from tests.dynamodb_engine import CREDENTIALS, REGION, Engine
from tests.fault_proxy import Between, Dated, Refuse, always, between

Environ = dict[str, str]


@pytest.fixture
def proxy(engine: Engine) -> Iterator[Between]:
    with between(engine.url) as here:
        yield here


@pytest.fixture
def environ(engine: Engine, proxy: Between, folder: Path) -> Environ:
    return {
        "USE_DYNAMODB": "true",
        "TENANT_TABLE_NAME": engine.new_table().table,
        "AWS_REGION": REGION,
        "AWS_ENDPOINT_URL_DYNAMODB": proxy.url,
        "PORTAL_SECRET_KEY": SECRET_KEY,
        "PORTAL_DATA_DIR": str(folder),
    }


def problems(environ: Environ) -> list[Finding]:
    return [finding for finding in examine(environ) if finding.problem]


def run(environ: Environ) -> Result:
    """The command with these variables alone."""
    return portal_command.run(Path(), "doctor", **{"PORTAL_SECRET_KEY": "", **environ})


def test_all_is_well(environ: Environ, engine: Engine, proxy: Between) -> None:
    result = run(environ)
    assert result.exit_code == 0
    checks = [line.removeprefix("ok       ") for line in result.stdout.splitlines()]
    assert checks == [
        "settings", "AWS credentials", "AWS region", "connection to DynamoDB",
        "AWS accepts the credentials", "clock", "table",
        "GetItem", "PutItem", "UpdateItem", "DeleteItem",
        "Query on GSI1", "Query on GSI2", "Query on GSI3", "Query on GSI4", "Scan",
    ]  # fmt: skip
    rows = engine.client.scan(TableName=environ["TENANT_TABLE_NAME"])
    assert rows["Count"] == 0
    assert set(proxy.operations) == {operation for operation, _ in PERMISSION_CHECKS.values()}


@pytest.mark.parametrize(
    "operation", ["GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "Scan"]
)
def test_access_denied_is_reported_for_each_permission(
    operation: str, environ: Environ, proxy: Between
) -> None:
    proxy.plan = always(Refuse("AccessDeniedException"), operation)
    findings = list(examine(environ))
    # Without the permission to read it, nobody can tell whether the table exists.
    assert ("table" in [finding.what for finding in findings]) == (operation != "GetItem")
    failed = [finding for finding in findings if finding.problem]
    expected = [what for what, (name, _) in PERMISSION_CHECKS.items() if name == operation]
    assert [finding.what for finding in failed] == expected
    for finding in failed:
        assert f"AWS denied {operation}" in finding.problem
        # The manual's advice: permissions, credentials, region.
        for advice in ("IAM policy", "credentials", REGION):
            assert advice in finding.remedy


def test_a_table_that_does_not_exist(environ: Environ) -> None:
    result = run(environ | {"TENANT_TABLE_NAME": "fsm-elsewhere"})
    assert result.exit_code == 1
    assert "PROBLEM  table: There is no table fsm-elsewhere in eu-central-1" in result.stdout
    # The manual's advice: deploy it, check its name, check the region.
    for advice in ("migrations_tools table deploy", "TENANT_TABLE_NAME", "AWS_REGION"):
        assert advice in result.stdout
    # Checks that depend on the table are left out.
    assert "Scan" not in result.stdout


def test_throttling(environ: Environ, proxy: Between) -> None:
    proxy.plan = always(Refuse("ProvisionedThroughputExceededException"), "Query")
    failed = problems(environ)
    assert [finding.what.partition(" ")[0] for finding in failed] == ["Query"] * 4
    # The manual's advice: check CloudWatch, raise the capacity or use on-demand mode.
    for advice in ("CloudWatch", "capacity", "on-demand"):
        assert advice in failed[0].problem


def test_an_index_that_does_not_exist(environ: Environ, engine: Engine) -> None:
    table = engine.new_table(without="GSI3").table
    (finding,) = problems(environ | {"TENANT_TABLE_NAME": table})
    assert finding.what == "Query on GSI3"
    assert "migrations_tools table deploy" in finding.remedy


@pytest.mark.parametrize(
    ("refuse", "what", "advice"),
    [
        (Refuse("UnrecognizedClientException"), "AWS accepts the credentials", "access key"),
        (Refuse("ExpiredTokenException"), "AWS accepts the credentials", "Sign in again"),
        (Refuse("RequestTimeTooSkewed"), "clock", "NTP"),
        (Refuse("InternalServerError", 500), "connection to DynamoDB", "health page"),
    ],
)
def test_a_problem_of_all_calls_is_reported_once(
    refuse: Refuse, what: str, advice: str, environ: Environ, proxy: Between
) -> None:
    proxy.plan = always(refuse)
    (finding,) = problems(environ)
    assert finding.what == what
    assert advice in finding.remedy


def test_no_connection(environ: Environ) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    (finding,) = problems(environ | {"AWS_ENDPOINT_URL_DYNAMODB": f"http://127.0.0.1:{port}"})
    assert finding.what == "connection to DynamoDB"
    assert "AWS_ENDPOINT_URL_DYNAMODB" in finding.remedy


def test_no_credentials(environ: Environ, tmp_path: Path) -> None:
    # In a separate process, since AWS's library caches the credentials that it found.
    no_credentials = {
        "HOME": str(tmp_path),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
    }
    result = subprocess.run(
        [sys.executable, "-m", "portal.cli", "doctor"],
        env=environ | no_credentials,
        cwd=Path(__file__).parent.parent.parent,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert result.returncode == 1
    assert "PROBLEM  AWS credentials: No AWS credentials were found." in result.stdout
    assert "IAM role" in result.stdout
    assert "aws configure" in result.stdout
    assert result.stderr == ""


def test_no_region(environ: Environ, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for variable in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    (finding,) = problems(environ | {"AWS_REGION": ""})
    assert finding.what == "AWS region"
    assert "Set AWS_REGION" in finding.remedy


def test_the_clock_error_is_measured_against_the_date_of_an_answer() -> None:
    now = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
    date = "Mon, 23 Nov 2026 10:00:00 GMT"
    assert clock_error_seconds(date, now) == 0
    assert clock_error_seconds(date, now + timedelta(minutes=4)) == 240
    assert clock_error_seconds(date, now - timedelta(seconds=61)) == -61


def test_a_wrong_clock_is_reported_before_aws_refuses(environ: Environ, proxy: Between) -> None:
    for minutes, direction in ((2, "fast"), (-3, "slow")):
        date = utc_now() - timedelta(minutes=minutes)
        proxy.plan = always(Dated(format_datetime(date, usegmt=True)), "GetItem")
        (finding,) = problems(environ)
        assert finding.what == "clock"
        assert f"seconds {direction}" in finding.problem
        assert "NTP" in finding.remedy


def test_a_setting_that_is_missing(environ: Environ) -> None:
    (finding,) = examine(environ | {"PORTAL_SECRET_KEY": ""})
    assert finding.what == "settings"
    assert "PORTAL_SECRET_KEY" in finding.remedy


def test_a_setting_that_cannot_be_used(environ: Environ) -> None:
    result = run(environ | {"PORTAL_PROXY_HOPS": "many"})
    assert result.exit_code == 1
    assert "PORTAL_PROXY_HOPS: Set it to a whole number" in result.stdout


# ---- The client secret


def test_the_key_in_kms_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_the_file_store_is_well(folder: Path) -> None:
    result = run({"PORTAL_DATA_DIR": str(folder)})
    assert result.exit_code == 0
    assert f"ok       JSON file {folder}/tenants.jsonl" in result.stdout


def test_a_data_folder_that_cannot_be_used(folder: Path) -> None:
    folder.write_text("a file in place of a folder")
    result = run({"PORTAL_DATA_DIR": str(folder), "PORTAL_SECRET_KEY": SECRET_KEY})
    assert result.exit_code == 1
    assert f"PROBLEM  JSON file {folder}/tenants.jsonl" in result.stdout
