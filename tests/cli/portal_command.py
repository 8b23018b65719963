"""Runs the `portal` command in this process."""

import os
from pathlib import Path

from click.testing import CliRunner, Result

from portal.cli import main
from portal.settings import SETTINGS
from tests.conftest import SECRET_KEY


def run(folder: Path, *arguments: str, **environ: str) -> Result:
    """`portal <arguments>` on the file store in `folder`. It sees no settings of the developer."""
    others = {name: None for name in os.environ if name.startswith("PORTAL_")}
    unset = {setting.name: "" for setting in SETTINGS}
    defaults = {"PORTAL_DATA_DIR": str(folder), "PORTAL_SECRET_KEY": SECRET_KEY}
    return CliRunner().invoke(main, arguments, env={**others, **unset, **defaults, **environ})
