"""The version before this one, as git has it."""

import io
import subprocess
import tarfile
from pathlib import Path

from tests.serving import ROOT

#: The commit of the last release. CONTRIBUTING.md says when to move it on.
LAST = "35e75fa9fe6e888d299795f76c3e891ce6f2837f"


def unpack_last_version(folder: Path) -> Path:
    """The folder with its code: `python -m portal.cli` in there is the version before."""
    done = subprocess.run(
        ["git", "archive", LAST, "portal", "migrations_tools", "templates", "static"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, (
        f"This clone has no commit {LAST}, with which this version is compared. Fetch all of it:"
        f" git fetch --unshallow. {done.stderr.decode()}"
    )
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder
