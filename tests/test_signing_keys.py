"""The signing keys: from the settings, or one that the file store creates once."""

import multiprocessing
import stat
from dataclasses import replace
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from portal.settings import Settings, SettingsError
from portal.signing_keys import SECRET_KEY_FILE, resolve_secret_keys

KEY = "k" * 40


def of(**environ: str) -> Settings:
    return Settings.from_environment(environ)


def test_a_key_from_the_settings_comes_first_and_creates_no_file(tmp_path: Path) -> None:
    settings = of(
        PORTAL_SECRET_KEY=KEY, PORTAL_SECRET_KEY_FALLBACKS="b, c", PORTAL_DATA_DIR=str(tmp_path)
    )
    assert resolve_secret_keys(settings) == (KEY, "b", "c")
    assert list(tmp_path.iterdir()) == []


def test_the_file_store_creates_its_key_once_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    settings = of(PORTAL_DATA_DIR=str(tmp_path / "new" / "data"))
    keys = resolve_secret_keys(settings)
    assert len(keys[0]) >= 32
    assert resolve_secret_keys(settings) == keys
    assert [path.name for path in settings.data_dir.iterdir()] == [SECRET_KEY_FILE]
    assert stat.S_IMODE((settings.data_dir / SECRET_KEY_FILE).stat().st_mode) == 0o600
    assert stat.S_IMODE(settings.data_dir.stat().st_mode) == 0o700


def test_each_folder_has_its_own_key(tmp_path: Path) -> None:
    settings = of(PORTAL_DATA_DIR=str(tmp_path / "a"))
    other = replace(settings, data_dir=tmp_path / "b")
    assert resolve_secret_keys(settings) != resolve_secret_keys(other)


def test_dynamodb_needs_a_key_and_creates_no_file(tmp_path: Path) -> None:
    settings = of(USE_DYNAMODB="true", PORTAL_DATA_DIR=str(tmp_path))
    with pytest.raises(SettingsError, match="on every machine") as caught:
        resolve_secret_keys(settings)
    assert caught.value.name == "PORTAL_SECRET_KEY"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"cut-o", b"\xff" * 64])
def test_a_damaged_key_file_is_refused_and_not_overwritten(tmp_path: Path, content: bytes) -> None:
    (tmp_path / SECRET_KEY_FILE).write_bytes(content)
    with pytest.raises(SettingsError, match=SECRET_KEY_FILE):
        resolve_secret_keys(of(PORTAL_DATA_DIR=str(tmp_path)))
    assert (tmp_path / SECRET_KEY_FILE).read_bytes() == content


def test_a_data_folder_that_cannot_be_created_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file is in the way")
    with pytest.raises(SettingsError, match="Let the portal write to that folder"):
        resolve_secret_keys(of(PORTAL_DATA_DIR=str(tmp_path / "data")))


def test_a_key_that_others_can_read_logs_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = of(PORTAL_DATA_DIR=str(tmp_path))
    resolve_secret_keys(settings)
    assert caplog.messages == []
    (tmp_path / SECRET_KEY_FILE).chmod(0o644)
    resolve_secret_keys(settings)
    assert "chmod 600" in caplog.messages[0]


def _resolve_at_once(folder: str, barrier: Barrier, answers: "multiprocessing.Queue[str]") -> None:
    barrier.wait(timeout=60)
    answers.put(resolve_secret_keys(of(PORTAL_DATA_DIR=folder))[0])


def test_processes_that_start_together_agree_on_the_key(tmp_path: Path) -> None:
    # Spawned, since a process that is forked by a test runner with threads may hang.
    context = multiprocessing.get_context("spawn")
    barrier, answers = context.Barrier(4), context.Queue()
    folder = str(tmp_path / "data")
    processes = [
        context.Process(target=_resolve_at_once, args=(folder, barrier, answers)) for _ in range(4)
    ]
    for process in processes:
        process.start()
    keys = {answers.get(timeout=60) for _ in processes}
    for process in processes:
        process.join()
    assert len(keys) == 1
    assert [path.name for path in Path(folder).iterdir()] == [SECRET_KEY_FILE]
