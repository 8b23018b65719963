"""`portal report` and `portal report-index`."""

from dataclasses import replace
from pathlib import Path

from portal import onboarding
from portal.stores.contract import Store
from portal.tenants import Reason
from portal.timestamps import utc_now
from tests.cli.portal_command import run
from tests.examples import ANN, sign_up


def rejected_now(store: Store) -> str:
    """The day on which it was."""
    tenant, audit = sign_up(store), replace(ANN, at=utc_now())
    onboarding.reject(
        store, tenant.id, expected_version=tenant.version, audit=audit, reason=Reason.OTHER
    )
    return audit.at.date().isoformat()


def test_the_report_is_printed_and_says_whether_it_is_whole(folder: Path, store: Store) -> None:
    day = rejected_now(store)
    period = ("report", "--from", day, "--to", day)
    printed = run(folder, *period).stdout.splitlines()
    assert '"Ann Approver"' in printed[1]
    assert printed[2].startswith('"NOTE: ')
    said = run(folder, "report-index").stdout
    assert said == "0 earlier decisions are now in the report.\n"
    assert run(folder, *period).stdout.splitlines() == printed[:2]


def test_days_that_cannot_be_are_refused(folder: Path) -> None:
    for first, last in (("2026-02-30", "2026-03-01"), ("2026-03-02", "2026-03-01")):
        result = run(folder, "report", "--from", first, "--to", last)
        assert (result.exit_code, result.stdout) == (2, "")
