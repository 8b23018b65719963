"""`python -m migrations_tools`: what its start-up loads."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def test_the_help_loads_nothing_that_only_some_commands_need() -> None:
    script = """
import sys
from migrations_tools.cli import main
main(["--help"], standalone_mode=False)
print(*sys.modules)
"""
    result = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    loaded = set(result.stdout.splitlines()[-1].split())
    assert "migrations_tools.table.deploy" in loaded
    unwanted = {"boto3", "botocore", "phonenumbers", "portal.imports", "portal.web"}
    assert loaded & unwanted == set()
