"""`portal sealing rotate`."""

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
