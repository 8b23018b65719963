"""The copy that is read: private, bounded, and gone afterwards."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from portal.imports.browsers import open_browser_storage
from portal.imports.browsers.folder import Folder
from portal.imports.browsers.private_copy import PrivateCopy
from portal.imports.model import RefusedFileError
from portal.stores import UnavailableError
from tests.imports.browsers.profiles import APP, ChromiumProfile
from tests.imports.files import LIMITS
from tests.migrations_tools.imports.tool_runner import ROOT


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return folder


@pytest.fixture
def profile(tmp_path: Path) -> ChromiumProfile:
    profile = ChromiumProfile(tmp_path / "profile")
    profile.write(APP, {"fsm_tenant_1_1": "{}", "fsm_tenant_1_2": "{}"})
    return profile


def test_the_copy_is_readable_only_by_its_owner_and_gone_afterwards(profile, temporary):
    with open_browser_storage(profile.folder, LIMITS) as source:
        (folder,) = temporary.iterdir()
        assert folder.stat().st_mode & 0o777 == 0o700
        assert next(iter(source)).key == "fsm_tenant_1_1"
    assert list(temporary.iterdir()) == []


def test_it_is_gone_after_an_error_as_well(profile, temporary):
    profile.change(lambda db: db.put(b"VERSION", b"2"))
    with (
        pytest.raises(RefusedFileError),
        open_browser_storage(profile.folder, LIMITS) as source,
    ):
        list(source)
    assert list(temporary.iterdir()) == []


PROGRAM = """
import sys
from pathlib import Path
from migrations_tools.imports.signals import interruptible
from portal.imports import Limits, open_browser_storage
limits = Limits(size=1, entries=10, depth=32, value=1000)
with interruptible(), open_browser_storage(Path(sys.argv[1]), limits) as source:
    next(iter(source))
    print("reading", flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_it_is_gone_after_a_signal(profile, temporary, number):
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(profile.folder)], cwd=ROOT,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "reading\n"
        assert len(list(temporary.iterdir())) == 1
        process.send_signal(number)
        assert process.wait(30) != 0
    assert list(temporary.iterdir()) == []


def test_the_next_import_removes_what_a_killed_one_left(profile, temporary):
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(profile.folder)], cwd=ROOT,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "reading\n"
        (left,) = temporary.iterdir()
        os.utime(left, (0, 0))
        with PrivateCopy(1):
            assert left in temporary.iterdir()  # it is locked
        process.kill()
    (temporary / "other").mkdir()
    young = temporary / f"{left.name}-young"
    young.mkdir(mode=0o700)
    assert left in temporary.iterdir()
    with PrivateCopy(1):
        pass
    assert set(temporary.iterdir()) == {temporary / "other", young}


def test_without_a_folder_for_temporary_files_a_sentence_says_so(profile, temporary):
    temporary.rmdir()
    tempfile.tempdir = str(temporary)
    with (
        pytest.raises(UnavailableError, match="no folder for temporary files"),
        open_browser_storage(profile.folder, LIMITS),
    ):
        pass


def test_an_original_that_changes_meanwhile_is_refused(tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    (source / "a").write_bytes(b"1")
    with Folder(source, 10) as folder, PrivateCopy(10) as copy:
        copy.add(folder, ("a",), copy.new_folder() / "a")
        copy.check_unchanged(folder)
        (source / "a").write_bytes(b"12")
        with pytest.raises(RefusedFileError) as caught:
            copy.check_unchanged(folder)
        assert str(caught.value) == "a changed while it was copied. Close the browser first."
        (source / "a").unlink()
        with pytest.raises(RefusedFileError, match="a changed while it was copied"):
            copy.check_unchanged(folder)
