"""The documents claim what exists, and leave nothing out."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from migrations_tools.cli import main as tools
from portal.cli.main import main
from portal.sealing import KeyFileSealer, Secret
from portal.settings import SETTINGS, Setting
from tests.documents import ROOT, blocks, rows_of, split

PATHS = [
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
    ROOT / "findings/README.md",
]
#: Path below the root -> text.
DOCS = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in PATHS}
README = DOCS["README.md"]
ALL = "\n".join(DOCS.values())
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")

#: They look like settings. Tests alone read the first two; the third is a name in the code.
NO_SETTINGS = {
    "AWS_ACCOUNT_ID", "AWS_ACCOUNT_ID_ENDPOINT_MODE", "PORTAL_NO_SKIPS", "PORTAL_PICTURES",
    "TENANT_COLUMNS",
}  # fmt: skip
TOOLS = "python -m migrations_tools"


def described(beginning: str) -> list[str]:
    """The commands in the tables of commands that begin so."""
    names = [row[0].strip("`") for row in rows_of("Command", ALL)]
    return sorted(name for name in names if name.startswith(beginning))


def code() -> str:
    """What is shown as something to type."""
    return "\n".join([*blocks("", ALL), *re.findall(r"`([^`\n]+)`", split(ALL)[1])])


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
            yield from (*parameter.opts, *parameter.secondary_opts)


def targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):.*##", MAKEFILE, re.MULTILINE))


# ---- Settings


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_each_setting_is_in_one_table_with_its_default(setting: Setting) -> None:
    default = f"`{setting.default}`" if setting.default else ""
    rows = [row for row in rows_of("Setting", ALL) if row[0] == f"`{setting.name}`"]
    assert rows == [[f"`{setting.name}`", default, setting.explanation]]


def test_no_document_names_a_setting_that_does_not_exist() -> None:
    named = {row[0].strip("`") for row in rows_of("Setting", ALL)}
    named |= set(re.findall(r"\b(?:PORTAL|API|USE|NODE|AWS|TENANT)_[A-Z_]+", ALL))
    assert named - NO_SETTINGS == {setting.name for setting in SETTINGS}


@pytest.mark.parametrize("path", ["Dockerfile", "Makefile", ".ci/run"])
def test_no_file_names_a_setting_that_does_not_exist(path: str) -> None:
    named = set(re.findall(r"\bPORTAL_[A-Z_]+", (ROOT / path).read_text(encoding="utf-8")))
    assert named - NO_SETTINGS <= {setting.name for setting in SETTINGS}


# ---- Commands


def test_each_command_of_the_portal_is_in_one_table() -> None:
    assert described("portal ") == sorted(commands(main))


def test_each_command_of_the_tools_is_in_one_table() -> None:
    assert described(TOOLS) == sorted(commands(tools, TOOLS))


def test_each_target_of_the_makefile_is_in_one_table() -> None:
    assert described("make ") == sorted(f"make {target}" for target in targets())


def test_each_target_of_the_makefile_is_phony_and_described() -> None:
    (phony,) = re.findall(r"^\.PHONY: (.+)$", MAKEFILE, re.MULTILINE)
    assert set(phony.split()) == targets()


def test_each_command_in_the_text_exists() -> None:
    typed = code()
    assert set(re.findall(r"\bmake ([a-z-]+)", typed)) <= targets()
    known = {*commands(main), *commands(tools, TOOLS)}
    # Behind settings and the environment's folder: PORTAL_BASE_URL=… .venv/bin/portal serve.
    line = rf"^ *(?:[A-Z_]+=\S+ )*(?:\.venv/bin/)?(portal|{TOOLS}) ([a-z][a-z -]*)"
    found = [f"{program} {words} " for program, words in re.findall(line, typed, re.MULTILINE)]
    assert found
    unknown = [
        words
        for words in found
        # A group alone, such as `portal token`, is no command but exists.
        if not any(f"{name} ".startswith(words) or words.startswith(f"{name} ") for name in known)
    ]
    assert unknown == []


#: Of other programs that the documents show.
FOREIGN = {
    *("--require-hashes", "--requirement", "--no-deps"),  # pip
    *("--tag", "--publish", "--volume", "--read-only", "--tmpfs", "--cap-drop", "--security-opt"),
    *("--stop-timeout", "--build-arg"),  # docker; --name is also ours
    *("--system", "--home-dir", "--shell", "--directory", "--mode", "--now"),  # on a machine
    *("--template-file", "--stack-name", "--capabilities", "--parameter-overrides"),  # aws
    *("--data", "--data-binary", "--header"),  # curl
    "--help",
}


def test_each_option_in_the_text_exists() -> None:
    shown = set(re.findall(r"(?<![\w-])(--[a-z-]+)", code()))
    assert shown - FOREIGN <= {*options(main), *options(tools)}
    assert shown >= FOREIGN


# ---- What is shown


def test_what_opens_a_sealed_secret_opens_it(tmp_path: Path) -> None:
    (source,) = blocks("python", DOCS["docs/aws.md"])
    program: dict[str, Any] = {}
    exec(source, program)  # noqa: S102 - our own text
    path = tmp_path / "sealing-keys.json"
    KeyFileSealer(path).rotate()
    sealed = KeyFileSealer(path).seal(Secret("s3cr3t, mit ü"), "86810_104348")
    keys = json.loads(path.read_text())
    assert program["opened"](sealed, "86810_104348", keys) == "s3cr3t, mit ü"


def test_every_example_in_json_is_json() -> None:
    examples = blocks("json", ALL)
    assert examples
    for example in examples:
        json.loads(example)


def test_the_readme_is_short_and_shows_a_picture() -> None:
    assert len(README.splitlines()) <= 200
    (picture,) = re.findall(r"^!\[[^\]]+\]\((.+)\)$", README, re.MULTILINE)
    assert (ROOT / picture).is_file()


# ---- Paths and links


def test_each_room_of_the_architecture_exists() -> None:
    rooms = [path for row in rows_of("Room", ALL) for path in re.findall(r"`([^`]+)`", row[0])]
    assert rooms
    assert [room for room in rooms if not (ROOT / room).exists()] == []


@pytest.mark.parametrize("name", DOCS)
def test_each_path_in_a_document_exists(name: str) -> None:
    tops = "portal|migrations_tools|templates|static|tests|docs|findings"
    found = re.findall(rf"`((?:{tops})/[^`<>*\s]*)`", DOCS[name])
    assert [path for path in found if not (ROOT / path).exists()] == []


def anchors(text: str) -> set[str]:
    """What links to the headings of a document end in."""
    headings = re.findall(r"^#+ (.+)$", split(text)[1], re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", DOCS)
def test_each_link_leads_to_a_file_or_heading_that_exists(name: str) -> None:
    lost = []
    for target in re.findall(r"\]\(([^)\s]+)\)", DOCS[name]):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = ((ROOT / name).parent / path).resolve() if path else ROOT / name
        if not file.exists() or (anchor and anchor not in anchors(file.read_text("utf-8"))):
            lost.append(target)
    assert lost == []


def test_every_document_is_linked_from_another_one() -> None:
    linked = {
        ((ROOT / name).parent / target.partition("#")[0]).resolve()
        for name, text in DOCS.items()
        for target in re.findall(r"\]\(([^)\s]+)\)", text)
    }
    assert [path for path in PATHS if path.name != "README.md" and path not in linked] == []


# ---- Threats


def names_of_tests() -> list[str]:
    """The names of all test functions."""
    return [
        node.name
        for path in sorted((ROOT / "tests").rglob("test_*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]


ROW_CODE = re.compile(r"(?<=_)([fsadtic][0-9]{1,2}b?)(?=_|$)")


def threats() -> dict[str, str]:
    """Row code -> where it is tested."""
    rows = rows_of("Row", DOCS["docs/threats.md"])
    assert len({row[0] for row in rows}) == len(rows)
    return {code: tested for code, _, tested in rows}


def test_each_row_code_in_the_name_of_a_test_is_in_threats_md() -> None:
    codes = {code.upper() for name in names_of_tests() for code in ROW_CODE.findall(name)}
    assert {"F24", "S06", "A09"} <= codes
    tested = {code for code, where in threats().items() if where != "not tested yet"}
    assert {
        code.replace("B", "b") if code.endswith("B") else code for code in codes
    } - tested == set()


@pytest.mark.parametrize(("row", "where"), threats().items(), ids=threats())
def test_each_row_of_threats_md_names_test_files_or_says_that_there_are_none(
    row: str, where: str
) -> None:
    assert re.fullmatch(r"[TFSAICD]\d{1,2}b?", row)
    files = re.findall(r"`([^`]+)`", where)
    assert where == (", ".join(f"`{file}`" for file in files) or "not tested yet")
    assert [file for file in files if not (ROOT / file).is_file()] == []


# ---- Words


def test_the_terms_of_the_glossary_are_in_order_and_explained_once() -> None:
    terms = [row[0] for row in rows_of("Term", DOCS["docs/glossary.md"])]
    assert len(terms) >= 40
    assert terms == sorted(set(terms), key=str.lower)


def test_each_retired_word_has_another_one_to_say_instead() -> None:
    rows = rows_of("retired", DOCS["docs/glossary.md"])
    assert rows
    for row in rows:
        old, new = (re.fullmatch(r"`([^`]+)`", cell) for cell in row)
        assert old
        assert new
    retired = [row[0] for row in rows]
    assert len(set(retired)) == len(retired)
    assert not set(retired) & {row[1] for row in rows}
