"""A store with an example of everything that a portal stores."""

from pathlib import Path

from portal import onboarding
from portal.sealing import KeyFileSealer
from portal.stores import Add, Item, Store
from portal.tenants import Reason
from tests.examples import ANN, IDS, activate, all_items, sign_up


def fill(store: Store, folder: Path) -> dict[str, Item]:
    """Adds claims, events, notes, a forward and a row of the old application. Returns all items,
    by id."""
    sealer = KeyFileSealer(folder / "sealing-keys.json")
    activate(store, sealer, sign_up(store, 1, claims=IDS), secret="s3cr3t")
    sign_up(store, 2, claims=IDS)
    rejected = sign_up(store, 3)
    onboarding.reject(
        store,
        rejected.id,
        expected_version=1,
        audit=ANN,
        reason=Reason.OTHER,
        message="Süße Grüße 😀\n",
    )
    onboarding.add_note(store, rejected.id, audit=ANN, text="A note.")
    sign_up(store, 4, set_aside=True)
    old_row: Item = {
        "tenantId": "1_2", "isActive": True, "clientSecret": "plain", "empty": "", "n": -7
    }  # fmt: skip
    store.write([Add(old_row)])
    return all_items(store)
