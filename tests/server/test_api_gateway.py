"""The template for API Gateway in docs/operating.md, "Appointments"."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.documents import blocks, document


@pytest.fixture(scope="module")
def documented() -> str:
    (block,) = blocks("yaml", document("docs/operating.md"))
    return block


def test_cfn_lint_finds_nothing_in_it(documented: str, tmp_path: Path) -> None:
    path = tmp_path / "template.yaml"
    path.write_text(documented)
    assert cfn_lint(path) == (0, "")


def test_cfn_lint_finds_a_mistake_in_it(documented: str, tmp_path: Path) -> None:
    path = tmp_path / "template.yaml"
    path.write_text(documented.replace("{Ref: BaseAddress}", "{Ref: Nothing}"))
    status, output = cfn_lint(path)
    assert status != 0
    assert "Nothing" in output


def cfn_lint(path: Path) -> tuple[int, str]:
    """Its exit status and its output: errors, warnings and hints."""
    program = Path(sys.executable).with_name("cfn-lint")
    done = subprocess.run(
        [program, "--include-checks", "I", "--", path],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def test_appointments_go_to_where_they_are_and_all_else_to_the_portal(documented: str) -> None:
    template = yaml.safe_load(documented)
    values = {name: each["Default"] for name, each in template["Parameters"].items()}
    body = substituted(template["Resources"]["BaseAddress"]["Properties"]["Body"], values)
    goes_to = {
        path: each["x-amazon-apigateway-any-method"]["x-amazon-apigateway-integration"]
        for path, each in body["paths"].items()
    }
    assert {path: each["uri"] for path, each in goes_to.items()} == {
        "/appointments": "https://old.example.com/appointments",
        "/appointments/{proxy+}": "https://old.example.com/appointments/{proxy}",
        "/{proxy+}": "https://portal.example.com/api/{proxy}",
    }
    for path, integration in goes_to.items():
        assert (integration["type"], integration["httpMethod"]) == ("http_proxy", "ANY")
        # Without this, API Gateway asks for the text "{proxy}".
        hands_on = {"integration.request.path.proxy": "method.request.path.proxy"}
        rest = hands_on if "{proxy+}" in path else {}
        assert integration.get("requestParameters", {}) == rest


def substituted(value: Any, values: dict[str, str]) -> Any:
    """The value with each `Fn::Sub` done."""
    if isinstance(value, dict) and value.keys() == {"Fn::Sub"}:
        return re.sub(r"\$\{(\w+)\}", lambda found: values[found[1]], value["Fn::Sub"])
    if isinstance(value, dict):
        return {name: substituted(each, values) for name, each in value.items()}
    return [substituted(each, values) for each in value] if isinstance(value, list) else value
