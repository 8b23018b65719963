"""`portal erase-closed`: erased data is in no file any more, and the command may be repeated."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from click.testing import Result

from portal import onboarding
from portal.imports.jobs.job import ImportJob, JobState, find_job, job_item
from portal.stores import Replace, Store
from portal.tenants import Reason
from tests.cli.portal_command import run
from tests.examples import ANN, CONTACT, all_items, sign_up
from tests.imports.importing import Importer, lines, tenant

LONG_AGO = datetime.now(UTC).replace(microsecond=0) - timedelta(days=9)


def erase(folder: Path, days: int = 1) -> Result:
    return run(folder, "erase-closed", "--older-than", str(days))


def planned_long_ago(importer: Importer, file: bytes) -> ImportJob:
    job = importer.plan(file)
    aged = replace(job, version=2, at=LONG_AGO)
    importer.kept.write([Replace(job_item(aged), 1)])
    return aged


def files_with(folder: Path, text: str) -> list[Path]:
    return [path for path in folder.iterdir() if text.encode() in path.read_bytes()]


def test_erased_data_is_in_no_file_any_more(folder: Path, store: Store) -> None:
    pending = sign_up(store, now=LONG_AGO)
    audit = replace(ANN, at=LONG_AGO)
    rejected = onboarding.reject(
        store, pending.id, expected_version=1, audit=audit, reason=Reason.OTHER
    )
    importer = Importer(store, folder.parent)
    job = planned_long_ago(importer, lines(*(tenant(number) for number in range(3))))
    rows = [str(item["rows"]) for item in all_items(store).values() if "rows" in item]
    assert files_with(folder, rows[0])
    assert files_with(folder, CONTACT.email)
    output = (
        "The personal details of {} sign-ups are erased.\nThe rows of {} imports are removed.\n"
    )
    assert erase(folder).stdout == output.format(1, 1)
    assert onboarding.find(store, rejected.id).erased
    assert (find_job(store, job.id).state, find_job(store, job.id).rows_kept) == (
        JobState.DISCARDED,
        False,
    )
    assert not files_with(folder, CONTACT.email)
    assert not files_with(folder, rows[0])
    assert erase(folder).stdout == output.format(0, 0)


def test_younger_data_stays(folder: Path, store: Store) -> None:
    planned_long_ago(Importer(store, folder.parent), lines(tenant(1)))
    before = all_items(store)
    assert erase(folder, days=10).exit_code == 0
    assert all_items(store) == before


def test_a_store_that_cannot_be_used_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("no folder")
    result = erase(tmp_path / "data")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")
    assert "Traceback" not in result.output
