"""A change of a tenant with a plaintext secret seals it in the same write."""

from collections.abc import Callable, Sequence

import pytest

from portal import onboarding, queries
from portal.sealing.contract import Secret
from portal.sealing.key_file import KeyFileSealer
from portal.sealing.sealing_store import SealingStore
from portal.settings import Settings
from portal.stores.contract import Add, Change, Item, Replace, Store, UnavailableError
from portal.tenants import Reason, Tenant
from tests.examples import ANN, BOB, NEXT_YEAR, OTHER_CONTACT, Behind, all_items, later, sign_up

PLAIN = "the old application's secret"
#: As the old application writes it: no version, no status, only its own index keys.
OLD: Item = {
    "tenantId": "86810_104348",
    "accountId": "86810",
    "companyId": "104348",
    "contactCompanyName": "Meyer Elevators",
    "contactFullName": "Kim Meyer",
    "contactEmailAddress": "kim@meyer.example",
    "clientId": "client-1",
    "clientSecret": PLAIN,
    "validFrom": "2026-01-01T00:00:00.000Z",
    "validTo": "2027-01-01T00:00:00.000Z",
    "isActive": True,
    "createdAt": "2025-12-01T00:00:00.000Z",
    "updatedAt": "2025-12-01T00:00:00.000Z",
    "gsi1pk": "ACCOUNT#86810",
    "gsi1sk": "TENANT#86810_104348",
}
ID = str(OLD["tenantId"])


@pytest.fixture
def sealer(settings: Settings) -> KeyFileSealer:
    return KeyFileSealer(settings.data_dir / "sealing-keys.json")


class Recording(Behind):
    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.written: list[Sequence[Change]] = []

    def write(self, changes: Sequence[Change]) -> None:
        self.written.append(changes)
        super().write(changes)


def renew_existing(store: Store, sealer: KeyFileSealer) -> Tenant:
    pending = sign_up(store)
    return onboarding.renew_existing(
        store,
        pending.id,
        expected_version=1,
        audit=ANN,
        existing_id=ID,
        expected_existing_version=None,
        validity=NEXT_YEAR,
    )


def reinstate(store: Store, sealer: KeyFileSealer) -> Tenant:
    # Suspended by the old application.
    return onboarding.reinstate(store, ID, expected_version=None, audit=ANN)


VERBS: dict[str, Callable[[Store, KeyFileSealer], Tenant]] = {
    "suspend": lambda store, _: onboarding.suspend(
        store, ID, expected_version=None, audit=ANN, reason=Reason.UNPAID
    ),
    "reinstate": reinstate,
    "set_validity": lambda store, _: onboarding.set_validity(
        store, ID, expected_version=None, audit=ANN, validity=NEXT_YEAR
    ),
    "edit_contact": lambda store, _: onboarding.edit_contact(
        store, ID, expected_version=None, audit=ANN, contact=OTHER_CONTACT
    ),
    "set_client": lambda store, sealer: onboarding.set_client(
        store, sealer, ID, expected_version=None, audit=ANN, client_id="client-2", secret=None
    ),
    "renew_existing": renew_existing,
}


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_seals_a_plaintext_secret_in_its_own_write(
    store: Store, sealer: KeyFileSealer, verb: str
) -> None:
    old: Item = {**OLD, "isActive": False} if verb == "reinstate" else OLD
    recording = Recording(store)
    store.write([Add(old)])
    VERBS[verb](SealingStore(recording, sealer), sealer)
    secret = str(store.get(ID)["clientSecret"])
    assert secret.startswith("v1.loc.")
    assert store.get(ID)["version"] == 1
    # No write held the plaintext, and no event says that the secret was changed.
    assert PLAIN not in str(recording.written)
    events = queries.history(store, onboarding.find(store, ID))
    assert [event for event in events if "clientSecret" in event.changes] == []


def test_a_new_secret_replaces_the_plaintext_and_is_sealed_once(
    store: Store, sealer: KeyFileSealer
) -> None:
    store.write([Add(OLD)])
    onboarding.set_client(
        SealingStore(store, sealer), sealer, ID, expected_version=None, audit=ANN,
        client_id="client-2", secret=Secret("a new one"),
    )  # fmt: skip
    secret = str(store.get(ID)["clientSecret"])
    assert secret.startswith("v1.loc.")
    again = onboarding.suspend(
        SealingStore(store, sealer),
        ID,
        expected_version=1,
        audit=later(BOB, hours=1),
        reason=Reason.UNPAID,
    )
    assert again.client.sealed_secret == store.get(ID)["clientSecret"] == secret


def test_nothing_is_saved_when_sealing_fails(store: Store, sealer: KeyFileSealer) -> None:
    class Down:
        def seal(self, _secret: Secret, _tenant_id: str) -> str:
            raise UnavailableError(reason="KMS is away.", remedy="Wait.")

        def check(self, _secret: Secret) -> None:
            """No secret is too long."""

    store.write([Add(OLD)])
    with pytest.raises(UnavailableError):
        VERBS["suspend"](SealingStore(store, Down()), sealer)
    assert all_items(store) == {ID: OLD}


def test_items_that_are_no_tenants_are_not_sealed(store: Store, sealer: KeyFileSealer) -> None:
    door = SealingStore(store, sealer)
    note: Item = {"tenantId": "note-1", "clientSecret": "no tenant's", "version": 1}
    door.write([Add(note)])
    door.write([Replace({**note, "version": 2}, 1)])
    assert store.get("note-1")["clientSecret"] == "no tenant's"
    assert not sealer._path.exists()


def test_the_portal_writes_through_the_sealing_store(app, store: Store) -> None:
    services = app.extensions["portal"]
    store.write([Add(OLD)])
    VERBS["suspend"](services.store, services.sealer)
    assert str(store.get(ID)["clientSecret"]).startswith("v1.loc.")
