"""How every verb works, whichever it is: on records of the old application, where nothing holds
still, and in what its errors say.
"""

import pytest

from portal import onboarding, records
from portal.onboarding import StaleError, TenantExistsError, UnknownTenantError
from portal.stores.contract import Add, BusyError, ItemNotFoundError, Replace, StoreError
from portal.tenants import Reason, Status
from portal.timestamps import format_timestamp
from tests.conftest import START
from tests.examples import ANN, BOB, IDS, PERSONAL, Behind, Interrupted, events, sign_up
from tests.onboarding.verbs import activates, rejects, tenant_that_is

# ---- Records of the old application


OLD = {
    "tenantId": "86810_104348", "accountId": "86810", "companyId": "104348", "isActive": True,
    "validFrom": "2026-01-01T00:00:00.000Z", "validTo": "31.12.2027", "clientSecret": "old",
    "gsi1pk": "ACCOUNT#86810", "gsi1sk": "TENANT#86810_104348", "creditLimit": 7,
}  # fmt: skip


def test_an_old_record_is_changed_on_the_condition_that_it_still_has_no_version(store):
    store.write([Add(OLD)])
    after = onboarding.suspend(
        store, OLD["tenantId"], expected_version=None, audit=ANN, reason=Reason.UNPAID
    )
    assert (after.status, after.version) == (Status.SUSPENDED, 1)
    item = store.get(OLD["tenantId"])
    assert (item["validTo"], item["creditLimit"], item["isActive"]) == ("31.12.2027", 7, False)
    with pytest.raises(StaleError):
        onboarding.reinstate(store, OLD["tenantId"], expected_version=None, audit=BOB)


def test_an_old_record_that_got_a_version_meanwhile_is_not_overwritten(store):
    store.write([Add(OLD)])
    overtaken = Interrupted(store, lambda: store.write([Replace({**OLD, "version": 1}, None)]))
    with pytest.raises(StaleError):
        onboarding.suspend(
            overtaken, OLD["tenantId"], expected_version=None, audit=ANN, reason=Reason.UNPAID
        )
    assert store.get(OLD["tenantId"])["isActive"] is True


def test_what_the_old_application_changes_meanwhile_is_not_lost(store):
    store.write([Add(OLD)])
    elsewhere = {**OLD, "validTo": "2031-01-01T00:00:00.000Z", "updatedAt": format_timestamp(START)}
    overtaken = Interrupted(store, lambda: store.write([Replace(elsewhere, None)]))
    onboarding.suspend(
        overtaken, OLD["tenantId"], expected_version=None, audit=ANN, reason=Reason.UNPAID
    )
    item = store.get(OLD["tenantId"])
    assert (item["validTo"], item["isActive"]) == ("2031-01-01T00:00:00.000Z", False)


# ---- Refusals


def test_a_record_that_never_holds_still_is_busy_and_nothing_was_saved(store):
    class Restless(Behind):
        def write(self, changes) -> None:
            self.inner.write([Replace(self._next(), self._version())])
            super().write(changes)

        def _version(self) -> int:
            return int(store.get(records.claim_id(IDS))["version"])

        def _next(self) -> dict:
            version = self._version()
            return dict(records.claim_item(IDS, 1, version + 1))

    tenant = sign_up(store, claims=IDS)
    with pytest.raises(BusyError):
        rejects(Restless(store), tenant.id, 1, ANN)
    assert onboarding.find(store, tenant.id) == tenant
    assert events(store) == []


def test_errors_say_nothing_of_whom_they_are_about(store):
    tenant = tenant_that_is(store, "active")
    again = sign_up(store, 2)
    shown = []
    for ask in (
        lambda: activates(store, again.id, 1, ANN),
        lambda: rejects(store, tenant.id, 77, ANN),
        lambda: activates(store, "pending-nobody", 1, ANN),
    ):
        with pytest.raises((TenantExistsError, StaleError, UnknownTenantError)) as refused:
            ask()
        cause = refused.value.__cause__
        shown += [str(refused.value), repr(refused.value), str(cause), repr(cause)]
        assert cause is None or isinstance(cause, StoreError)
    assert not [text for text in PERSONAL if text in " ".join(shown)]


def test_finding_a_forward_whose_tenant_is_gone_is_finding_nobody(store):
    store.write([Add({"tenantId": "pending-x", "forwardTo": "1_2", "version": 2})])
    with pytest.raises(UnknownTenantError) as refused:
        onboarding.find(store, "pending-x")
    assert isinstance(refused.value.__cause__, ItemNotFoundError)
