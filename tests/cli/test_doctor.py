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

from portal.cli.doctor import examine
from portal.cli.doctor.dynamodb import clock_error_seconds
from portal.cli.doctor.findings import Finding
from portal.incomplete_count import IncompleteCount, save_incomplete_count
from portal.stores.contract import Add
from portal.stores.dynamodb import PERMISSION_CHECKS, DynamoDbStore
from portal.stores.schema import GSI2
from portal.timestamps import utc_now
from tests.cli import portal_command
from tests.conftest import SECRET_KEY
from tests.dynamodb_engine import CREDENTIALS, REGION, Engine
from tests.fault_proxy import SPOILED, Between, Dated, Refuse, Trouble, always, between
from tests.sealing_key import with_sealing_key
from tests.serving import free_port
from tests.stores.aws.surroundings import UNUSABLE, Machine

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
        "PORTAL_DATA_DIR": str(with_sealing_key(folder)),
    }


def problems(environ: Environ) -> list[Finding]:
    return [finding for finding in examine(environ) if finding.problem]


def run(environ: Environ) -> Result:
    """The command with these variables alone."""
    return portal_command.run(Path(), "doctor", **{"PORTAL_SECRET_KEY": "", **environ})


def test_all_is_well(environ: Environ, engine: Engine, proxy: Between) -> None:
    result = run(environ)
    assert result.exit_code == 0
    lines = result.stdout.partition("\n\n")[0].splitlines()
    checks = [line.removeprefix("ok       ") for line in lines]
    mail, key_file, last_known = checks.pop(), checks.pop(), checks.pop()
    assert mail == "mail: no mail server is set up, so mails are written into files"
    assert key_file == f"key file {environ['PORTAL_DATA_DIR']}/sealing-keys.json"
    assert last_known.startswith("last known answers: for 72 hours, also after a restart, in /")
    assert checks == [
        "settings", "AWS credentials", "AWS region", "connection to DynamoDB",
        "AWS accepts the credentials", "clock", "table",
        "GetItem", "PutItem", "UpdateItem", "DeleteItem",
        "Query on GSI1", "Query on GSI2", "Query on GSI3", "Query on GSI4", "Scan",
        "reads in a transaction", "transactions",
    ]  # fmt: skip
    rows = engine.client.scan(TableName=environ["TENANT_TABLE_NAME"])
    assert rows["Count"] == 0
    assert set(proxy.operations) == {
        *(operation for operation, _ in PERMISSION_CHECKS.values()),
        "TransactGetItems", "TransactWriteItems",
    }  # fmt: skip


def test_addresses_that_nobody_could_ever_prove_are_pointed_out(folder: Path) -> None:
    environ = {"PORTAL_DATA_DIR": str(folder), "PORTAL_CONFIRM_ADDRESS": "true"}
    result = run(environ)
    # It works, and it may be wanted so for a trial.
    assert result.exit_code == 0
    said = result.stdout.partition("LOOK     proof of addresses: ")[2]
    assert said.startswith("PORTAL_CONFIRM_ADDRESS is set, but no mail leaves")
    assert "Set PORTAL_MAIL_URL, or remove PORTAL_CONFIRM_ADDRESS." in said
    for other in ({"PORTAL_CONFIRM_ADDRESS": ""}, {"PORTAL_MAIL_URL": "smtp://mail.example"}):
        assert "proof of addresses" not in run(environ | other).stdout


def test_a_key_for_dkim_that_cannot_be_used_is_said_wherever_mail_begins(
    folder: Path, tmp_path: Path
) -> None:
    path = tmp_path / "no-key"
    path.write_text("no key")
    path.chmod(0o600)
    environ = {
        "PORTAL_MAIL_FROM": "service@mail.example.com",
        "PORTAL_MAIL_DKIM_KEY_FILE": str(path),
        "PORTAL_MAIL_DKIM_SELECTOR": "s1",
    }
    sentence = "PORTAL_MAIL_DKIM_KEY_FILE: Set it to a file with a private RSA key in PEM form"
    result = run({"PORTAL_DATA_DIR": str(folder), **environ})
    assert result.exit_code == 1
    assert "PROBLEM  signature of mail (DKIM)" in result.stdout
    assert sentence in result.stdout
    for command in (("outbox", "send"), ("serve", "--port", str(free_port()))):
        refused = portal_command.run(folder, *command, **environ)
        assert refused.exit_code == 1
        assert sentence in refused.stderr


def test_it_prints_the_record_that_dns_needs_for_dkim(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "dkim.pem"
    subprocess.run(["openssl", "genrsa", "-out", path, "2048"], check=True, capture_output=True)
    environ = {
        "PORTAL_DATA_DIR": str(folder),
        "PORTAL_MAIL_FROM": "service@mail.example.com",
        "PORTAL_MAIL_DKIM_KEY_FILE": str(path),
        "PORTAL_MAIL_DKIM_SELECTOR": "s1",
    }
    said = run(environ).stdout
    assert "s1._domainkey.mail.example.com the TXT record v=DKIM1; k=rsa; p=MII" in said
    assert "domain of the signature" not in said
    for domain, is_hint in (("example.com", False), ("a.mail.example.com", False), ("a.org", True)):
        said = run(environ | {"PORTAL_MAIL_DKIM_DOMAIN": domain}).stdout
        assert f"s1._domainkey.{domain} the TXT record" in said
        assert ("LOOK     domain of the signature" in said) is is_hint


def test_it_says_what_the_application_shows_for_each_answer(folder: Path) -> None:
    result = run({"PORTAL_DATA_DIR": str(folder)})
    text = " ".join(result.stdout.split())
    for answer in ("isValid true", "EXPIRED", "NOT_FOUND", "INACTIVE", "400", "429", "503"):
        assert answer in text.partition("What the FSM Appointment Manager shows")[2]


@pytest.mark.parametrize(
    ("hours", "data", "expected"),
    [
        ("0", "other", "switched off; 503 while the store cannot be asked"),
        ("24", "other", "for 24 hours, also after a restart, in {}"),
        ("72", "a-file/data", "for 72 hours, not after a restart: {} cannot be written"),
    ],
)
def test_it_says_how_long_the_last_answers_are_known(
    environ: Environ, tmp_path: Path, hours: str, data: str, expected: str
) -> None:
    (tmp_path / "a-file").write_text("")
    folder = tmp_path / data
    changed = {"PORTAL_VALIDATE_GRACE_HOURS": hours, "PORTAL_DATA_DIR": str(folder)}
    findings = list(examine(environ | changed))
    assert Finding(f"last known answers: {expected.format(folder)}") in findings
    assert not folder.exists()


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


def test_an_index_that_is_being_made(environ: Environ, proxy: Between) -> None:
    text = "Cannot read from backfilling global secondary index: GSI4"
    proxy.plan = lambda operation, number: (
        Refuse("ValidationException", message=text) if (operation, number) == ("Query", 3) else None
    )
    (finding,) = problems(environ)
    assert finding.what == "Query on GSI4"
    assert finding.remedy.startswith("Wait")


def test_an_index_without_the_columns_of_lists(environ: Environ, proxy: Between) -> None:
    # AWS refuses this even if there is no row.
    text = "One or more parameter values were invalid: Global secondary index GSI2 does not project"
    proxy.plan = lambda operation, number: (
        Refuse("ValidationException", message=text) if (operation, number) == ("Query", 1) else None
    )
    (finding,) = problems(environ)
    assert finding.what == "Query on GSI2"
    assert "lacks columns that lists show" in finding.problem
    assert "table deploy" in finding.remedy
    asked = [each for each in proxy.asked if each.get("IndexName") == "GSI2"]
    assert GSI2.attributes is not None
    assert GSI2.attributes == {*asked[0]["ExpressionAttributeNames"].values()}


def test_an_index_that_carries_keys_only(environ: Environ, engine: Engine) -> None:
    # This engine does not refuse it, so a row tells.
    location = engine.new_table(keys_only="GSI2")
    there = environ | {"TENANT_TABLE_NAME": location.table}
    assert problems(there) == []
    store = DynamoDbStore(location)
    store.write([Add({"tenantId": "a", "version": 1, "gsi2pk": "STATUS#pending", "gsi2sk": "1"})])
    (finding,) = problems(there)
    assert finding.what == "columns of GSI2"
    assert "rows of nothing" in finding.problem
    assert "table deploy" in finding.remedy
    store.close()


@pytest.mark.parametrize("code", ["UnknownOperationException", "ValidationException"])
def test_an_engine_without_transactions(code: str, environ: Environ, proxy: Between) -> None:
    # Also what a global table with strong consistency over regions says.
    proxy.plan = always(Refuse(code, message="not for such tables"), "TransactWriteItems")
    (finding,) = problems(environ)
    assert finding.what == "transactions"
    assert code in finding.problem
    assert "multi-Region strong consistency" in finding.remedy


def test_the_check_of_transactions_changes_nothing(environ: Environ, engine: Engine) -> None:
    assert problems(environ) == []
    assert engine.client.scan(TableName=environ["TENANT_TABLE_NAME"])["Count"] == 0


@pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED)
def test_an_answer_that_is_none(spoil: Trouble, environ: Environ, proxy: Between) -> None:
    proxy.plan = always(spoil)
    (finding,) = problems(environ)
    assert finding.what == "connection to DynamoDB"
    assert "no answer of DynamoDB" in finding.problem
    assert "proxy" in finding.remedy
    proxy.plan = always(spoil, "TransactWriteItems")
    (finding,) = problems(environ)
    assert finding.what == "transactions"


@pytest.mark.parametrize("case", UNUSABLE.values(), ids=UNUSABLE)
def test_no_configuration_ends_in_a_traceback(
    case: tuple[list[str], dict[str, str], str],
    environ: Environ,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines, variables, code = case
    machine = Machine(tmp_path, monkeypatch)
    machine.configure(*lines)
    machine.set(**variables)
    result = run(environ | {"PORTAL_KMS_KEY_ID": "alias/portal"})
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert "PROBLEM  AWS credentials" in result.stdout
    # Nothing was sent, so nothing else is called well.
    assert "ok       connection" not in result.stdout
    assert "PROBLEM  kms:Encrypt" in result.stdout
    assert result.stdout.count(code) == 2


def test_two_dates_are_no_problem(environ: Environ, proxy: Between) -> None:
    proxy.plan = always(Dated(format_datetime(utc_now(), usegmt=True), twice=True))
    assert problems(environ) == []


def test_a_check_that_nobody_expected_to_fail(environ: Environ, proxy: Between) -> None:
    proxy.plan = always(Dated("Mon, 99 Nov 2026 10:00:00 GMT"), "GetItem")
    result = run(environ)
    assert result.exit_code == 1
    assert "It ended with ValueError" in result.stdout


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
        # With a key file, a line of the log says how to keep it.
        "PORTAL_KMS_KEY_ID": "alias/portal",
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
        assert str(list(examine(environ | {"PORTAL_KMS_KEY_ID": key}))[-2]) == (
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


def test_incomplete_rows_that_adopt_found_are_told_and_are_no_problem(folder: Path) -> None:
    environ = {"PORTAL_DATA_DIR": str(folder)}
    assert "old application" not in run(environ).stdout
    here = f"JSON file {folder}/tenants.jsonl"
    at = datetime(2026, 11, 23, 10, tzinfo=UTC)
    save_incomplete_count(folder, here, IncompleteCount(number=1234, counted_at=at))
    result = run(environ)
    assert result.exit_code == 0
    told = "1,234 were incomplete when adopt looked on 2026-11-23. Some of them have no access."
    assert f"LOOK     rows of the old application: {told}" in result.stdout
    assert "migrations_tools adopt lists them" in result.stdout
    # Those of another store, a damaged file, and none.
    save_incomplete_count(folder, "elsewhere", IncompleteCount(number=2, counted_at=at))
    assert "old application" not in run(environ).stdout
    (folder / "adopt-incomplete.json").write_text("[]")
    assert "old application" not in run(environ).stdout
    save_incomplete_count(folder, here, IncompleteCount(number=0, counted_at=at))
    assert not (folder / "adopt-incomplete.json").exists()


def test_a_data_folder_that_cannot_be_used(folder: Path) -> None:
    folder.write_text("a file in place of a folder")
    result = run({"PORTAL_DATA_DIR": str(folder), "PORTAL_SECRET_KEY": SECRET_KEY})
    assert result.exit_code == 1
    assert f"PROBLEM  JSON file {folder}/tenants.jsonl" in result.stdout
