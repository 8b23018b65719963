"""Documents that the commands of the table print."""

import json
from typing import Any

from click.testing import CliRunner

from migrations_tools.cli import main
from portal.settings import SETTINGS


def print_document(*arguments: str, **environ: str) -> dict[str, Any]:
    """What `table <arguments>` prints."""
    unset = {setting.name: "" for setting in SETTINGS}
    result = CliRunner().invoke(main, ["table", *arguments], env={**unset, **environ})
    assert result.exit_code == 0, result.output
    document: dict[str, Any] = json.loads(result.stdout)
    return document
