"""What a browser does at the edges of the portal: other sites, frames, and after sign-out."""

import threading
from collections.abc import Callable, Iterator
from functools import partial
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from playwright.sync_api import Page, expect

from portal.auth import disable_person, make_sign_in_link
from portal.stores.contract import Store
from portal.timestamps import utc_now
from tests.browser.conftest import Watch
from tests.browser.demo_data import DemoData
from tests.serving import Portal

#: T22: what a browser may read as another site's address.
ELSEWHERE = (
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\\/evil.example",
    "http:evil.example",
    "https:/evil.example",
    "https://evil.example",
    "/%5cevil.example",
    "%2f%2fevil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "\t//evil.example",
    "javascript:alert(1)",
    "//evil.example@127.0.0.1/",
    "/staff/..//evil.example",
    "/staff/%0d%0aLocation:%20https://evil.example",
)


@pytest.mark.parametrize("where", ["page", "link"])
def test_t22_signing_in_leads_nowhere_else(
    where: str, new_page: Callable[..., Page], portal: Portal, store: Store
) -> None:
    page = new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/staff/sign-in")
    for target in ELSEWHERE:
        page.context.clear_cookies()
        token = make_sign_in_link(
            store, email="tess@example.com", name="Tess", role="viewer", now=utc_now()
        )
        link = f"/staff/sign-in/{token}"
        if where == "page":
            page.goto(_with_next(page, "/staff/sign-in", target))
            page.goto(link)
        else:
            page.goto(_with_next(page, link, target))
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", level=1), target).to_have_text("Overview")
        expect(page).to_have_url("/staff/")
    assert [url for url in asked if not url.startswith(f"{portal.url}/")] == []


def _with_next(page: Page, path: str, target: str) -> str:
    """As a browser itself writes it into an address."""
    query = page.evaluate("target => new URLSearchParams({next: target}).toString()", target)
    return f"{path}?{query}"


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def trap(portal: Portal) -> Iterator[str]:
    """Another site, whose pages frame the portal's of the same path. A real one: a browser
    refuses a page that it cannot place to look at this machine at all."""

    def answer(environ: dict[str, str], start: Callable[..., object]) -> list[bytes]:
        start("200 OK", [("Content-Type", "text/html")])
        frame = f"<iframe src='{portal.url}{environ['PATH_INFO']}'></iframe>"
        return [f"<!doctype html><title>Win</title><link rel=icon href='data:,'>{frame}".encode()]

    with make_server("127.0.0.1", 0, answer, handler_class=_Quiet) as server:
        thread = threading.Thread(target=partial(server.serve_forever, poll_interval=0.01))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("path", ["/sign-up", "/staff/sign-in", "/nothing-here"])
def test_t23_no_page_appears_in_a_frame_of_another_site(
    path: str, trap: str, page: Page, portal: Portal, watch: Watch
) -> None:
    watch.expect("frame-ancestors")
    watch.expect("ERR_BLOCKED_BY_RESPONSE")
    with page.expect_event("console", lambda message: "frame-ancestors" in message.text):
        page.goto(f"{trap}{path}")
    frame = page.frames[1]
    assert not frame.url.startswith(portal.url)
    assert frame.locator("form, main").count() == 0


def test_t25_after_signing_out_the_way_back_shows_nothing(
    signed_in: Callable[..., Page], demo_data: DemoData, javascript: bool
) -> None:
    someone = demo_data.pending()
    company = someone.tenant.contact.company
    page = signed_in(javascript=javascript)
    page.goto("/staff/tenants?q=" + someone.tenant.id)
    expect(page.get_by_role("link", name=company)).to_be_visible()
    page.goto(someone.path)
    expect(page.get_by_role("heading", level=1)).to_have_text(company)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    for _ in range(2):
        page.go_back()
        expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
        assert company not in page.content()
    if javascript:
        kept = page.evaluate("JSON.stringify([{...sessionStorage}, {...localStorage}])")
        assert company not in kept


def test_who_was_signed_out_elsewhere_keeps_what_they_typed(
    signed_in: Callable[..., Page], store: Store, demo_data: DemoData
) -> None:
    someone = demo_data.pending()
    page = signed_in(name="Dora Approver")
    page.goto(someone.path)
    disable_person(store, email="dora.approver@example.com")
    page.get_by_role("textbox", name="Note").fill("Too late.")
    page.get_by_role("button", name="Add note").click()
    expect(page.locator("#alerts")).to_contain_text("You were signed out. Nothing was saved.")
    expect(page.get_by_role("textbox", name="Note")).to_have_value("Too late.")
    page.get_by_role("link", name="Tenants").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
