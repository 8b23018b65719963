"""Files that every site is asked for, and the operator's own pages."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from portal import create_app
from portal.settings import Settings, SettingsError
from tests.web.pages import links


def client_with(settings: Settings, **changes: object) -> FlaskClient:
    return create_app(replace(settings, **changes)).test_client()  # type: ignore[arg-type] # by name


def test_robots_stay_out_of_what_is_not_for_everybody(client: FlaskClient) -> None:
    answer = client.get("/robots.txt")
    assert answer.content_type == "text/plain; charset=utf-8"
    assert answer.text == (
        "User-agent: *\nDisallow: /staff/\nDisallow: /status/\nDisallow: /access/\n"
        "Disallow: /api/\n"
    )


def test_the_icon_is_where_browsers_look_for_it(client: FlaskClient) -> None:
    answer = client.get("/favicon.ico", buffered=True)
    assert answer.data[:4] == b"\x00\x00\x01\x00"


def test_without_a_contact_there_is_no_security_txt(client: FlaskClient) -> None:
    assert client.get("/.well-known/security.txt").status_code == 404


@pytest.mark.parametrize(
    "changes",
    [
        {"security_contact": "mailto:security@example.com"},
        {"security_contact": "mailto:security@example.com", "contact_url": "https://example.com/"},
        {"contact_url": "mailto:security@example.com"},
    ],
)
def test_security_txt_names_the_contact_for_half_a_year(
    settings: Settings, changes: dict[str, str]
) -> None:
    lines = client_with(settings, **changes).get("/.well-known/security.txt").text.splitlines()
    fields = dict(line.split(": ", 1) for line in lines)
    assert fields["Contact"] == "mailto:security@example.com"
    assert fields["Canonical"] == "http://127.0.0.1:8000/.well-known/security.txt"
    assert fields["Preferred-Languages"] == "en, de"
    assert fields["Expires"].endswith("Z")


def test_pages_link_to_the_operator_s_pages_by_language(settings: Settings) -> None:
    changed = Settings.from_environment(
        {
            "PORTAL_PRIVACY_URL": "en=https://example.com/privacy de=https://example.com/dsgvo",
            "PORTAL_IMPRINT_URL": "https://example.com/imprint",
            "PORTAL_SUPPORT_URL": "de=mailto:hilfe@example.com",
        }
    )
    client = client_with(
        settings,
        privacy_urls=changed.privacy_urls,
        imprint_urls=changed.imprint_urls,
        support_urls=changed.support_urls,
    )
    english = links(client.get("/sign-up"))
    assert english["Privacy"] == "https://example.com/privacy"
    assert english["Imprint"] == "https://example.com/imprint"
    assert "Help" not in english
    german = links(client.get("/sign-up", headers={"Accept-Language": "de"}))
    assert german["Datenschutz"] == "https://example.com/dsgvo"
    assert german["Impressum"] == "https://example.com/imprint"
    assert german["Hilfe"] == "mailto:hilfe@example.com"


@pytest.mark.parametrize(
    "text", ["example.com", "en=https://a.example/ en=https://b.example/", "javascript:x", "de="]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="PORTAL_PRIVACY_URL: Set it to"):
        Settings.from_environment({"PORTAL_PRIVACY_URL": text})


def test_nobody_is_linked_to_by_default(new_client: Callable[[], FlaskClient]) -> None:
    assert {"Privacy", "Imprint", "Help"} & set(links(new_client().get("/sign-up"))) == set()
