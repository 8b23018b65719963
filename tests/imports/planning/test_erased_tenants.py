"""An import does not bring back what retention has erased of a tenant, and neither does undoing
one."""

from datetime import UTC, datetime, timedelta

import pytest

from portal import onboarding
from portal.onboarding import erase_ended_before
from portal.tenants import AuditInfo
from tests.imports.files import lines, tenant
from tests.imports.harness import ImportHarness, counts, messages, on_both_stores
from tests.imports.undo.undo_harness import undo

ID = "86810_1"
NOW = datetime(2028, 1, 1, tzinfo=UTC)
SENTENCE = (
    "The personal details of this tenant were erased, since its licence ended long ago. An import"
    " does not bring them back. If it is a customer again, enter a contact on its page first."
)


def erase(harness: ImportHarness) -> None:
    audit = AuditInfo(by="retention", at=NOW)
    assert erase_ended_before(harness.store, NOW - timedelta(days=30), audit) == 1


@on_both_stores
@pytest.mark.parametrize("policy", ["skip", "newer-wins", "overwrite"])
def test_the_same_record_is_kept_erased_whatever_the_policy(
    harness: ImportHarness, policy: str
) -> None:
    harness.run(lines(tenant(1)))
    erase(harness)
    before = harness.tenants()
    again = lines(tenant(1), tenant(1, updatedAt="2027-12-31T00:00:00.000Z"))
    for file in (lines(tenant(1)), again):
        rows = harness.rows(file, policy=policy, allowed=["status", "validity"])
        kept = [row for row in rows if SENTENCE in [text for _, text in messages(row)]]
        assert len(kept) == 1
        harness.run(file, policy=policy, allowed=["status", "validity"])
    assert harness.tenants() == before
    assert "Weiß" not in str(before)


@on_both_stores
def test_undoing_an_import_leaves_it_erased(harness: ImportHarness) -> None:
    harness.run(lines(tenant(1)))
    job = harness.run(lines(tenant(1, contactFullName="Kim")), policy="overwrite")
    assert counts(job)["update"] == 1
    erase(harness)
    before = harness.tenants()
    undo(harness, job)
    assert harness.tenants() == before
    found = onboarding.find(harness.store, ID)
    assert (found.erased, found.contact.name) == (True, "")
