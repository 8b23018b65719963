"""`portal erase-closed`: what is erased is in no file any more, and it may be run again."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from portal import onboarding
from portal.cli.main import main
from portal.imports.jobs.job import ImportJob, JobState, find_job, job_item
from portal.settings import SETTINGS, Settings
from portal.stores.contract import Replace, Store
from portal.stores.factory import open_store
from portal.tenants import Reason
from tests.conftest import SECRET_KEY
from tests.examples import ANN, CONTACT, all_items, sign_up
from tests.imports.importing import Importer, lines, tenant

LONG_AGO = datetime.now(UTC).replace(microsecond=0) - timedelta(days=9)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def opened(folder: Path) -> Iterator[Store]:
    """The store that the command uses."""
    store = open_store(Settings.from_environment({"PORTAL_DATA_DIR": str(folder)}))
    yield store
    store.close()


def erase(folder: Path, *arguments: str, **environ: str) -> Result:
    nothing = {setting.name: "" for setting in SETTINGS}
    own = {"PORTAL_DATA_DIR": str(folder), "PORTAL_SECRET_KEY": SECRET_KEY}
    arguments = ("erase-closed", "--older-than", *(arguments or ("1",)))
    return CliRunner().invoke(main, arguments, env={**nothing, **own, **environ})


def planned_long_ago(importer: Importer, file: bytes) -> ImportJob:
    run = importer.plan(file)
    aged = replace(run, version=2, at=LONG_AGO)
    importer.kept.write([Replace(job_item(aged), 1)])
    return aged


def in_files(folder: Path, text: str) -> list[Path]:
    return [path for path in folder.iterdir() if text.encode() in path.read_bytes()]


def test_what_is_erased_is_in_no_file_any_more(folder: Path, opened: Store) -> None:
    pending = sign_up(opened, now=LONG_AGO)
    audit = replace(ANN, at=LONG_AGO)
    ended = onboarding.reject(
        opened, pending.id, expected_version=1, audit=audit, reason=Reason.OTHER
    )
    importer = Importer(opened, folder.parent)
    run = planned_long_ago(importer, lines(*(tenant(number) for number in range(3))))
    rows = [str(item["rows"]) for item in all_items(opened).values() if "rows" in item]
    assert in_files(folder, rows[0])
    assert in_files(folder, CONTACT.email)
    told = "The personal details of {} sign-ups are erased.\nThe rows of {} imports are removed.\n"
    assert erase(folder).stdout == told.format(1, 1)
    assert onboarding.find(opened, ended.id).erased
    assert (find_job(opened, run.id).state, find_job(opened, run.id).rows_kept) == (
        JobState.DISCARDED,
        False,
    )
    assert not in_files(folder, CONTACT.email)
    assert not in_files(folder, rows[0])
    assert erase(folder).stdout == told.format(0, 0)


def test_what_is_younger_stays(folder: Path, opened: Store) -> None:
    planned_long_ago(Importer(opened, folder.parent), lines(tenant(1)))
    before = all_items(opened)
    assert erase(folder, "10").exit_code == 0
    assert all_items(opened) == before


def test_a_store_in_the_way_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("no folder")
    result = erase(tmp_path / "data")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")
    assert "Traceback" not in result.output
