"""Puts compressed copies of the static files into the wheel. Only hatchling loads this file.

It runs `portal/compressed_files.py` by its path: where a wheel is built, the portal is not
installed.
"""

import runpy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CompressStaticFiles(BuildHookInterface[Any]):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            # The files of a checkout change; `make` compresses them.
            return
        root = Path(self.root)
        tools = runpy.run_path(str(root / "portal" / "compressed_files.py"))
        # It has to be there until the wheel is written.
        self._folder = TemporaryDirectory()
        out = Path(self._folder.name)
        inside = f"portal/static/{tools['FOLDER']}"
        for copy in tools["compress_folder"](root / "static", out):
            build_data["force_include"][str(copy)] = f"{inside}/{copy.name}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        del build_data, artifact_path
        if version != "editable":
            self._folder.cleanup()
