"""The README claims what exists, and leaves nothing out."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from migrations_tools.cli import main as tools
from portal.cli.main import main
from portal.sealing.sealers import KeyFileSealer, Secret
from portal.settings import SETTINGS, Setting

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def rows_of(heading: str) -> list[list[str]]:
    """The cells of every table whose first column has this heading."""
    rows: list[list[str]] = []
    for block in re.split(r"\n\s*\n", README):
        lines = [line for line in block.splitlines() if line.startswith("|")]
        if lines and lines[0].startswith(f"| {heading} |"):
            rows += [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]
    return rows


def code() -> str:
    """What the README shows as something to type."""
    blocks = re.findall(r"^```\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
    return "\n".join([*blocks, *re.findall(r"`([^`\n]+)`", README)])


def commands(group: click.Group, before: str = "portal") -> Iterator[str]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{before} {name}")
        else:
            yield f"{before} {name}"


def options(group: click.Group) -> Iterator[str]:
    for command in group.commands.values():
        if isinstance(command, click.Group):
            yield from options(command)
        for parameter in command.params:
            yield from parameter.opts


def targets() -> set[str]:
    return set(re.findall(r"^([a-z]+):.*##", MAKEFILE, re.MULTILINE))


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_each_setting_stands_in_the_table_with_its_default(setting: Setting) -> None:
    default = f"`{setting.default}`" if setting.default else ""
    rows = [row for row in rows_of("Setting") if row[0] == f"`{setting.name}`"]
    assert rows == [[f"`{setting.name}`", default, setting.explanation]]


def test_the_table_and_the_text_name_no_setting_that_does_not_exist() -> None:
    named = {row[0].strip("`") for row in rows_of("Setting")}
    named |= set(re.findall(r"\b(?:PORTAL|API|USE|NODE|AWS|TENANT)_[A-Z_]+", README))
    assert named == {setting.name for setting in SETTINGS}


def test_the_table_of_commands_has_each_command_of_the_portal() -> None:
    described = {row[0].strip("`") for row in rows_of("Command")}
    assert {name for name in described if name.startswith("portal ")} == set(commands(main))


def test_the_table_of_commands_has_each_of_the_operators_tools() -> None:
    described = {row[0].strip("`") for row in rows_of("Command")}
    ours = "python -m migrations_tools"
    assert {name for name in described if name.startswith(ours)} == set(commands(tools, ours))


def test_what_opens_a_sealed_secret_opens_it(tmp_path: Path) -> None:
    (source,) = re.findall(r"^```python\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
    program: dict[str, Any] = {}
    exec(source, program)  # noqa: S102 - the README's own text
    path = tmp_path / "sealing-keys.json"
    KeyFileSealer(path).rotate()
    sealed = KeyFileSealer(path).seal(Secret("s3cr3t, mit ü"), "86810_104348")
    keys = json.loads(path.read_text())
    assert program["opened"](sealed, "86810_104348", keys) == "s3cr3t, mit ü"


def test_the_table_of_commands_has_each_target_of_the_makefile() -> None:
    described = {row[0].strip("`") for row in rows_of("Command")}
    assert {name for name in described if name.startswith("make ")} == {
        f"make {target}" for target in targets()
    }


def test_each_target_of_the_makefile_is_phony_and_described() -> None:
    (phony,) = re.findall(r"^\.PHONY: (.+)$", MAKEFILE, re.MULTILINE)
    assert set(phony.split()) == targets()


def test_each_command_in_the_text_exists() -> None:
    shown = set(re.findall(r"\bmake ([a-z]+)", code()))
    assert shown <= targets()
    known = set(commands(main))
    for words in re.findall(r"^portal ([a-z -]+)", code(), re.MULTILINE):
        assert any(f"portal {words} ".startswith(f"{name} ") for name in known), words


def test_each_option_in_the_text_exists() -> None:
    shown = set(re.findall(r"(?<![\w-])(--[a-z-]+)", code()))
    assert shown
    assert shown <= {*options(main), *options(tools)}


def test_each_room_of_the_house_exists() -> None:
    rooms = [path for row in rows_of("Room") for path in re.findall(r"`([^`]+)`", row[0])]
    assert rooms
    assert [room for room in rooms if not (ROOT / room).exists()] == []


@pytest.mark.parametrize("path", ["Dockerfile", "Makefile", ".ci/run", "README.md"])
def test_no_file_names_a_setting_that_does_not_exist(path: str) -> None:
    named = set(re.findall(r"\bPORTAL_[A-Z_]+", (ROOT / path).read_text(encoding="utf-8")))
    # For tests alone, so it stands in no table.
    assert named - {"PORTAL_NO_SKIPS"} <= {setting.name for setting in SETTINGS}
