"""The watch over the pages can fail: each way of going wrong is shown once, on a made-up page."""

import re
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import Watch

PAGES = {
    "/good": "<main><h1>Good</h1><p>Nothing to see.</p></main>",
    "/inline": "<main><h1>Inline</h1></main><script>document.title = 'ran'</script>",
    "/missing": "<main><h1>Missing</h1></main><script src='/none.js'></script>",
    "/barrier": "<main><h1>Barrier</h1><input><img src='/good'></main>",
    "/throws": "<main><h1>Throws</h1></main><script src='/throw.js'></script>",
}


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def _answer(environ: dict[str, str], start: Callable[..., object]) -> list[bytes]:
    path = environ["PATH_INFO"]
    headers = [("Content-Security-Policy", "default-src 'none'; script-src 'self'; img-src data:")]
    if path == "/throw.js":
        start("200 OK", [*headers, ("Content-Type", "text/javascript")])
        return [b"throw new Error('on purpose')"]
    if path not in PAGES:
        status = "422 No" if path == "/refused" else "404 No"
        start(status, [*headers, ("Content-Type", "text/html")])
        return [b"<!doctype html><html lang=en><title>No</title><h1>No</h1>"]
    start("200 OK", [*headers, ("Content-Type", "text/html")])
    icon = "<link rel=icon href='data:,'>"
    return [f"<!doctype html><html lang=en><title>A</title>{icon}{PAGES[path]}".encode()]


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with make_server("127.0.0.1", 0, _answer, handler_class=_Quiet) as server:
        thread = threading.Thread(target=partial(server.serve_forever, poll_interval=0.01))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def watched(chromium: Browser, site: str) -> Iterator[tuple[Page, Watch]]:
    watch = Watch()
    with chromium.new_context(base_url=site) as context:
        page = context.new_page()
        watch.follow(page)
        yield page, watch


def test_a_good_page_and_a_refusal_are_no_problem(watched: tuple[Page, Watch]) -> None:
    page, watch = watched
    page.goto("/good")
    page.goto("/refused")
    assert watch.problems() == []


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/inline", "Content Security Policy"),
        ("/missing", "status of 404"),
        ("/throws", "uncaught: on purpose"),
    ],
)
def test_what_goes_wrong_is_seen(watched: tuple[Page, Watch], path: str, words: str) -> None:
    page, watch = watched
    page.goto(path)
    assert any(words in problem for problem in watch.problems())
    watch.expect(words)
    assert not any(words in problem for problem in watch.problems())


def test_what_is_expected_must_happen(watched: tuple[Page, Watch]) -> None:
    page, watch = watched
    watch.expect("uncaught")
    page.goto("/good")
    assert watch.problems() == ["expected, but did not happen: uncaught"]


def test_axe_finds_a_barrier_and_leaves_the_policy_alone(
    watched: tuple[Page, Watch], axe: Callable[[Page], list[str]]
) -> None:
    page, watch = watched
    page.goto("/good")
    assert axe(page) == []
    assert page.evaluate("typeof axe") == "undefined"
    assert watch.problems() == []
    page.goto("/barrier")
    assert {finding.partition(":")[0] for finding in axe(page)} >= {"label", "image-alt"}


def test_a_screenshot_is_a_picture(
    watched: tuple[Page, Watch], screenshot: Callable[[Page, str], Path]
) -> None:
    page, _ = watched
    page.goto("/good")
    path = screenshot(page, "harness")
    assert path.read_bytes().startswith(b"\x89PNG")
    path.unlink()


def test_who_has_a_portal_of_its_own_has_a_store_of_its_own() -> None:
    """A fixture of a session is made once: `settings` of one portal would serve all others."""
    own = re.compile(r"^def (portal|settings|store)\(", re.MULTILINE)
    found = {
        str(path): own.findall(path.read_text(encoding="utf-8"))
        for path in Path(__file__).parent.rglob("*.py")
    }
    wrong = [name for name, fixtures in found.items() if "portal" in fixtures and len(fixtures) < 3]
    assert wrong == []
    assert len([fixtures for fixtures in found.values() if fixtures]) == 4
