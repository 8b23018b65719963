"""`portal check-config`: every setting, its source, all problems, and no secret."""

import json
from pathlib import Path
from typing import Any

import pytest

from portal.cli.check_config.masking import MASK, masked
from portal.cli.check_config.spelling import unknown_variables
from portal.setting_list import GROUPS
from portal.settings import SETTINGS
from tests.cli.portal_command import run
from tests.conftest import SECRET_KEY
from tests.documents import ROOT

HUSH = "hush-hush-hush-hush-hush-hush-hush"


def read(folder: Path, **environ: str) -> tuple[int, dict[str, Any], dict[str, Any]]:
    """Exit status, the answer for programs, and its settings by name."""
    result = run(folder, "check-config", "--json", **environ)
    answer = json.loads(result.stdout)
    return result.exit_code, answer, {each["name"]: each for each in answer["settings"]}


def test_every_setting_is_there_with_its_source(folder: Path) -> None:
    status, answer, settings = read(folder, PORTAL_TIME_ZONE="Europe/Berlin", PORTAL_WORKERS="  ")
    assert (status, answer["valid"]) == (0, True)
    assert settings.keys() == {setting.name for setting in SETTINGS}
    assert settings["PORTAL_TIME_ZONE"] == {
        "name": "PORTAL_TIME_ZONE", "value": "Europe/Berlin", "source": "environment",
        "problem": "",
    }  # fmt: skip
    assert (settings["PORTAL_WORKERS"]["value"], settings["PORTAL_WORKERS"]["source"]) == (
        "1", "default",
    )  # fmt: skip
    assert not folder.exists()


def test_people_read_the_same(folder: Path) -> None:
    result = run(folder, "check-config", PORTAL_TIME_ZONE="Europe/Berlin")
    assert result.exit_code == 0
    lines = [line.split() for line in result.stdout.splitlines()]
    assert ["PORTAL_TIME_ZONE", "Europe/Berlin", "[environment]"] in lines
    assert ["PORTAL_OIDC_ISSUER", "(not", "set)", "[default]"] in lines
    assert f"All {len(SETTINGS)} settings can be used." in result.stdout
    assert SECRET_KEY not in result.stdout


def test_the_key_that_the_portal_made_is_named_as_that(folder: Path) -> None:
    _, _, settings = read(folder, PORTAL_SECRET_KEY="")
    assert settings["PORTAL_SECRET_KEY"]["source"] == "made in the data folder at the first start"
    folder.mkdir()
    (folder / "secret-key").write_text(HUSH)
    status, _, settings = read(folder, PORTAL_SECRET_KEY="")
    key = settings["PORTAL_SECRET_KEY"]
    assert (status, key["value"], key["source"]) == (0, MASK, "made in the data folder")
    (folder / "secret-key").write_text("short")
    status, _, settings = read(folder, PORTAL_SECRET_KEY="")
    assert status == 1
    assert "is too short" in settings["PORTAL_DATA_DIR"]["problem"]


def test_all_problems_are_listed(folder: Path) -> None:
    status, answer, settings = read(
        folder, PORTAL_PROXY_HOPS="many", PORTAL_TIME_ZONE="Berlin/Europe",
        PORTAL_OIDC_CLIENT_ID="portal", PORTAL_OIDC_CLIENT_SECRET=HUSH, PORTAL_MAIL_URL="imap://a",
        PORTAL_SECRET_KEY="short",
    )  # fmt: skip
    assert (status, answer["valid"]) == (1, False)
    assert {name for name, each in settings.items() if each["problem"]} == {
        "PORTAL_PROXY_HOPS", "PORTAL_TIME_ZONE", "PORTAL_OIDC_ISSUER", "PORTAL_MAIL_URL",
        "PORTAL_SECRET_KEY",
    }  # fmt: skip
    text = run(folder, "check-config", PORTAL_PROXY_HOPS="many", PORTAL_WORKERS="none").stdout
    assert "PROBLEM  PORTAL_PROXY_HOPS: Set it to a whole number from 0 to 10, not 'many'." in text
    assert f"2 of {len(SETTINGS)} settings cannot be used." in text


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({"PORTAL_OIDC_ISSUER": "https://a.example"}, "PORTAL_OIDC_CLIENT_ID"),
        (
            {"PORTAL_OIDC_ISSUER": "https://a.example", "PORTAL_OIDC_CLIENT_ID": "x"},
            "PORTAL_OIDC_ADMINS",
        ),
        ({"USE_DYNAMODB": "true", "PORTAL_SECRET_KEY": "", "PORTAL_KMS_KEY_ID": "alias/portal"},
         "PORTAL_SECRET_KEY"),
        # As `portal serve` does: with DynamoDB it makes no key by itself.
        ({"USE_DYNAMODB": "true"}, "PORTAL_KMS_KEY_ID"),
        ({"PORTAL_MAIL_DKIM_KEY_FILE": "/none", "PORTAL_MAIL_DKIM_SELECTOR": "s",
          "PORTAL_MAIL_FROM": "a@example.com"},
         "PORTAL_MAIL_DKIM_KEY_FILE"),
    ],
)  # fmt: skip
def test_what_lacks_beside_others_is_a_problem(
    folder: Path, environ: dict[str, str], name: str
) -> None:
    status, _, settings = read(folder, **environ, PORTAL_PROXY_HOPS="many")
    assert status == 1
    assert settings["PORTAL_PROXY_HOPS"]["problem"]
    status, _, settings = read(folder, **environ)
    assert (status, [each for each, found in settings.items() if found["problem"]]) == (1, [name])


# ---- Secrets as files


@pytest.fixture
def credentials(tmp_path: Path) -> Path:
    path = tmp_path / "credentials"
    path.mkdir()
    (path / "portal_secret_key_fallbacks").write_text(f"{HUSH}\n")
    (path / "portal_mail_url").write_text(f"smtp://ann:{HUSH}@mail.example:587\n")
    return path


def test_what_stands_in_a_file_is_named_as_that_and_masked(folder: Path, credentials: Path) -> None:
    (credentials / "portal_secret_key").write_text(HUSH)
    environ = {"CREDENTIALS_DIRECTORY": str(credentials), "PORTAL_SECRET_KEY": ""}
    status, answer, settings = read(folder, **environ)
    assert (status, answer["unknown"]) == (0, [])
    found = {name: each["value"] for name, each in settings.items()
             if each["source"] == "credentials directory"}  # fmt: skip
    assert found == {
        "PORTAL_SECRET_KEY": MASK, "PORTAL_SECRET_KEY_FALLBACKS": MASK,
        "PORTAL_MAIL_URL": f"smtp://ann:{MASK}@mail.example:587",
    }  # fmt: skip
    assert settings["CREDENTIALS_DIRECTORY"]["source"] == "environment"
    text = run(folder, "check-config", **environ).output
    assert "[credentials directory]" in text
    assert HUSH not in text


def test_a_file_that_cannot_be_used_hides_no_other_problem(folder: Path, credentials: Path) -> None:
    (credentials / "portal_secret_key").write_text("short")
    (credentials / "portal_mail_url").write_text("imap://a")
    status, _, settings = read(
        folder, CREDENTIALS_DIRECTORY=str(credentials), PORTAL_SECRET_KEY="",
        PORTAL_PROXY_HOPS="many",
    )  # fmt: skip
    assert status == 1
    assert {name for name, each in settings.items() if each["problem"]} == {
        "PORTAL_SECRET_KEY", "PORTAL_MAIL_URL", "PORTAL_PROXY_HOPS",
    }  # fmt: skip


def test_a_secret_in_both_places_is_a_problem_beside_others(
    folder: Path, credentials: Path
) -> None:
    (credentials / "portal_secret_key").write_text(HUSH)
    status, _, settings = read(
        folder, CREDENTIALS_DIRECTORY=str(credentials), PORTAL_PROXY_HOPS="many",
        PORTAL_MAIL_URL="file:",
    )  # fmt: skip
    assert status == 1
    for name in ("PORTAL_SECRET_KEY", "PORTAL_MAIL_URL"):
        assert settings[name]["problem"].startswith("Set it once")
        assert settings[name]["source"] == "environment"
    assert settings["PORTAL_PROXY_HOPS"]["problem"]


@pytest.mark.parametrize("how", ["missing", "unreadable"])
def test_files_that_cannot_be_read_are_one_problem(
    folder: Path, credentials: Path, how: str
) -> None:
    path = credentials / "none"
    if how == "unreadable":
        path = credentials
        (path / "portal_secret_key").write_bytes(b"\xff")
    # With DynamoDB a secret key that is missing would be a problem as well. Nobody knows.
    status, _, settings = read(
        folder, CREDENTIALS_DIRECTORY=str(path), PORTAL_SECRET_KEY="", USE_DYNAMODB="true",
        PORTAL_KMS_KEY_ID="alias/portal", PORTAL_PROXY_HOPS="many",
    )  # fmt: skip
    assert status == 1
    assert {name for name, each in settings.items() if each["problem"]} == {
        "CREDENTIALS_DIRECTORY", "PORTAL_PROXY_HOPS",
    }  # fmt: skip


# ---- Secrets


def test_no_secret_is_printed(folder: Path) -> None:
    environ = {
        "PORTAL_SECRET_KEY": HUSH,
        "PORTAL_SECRET_KEY_FALLBACKS": f"{HUSH}-1,{HUSH}-2://",
        "PORTAL_OIDC_CLIENT_SECRET": HUSH,
        "PORTAL_MAIL_URL": f"smtp://ann:{HUSH}@mail.example:587",
        "HTTPS_PROXY": f"http://ann:{HUSH}@proxy.example:3128",
        "AWS_ENDPOINT_URL_DYNAMODB": f"http://{HUSH}@localhost:8000/?token={HUSH}",
        "PORTAL_CONTACT_URL": f"https://contact.example/?api_key={HUSH}",
        "PORTAL_SECRET_KYE": HUSH,
    }
    for arguments in (("check-config",), ("check-config", "--json")):
        result = run(folder, *arguments, **environ)
        assert HUSH not in result.output
        assert f"smtp://ann:{MASK}@mail.example:587" in result.stdout
        assert "PORTAL_SECRET_KYE" in result.stdout


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("file:", "file:"),
        ("ses://eu-central-1", "ses://eu-central-1"),
        ("smtp://mail.example:587?tls=none", "smtp://mail.example:587?tls=none"),
        ("smtp://u:p@ss/w@h", f"smtp://u:{MASK}@h"),
        ("smtp://key@h", f"smtp://{MASK}@h"),
        ("smtp://u:pass", f"smtp://u:{MASK}"),
        ("smtp:u:p@h", MASK),
        ("pass", MASK),
    ],
)
def test_of_an_address_the_password_is_masked(value: str, shown: str) -> None:
    assert masked(value, is_secret=True, is_address=True) == shown


def test_a_terminal_obeys_no_value() -> None:
    assert masked("a\x1b[2Jb", is_secret=False, is_address=False) == "a\\x1b[2Jb"


def test_each_setting_that_sounds_like_a_secret_is_one() -> None:
    words = ("SECRET", "PASSWORD", "TOKEN", "CREDENTIAL")
    # Files and switches are none.
    sounding = {
        setting.name
        for setting in SETTINGS
        if (any(word in setting.name for word in words) or setting.name.endswith("_KEY"))
        and setting.default not in ("true", "false")
        and not setting.name.endswith(("_FILE", "_DIRECTORY"))
    }
    assert sounding <= {setting.name for setting in SETTINGS if setting.is_secret}


# ---- Names


def test_misspelt_and_unknown_variables_are_named() -> None:
    names = [setting.name for setting in SETTINGS]
    environ = dict.fromkeys(
        ("PORTAL_BASE_ULR", "portal_time_zone", "TENANT_TABEL_NAME", "PORTAL_NOTHING_LIKE_IT",
         "PATH", "HOME", "HTTP_PROXY", "https_proxy", "AWS_PROFILE", "AWS_REGIONS", *names),
        "x",
    )  # fmt: skip
    assert unknown_variables(environ, names) == {
        "PORTAL_BASE_ULR": ["PORTAL_BASE_URL"],
        "PORTAL_NOTHING_LIKE_IT": [],
        "TENANT_TABEL_NAME": ["TENANT_TABLE_NAME"],
        "portal_time_zone": ["PORTAL_TIME_ZONE"],
    }


def test_they_do_not_change_the_status(folder: Path) -> None:
    result = run(folder, "check-config", PORTAL_BASE_ULR="x")
    assert result.exit_code == 0
    assert "LOOK     PORTAL_BASE_ULR is no setting of the portal. Did you mean" in result.stdout


def test_the_groups_are_the_sections_of_the_docs() -> None:
    text = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    for title, group in GROUPS.items():
        section = text.partition(f"\n### {title}\n")[2].partition("\n## ")[0]
        own = section.partition("\n### ")[0]
        assert [each.name for each in group if f"| `{each.name}` |" not in own] == []
