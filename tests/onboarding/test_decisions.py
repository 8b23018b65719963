"""What all verbs share: records of the old application, constant conflicts, and error texts."""

import pytest

from portal import onboarding, records
from portal.onboarding import StaleError, TenantExistsError, UnknownTenantError
from portal.stores.contract import Add, BusyError, Item, ItemNotFoundError, Replace, StoreError
from portal.tenants import Reason, Status
from portal.timestamps import format_timestamp
from tests.conftest import START
from tests.examples import ANN, BOB, IDS, PERSONAL, Behind, Interrupted, events, sign_up
from tests.onboarding.verb_calls import call_activate, call_reject, tenant_in_state

# ---- Records of the old application


LEGACY_ID = "86810_104348"
LEGACY_ITEM: Item = {
    "tenantId": LEGACY_ID, "accountId": "86810", "companyId": "104348", "isActive": True,
    "validFrom": "2026-01-01T00:00:00.000Z", "validTo": "31.12.2027", "clientSecret": "old",
    "gsi1pk": "ACCOUNT#86810", "gsi1sk": "TENANT#86810_104348", "creditLimit": 7,
}  # fmt: skip


def test_a_legacy_item_is_changed_only_while_it_has_no_version(store):
    store.write([Add(LEGACY_ITEM)])
    after = onboarding.suspend(
        store, LEGACY_ID, expected_version=None, audit=ANN, reason=Reason.UNPAID
    )
    assert (after.status, after.version) == (Status.SUSPENDED, 1)
    item = store.get(LEGACY_ID)
    assert (item["validTo"], item["creditLimit"], item["isActive"]) == ("31.12.2027", 7, False)
    with pytest.raises(StaleError):
        onboarding.reinstate(store, LEGACY_ID, expected_version=None, audit=BOB)


def test_a_legacy_item_that_gets_a_version_meanwhile_is_not_overwritten(store):
    store.write([Add(LEGACY_ITEM)])
    interrupted = Interrupted(
        store, lambda: store.write([Replace({**LEGACY_ITEM, "version": 1}, None)])
    )
    with pytest.raises(StaleError):
        onboarding.suspend(
            interrupted,
            LEGACY_ID,
            expected_version=None,
            audit=ANN,
            reason=Reason.UNPAID,
        )
    assert store.get(LEGACY_ID)["isActive"] is True


def test_a_concurrent_change_by_the_old_application_is_not_lost(store):
    store.write([Add(LEGACY_ITEM)])
    changed_item = {
        **LEGACY_ITEM,
        "validTo": "2031-01-01T00:00:00.000Z",
        "updatedAt": format_timestamp(START),
    }
    interrupted = Interrupted(store, lambda: store.write([Replace(changed_item, None)]))
    onboarding.suspend(
        interrupted, LEGACY_ID, expected_version=None, audit=ANN, reason=Reason.UNPAID
    )
    item = store.get(LEGACY_ID)
    assert (item["validTo"], item["isActive"]) == ("2031-01-01T00:00:00.000Z", False)


# ---- Errors


def test_constant_conflicts_raise_busy_and_save_nothing(store):
    class AlwaysConflicting(Behind):
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
        call_reject(AlwaysConflicting(store), tenant.id, 1, ANN)
    assert onboarding.find(store, tenant.id) == tenant
    assert events(store) == []


def test_errors_hold_no_personal_values(store):
    tenant = tenant_in_state(store, "active")
    again = sign_up(store, 2)
    texts = []
    for call in (
        lambda: call_activate(store, again.id, 1, ANN),
        lambda: call_reject(store, tenant.id, 77, ANN),
        lambda: call_activate(store, "pending-nobody", 1, ANN),
    ):
        with pytest.raises((TenantExistsError, StaleError, UnknownTenantError)) as refused:
            call()
        cause = refused.value.__cause__
        texts += [str(refused.value), repr(refused.value), str(cause), repr(cause)]
        assert cause is None or isinstance(cause, StoreError)
    assert not [text for text in PERSONAL if text in " ".join(texts)]


def test_a_forward_to_a_missing_tenant_is_an_unknown_tenant(store):
    store.write([Add({"tenantId": "pending-x", "forwardTo": "1_2", "version": 2})])
    with pytest.raises(UnknownTenantError) as refused:
        onboarding.find(store, "pending-x")
    assert isinstance(refused.value.__cause__, ItemNotFoundError)
