"""`python -m migrations_tools adopt`: what is typed, and what is told."""

import json
from pathlib import Path

import boto3
import pytest
from click.testing import CliRunner, Result
from moto import mock_aws

from migrations_tools.backfill.checkpoints import Checkpoint, Checkpoints
from migrations_tools.backfill.rows import SkipReason
from migrations_tools.cli import main
from portal.settings import SETTINGS
from portal.stores.contract import Add
from portal.stores.file.store import JsonFileStore
from tests.conftest import SECRET_KEY
from tests.dynamodb_engine import CREDENTIALS, REGION, Engine
from tests.examples import all_items
from tests.migrations_tools.backfill.old_rows import PLAIN, Table, old_row
from tests.unseal import padded


def run(folder: Path, *arguments: str, **environ: str) -> Result:
    nothing = {setting.name: "" for setting in SETTINGS}
    own = {"PORTAL_DATA_DIR": str(folder), "PORTAL_SECRET_KEY": SECRET_KEY, **CREDENTIALS}
    return CliRunner().invoke(main, ["adopt", *arguments], env={**nothing, **own, **environ})


def test_the_command_looks_first_and_writes_when_it_is_told(table: Table, tmp_path: Path) -> None:
    table.put(*(old_row(number) for number in range(3)))
    where = {
        "USE_DYNAMODB": "true",
        "TENANT_TABLE_NAME": table.place.table,
        "AWS_REGION": REGION,
        "AWS_ENDPOINT_URL_DYNAMODB": str(table.place.endpoint),
    }
    folder = tmp_path / "data"
    dry = run(folder, **where)
    assert dry.exit_code == 0, dry.output
    assert "To be given index keys: 3. To be sealed: 3." in dry.stdout
    assert "Run it with --apply to write it." in dry.stdout
    assert PLAIN in str(table.store.get("86811_104348"))
    done = run(folder, "--apply", "--json", **where)
    assert json.loads(done.stdout) == {
        "applied": True, "rows": 3, "tenants": 3, "right": 0, "listed": 3, "sealed": 3,
        "changed_meanwhile": 0, "failed": [], "unchangeable": {},
    }  # fmt: skip
    assert "As they should be already: 3." in run(folder, "--apply", **where).stdout
    assert sorted(path.name for path in folder.iterdir()) == ["sealing-keys.json"]
    assert PLAIN not in done.output + dry.output


def test_the_command_works_on_the_file_too(tmp_path: Path) -> None:
    store = JsonFileStore(tmp_path / "data")
    store.write([Add(old_row(1))])
    result = run(tmp_path / "data", "--apply")
    assert "Given index keys: 1. Secrets sealed: 1." in result.stdout
    store.close()


def test_a_table_that_is_not_there_is_a_sentence(engine: Engine, tmp_path: Path) -> None:
    result = run(
        tmp_path / "data", USE_DYNAMODB="true", TENANT_TABLE_NAME="nowhere", AWS_REGION=REGION,
        AWS_ENDPOINT_URL_DYNAMODB=engine.url,
    )  # fmt: skip
    assert result.exit_code == 1
    assert "There is no table nowhere" in result.stderr
    assert "Run it again: it goes on where it stopped." in result.stderr


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
        for tenant_id, item in all_items(store).items():
            sealed = str(item["clientSecret"]).removeprefix("v1.kms.")
            answer = kms.decrypt(
                CiphertextBlob=padded(sealed),
                EncryptionContext={"tenantId": tenant_id, "purpose": "clientSecret"},
            )
            assert answer["Plaintext"].decode() == PLAIN
    assert not (tmp_path / "data" / "sealing-keys.json").exists()
    store.close()


def test_what_an_earlier_run_had_to_leave_is_told_in_the_end_of_the_whole(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    store = JsonFileStore(folder)
    store.write([Add(old_row(1))])
    where = f"{store.describe()} "
    for options in ((), ("--json",)):
        memory = Checkpoints(folder / "adopt-progress.json", where, 1)
        obstacles = {"86813_104348": SkipReason.TOO_LARGE}
        memory.keep(0, Checkpoint(done=True, failed=["86812_104348"], unchangeable=obstacles))
        result = run(folder, "--apply", "--segments", "1", *options)
        assert result.exit_code == 1
        if options:
            told = json.loads(result.stdout)
            assert (told["rows"], told["failed"]) == (0, ["86812_104348"])
            assert told["unchangeable"] == {"86813_104348": "too-large"}
        else:
            assert "Going on where an earlier run stopped" in result.stdout
            assert "so run it once more: 86812_104348." in result.stderr
            assert "Shorten what they hold: 86813_104348." in result.stderr
        assert not (folder / "adopt-progress.json").exists()
    assert run(folder, "--apply", "--segments", "1").exit_code == 0
    store.close()


def test_a_secret_that_is_too_long_for_kms_is_told_by_its_id_and_the_others_are_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    long = "ü" * 2049
    store = JsonFileStore(tmp_path / "data")
    rows = [old_row(1), old_row(2, clientSecret=long), old_row(3, clientSecret="ü" * 2048)]
    store.write([Add(row) for row in rows])
    with mock_aws():
        key = boto3.client("kms", region_name=REGION).create_key()["KeyMetadata"]["KeyId"]
        by_kms = {"PORTAL_KMS_KEY_ID": key, "AWS_REGION": REGION}
        dry = run(tmp_path / "data", **by_kms)
        done = run(tmp_path / "data", "--apply", **by_kms)
        again = run(tmp_path / "data", "--apply", "--json", **by_kms)
    sentence = "KMS seals at most 4,096 bytes, and their client secret is longer."
    for result in (dry, done):
        assert f"{sentence} Set another one in the portal: 86812_104348." in result.stderr
    assert "To be sealed: 2." in dry.stdout
    assert "Secrets sealed: 2." in done.stdout
    told = json.loads(again.stdout)
    assert (told["right"], told["unchangeable"]) == (2, {"86812_104348": "too-long-to-seal"})
    assert [dry.exit_code, done.exit_code, again.exit_code] == [1, 1, 1]
    assert "ü" not in dry.output + done.output + again.output
    assert store.get("86812_104348") == rows[1]
    store.close()


def test_a_row_that_has_no_room_for_keys_is_named_and_the_others_are_done(
    table: Table, tmp_path: Path
) -> None:
    table.put(old_row(1, notOurs="x" * (400 * 1024 - 700)), old_row(2))
    result = run(
        tmp_path / "data", "--apply", USE_DYNAMODB="true", TENANT_TABLE_NAME=table.place.table,
        AWS_REGION=REGION, AWS_ENDPOINT_URL_DYNAMODB=str(table.place.endpoint),
    )  # fmt: skip
    assert result.exit_code == 1
    assert "Given index keys: 1. Secrets sealed: 1." in result.stdout
    assert "Shorten what they hold: 86811_104348." in result.stderr
