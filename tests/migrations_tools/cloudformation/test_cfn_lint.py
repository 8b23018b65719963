"""What cfn-lint says of the templates."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from migrations_tools.cloudformation import SERVICES
from tests.migrations_tools.cloudformation.table_documents import print_document

BROKEN = "broken.json"


def findings(folder: Path, templates: dict[str, Any]) -> list[dict[str, Any]]:
    """Errors, warnings and hints. One process looks at all: it takes a second to start."""
    for name, template in templates.items():
        (folder / name).write_text(json.dumps(template))
    result = subprocess.run(
        [Path(sys.executable).with_name("cfn-lint"), "--include-checks", "I", "--format", "json",
         "--", *(folder / name for name in templates)],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert result.stderr == ""
    found: list[dict[str, Any]] = json.loads(result.stdout)
    return found


def test_cfn_lint_finds_only_what_was_broken_on_purpose(tmp_path: Path) -> None:
    # The others are made for "prod", and hold all of the template for the table.
    templates = {"dev.json": print_document("cloudformation", "dev")}
    templates |= {
        f"{service}.json": print_document("cloudformation", "prod", "--service", service)
        for service in SERVICES
    }
    topic = {"Type": "AWS::SNS::Topic", "Properties": {"FifoTopic": "HASHED"}}
    templates[BROKEN] = {"Resources": {"Topic": topic}}
    found = findings(tmp_path, templates)
    assert [each for each in found if Path(each["Filename"]).name != BROKEN] == []
    assert "HASHED" in "".join(each["Message"] for each in found)
