"""What tests of metrics share."""

from collections.abc import Iterator

import pytest

from tests.dynamodb_engine import Engine
from tests.fault_proxy import Between, between


@pytest.fixture
def proxy(engine: Engine) -> Iterator[Between]:
    with between(engine.url) as here:
        yield here
