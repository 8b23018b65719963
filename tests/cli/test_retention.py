"""`portal erase-closed`: erased data is in no file any more, and the command may be repeated."""

import os
import subprocess
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from click.testing import Result

from portal import onboarding, queries, records
from portal.auth import SECURITY_EVENTS, make_sign_in_link
from portal.imports.jobs.job import ImportJob, JobState, find_job, job_item
from portal.onboarding import SignUpLimits
from portal.stores import GSI2, Replace, Store
from portal.tenants import Reason, Tenant, Validity
from portal.timestamps import utc_now
from tests.cli.portal_command import run
from tests.conftest import SECRET_KEY
from tests.examples import (
    ANN,
    CONTACT,
    IDS,
    PlainSealer,
    activate,
    all_items,
    reference,
    sign_up,
)
from tests.imports.files import lines, tenant
from tests.imports.harness import ImportHarness
from tests.serving import PORTAL, ROOT

LONG_AGO = datetime.now(UTC).replace(microsecond=0) - timedelta(days=9)


def erase(folder: Path, days: int = 1) -> Result:
    return run(folder, "erase-closed", "--older-than", str(days))


def planned_long_ago(importer: ImportHarness, file: bytes) -> ImportJob:
    job = importer.plan(file)
    aged = replace(job, version=2, at=LONG_AGO)
    importer.raw_store.write([Replace(job_item(aged), 1)])
    return aged


def files_with(folder: Path, text: str) -> list[Path]:
    return [path for path in folder.iterdir() if text.encode() in path.read_bytes()]


def test_erased_data_is_in_no_file_any_more(folder: Path, store: Store) -> None:
    pending = sign_up(store, now=LONG_AGO)
    audit = replace(ANN, at=LONG_AGO)
    rejected = onboarding.reject(
        store, pending.id, expected_version=1, audit=audit, reason=Reason.OTHER
    )
    importer = ImportHarness(store, folder.parent)
    job = planned_long_ago(importer, lines(*(tenant(number) for number in range(3))))
    too_old = LONG_AGO - timedelta(days=90)
    make_sign_in_link(store, email="old@example.com", name="Old", role="viewer", now=too_old)
    make_sign_in_link(store, email="ann@example.com", name="Ann", role="viewer", now=LONG_AGO)
    rows = [str(item["rows"]) for item in all_items(store).values() if "rows" in item]
    assert files_with(folder, rows[0])
    assert files_with(folder, CONTACT.email)
    output = (
        "The personal details of {} sign-ups are erased.\nThe rows of {} imports are removed.\n"
        "{} events of the security log are removed.\n"
    )
    assert erase(folder).stdout == output.format(1, 1, 1)
    assert onboarding.find(store, rejected.id).erased
    assert (find_job(store, job.id).state, find_job(store, job.id).rows_kept) == (
        JobState.DISCARDED,
        False,
    )
    assert not files_with(folder, CONTACT.email)
    assert not files_with(folder, rows[0])
    (left,) = store.query(GSI2, SECURITY_EVENTS).items
    assert left["text"] == "Ann (ann@example.com)"
    assert erase(folder).stdout == output.format(0, 0, 0)


def test_younger_data_stays(folder: Path, store: Store) -> None:
    planned_long_ago(ImportHarness(store, folder.parent), lines(tenant(1)))
    before = all_items(store)
    assert erase(folder, days=10).exit_code == 0
    assert all_items(store) == before


def test_t1_sign_ups_that_were_set_aside_for_thirty_days_are_removed_with_their_notes(
    folder: Path, store: Store
) -> None:
    old, released, young, queued = (
        sign_up(store, number, now=utc_now() - timedelta(days=days), set_aside=number < 4)
        for number, days in ((1, 31), (2, 31), (3, 29), (4, 31))
    )
    onboarding.add_note(store, old.id, audit=ANN, text="Nobody answers the phone.")
    onboarding.release(store, released.id, expected_version=1, audit=ANN)
    assert erase(folder, days=365).exit_code == 0
    assert old.id in all_items(store)
    result = erase(folder)
    assert "\n1 sign-ups that were set aside are removed.\n" in result.stdout
    items = all_items(store)
    assert old.id not in items
    assert {released.id, young.id, queued.id} <= items.keys()
    assert not any(key.startswith("note-") for key in items)
    assert not files_with(folder, "Nobody answers")
    assert "set aside" not in erase(folder).stdout


def test_counters_of_earlier_days_are_removed_and_those_of_today_stay(
    folder: Path, store: Store
) -> None:
    limits = SignUpLimits("k" * 40, 5)
    for number in range(60):
        onboarding.submit(
            store,
            reference=reference(number),
            contact=replace(CONTACT, email=f"kim@meyer{number}.example"),
            claims=None,
            status_link="",
            now=utc_now() - timedelta(days=0 if number == 0 else 5),
            limits=limits,
            network=f"network-{number}",
        )
    before = {key for key in all_items(store) if key.startswith("limit-")}
    today = {key for key in before if f"{utc_now():%Y-%m-%d}" in key}
    assert (len(before), len(today)) == (60 + 60, 2)
    assert erase(folder).exit_code == 0
    assert {key for key in all_items(store) if key.startswith("limit-")} == today


def test_old_mails_in_files_are_deleted(folder: Path, store: Store) -> None:
    (folder / "mail").mkdir(parents=True)
    old, new = folder / "mail" / "old.eml", folder / "mail" / "new.eml"
    for path, days in ((old, 31), (new, 29)):
        path.write_text("To: kim@meyer.example")
        at = (utc_now() - timedelta(days=days)).timestamp()
        os.utime(path, (at, at))
    assert "1 mails in files are deleted." in erase(folder).stdout
    assert (old.exists(), new.exists()) == (False, True)


def test_a_store_that_cannot_be_used_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("no folder")
    result = erase(tmp_path / "data")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")
    assert "Traceback" not in result.output


# ---- Tenants whose licence ended long ago


def ended_long_ago(store: Store) -> Tenant:
    window = Validity(valid_from=LONG_AGO - timedelta(days=365), valid_to=LONG_AGO)
    pending = sign_up(store, now=LONG_AGO - timedelta(days=365))
    audit = replace(ANN, at=LONG_AGO - timedelta(days=365))
    return activate(store, PlainSealer(), pending, audit=audit, validity=window)


def test_the_contact_of_a_tenant_whose_licence_has_ended_is_in_no_file_any_more(
    folder: Path, store: Store
) -> None:
    tenant = ended_long_ago(store)
    assert files_with(folder, CONTACT.email)
    dry = run(folder, "erase-closed", "--ended-for", "8", "--dry-run")
    assert dry.stdout == (
        "The personal details of 1 tenants would be erased. Nothing was changed.\n"
    )
    assert files_with(folder, CONTACT.email)
    assert run(folder, "erase-closed", "--ended-for", "10").stdout == (
        "The personal details of 0 tenants whose licence has ended are erased.\n"
    )
    assert run(folder, "erase-closed", "--ended-for", "8").stdout == (
        "The personal details of 1 tenants whose licence has ended are erased.\n"
    )
    assert not files_with(folder, CONTACT.email)
    assert files_with(folder, CONTACT.company)
    assert onboarding.find(store, tenant.id).erased
    assert run(folder, "erase-closed", "--ended-for", "8").stdout == (
        "The personal details of 0 tenants whose licence has ended are erased.\n"
    )


def test_both_run_together_and_each_alone(folder: Path, store: Store) -> None:
    tenant = ended_long_ago(store)
    assert erase(folder).exit_code == 0
    # Without --ended-for nobody with a licence is touched.
    assert not onboarding.find(store, tenant.id).erased
    both = run(folder, "erase-closed", "--older-than", "1", "--ended-for", "1")
    assert both.exit_code == 0
    assert "1 tenants whose licence has ended are erased." in both.stdout
    assert "sign-ups are erased." in both.stdout


def test_what_makes_no_sense_is_refused(folder: Path, store: Store) -> None:
    ended_long_ago(store)
    before = all_items(store)
    for arguments in (
        (),
        ("--dry-run",),
        ("--older-than", "5", "--dry-run"),
        ("--older-than", "5", "--ended-for", "5", "--dry-run"),
        ("--ended-for", "0"),
    ):
        assert run(folder, "erase-closed", *arguments).exit_code == 2
    assert all_items(store) == before


def test_whoever_is_killed_while_tenants_are_erased_does_the_rest_later(
    folder: Path, store: Store
) -> None:
    pending = [sign_up(store, number, now=LONG_AGO) for number in range(40)]
    window = Validity(valid_from=LONG_AGO - timedelta(days=365), valid_to=LONG_AGO)
    audit = replace(ANN, at=LONG_AGO)
    tenants = [
        activate(
            store, PlainSealer(), each, audit=audit, validity=window,
            ids=replace(IDS, company_id=str(number)),
        )
        for number, each in enumerate(pending)
    ]  # fmt: skip
    for each in tenants:
        onboarding.add_note(store, each.id, audit=audit, text="Called Jo.")
    answers = {each.id: records.public_view(store.get(each.id)) for each in tenants}
    environ = {
        "PATH": os.environ["PATH"], "PORTAL_DATA_DIR": str(folder), "PORTAL_SECRET_KEY": SECRET_KEY,
    }  # fmt: skip
    command = [*PORTAL, "erase-closed", "--ended-for", "8"]

    def erased() -> list[bool]:
        found = [onboarding.find(store, each.id) for each in tenants]
        for each in found:
            # Each is there as a whole, or erased as a whole.
            assert each.erased is (each.contact.email == "")
            assert each.erased is not bool(queries.notes(store, each))
        return [each.erased for each in found]

    with subprocess.Popen(command, env=environ, cwd=ROOT, stdout=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 60
        while not any(store.get(each.id).get("erased") for each in tenants):
            assert process.poll() is None
            assert time.monotonic() < deadline
        process.kill()
    killed_after = sum(erased())
    assert 0 < killed_after < len(tenants)
    rest = len(tenants) - killed_after
    assert run(folder, "erase-closed", "--ended-for", "8").stdout == (
        f"The personal details of {rest} tenants whose licence has ended are erased.\n"
    )
    assert all(erased())
    assert {each.id: records.public_view(store.get(each.id)) for each in tenants} == answers
    for text in (CONTACT.email, "Called Jo."):
        assert not files_with(folder, text)
