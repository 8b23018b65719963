"""`python -m migrations_tools adopt`: what it prints, and its exit status."""

import json
from pathlib import Path

import boto3
import pytest
from click.testing import CliRunner, Result
from moto import mock_aws

from migrations_tools.backfill.checkpoints import Checkpoint, Checkpoints
from migrations_tools.backfill.rows import SkipReason
from migrations_tools.cli import main
from portal.records import is_tenant
from portal.sealing import KeyFileSealer
from portal.settings import SETTINGS
from portal.stores import Add
from portal.stores.file import JsonFileStore
from tests.conftest import SECRET_KEY
from tests.dynamodb_engine import CREDENTIALS, REGION, Engine
from tests.examples import all_items
from tests.migrations_tools.backfill.old_application_rows import (
    PLAINTEXT_SECRET,
    OldStore,
    OldTable,
    old_row,
    run_backfill,
)
from tests.sealing_key import with_sealing_key
from tests.unseal import padded


def run(folder: Path, *arguments: str, **environ: str) -> Result:
    unset = {setting.name: "" for setting in SETTINGS}
    defaults = {"PORTAL_DATA_DIR": str(folder), "PORTAL_SECRET_KEY": SECRET_KEY, **CREDENTIALS}
    return CliRunner().invoke(main, ["adopt", *arguments], env={**unset, **defaults, **environ})


def test_the_command_writes_only_with_apply(old_table: OldTable, tmp_path: Path) -> None:
    old_table.put(*(old_row(number) for number in range(3)))
    environ = {
        "USE_DYNAMODB": "true",
        "TENANT_TABLE_NAME": old_table.location.table,
        "AWS_REGION": REGION,
        "AWS_ENDPOINT_URL_DYNAMODB": str(old_table.location.endpoint),
    }
    folder = with_sealing_key(tmp_path / "data")
    dry_run = run(folder, **environ)
    assert dry_run.exit_code == 0, dry_run.output
    assert "Index keys to add: 3. Secrets to seal: 3." in dry_run.stdout
    assert "Run the command with --apply to write the changes." in dry_run.stdout
    assert PLAINTEXT_SECRET in str(old_table.store.get("86811_104348"))
    applied = run(folder, "--apply", "--json", **environ)
    assert json.loads(applied.stdout) == {
        "applied": True, "rows": 3, "tenants": 3, "right": 0, "listed": 3, "sealed": 3,
        "changed_meanwhile": 0, "failed": [], "unchangeable": {}, "unusable": {},
        "incomplete": {}, "active": {}, "answers": {},
    }  # fmt: skip
    assert "Already complete: 3." in run(folder, "--apply", **environ).stdout
    assert sorted(path.name for path in folder.iterdir()) == ["sealing-keys.json"]
    assert PLAINTEXT_SECRET not in applied.output + dry_run.output


def test_attributes_that_cannot_be_used_are_named(old_store: OldStore, tmp_path: Path) -> None:
    odd = '{"contactPhone": {"L": []}, "others": {"NULL": true}}'
    old_store.put(
        old_row(1, version="1", contactFullName=7, createdAt="yesterday", isActive="yes"),
        old_row(2, attributesOfOtherTypes=odd),
        old_row(3, logins=7),
    )
    report = run_backfill(old_store, KeyFileSealer(tmp_path / "keys.json"), apply=True)
    assert report.unusable == {
        "86811_104348": ["contactFullName", "createdAt", "isActive", "version"],
        "86812_104348": ["contactPhone"],
    }
    assert (report.listed, report.is_complete) == (3, True)
    # They stay as they are.
    assert old_store.store.get("86811_104348")["contactFullName"] == 7
    assert old_store.store.get("86812_104348")["attributesOfOtherTypes"] == odd


def test_the_command_names_attributes_that_cannot_be_used(tmp_path: Path) -> None:
    store = JsonFileStore(tmp_path / "data")
    store.write([Add(old_row(number, contactPhone=7)) for number in range(23)])
    store.close()
    result = run(tmp_path / "data")
    assert result.exit_code == 0
    assert "  86810_104348: contactPhone\n" in result.stderr
    assert result.stderr.count("contactPhone") == 20
    assert "  and 3 more." in result.stderr


def test_the_command_works_on_a_file_too(tmp_path: Path) -> None:
    store = JsonFileStore(tmp_path / "data")
    store.write([Add(old_row(1))])
    result = run(tmp_path / "data", "--apply")
    assert "Index keys added: 1. Secrets sealed: 1." in result.stdout
    store.close()


def test_a_missing_table_is_one_sentence(engine: Engine, tmp_path: Path) -> None:
    result = run(
        with_sealing_key(tmp_path / "data"), USE_DYNAMODB="true", TENANT_TABLE_NAME="nowhere",
        AWS_REGION=REGION, AWS_ENDPOINT_URL_DYNAMODB=engine.url,
    )  # fmt: skip
    assert result.exit_code == 1
    assert "There is no table nowhere" in result.stderr
    assert "Run the command again: it continues where it stopped." in result.stderr


def test_with_kms_each_secret_is_sealed_for_its_own_tenant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    store = JsonFileStore(tmp_path / "data")
    store.write([Add(old_row(number)) for number in range(3)])
    with mock_aws():
        kms = boto3.client("kms", region_name=REGION)
        key = kms.create_key()["KeyMetadata"]["KeyId"]
        result = run(tmp_path / "data", "--apply", PORTAL_KMS_KEY_ID=key, AWS_REGION=REGION)
        assert "Secrets sealed: 3." in result.stdout
        tenants = {key: item for key, item in all_items(store).items() if is_tenant(item)}
        assert len(tenants) == 3
        for tenant_id, item in tenants.items():
            sealed = str(item["clientSecret"]).removeprefix("v1.kms.")
            answer = kms.decrypt(
                CiphertextBlob=padded(sealed),
                EncryptionContext={"tenantId": tenant_id, "purpose": "clientSecret"},
            )
            assert answer["Plaintext"].decode() == PLAINTEXT_SECRET
    assert not (tmp_path / "data" / "sealing-keys.json").exists()
    store.close()


def test_rows_that_an_earlier_run_skipped_are_reported_at_the_end(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    store = JsonFileStore(folder)
    store.write([Add(old_row(1))])
    for options in ((), ("--json",)):
        checkpoints = Checkpoints(folder / "adopt-progress.json", f"{store.describe()} ", 1)
        skipped = {"86813_104348": SkipReason.TOO_LARGE}
        checkpoints.save(0, Checkpoint(done=True, failed=["86812_104348"], unchangeable=skipped))
        result = run(folder, "--apply", "--segments", "1", *options)
        assert result.exit_code == 1
        if options:
            report = json.loads(result.stdout)
            assert (report["rows"], report["failed"]) == (0, ["86812_104348"])
            assert report["unchangeable"] == {"86813_104348": "too-large"}
        else:
            assert "Continuing where an earlier run stopped." in result.stdout
            assert "Run the command again for them: 86812_104348." in result.stderr
            assert "Shorten their values: 86813_104348." in result.stderr
        assert not (folder / "adopt-progress.json").exists()
    assert run(folder, "--apply", "--segments", "1").exit_code == 0
    store.close()


def test_a_secret_that_is_too_long_for_kms_is_reported_and_the_others_are_sealed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    too_long = "ü" * 2049
    store = JsonFileStore(tmp_path / "data")
    rows = [old_row(1), old_row(2, clientSecret=too_long), old_row(3, clientSecret="ü" * 2048)]
    store.write([Add(row) for row in rows])
    with mock_aws():
        key = boto3.client("kms", region_name=REGION).create_key()["KeyMetadata"]["KeyId"]
        with_kms = {"PORTAL_KMS_KEY_ID": key, "AWS_REGION": REGION}
        dry_run = run(tmp_path / "data", **with_kms)
        applied = run(tmp_path / "data", "--apply", **with_kms)
        again = run(tmp_path / "data", "--apply", "--json", **with_kms)
    sentence = "KMS seals at most 4,096 bytes and their client secret is longer."
    for result in (dry_run, applied):
        assert f"{sentence} Set another secret in the portal: 86812_104348." in result.stderr
    assert "Secrets to seal: 2." in dry_run.stdout
    assert "Secrets sealed: 2." in applied.stdout
    report = json.loads(again.stdout)
    assert (report["right"], report["unchangeable"]) == (2, {"86812_104348": "too-long-to-seal"})
    assert [dry_run.exit_code, applied.exit_code, again.exit_code] == [1, 1, 1]
    assert "ü" not in dry_run.output + applied.output + again.output
    assert store.get("86812_104348") == rows[1]
    store.close()


def test_a_row_that_is_too_large_for_keys_is_reported_and_the_others_are_changed(
    old_table: OldTable, tmp_path: Path
) -> None:
    old_table.put(old_row(1, notOurs="x" * (400 * 1024 - 700)), old_row(2))
    result = run(
        with_sealing_key(tmp_path / "data"),
        "--apply",
        USE_DYNAMODB="true",
        TENANT_TABLE_NAME=old_table.location.table,
        AWS_REGION=REGION,
        AWS_ENDPOINT_URL_DYNAMODB=str(old_table.location.endpoint),
    )
    assert result.exit_code == 1
    assert "Index keys added: 1. Secrets sealed: 1." in result.stdout
    assert "Shorten their values: 86811_104348." in result.stderr
