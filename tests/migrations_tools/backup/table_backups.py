"""Runs the commands, and reads tables as they are."""

from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from migrations_tools.backup.table_file import item_line
from migrations_tools.cli import main
from portal.settings import SETTINGS
from tests.conftest import SECRET_KEY
from tests.dynamodb_engine import Engine


def run(environ: dict[str, str], *arguments: str | Path, **more: str) -> Result:
    """`python -m migrations_tools backup <arguments>` with these settings alone."""
    unset = {setting.name: "" for setting in SETTINGS}
    env = {**unset, "PORTAL_SECRET_KEY": SECRET_KEY, **environ, **more}
    return CliRunner().invoke(main, ["backup", *map(str, arguments)], env=env)


def items_of(engine: Engine, table: str) -> dict[str, bytes]:
    """Every item of a table, exactly, by id."""
    items: dict[str, bytes] = {}
    parameters: dict[str, Any] = {"TableName": table, "ConsistentRead": True}
    while True:
        answer = engine.client.scan(**parameters)
        items.update({item["tenantId"]["S"]: item_line(item) for item in answer["Items"]})
        if "LastEvaluatedKey" not in answer:
            return items
        parameters["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
