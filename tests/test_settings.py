"""Settings: read once, refused with a sentence, and silent about secrets."""

from dataclasses import FrozenInstanceError
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from portal.settings import SETTINGS, Settings, SettingsError

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
    assert settings.stop_seconds == 30
    assert settings.sign_up_min_seconds == 3
    assert settings.sign_ups_per_hour == 5
    assert settings.not_found_per_minute == 6000
    assert settings.validate_cache_seconds == 0
    assert settings.workers == 1
    assert settings.promised_days == 2
    assert settings.status_link_days == 730
    assert settings.api_allowed_origins == ()


def test_each_setting_is_listed_once() -> None:
    names = [setting.name for setting in SETTINGS]
    assert sorted(names) == sorted(set(names))


def test_a_blank_setting_counts_as_not_set() -> None:
    assert Settings.from_environment({setting.name: "  " for setting in SETTINGS}) == of()


def test_settings_do_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        of().proxy_hops = 1  # type: ignore[misc] # the test writes what may not be written


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


@pytest.mark.parametrize(
    ("address", "base_url", "prefix"),
    [
        ("https://www.example.com/onboarding", "https://www.example.com/onboarding", "/onboarding"),
        ("https://WWW.example.com:443/a/B-1~x_y.z/", "https://www.example.com/a/B-1~x_y.z",
         "/a/B-1~x_y.z"),
        ("http://127.0.0.1:8000//", "http://127.0.0.1:8000", ""),
    ],
)  # fmt: skip
def test_the_base_url_may_have_a_path(address: str, base_url: str, prefix: str) -> None:
    settings = of(PORTAL_BASE_URL=address)
    assert (settings.base_url, settings.path_prefix) == (base_url, prefix)
    assert settings.origin + prefix == base_url


@pytest.mark.parametrize(
    "address",
    ["portal.example.com", "ftp://portal.example.com", "https://", "https://a:b@portal.example.com",
     "https://portal.example.com/onboarding?a=b", "https://[portal/onboarding"],
)  # fmt: skip
def test_a_refused_base_url_hears_that_it_may_have_a_path(address: str) -> None:
    with pytest.raises(SettingsError) as refused:
        of(PORTAL_BASE_URL=address)
    assert "https://www.example.com/onboarding." in str(refused.value)
    assert "without a path" not in str(refused.value)


@pytest.mark.parametrize(
    ("path", "inside"),
    [
        ("/onboarding", "/"), ("/onboarding/", "/"), ("/onboarding/sign-up", "/sign-up"),
        ("/onboarding/onboarding/x", "/onboarding/x"), ("/onboardingx/y", "/onboardingx/y"),
        ("/health", "/health"), ("/", "/"), ("", ""),
    ],
)  # fmt: skip
def test_the_path_inside_the_portal(path: str, inside: str) -> None:
    assert of(PORTAL_BASE_URL="https://www.example.com/onboarding").own_path(path) == inside
    assert of().own_path(path) == path


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
        ("PORTAL_BASE_URL", "https://portal.example.com/two//slashes"),
        ("PORTAL_BASE_URL", "https://portal.example.com/a/../b"),
        ("PORTAL_BASE_URL", "https://portal.example.com/a/."),
        ("PORTAL_BASE_URL", "https://portal.example.com/%2e"),
        ("PORTAL_BASE_URL", "https://portal.example.com/ä"),
        ("PORTAL_BASE_URL", "https://portal.example.com/a;b"),
        ("PORTAL_BASE_URL", "https://portal.example.com/path?a=b"),
        ("PORTAL_BASE_URL", "https://portal.example.com//evil.example"),
        ("PORTAL_BASE_URL", f"https://portal.example.com/{'a' * 100}"),
        ("PORTAL_BASE_URL", "https://portal.example.com?a=b"),
        ("PORTAL_BASE_URL", "https://name:word@portal.example.com"),
        ("PORTAL_BASE_URL", "https://portal.example.com:port"),
        ("PORTAL_BASE_URL", "https://[::1]"),
        ("PORTAL_BASE_URL", "https://"),
        ("PORTAL_TRUSTED_HOSTS", "https://portal.example.com"),
        ("PORTAL_TRUSTED_HOSTS", "portal.example.com:8000"),
        ("PORTAL_TRUSTED_HOSTS", "*.example.com"),
        ("PORTAL_TRUSTED_HOSTS", ".example.com"),
        ("PORTAL_STOP_SECONDS", "0"),
        ("PORTAL_STOP_SECONDS", "half a minute"),
        ("PORTAL_PROXY_HOPS", "-1"),
        ("PORTAL_PROXY_HOPS", "11"),
        ("PORTAL_PROXY_HOPS", "٣"),
        ("PORTAL_SIGN_UP_MIN_SECONDS", "3.5"),
        ("PORTAL_SIGN_UP_MIN_SECONDS", "3s"),
        ("PORTAL_FIRST_TERM_DAYS", "0"),
        ("PORTAL_EXPIRING_DAYS", "0"),
        ("PORTAL_EXPIRING_DAYS", "366"),
        ("PORTAL_PROMISED_DAYS", "0"),
        ("PORTAL_ESCALATE_DAYS", "-1"),
        ("PORTAL_ESCALATE_TO", "anna@example.com, ben@example.com"),
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


@pytest.mark.parametrize("address", ["http://my_portal:8000", "http://[::1]:8000"])
def test_a_host_that_cannot_be_used_is_the_reason_that_is_given(address: str) -> None:
    with pytest.raises(SettingsError, match="Underscores and IPv6 addresses"):
        of(PORTAL_BASE_URL=address)


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


# ---- OpenID Connect

OIDC = {
    "PORTAL_OIDC_ISSUER": "https://login.example.com/realms/staff",
    "PORTAL_OIDC_CLIENT_ID": "portal",
    "PORTAL_OIDC_CLIENT_SECRET": "a-secret-of-the-client",
    "PORTAL_OIDC_ADMINS": "portal-admins, owners",
}


def test_a_provider_is_described_by_its_settings() -> None:
    assert of().oidc is None
    oidc = of(**OIDC).oidc
    assert oidc is not None
    assert (oidc.issuer, oidc.client_id) == (OIDC["PORTAL_OIDC_ISSUER"], "portal")
    assert (oidc.scopes, oidc.role_claim) == ("openid email profile", "groups")
    assert list(oidc.roles) == ["admin", "approver", "viewer"]
    assert oidc.roles["admin"] == {"portal-admins", "owners"}
    assert "a-secret-of-the-client" not in repr(of(**OIDC))


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"PORTAL_OIDC_ISSUER": "http://login.example.com"}, "PORTAL_OIDC_ISSUER"),
        ({"PORTAL_OIDC_ISSUER": "login.example.com"}, "PORTAL_OIDC_ISSUER"),
        ({"PORTAL_OIDC_ISSUER": "https://a:b@login.example.com"}, "PORTAL_OIDC_ISSUER"),
        ({"PORTAL_OIDC_ISSUER": "https://login.example.com/?a=b"}, "PORTAL_OIDC_ISSUER"),
        ({"PORTAL_OIDC_ISSUER": "https://login.example.com:x"}, "PORTAL_OIDC_ISSUER"),
        ({"PORTAL_OIDC_ISSUER": ""}, "PORTAL_OIDC_ISSUER"),
        ({"PORTAL_OIDC_CLIENT_ID": ""}, "PORTAL_OIDC_CLIENT_ID"),
        ({"PORTAL_OIDC_SCOPES": "email"}, "PORTAL_OIDC_SCOPES"),
        ({"PORTAL_OIDC_ADMINS": ""}, "PORTAL_OIDC_ADMINS"),
    ],
)
def test_half_a_provider_is_refused_with_a_sentence(change: dict[str, str], name: str) -> None:
    with pytest.raises(SettingsError) as caught:
        of(**OIDC | change)
    assert caught.value.name == name
    assert caught.value.sentence.startswith("Set it")
    assert "a-secret-of-the-client" not in str(caught.value)


def test_a_provider_on_this_machine_may_have_no_https() -> None:
    for address in ("http://127.0.0.1:8080", "http://localhost/realms/a"):
        assert of(**OIDC | {"PORTAL_OIDC_ISSUER": address}).oidc
