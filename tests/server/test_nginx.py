"""The configuration of nginx in docs/operating.md, as it stands there but for the certificate."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.server.nginx import running_nginx
from tests.server.raw_client import Answer, ask, connect, head, post
from tests.serving import Portal, serving

FORM = "application/x-www-form-urlencoded"


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    folder = tmp_path_factory.mktemp("portal")
    with serving(folder, settings={"PORTAL_PROXY_HOPS": "1"}) as portal:
        yield portal


@pytest.fixture(scope="module")
def proxy(portal: Portal, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an nginx in front of the portal."""
    with running_nginx(tmp_path_factory.mktemp("nginx"), portal.url) as url:
        yield url


def test_the_proxy_passes_pages_and_forms_on(proxy: str) -> None:
    assert ask(proxy, head("GET", "/sign-up")).status == 200
    assert _sent(proxy, b"company=x").status == 400
    assert _sent(proxy, b"x" * 70_000).status == 413


def _sent(url: str, body: bytes) -> Answer:
    return ask(url, post("/sign-up", body, kind=FORM))


def test_t37_unfinished_bodies_never_reach_the_portal(portal: Portal, proxy: str) -> None:
    (worker,) = portal.workers()
    before = _connections(worker)
    with ExitStack() as stack:
        for _ in range(40):
            line = stack.enter_context(connect(proxy))
            line.sendall(post("/sign-up", b"x" * 1000, kind=FORM)[:-900])
        assert ask(proxy, head("GET", "/api/validate?accountId=1&companyId=2")).status == 200
        assert ask(proxy, head("GET", "/health")).status == 200
        # nginx keeps a few connections to the portal for later.
        assert _connections(worker) - before < 10


def _connections(process: int) -> int:
    """How many sockets a process has open."""
    links = Path(f"/proc/{process}/fd").iterdir()
    return sum("socket:" in str(link.readlink()) for link in links if link.is_symlink())
