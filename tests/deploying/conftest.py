"""The image that the Dockerfile makes, built once for all processes of a test run."""

import fcntl
import os
import pickle

import pytest

from tests.deploying.image import Image, build
from tests.deploying.namespaces import refuse_without_namespaces


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    refuse_without_namespaces()
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        # Each process has its folder in that of the run.
        folder = folder.parent
    made = folder / "image.pickle"
    with (folder / "image.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            made.write_bytes(pickle.dumps(build(folder / "image")))
        image: Image = pickle.loads(made.read_bytes())  # noqa: S301 - written above
    return image
