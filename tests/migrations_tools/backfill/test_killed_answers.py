"""`adopt` is killed while it answers to incomplete rows: nothing is lost or done twice."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

from portal.records import item_kind
from portal.settings import SETTINGS
from portal.stores.contract import Add, Item
from portal.stores.file import JsonFileStore
from tests.conftest import SECRET_KEY
from tests.examples import all_items
from tests.migrations_tools.backfill.old_application_rows import old_row

ROWS = 1000
#: At 500 rows a second it is certainly killed before it is through.
LINES_BEFORE_THE_KILL = 20


def items_in(folder: Path) -> dict[str, Item]:
    store = JsonFileStore(folder)
    try:
        return all_items(store)
    finally:
        store.close()


def test_a_run_that_is_killed_can_be_repeated(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    made = "2025-12-01T00:00:00.000Z"
    rows = [
        {**old_row(number, createdAt=made, updatedAt=made), "validTo": ""} for number in range(ROWS)
    ]
    store = JsonFileStore(folder)
    for start in range(0, ROWS, 100):
        store.write([Add(row) for row in rows[start : start + 100]])
    store.close()
    ids = [str(row["tenantId"]) for row in rows]
    answers = [
        text
        for number, tenant_id in enumerate(ids)
        for text in ("--keep" if number % 2 else "--close", tenant_id)
    ]
    unset = {setting.name for setting in SETTINGS}
    environ = {name: value for name, value in os.environ.items() if name not in unset}
    environ |= {"PORTAL_DATA_DIR": str(folder), "PORTAL_SECRET_KEY": SECRET_KEY}
    command = [sys.executable, "-m", "migrations_tools", "adopt", "--apply", *answers]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE) as process:
        journal = folder / "tenants.jsonl"
        while journal.read_bytes().count(b"adoptAnswer") < LINES_BEFORE_THE_KILL:
            assert process.poll() is None
        process.kill()
    answered = [each for each in items_in(folder).values() if "adoptAnswer" in each]
    assert LINES_BEFORE_THE_KILL <= len(answered) < ROWS
    again = [*command, "--rate", "0"]
    done = subprocess.run(again, env=environ, check=True, capture_output=True, text=True)
    assert "Answered so already: " in done.stdout
    items = items_in(folder)
    for number, tenant_id in enumerate(ids):
        answer = "keep end" if number % 2 else "close end"
        assert items[tenant_id]["adoptAnswer"] == answer
        assert items[tenant_id]["isActive"] is bool(number % 2)
        # What the row held is there still.
        assert items[tenant_id]["contactEmailAddress"] == f"kim{number}@meyer.example"
    events = Counter(str(each["verb"]) for key, each in items.items() if item_kind(key) == "event")
    assert events == {"keep": ROWS // 2, "suspend": ROWS // 2}
