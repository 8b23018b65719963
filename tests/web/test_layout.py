"""What every page has around its content. Most of it is kept, and nobody gets another one's."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal import create_app
from portal.settings import Settings
from portal.stores.contract import Store
from tests.conftest import Clock
from tests.web.pages import Staff, tree

PLACES = {
    "/staff/": "Overview",
    "/staff/tenants": "Tenants",
    "/staff/imports/": "Imports",
    "/staff/security": "Security",
    "/staff/tokens": "API tokens",
    "/staff/webhooks": "Webhooks",
    "/staff/people": "People",
    "/staff/background": "Background",
}


def current(staff: Staff, path: str) -> dict[str, str]:
    """Which links say that one is there, and how."""
    page = tree(staff.client.get(path))
    return {
        str(link.text or link.get("title")): str(link.get("aria-current"))
        for link in page.iter("a")
        if link.get("aria-current")
        and not link.get("hreflang")
        # A page has lists of its own, which say where one is as well.
        and str(link.get("href")).partition("?")[0] in {*PLACES, "/staff/me"}
        and "?" not in str(link.get("href"))
    }


def test_the_navigation_says_where_one_is(admin: Staff) -> None:
    for _ in range(2):
        for path, words in PLACES.items():
            assert current(admin, path) == {words: "page"}, path
        for path, words in [
            ("/staff/tenants/1_1", "Tenants"),
            ("/staff/imports/import-" + "0" * 26, "Imports"),
            ("/staff/webhooks/unknown", "Webhooks"),
            ("/staff/people/unknown", "People"),
        ]:
            assert current(admin, path) == {words: "true"}, path
        assert current(admin, "/staff/me") == {"What you are told by mail": "page"}
        assert current(admin, "/staff/nowhere") == {}


def test_each_role_sees_what_it_may_open_and_its_own_name(
    viewer: Staff, admin: Staff, client: FlaskClient
) -> None:
    for _ in range(2):
        pages = [each.get("/staff/nowhere").text for each in (viewer.client, admin.client, client)]
        assert [page.count("/staff/people") for page in pages] == [0, 1, 0]
        assert [page.count(">Vera ") for page in pages] == [1, 0, 0]
        assert [page.count(">Ada ") for page in pages] == [0, 1, 0]
        assert [page.count("session.js") for page in pages] == [1, 1, 0]


def test_each_browser_and_language_has_its_own_page(new_client: Callable[[], FlaskClient]) -> None:
    browsers = {language: new_client() for language in ("en", "de")}
    for path in ("/sign-up", "/lost-link", "/nowhere"):
        for _ in range(2):
            pages = {
                language: tree(browser.get(path, headers={"Accept-Language": language}))
                for language, browser in browsers.items()
            }
            assert {page.get("lang") for page in pages.values()} == {"en", "de"}
            tokens = {str(page.find("body").get("hx-headers")) for page in pages.values()}  # type: ignore[union-attr]
            assert len(tokens) == 2


@pytest.mark.parametrize("order", [1, -1])
def test_two_applications_in_one_process_share_nothing(
    settings: Settings, store: Store, clock: Clock, tmp_path: Path, order: int
) -> None:
    origin = "https://www.example.com"
    other = replace(
        settings,
        base_url=f"{origin}/below",
        privacy_urls={"": f"{origin}/privacy"},
        data_dir=tmp_path / "other",
    )
    apps: list[Flask] = [
        create_app(each, store=store, clock=clock.now) for each in (settings, other)
    ]
    for _ in range(2):
        for app in apps[::order]:
            is_other = app is apps[1]
            text = app.test_client().get("/nowhere", base_url=origin if is_other else None).text
            assert (f"{origin}/privacy" in text) is is_other
            assert ('href="/below/' in text) is is_other
            assert ('href="/language/de"' in text) is not is_other
