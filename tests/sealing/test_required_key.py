"""With DynamoDB, no key is made by itself: it would be lost with a folder that disappears."""

import shutil
from pathlib import Path

import pytest

from portal import create_app
from portal.sealing import KeyFileSealer, Secret, open_sealer
from portal.sealing.key_file import KeyFileError
from portal.settings import Settings, SettingsError
from tests.cli.portal_command import run
from tests.conftest import SECRET_KEY
from tests.sealing_key import with_sealing_key
from tests.serving import free_port

SENTENCE = "PORTAL_KMS_KEY_ID: Set it to the KMS key that seals client secrets"


def settings_of(folder: Path, **more: str) -> Settings:
    environ = {"PORTAL_DATA_DIR": str(folder), "PORTAL_SECRET_KEY": SECRET_KEY}
    return Settings.from_environment(environ | {"USE_DYNAMODB": "true"} | more)


def test_without_a_key_the_portal_does_not_start_on_a_table(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    for start in (create_app, open_sealer):
        with pytest.raises(SettingsError) as refused:
            start(settings_of(folder))
        assert str(refused.value).startswith(SENTENCE)
        assert f"only if {folder} stays" in str(refused.value)
        assert "`portal sealing create`" in str(refused.value)
    assert not folder.exists()


@pytest.mark.parametrize(
    "command", [("serve", "--port", "free", "--no-outbox"), ("doctor",)], ids=["serve", "doctor"]
)
def test_commands_say_it_in_a_sentence(command: tuple[str, ...], tmp_path: Path) -> None:
    arguments = [str(free_port()) if each == "free" else each for each in command]
    result = run(
        tmp_path / "data", *arguments, USE_DYNAMODB="true", AWS_REGION="eu-central-1",
        AWS_ENDPOINT_URL_DYNAMODB="http://127.0.0.1:1",
    )  # fmt: skip
    assert result.exit_code == 1
    assert SENTENCE in result.output
    assert "Traceback" not in result.output


def test_a_key_in_kms_or_a_key_file_is_enough(tmp_path: Path) -> None:
    open_sealer(settings_of(tmp_path / "data", PORTAL_KMS_KEY_ID="alias/portal"))
    sealer = open_sealer(settings_of(with_sealing_key(tmp_path / "data")))
    assert sealer.seal(Secret("s3cr3t"), "1_2").startswith("v1.loc.")


def test_the_file_store_makes_its_key_as_before(tmp_path: Path) -> None:
    sealer = open_sealer(settings_of(tmp_path / "data", USE_DYNAMODB="false"))
    assert sealer.seal(Secret("s3cr3t"), "1_2").startswith("v1.loc.")


def test_a_key_file_that_is_lost_while_the_portal_runs_is_not_made_anew(tmp_path: Path) -> None:
    folder = with_sealing_key(tmp_path / "data")
    sealer = open_sealer(settings_of(folder))
    shutil.rmtree(folder)
    with pytest.raises(KeyFileError, match="cannot be read or created"):
        sealer.seal(Secret("s3cr3t"), "1_2")
    assert not folder.exists()


def test_a_folder_that_nobody_may_look_into_does_not_count_as_empty(tmp_path: Path) -> None:
    too_long = tmp_path / ("x" * 300)
    # Whether there is a key is not known: sealing says it.
    sealer = open_sealer(settings_of(too_long))
    assert isinstance(sealer, KeyFileSealer)
    with pytest.raises(KeyFileError):
        sealer.seal(Secret("s3cr3t"), "1_2")
