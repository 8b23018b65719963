"""Who may import whom: house.md's rules, each under its own name."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

FLASK = {"flask", "flask_babel", "flask_wtf", "htmx_flask", "jinja2", "werkzeug", "wtforms"}
AWS = {"boto3", "botocore"}


@dataclass(frozen=True)
class Import:
    """`module` is what is imported, a name from a package as `package.name`."""

    importer: str
    module: str
    when: str  # "loaded", "called", or "never" (for types alone)

    def __str__(self) -> str:
        return f"{self.importer} imports {self.module}"

    @property
    def top(self) -> str:
        return self.module.partition(".")[0]


def imports_of(source: str, importer: str, *, is_package: bool = False) -> Iterator[Import]:
    """Every import of a module's source text, wherever it stands."""
    package = importer if is_package else importer.rpartition(".")[0]

    def walk(node: ast.AST, when: str) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            inside = when
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                inside = "called" if when == "loaded" else when
            if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                inside = "never"
            if isinstance(child, ast.Import):
                for alias in child.names:
                    yield Import(importer, alias.name, when)
            if isinstance(child, ast.ImportFrom):
                base = child.module or ""
                if child.level:
                    above = package.split(".")[: len(package.split(".")) - child.level + 1]
                    base = ".".join([*above, *([base] if base else [])])
                for alias in child.names:
                    yield Import(importer, f"{base}.{alias.name}", when)
            yield from walk(child, inside)

    yield from walk(ast.parse(source), "loaded")


def imports_below(folder: str) -> list[Import]:
    found: list[Import] = []
    for path in sorted((ROOT / folder).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        is_package = parts[-1] == "__init__"
        name = ".".join(parts[:-1] if is_package else parts)
        found += imports_of(path.read_text(encoding="utf-8"), name, is_package=is_package)
    return found


PORTAL = imports_below("portal")
TOOLS = imports_below("migrations_tools")


def within(name: str, *rooms: str) -> bool:
    return any(name == room or name.startswith(f"{room}.") for room in rooms)


def test_the_rules_import_only_the_standard_library() -> None:
    found = [one for one in PORTAL if within(one.importer, "portal.tenants")]
    assert found
    others = [one for one in found if not within(one.module, "portal.tenants")]
    assert [str(one) for one in others if one.top not in sys.stdlib_module_names] == []


def test_nothing_under_portal_imports_migrations_tools() -> None:
    assert [str(one) for one in PORTAL if one.top == "migrations_tools"] == []


def test_nothing_imports_the_tests() -> None:
    assert [str(one) for one in PORTAL + TOOLS if one.top == "tests"] == []


def test_only_web_imports_flask_and_create_app_makes_one() -> None:
    assert [
        str(one)
        for one in PORTAL
        if one.top in FLASK
        and not within(one.importer, "portal.web")
        and not (one.importer == "portal" and one.module == "flask.Flask")
    ] == []


def test_only_web_htmx_imports_htmx_flask() -> None:
    found = [one for one in PORTAL if one.top == "htmx_flask"]
    assert [str(one) for one in found if one.importer != "portal.web.http.htmx"] == []


def test_nothing_but_the_web_and_create_app_imports_the_web() -> None:
    found = [one for one in PORTAL if within(one.module, "portal.web")]
    assert [str(one) for one in found if not within(one.importer, "portal.web")] == [
        str(one) for one in found if one.importer == "portal"
    ]


def test_only_what_talks_to_aws_imports_boto3_and_only_when_it_is_used() -> None:
    may = ("portal.stores.dynamodb.client", "portal.sealing", "portal.mail", "migrations_tools")
    found = [one for one in PORTAL + TOOLS if one.top in AWS]
    assert [str(one) for one in found if not within(one.importer, *may)] == []
    assert [str(one) for one in found if one.when == "loaded"] == []


def test_a_store_knows_no_tenants() -> None:
    # What stores may know of the rest: the settings that open_store() chooses by, and files.
    may = ("portal.stores", "portal.settings", "portal.atomic_files", "portal.timestamps")
    found = [one for one in PORTAL if within(one.importer, "portal.stores") and one.top == "portal"]
    assert found
    assert [str(one) for one in found if not within(one.module, *may)] == []


def test_the_verbs_and_the_questions_know_no_particular_store() -> None:
    may = ("portal.stores.contract", "portal.stores.schema")
    rooms = (
        "portal.tenants", "portal.onboarding", "portal.queries", "portal.records",
        "portal.imports",
    )  # fmt: skip
    found = [
        one
        for one in PORTAL
        if within(one.importer, *rooms) and within(one.module, "portal.stores")
    ]
    assert found
    assert [str(one) for one in found if not within(one.module, *may)] == []


def test_nobody_goes_past_the_door_to_the_verbs() -> None:
    inside = {one.importer for one in PORTAL if one.importer.startswith("portal.onboarding.")}
    assert inside
    assert [
        str(one)
        for one in PORTAL + TOOLS
        if within(one.module, *inside) and not within(one.importer, "portal.onboarding")
    ] == []


def test_a_private_name_stays_in_its_module() -> None:
    ours = [one for one in PORTAL + TOOLS if one.top in ("portal", "migrations_tools")]
    names = [(one, one.module.rpartition(".")[2]) for one in ours]
    # "_" alone marks words for translation.
    assert [str(one) for one, name in names if name.startswith("_") and name != "_"] == []


def test_the_questions_only_read() -> None:
    verbs = {"Add", "Replace", "Remove"}
    found = [one for one in PORTAL if within(one.importer, "portal.queries")]
    assert found
    assert [str(one) for one in found if one.module.rpartition(".")[2] in verbs] == []


def test_the_geocoder_of_phonenumbers_is_never_imported() -> None:
    assert [str(one) for one in PORTAL + TOOLS if "geocoder" in one.module] == []


def test_modules_import_each_other_in_no_circle() -> None:
    modules = {one.importer for one in PORTAL + TOOLS}
    needs: dict[str, set[str]] = {name: set() for name in modules}
    for one in PORTAL + TOOLS:
        if one.when == "loaded":
            # What is imported from a package is a module inside or the package's own.
            target = one.module if one.module in modules else one.module.rpartition(".")[0]
            needs[one.importer] |= ({target} & modules) - {one.importer}
    while free := {name for name, targets in needs.items() if not targets & needs.keys()}:
        for name in free:
            del needs[name]
    assert needs == {}


def test_what_a_module_keeps_to_itself_nobody_else_imports() -> None:
    # `_` alone is the name that translations have everywhere.
    assert [str(one) for one in PORTAL + TOOLS if re.search(r"\._\w", one.module)] == []


@pytest.mark.parametrize(
    ("source", "modules", "when"),
    [
        ("import boto3", ["boto3"], "loaded"),
        ("def f():\n    import boto3.session", ["boto3.session"], "called"),
        ("if TYPE_CHECKING:\n    from flask import Flask", ["flask.Flask"], "never"),
        (
            "class A:\n    try:\n        import flask\n    finally:\n        pass",
            ["flask"],
            "loaded",
        ),
        ("from . import b, c", ["portal.a.b", "portal.a.c"], "loaded"),
        ("from ..web import d", ["portal.web.d"], "loaded"),
    ],
)
def test_no_import_is_overlooked(source: str, modules: list[str], when: str) -> None:
    found = list(imports_of(source, "portal.a.module"))
    assert [one.module for one in found] == modules
    assert {one.when for one in found} == {when}


def test_starting_on_the_file_store_loads_neither_boto3_nor_the_geocoder(tmp_path: Path) -> None:
    script = "import sys; from portal import create_app; create_app(); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={"PORTAL_DATA_DIR": str(tmp_path / "data")},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    loaded = set(done.stdout.split())
    assert "portal.stores.file.store" in loaded
    unwanted = {
        *AWS,
        "phonenumbers.geocoder",
        "phonenumbers.geodata",
        "granian",
        "migrations_tools",
        "portal.stores.dynamodb.store",
    }
    assert loaded & unwanted == set()
