"""`make lighthouse`: what Lighthouse says of the first page, and what that page weighs.

    python -m tests.benchmarks.lighthouse

Lighthouse comes from npm and is kept in .cache/. It asks a portal on this machine, with an empty
data folder and compressed static files, with a Chromium that it slows down to a cheap phone. Run it
while nothing else runs: it takes a busy machine for a slow page.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from portal.compressed_files import FOLDER, compress_folder
from tests.benchmarks.targets import Row, table
from tests.dynamodb_engine import CACHE
from tests.serving import ROOT, serving

#: It runs with the Node.js of Debian 12; 13 wants Node.js 22.
LIGHTHOUSE = "lighthouse@12.8.2"
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
ROUNDS = 5
#: For each category, of 100; and for the page, in bytes.
TARGET, MOST_BYTES = 100, 30_000
CHROMIUM_OPTIONS = "--headless=new --no-sandbox --disable-gpu"


def installed() -> Path:
    """The program, downloaded once."""
    folder = CACHE / "lighthouse-12.8.2"
    program = folder / "node_modules" / ".bin" / "lighthouse"
    if not program.exists():
        folder.mkdir(parents=True, exist_ok=True)
        npm = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder)]
        subprocess.run([*npm, LIGHTHOUSE], check=True)
    return program


def report(program: Path, url: str, folder: Path) -> dict[str, Any]:
    """What one run says."""
    path = folder / "report.json"
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or ""
    subprocess.run(
        [str(program), url, "--quiet", f"--chrome-flags={CHROMIUM_OPTIONS}",
         f"--only-categories={','.join(CATEGORIES)}", "--output=json", f"--output-path={path}"],
        env={**os.environ, "CHROME_PATH": chromium},
        check=True,
    )  # fmt: skip
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def main() -> int:
    compress_folder(ROOT / "static", ROOT / "static" / FOLDER)
    program = installed()
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as portal:
        runs = [report(program, f"{portal.url}/sign-up", Path(folder)) for _ in range(ROUNDS)]
    rows = [
        Row(
            f"{LIGHTHOUSE}, /sign-up, {name}",
            [round(run["categories"][name]["score"] * 100) for run in runs],
            TARGET,
            at_most=False,
        )
        for name in CATEGORIES
    ]
    sizes = [run["audits"]["total-byte-weight"]["numericValue"] for run in runs]
    rows.append(Row("bytes loaded for /sign-up", sizes, MOST_BYTES))
    print("\n".join(table(rows)))
    _print_audits(runs)
    speeds = sorted(run["environment"]["benchmarkIndex"] for run in runs)
    print(f"Speed of this machine by Lighthouse's own measure: {speeds[0]:.0f} to {speeds[-1]:.0f}")
    return 0 if all(row.is_reached for row in rows) else 1


def _print_audits(runs: list[dict[str, Any]]) -> None:
    """Each audit that counts and that some run did not find perfect, with its median."""
    print("Audits below 1, by their medians:")
    for name in runs[0]["audits"]:
        scores = [run["audits"][name]["score"] for run in runs]
        if any(score is None for score in scores) or min(scores) == 1:
            continue
        values = {str(run["audits"][name].get("displayValue", "")) for run in runs} - {""}
        print(f"  {name:<32}{statistics.median(scores):5.2f}  {', '.join(sorted(values))}")


if __name__ == "__main__":
    sys.exit(main())
