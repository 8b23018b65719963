"""`backup to-file` and `backup from-file`: every item, exactly, and a portal starts on it."""

import json
import stat
from pathlib import Path

import pytest

from migrations_tools.backup.table_file import check_file, item_lines, item_of
from portal.stores.dynamodb import TableLocation
from tests.dynamodb_engine import Engine
from tests.fault_proxy import Cut, Refuse, between, first
from tests.migrations_tools.backup.conftest import COUNTER, EVERY_TYPE
from tests.migrations_tools.backup.table_backups import items_of, run
from tests.sealing_key import with_sealing_key
from tests.serving import serving


def test_every_item_comes_back_exactly_and_a_portal_starts_on_it(
    engine: Engine, location: TableLocation, environ: dict[str, str], tmp_path: Path
) -> None:
    before = items_of(engine, location.table)
    file, new = tmp_path / "table.jsonl", engine.new_table().table
    made = run(environ, "to-file", file)
    assert made.exit_code == 0, made.output
    assert f"holds {len(before):,} items of DynamoDB table {location.table}" in made.stdout
    assert "they were not read at one moment" in " ".join(made.stdout.split())
    assert "sealing-keys.json opens its secrets" in made.stdout
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert {each.name for each in tmp_path.iterdir()} == {"keys", "table.jsonl"}
    filled = run(environ, "from-file", file, TENANT_TABLE_NAME=new)
    assert filled.exit_code == 0, filled.output
    assert f"The table has what the file has: {len(before):,} items." in filled.stdout
    assert items_of(engine, new) == before
    with_sealing_key(tmp_path / "data")
    with serving(tmp_path, settings={**environ, "TENANT_TABLE_NAME": new}) as portal:
        assert "other" not in portal.command("staff-list")


def test_the_file_is_lines_of_dynamodbs_own_json(environ: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "table.jsonl"
    assert run(environ, "to-file", file, "--segments", "1").exit_code == 0
    first_line, *lines, last = file.read_text("utf-8").split("\n")[:-1]
    assert json.loads(first_line)["format"] == 1
    assert json.loads(last)["end"]["items"] == len(lines)
    items = {item["tenantId"]["S"]: item for item in map(item_of, item_lines(file))}
    # Sets have no order.
    in_order = {"texts": {"SS": ["a", "b"]}, "numbers": {"NS": ["1.5", "3"]}}
    assert items["other-1"] == {**EVERY_TYPE, **in_order, "parts": {"BS": [b"\xff", b"\x00"]}}
    assert items["limit-1"] == COUNTER
    sealed = [item for item in items.values() if "clientSecret" in item]
    assert any(item["clientSecret"]["S"].startswith("v1.loc.") for item in sealed)


def test_programs_read_json(environ: dict[str, str], engine: Engine, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    report = json.loads(run(environ, "to-file", folder, "--json").stdout)
    assert report.keys() == {"file", "items", "bytes", "begun", "resumed"}
    assert report["file"] == str(folder / f"{environ['TENANT_TABLE_NAME']}.jsonl")
    new = engine.new_table().table
    filled = run(environ, "from-file", report["file"], "--json", TENANT_TABLE_NAME=new)
    assert json.loads(filled.stdout) == {
        "items": report["items"], "written": report["items"], "there_already": 0,
        "different": [], "resumed": False, "is_equal": True,
    }  # fmt: skip


def test_a_table_with_other_items_is_left_alone(
    engine: Engine, location: TableLocation, environ: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "table.jsonl"
    run(environ, "to-file", file)
    before = items_of(engine, location.table)
    refused = run(environ, "from-file", file)
    assert refused.exit_code == 1
    assert "is not empty, so nothing was written" in refused.stderr
    assert items_of(engine, location.table) == before


def test_a_counter_that_dynamodb_removed_meanwhile_is_no_difference(
    engine: Engine, environ: dict[str, str], tmp_path: Path
) -> None:
    file, new = tmp_path / "table.jsonl", engine.new_table().table
    run(environ, "to-file", file)
    with between(engine.url) as proxy:
        there = {"TENANT_TABLE_NAME": new, "AWS_ENDPOINT_URL_DYNAMODB": proxy.url}
        # All are written, and then the second scan, which compares, fails.
        proxy.plan = lambda operation, number: (
            Refuse("AccessDeniedException") if (operation, number) == ("Scan", 1) else None
        )
        assert run(environ, "from-file", file, **there).exit_code == 1
        engine.client.delete_item(TableName=new, Key={"tenantId": COUNTER["tenantId"]})
        proxy.plan = lambda _operation, _number: None
        again = run(environ, "from-file", file, **there)
    assert again.exit_code == 0, again.output


def test_what_somebody_else_has_changed_is_named(
    engine: Engine, environ: dict[str, str], tmp_path: Path
) -> None:
    file, new = tmp_path / "table.jsonl", engine.new_table().table
    run(environ, "to-file", file)
    with between(engine.url) as proxy:
        there = {"TENANT_TABLE_NAME": new, "AWS_ENDPOINT_URL_DYNAMODB": proxy.url}
        proxy.plan = first(1000, Refuse("AccessDeniedException"), "PutItem")
        assert run(environ, "from-file", file, **there).exit_code == 1
        item = {"tenantId": {"S": "other-1"}, "text": {"S": "of another program"}}
        engine.client.put_item(TableName=new, Item=item)
        proxy.plan = lambda _operation, _number: None
        again = run(environ, "from-file", file, **there)
    assert again.exit_code == 1
    assert "a different item with the same id: other-1." in again.stderr
    assert "does not have what the file has" in again.stderr
    assert engine.client.get_item(TableName=new, Key={"tenantId": item["tenantId"]})["Item"] == item


def test_a_lost_answer_writes_nothing_twice(
    engine: Engine, environ: dict[str, str], tmp_path: Path
) -> None:
    file, new = tmp_path / "table.jsonl", engine.new_table().table
    run(environ, "to-file", file)
    with between(engine.url) as proxy:
        proxy.plan = first(2, Cut(done=True), "PutItem")
        filled = run(
            environ, "from-file", file, TENANT_TABLE_NAME=new, AWS_ENDPOINT_URL_DYNAMODB=proxy.url
        )
    assert filled.exit_code == 0, filled.output
    assert items_of(engine, new) == items_of(engine, environ["TENANT_TABLE_NAME"])


# ---- Files


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        ("cut", "is a part of a backup: it has no end"),
        ("flipped", "is damaged"),
        ("line lost", "its sums differ"),
        ("line twice", "its sums differ"),
        ("longer", "goes on after its end"),
        ("no item", "is no item"),
        ("other", "is no file of `backup to-file`"),
        ("newer", "It needs those of portal ≥ 1.1"),
        ("missing", "cannot be read"),
    ],
)
def test_a_file_that_is_not_whole_writes_nothing(
    engine: Engine, environ: dict[str, str], tmp_path: Path, how: str, sentence: str
) -> None:
    file, new = tmp_path / "table.jsonl", engine.new_table().table
    run(environ, "to-file", file)
    lines = file.read_bytes().splitlines(keepends=True)
    made = {
        "cut": lines[:-1],
        "flipped": [*lines[:3], lines[3].replace(b'"S":"', b'"S":"x', 1), *lines[4:]],
        "line lost": [*lines[:2], *lines[3:]],
        "line twice": [*lines[:3], *lines[2:]],
        "longer": [*lines, lines[1]],
        "no item": [*lines[:3], b'{"Item":{"a":{"S":"b"}}}\n', *lines[3:]],
        "other": lines[1:],
        "newer": [lines[0].replace(b'"format":1', b'"format":2'), *lines[1:]],
        "missing": [],
    }[how]
    file.write_bytes(b"".join(made))
    if how == "missing":
        file.unlink()
    refused = run(environ, "from-file", file, TENANT_TABLE_NAME=new)
    assert refused.exit_code == 1
    assert sentence in refused.stderr
    assert items_of(engine, new) == {}


def test_a_file_that_is_there_stays(environ: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "table.jsonl"
    file.write_text("mine")
    refused = run(environ, "to-file", file)
    assert refused.exit_code == 1
    assert "is there already" in refused.stderr
    assert file.read_text() == "mine"
    nowhere = run(environ, "to-file", tmp_path / "none" / "table.jsonl")
    assert nowhere.exit_code == 1
    assert "cannot be written" in nowhere.stderr


def test_the_file_store_has_a_command_of_its_own(environ: dict[str, str], tmp_path: Path) -> None:
    for command in ("to-file", "from-file"):
        refused = run(environ, command, tmp_path / "file", USE_DYNAMODB="")
        assert refused.exit_code == 1
        assert "`portal " in refused.stderr


# ---- Runs that were stopped


def test_what_fails_in_the_middle_goes_on(
    engine: Engine, environ: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "table.jsonl"
    with between(engine.url) as proxy:
        there = {"AWS_ENDPOINT_URL_DYNAMODB": proxy.url}
        proxy.plan = lambda _operation, number: (
            Refuse("AccessDeniedException") if number == 2 else None
        )
        failed = run(environ, "to-file", file, "--segments", "4", **there)
        assert failed.exit_code == 1
        assert "it goes on where it stopped" in failed.stderr
        assert not file.exists()
        proxy.plan = lambda _operation, _number: None
        asked = len(proxy.asked)
        again = run(environ, "to-file", file, "--segments", "4", "--json", **there)
        # Not every segment is read again.
        assert len(proxy.asked) - asked < 4
    assert json.loads(again.stdout)["resumed"]
    assert len([*item_lines(file)]) == len(items_of(engine, environ["TENANT_TABLE_NAME"]))
    assert check_file(file)
