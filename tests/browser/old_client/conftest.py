"""Fixtures: a portal with each of the two stores, and the old client on Node and in Chromium."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.browser.old_client.office import Office, office_in, settings_of
from tests.browser.old_client.runners import InChromium, OnNode, Runner, other_origin


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    with other_origin() as origin:
        yield origin


@pytest.fixture(scope="module", params=["file", "dynamodb"])
def where(request: pytest.FixtureRequest) -> dict[str, str]:
    """The settings that choose the store."""
    return {} if request.param == "file" else settings_of(request.getfixturevalue("engine"))


@pytest.fixture(scope="module")
def office(
    tmp_path_factory: pytest.TempPathFactory, origin: str, where: dict[str, str]
) -> Iterator[Office]:
    with office_in(tmp_path_factory.mktemp("office"), origin, where) as office:
        yield office


@pytest.fixture(params=["node", "chromium"])
def run_on(request: pytest.FixtureRequest, origin: str) -> Iterator[Callable[..., Runner]]:
    """`run_on(base)`: the client on Node or in Chromium, from the origin that the portal allows or
    from another: `run_on(base, other)`."""
    with ExitStack() as stack:

        def make(base: str, origin: str = origin) -> Runner:
            if request.param == "node":
                return OnNode(base, origin)
            page = InChromium(request.getfixturevalue("chromium"), base, origin)
            stack.callback(page.close)
            return page

        yield make


@pytest.fixture
def number(_numbers: Iterator[int]) -> int:
    """Another one for each test: tests share a portal."""
    return next(_numbers)


@pytest.fixture(scope="module")
def _numbers() -> Iterator[int]:
    return iter(range(1, 1000))


@pytest.fixture
def client(run_on: Callable[..., Runner], office: Office) -> Runner:
    return run_on(office.base)
