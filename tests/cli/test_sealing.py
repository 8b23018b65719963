"""`portal sealing create` and `portal sealing rotate`."""

import json
from pathlib import Path

from portal.sealing import SEALING_KEYS_FILE, KeyFileSealer, Secret
from tests.cli.portal_command import run


def test_rotate_adds_a_key_and_says_which_one_seals(folder: Path) -> None:
    path = folder / SEALING_KEYS_FILE
    for earlier_keys in (1, 2):
        result = run(folder, "sealing", "rotate")
        assert result.exit_code == 0
        new_key = list(json.loads(path.read_text()))[-1]
        assert f"Key {new_key} of {path} seals new secrets from now on." in result.stdout
        assert f"Earlier keys, kept to open what they sealed: {earlier_keys}." in result.stdout
        assert KeyFileSealer(path).seal(Secret("x"), "1_2").startswith(f"v1.loc.{new_key}.")
        assert not [key for key in json.loads(path.read_text()).values() if key in result.output]


def test_rotate_leaves_a_damaged_file_alone(folder: Path) -> None:
    folder.mkdir()
    (folder / SEALING_KEYS_FILE).write_text("{")
    result = run(folder, "sealing", "rotate")
    assert result.exit_code == 1
    assert "is not a key file. Restore it from a backup." in result.stderr
    assert (folder / SEALING_KEYS_FILE).read_text() == "{"


def test_rotate_is_not_for_kms(folder: Path) -> None:
    result = run(folder, "sealing", "rotate", PORTAL_KMS_KEY_ID="alias/portal")
    assert result.exit_code == 1
    assert "Let KMS rotate its key." in result.stderr
    assert not (folder / SEALING_KEYS_FILE).exists()


def test_create_makes_the_first_key_and_says_how_to_keep_it(folder: Path) -> None:
    path = folder / SEALING_KEYS_FILE
    result = run(folder, "sealing", "create", USE_DYNAMODB="true")
    assert result.exit_code == 0
    ((key, value),) = json.loads(path.read_text()).items()
    assert f"{path} was made. Its key {key} seals client secrets." in result.stdout
    assert value not in result.output
    assert path.stat().st_mode & 0o777 == 0o600


def test_create_leaves_a_key_file_alone(folder: Path) -> None:
    run(folder, "sealing", "create")
    before = (folder / SEALING_KEYS_FILE).read_text()
    result = run(folder, "sealing", "create")
    assert result.exit_code == 1
    assert "is there already, and nothing was changed." in result.stderr
    assert (folder / SEALING_KEYS_FILE).read_text() == before


def test_create_is_not_for_kms(folder: Path) -> None:
    result = run(folder, "sealing", "create", PORTAL_KMS_KEY_ID="alias/portal")
    assert result.exit_code == 1
    assert "The portal needs no key file." in result.stderr
    assert not folder.exists()
