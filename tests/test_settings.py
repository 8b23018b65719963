"""Settings: read once, refused with a sentence, and silent about secrets."""

import multiprocessing
import stat
from dataclasses import FrozenInstanceError, replace
from multiprocessing.synchronize import Barrier
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from portal.settings import (
    KEY_FILE,
    SETTINGS,
    Settings,
    SettingsError,
    resolve_secret_keys,
)

KEY = "k" * 40


def of(**environ: str) -> Settings:
    return Settings.from_environment(environ)


def test_nothing_has_to_be_set() -> None:
    settings = of()
    assert settings.store == "json"
    assert settings.data_dir == Path("data")
    assert settings.time_zone == ZoneInfo("UTC")
    assert settings.base_url == "http://127.0.0.1:8000"
    assert settings.proxy_hops == 0
    assert settings.sign_up_min_seconds == 3
    assert settings.promised_days == 2
    assert settings.status_link_days == 730
    assert settings.api_allowed_origins == ()


def test_a_blank_setting_counts_as_not_set() -> None:
    assert Settings.from_environment({setting.name: "  " for setting in SETTINGS}) == of()


def test_settings_do_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        of().proxy_hops = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("environ", "store"),
    [
        ({"USE_DYNAMODB": "true"}, "dynamodb"),
        ({"USE_DYNAMODB": "TRUE"}, "dynamodb"),
        ({"USE_DYNAMODB": "yes"}, "json"),
        ({"NODE_ENV": "production"}, "dynamodb"),
        ({"NODE_ENV": "development"}, "json"),
        ({"NODE_ENV": "production", "USE_DYNAMODB": "false"}, "json"),
        ({"NODE_ENV": "production", "USE_DYNAMODB": ""}, "dynamodb"),
    ],
)
def test_the_store_is_chosen_as_the_old_application_did(
    environ: dict[str, str], store: str
) -> None:
    assert Settings.from_environment(environ).store == store


@pytest.mark.parametrize(
    ("address", "base_url", "secure"),
    [
        ("https://portal.example.com", "https://portal.example.com", True),
        ("https://Portal.Example.com:443/", "https://portal.example.com", True),
        ("http://portal.example.com:8080/", "http://portal.example.com:8080", False),
    ],
)
def test_the_base_url_is_an_origin_and_decides_about_cookies(
    address: str, base_url: str, secure: bool
) -> None:
    settings = of(PORTAL_BASE_URL=address)
    assert settings.base_url == base_url
    assert settings.secure_cookies is secure


def test_the_host_of_the_base_url_is_always_trusted() -> None:
    settings = of(PORTAL_BASE_URL="https://a.example.com", PORTAL_TRUSTED_HOSTS="B.example.com, c")
    assert settings.trusted_hosts == ("a.example.com", "b.example.com", "c")
    assert not settings.is_local


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_on_this_machine_both_of_its_names_are_trusted(host: str) -> None:
    settings = of(PORTAL_BASE_URL=f"http://{host}:8000")
    assert set(settings.trusted_hosts) == {"localhost", "127.0.0.1"}
    assert settings.is_local


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TENANT_TABLE_NAME", "ab"),
        ("TENANT_TABLE_NAME", "tenants/of all"),
        ("AWS_REGION", "EU (Frankfurt)"),
        ("PORTAL_TIME_ZONE", "Mars/Olympus"),
        ("PORTAL_TIME_ZONE", "../etc/passwd"),
        ("PORTAL_TIME_ZONE", "Europe"),
        ("PORTAL_BASE_URL", "portal.example.com"),
        ("PORTAL_BASE_URL", "ftp://portal.example.com"),
        ("PORTAL_BASE_URL", "https://portal.example.com/path"),
        ("PORTAL_BASE_URL", "https://portal.example.com?a=b"),
        ("PORTAL_BASE_URL", "https://name:word@portal.example.com"),
        ("PORTAL_BASE_URL", "https://portal.example.com:port"),
        ("PORTAL_BASE_URL", "https://[::1]"),
        ("PORTAL_BASE_URL", "https://"),
        ("PORTAL_TRUSTED_HOSTS", "https://portal.example.com"),
        ("PORTAL_TRUSTED_HOSTS", "portal.example.com:8000"),
        ("PORTAL_TRUSTED_HOSTS", "*.example.com"),
        ("PORTAL_TRUSTED_HOSTS", ".example.com"),
        ("PORTAL_PROXY_HOPS", "-1"),
        ("PORTAL_PROXY_HOPS", "11"),
        ("PORTAL_PROXY_HOPS", "٣"),
        ("PORTAL_SIGN_UP_MIN_SECONDS", "3.5"),
        ("PORTAL_SIGN_UP_MIN_SECONDS", "3s"),
        ("PORTAL_PROMISED_DAYS", "0"),
        ("PORTAL_STATUS_LINK_DAYS", "9" * 5000),
        ("PORTAL_SECRET_KEY", "short"),
        ("API_ALLOWED_ORIGINS", "*"),
        ("API_ALLOWED_ORIGINS", "null"),
        ("API_ALLOWED_ORIGINS", "https://a.example.com, b.example.com"),
    ],
)
def test_a_wrong_value_is_refused_with_a_sentence_that_says_what_to_set(
    name: str, value: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({name: value})
    assert caught.value.name == name
    assert caught.value.sentence.startswith("Set it to ")


def test_origins_are_kept_as_browsers_send_them() -> None:
    settings = of(API_ALLOWED_ORIGINS="https://A.example.com/, http://b.example.com:81")
    assert settings.api_allowed_origins == ("https://a.example.com", "http://b.example.com:81")


def test_no_secret_is_shown() -> None:
    settings = of(PORTAL_SECRET_KEY=KEY, PORTAL_SECRET_KEY_FALLBACKS="an-old-one,older")
    shown = repr(settings) + str(settings)
    assert KEY not in shown
    assert "old" not in shown
    with pytest.raises(SettingsError) as caught:
        of(PORTAL_SECRET_KEY="hush")
    assert "hush" not in str(caught.value)


def test_a_key_that_is_set_comes_first_and_makes_no_file(tmp_path: Path) -> None:
    settings = of(
        PORTAL_SECRET_KEY=KEY, PORTAL_SECRET_KEY_FALLBACKS="b, c", PORTAL_DATA_DIR=str(tmp_path)
    )
    assert resolve_secret_keys(settings) == (KEY, "b", "c")
    assert list(tmp_path.iterdir()) == []


def test_the_file_store_makes_its_key_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    settings = of(PORTAL_DATA_DIR=str(tmp_path / "new" / "data"))
    keys = resolve_secret_keys(settings)
    assert len(keys[0]) >= 32
    assert resolve_secret_keys(settings) == keys
    assert [path.name for path in settings.data_dir.iterdir()] == [KEY_FILE]
    assert stat.S_IMODE((settings.data_dir / KEY_FILE).stat().st_mode) == 0o600
    assert stat.S_IMODE(settings.data_dir.stat().st_mode) == 0o700


def test_each_folder_has_its_own_key(tmp_path: Path) -> None:
    settings = of(PORTAL_DATA_DIR=str(tmp_path / "a"))
    other = replace(settings, data_dir=tmp_path / "b")
    assert resolve_secret_keys(settings) != resolve_secret_keys(other)


def test_dynamodb_needs_a_key_and_leaves_no_file(tmp_path: Path) -> None:
    settings = of(USE_DYNAMODB="true", PORTAL_DATA_DIR=str(tmp_path))
    with pytest.raises(SettingsError, match="on every machine") as caught:
        resolve_secret_keys(settings)
    assert caught.value.name == "PORTAL_SECRET_KEY"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"cut-o", b"\xff" * 64])
def test_a_spoilt_key_file_is_refused_and_not_overwritten(tmp_path: Path, content: bytes) -> None:
    (tmp_path / KEY_FILE).write_bytes(content)
    with pytest.raises(SettingsError, match=KEY_FILE):
        resolve_secret_keys(of(PORTAL_DATA_DIR=str(tmp_path)))
    assert (tmp_path / KEY_FILE).read_bytes() == content


def test_a_data_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file is in the way")
    with pytest.raises(SettingsError, match="Let the portal write to that folder"):
        resolve_secret_keys(of(PORTAL_DATA_DIR=str(tmp_path / "data")))


def test_a_key_that_others_can_read_is_warned_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = of(PORTAL_DATA_DIR=str(tmp_path))
    resolve_secret_keys(settings)
    assert caplog.messages == []
    (tmp_path / KEY_FILE).chmod(0o644)
    resolve_secret_keys(settings)
    assert "chmod 600" in caplog.messages[0]


def _resolve_at_once(folder: str, barrier: Barrier, answers: "multiprocessing.Queue[str]") -> None:
    barrier.wait(timeout=60)
    answers.put(resolve_secret_keys(of(PORTAL_DATA_DIR=folder))[0])


def test_processes_that_start_at_once_agree_on_the_key(tmp_path: Path) -> None:
    # Spawned: a process that was forked by a test runner with threads may hang.
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
    assert [path.name for path in Path(folder).iterdir()] == [KEY_FILE]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", set()),
        ("log", {"log"}),
        ("Prometheus", {"prometheus"}),
        ("log, prometheus", {"log", "prometheus"}),
    ],
)
def test_metrics_are_off_unless_they_are_asked_for(text: str, wanted: set[str]) -> None:
    assert of(PORTAL_METRICS=text).metrics == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", False),
        ("1", False),
        ("express:*", False),
        ("fsm-appointment:tenant", True),
        ("express:*, fsm-appointment:*", True),
        ("*", True),
        ("* -fsm-appointment:tenant", False),
    ],
)
def test_debug_is_read_as_the_old_application_read_it(text: str, wanted: bool) -> None:
    assert of(DEBUG=text).debug_calls is wanted


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORTAL_METRICS", "statsd"),
        ("AWS_ENDPOINT_URL_DYNAMODB", "localhost:8000"),
        ("AWS_ENDPOINT_URL_DYNAMODB", "http://user:hush@localhost"),
    ],
)
def test_what_cannot_be_right_about_dynamodb_is_refused(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as caught:
        of(**{name: value})
    assert caught.value.name == name
    assert "hush" not in str(caught.value)


def test_an_engine_for_tests_is_an_endpoint() -> None:
    assert of().dynamodb_endpoint == ""
    endpoint = "http://127.0.0.1:8000"
    assert of(AWS_ENDPOINT_URL_DYNAMODB=f"{endpoint}/").dynamodb_endpoint == endpoint
