"""The `portal` command: wrong arguments, wrong settings, and what its start-up loads."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.portal_command import run

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize(
    "arguments",
    [
        ("staff-link", "anna@example.com"),
        ("staff-link", "anna@example.com", "--role", "owner"),
        ("staff-link", "anna", "--role", "viewer"),
        ("staff-disable", "anna"),
        ("serve", "--port", "0"),
        ("serve", "--workers", "0"),
    ],
)
def test_a_wrong_argument_changes_nothing(folder: Path, arguments: tuple[str, ...]) -> None:
    result = run(folder, *arguments)
    assert result.exit_code == 2
    assert result.stderr
    assert not folder.exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("serve",),
        ("staff-link", "anna@example.com", "--role", "viewer"),
        ("staff-disable", "anna@example.com"),
        ("store", "verify"),
        ("store", "repair"),
    ],
)
def test_a_wrong_setting_is_named(folder: Path, arguments: tuple[str, ...]) -> None:
    result = run(folder, *arguments, PORTAL_PROXY_HOPS="many")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: PORTAL_PROXY_HOPS: Set it to")
    assert not folder.exists()


def test_the_help_loads_nothing_that_only_some_commands_need() -> None:
    script = """
import sys
from portal.cli import main
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
    assert "portal.cli.doctor" in loaded
    unwanted = {
        "boto3",
        "cryptography",
        "granian",
        "phonenumbers",
        "portal.imports",
        "portal.onboarding",
        "portal.stores.dynamodb",
        "portal.stores.file",
        "portal.web",
    }
    assert loaded & unwanted == set()
