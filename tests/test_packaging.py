"""An installed wheel serves pages: templates and static files are inside it."""

import os
import zipfile
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The names of what is in the wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    # The builder itself rather than a front end: no network, no second environment.
    (path,) = WheelBuilder(os.fspath(ROOT)).build(directory=str(folder), versions=["standard"])
    with zipfile.ZipFile(path) as archive:
        return archive.namelist()


def files_below(folder: str) -> set[str]:
    return {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }


@pytest.mark.parametrize("folder", ["templates", "static"])
def test_all_files_of_the_pages_are_inside_the_package(wheel: list[str], folder: str) -> None:
    wanted = {f"portal/{name}" for name in files_below(folder)}
    assert wanted
    assert wanted <= set(wheel)


@pytest.mark.parametrize("folder", ["portal", "migrations_tools"])
def test_all_modules_are_inside(wheel: list[str], folder: str) -> None:
    wanted = {name for name in files_below(folder) if name.endswith(".py")}
    assert wanted <= set(wheel)


def test_nothing_else_is_inside(wheel: list[str]) -> None:
    rooms = {name.partition("/")[0] for name in wheel if ".dist-info/" not in name}
    assert rooms <= {"portal", "migrations_tools"}
    assert not [name for name in wheel if "/data/" in name or "secret" in name.rpartition("/")[2]]


def test_the_lock_files_name_hashes_and_no_place_to_download_from() -> None:
    for path in (ROOT / "requirements.lock", ROOT / "tests" / "requirements.lock"):
        lines = path.read_text(encoding="utf-8").splitlines()
        pins = [line for line in lines if line and not line.startswith((" ", "#"))]
        assert pins
        assert all("==" in pin and pin.endswith("\\") for pin in pins)
        assert not [line for line in lines if "://" in line or line.startswith("-")]


def test_what_tests_run_on_is_what_the_portal_runs_on() -> None:
    runs, tests = (
        {
            line.split()[0]
            for line in (ROOT / path).read_text(encoding="utf-8").splitlines()
            if "==" in line
        }
        for path in ("requirements.lock", "tests/requirements.lock")
    )
    assert runs <= tests
