"""Settings that are secrets may stand in files."""

from pathlib import Path

import pytest

from portal.credential_files import secrets_in_files
from portal.settings import SETTINGS, Settings, SettingsError

KEY = "k" * 40
SECRETS = [setting.name for setting in SETTINGS if setting.is_secret]


def test_each_setting_with_a_secret_may_stand_in_a_file() -> None:
    assert SECRETS == [
        "PORTAL_SECRET_KEY", "PORTAL_SECRET_KEY_FALLBACKS", "PORTAL_MAIL_URL",
        "PORTAL_OIDC_CLIENT_SECRET",
    ]  # fmt: skip
    named = {s.name for s in SETTINGS if "SECRET" in s.name or "PASSWORD" in s.name}
    assert named <= set(SECRETS)


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_is_read_without_the_end_of_its_line(tmp_path: Path, name: str) -> None:
    (tmp_path / name.lower()).write_text(f"{KEY}\n")
    assert secrets_in_files({"CREDENTIALS_DIRECTORY": str(tmp_path)}) == {name: KEY}


def test_the_settings_hold_what_stands_in_files(tmp_path: Path) -> None:
    (tmp_path / "portal_secret_key").write_text(f"{KEY}\n")
    (tmp_path / "portal_mail_url").write_text("smtp://anna:pa55@mail.example.com?tls=required")
    settings = Settings.from_environment({"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert settings.configured_secret_key == KEY
    assert settings.mail_server.host == "mail.example.com"
    assert KEY not in repr(settings)


def test_a_setting_that_is_no_secret_is_not_read_from_files(tmp_path: Path) -> None:
    (tmp_path / "portal_base_url").write_text("https://elsewhere.example.com")
    (tmp_path / "portal_secret_key").write_text(" \n")
    settings = Settings.from_environment({"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert settings.base_url == "http://127.0.0.1:8000"
    assert settings.configured_secret_key is None


def test_a_secret_in_both_places_is_refused_and_not_shown(tmp_path: Path) -> None:
    (tmp_path / "portal_secret_key").write_text(KEY)
    other = "e" * 40
    with pytest.raises(SettingsError, match="Set it once") as refused:
        Settings.from_environment(
            {"CREDENTIALS_DIRECTORY": str(tmp_path), "PORTAL_SECRET_KEY": other}
        )
    assert refused.value.name == "PORTAL_SECRET_KEY"
    assert KEY not in str(refused.value)
    assert other not in str(refused.value)


@pytest.mark.parametrize("content", [b"\xff\xfe", None])
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "portal_secret_key"
    # A folder stands for whatever the operating system refuses: root may read every file.
    path.mkdir() if content is None else path.write_bytes(content)
    with pytest.raises(SettingsError, match="cannot be read") as refused:
        secrets_in_files({"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert refused.value.name == "CREDENTIALS_DIRECTORY"


def test_a_folder_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="is none"):
        secrets_in_files({"CREDENTIALS_DIRECTORY": str(tmp_path / "nowhere")})
