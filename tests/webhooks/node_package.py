"""The package `standardwebhooks` of npm, fetched once."""

import fcntl
import shutil
import subprocess
from pathlib import Path

import pytest

CACHE = Path(__file__).parent.parent.parent / ".cache"
PACKAGE, VERSION = "standardwebhooks", "1.1.1"


def fetched() -> Path:
    """The folder with the package. Of several processes, one downloads it."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("npm and node, which run a receiver in JavaScript, are missing")
    folder = CACHE / f"{PACKAGE}-{VERSION}"
    CACHE.mkdir(exist_ok=True)
    with (CACHE / f"{PACKAGE}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            folder.mkdir(exist_ok=True)
            options = ["--silent", "--no-audit", "--no-fund", "--no-package-lock"]
            options += ["--ignore-scripts"]
            command = [npm, "install", *options, "--prefix", str(folder), f"{PACKAGE}@{VERSION}"]
            subprocess.run(command, check=True, capture_output=True, timeout=180)
            (folder / "complete").touch()
    return folder
