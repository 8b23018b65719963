"""The image that the Dockerfile makes, built once for all tests of a process."""

import pytest

from tests.deploying.image import Image, build
from tests.deploying.namespaces import refuse_without_namespaces


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    refuse_without_namespaces()
    return build(tmp_path_factory.mktemp("image"))
