"""`GET /api/validate` while the store cannot be asked, on both stores: the last known "yes"."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.test import Client, TestResponse

from portal import create_app
from portal.grace.known_file import NAME
from portal.settings import Settings
from portal.stores.contract import Add, Item, Remove, Replace, Store, UnavailableError, Value
from portal.web.http import Services
from tests.conftest import Clock
from tests.stores.conftest import OpenAgain, open_again, store
from tests.web.failing_store import GONE, TroubledStore, silent

__all__ = ["open_again", "store"]  # Fixtures of the stores under test.

ASK = "/api/validate?accountId=86810&companyId=104348"
ID = "86810_104348"
TENANT: dict[str, Value] = {
    "tenantId": ID,
    "version": 1,
    "status": "active",
    "isActive": True,
    "accountId": "86810",
    "accountName": "Example Holding",
    "companyId": "104348",
    "companyName": "Example GmbH",
    "cluster": "eu",
    "clientId": "fsm-client",
    "clientSecret": "v1.loc.0a1b2c3d.bmV3",
    "contactCompanyName": "Jane Doe Consulting",
    "contactFullName": "Jane Doe",
    "contactEmailAddress": "jane@example.com",
    "validFrom": "2026-01-01T00:00:00.000Z",
    "validTo": "2026-11-24T23:59:59.999Z",
}


class Portal:
    """A process of the portal, in front of a store that can fail."""

    def __init__(self, settings: Settings, opened: Store, clock: Clock) -> None:
        self.store = TroubledStore(opened)
        self.app: Flask = create_app(settings, store=self.store, clock=clock.now)
        self.client = Client(self.app)
        services: Services = self.app.extensions["portal"]
        self.services = services

    def ask(self) -> TestResponse:
        return self.client.get(ASK)

    def body(self) -> dict[str, object]:
        answer = self.ask()
        assert answer.status_code == 200, answer.text
        body: dict[str, object] = json.loads(answer.data)
        return body

    def flush(self) -> None:
        assert self.services.last_known.flush()


NewPortal = Callable[..., Portal]


@pytest.fixture
def new_portal(settings: Settings, open_again: OpenAgain, clock: Clock) -> Iterator[NewPortal]:
    """`new_portal()`: one more process on the same data."""
    opened: list[Store] = []

    def make(**changed: int) -> Portal:
        opened.append(open_again())
        return Portal(replace(settings, **changed), opened[-1], clock)  # type: ignore[arg-type] # numbers

    yield make
    for each in opened:
        each.close()


@pytest.fixture
def filled(store: Store) -> Store:
    store.write([Add(TENANT)])
    return store


@pytest.fixture
def portal(filled: Store, new_portal: NewPortal) -> Portal:
    """A portal that was asked about the tenant, and whose store does not answer any more."""
    del filled
    portal = new_portal()
    assert portal.body()["isValid"] is True
    portal.flush()
    portal.store.begin(silent)
    return portal


def change(store: Store, **attributes: Value) -> None:
    """As another program changes the tenant."""
    before = store.get(ID)
    version = before["version"]
    assert isinstance(version, int)
    store.write([Replace({**before, **attributes, "version": version + 1}, version)])


def test_a11_a_last_known_yes_is_answered_as_such(portal: Portal, clock: Clock) -> None:
    clock.advance(hours=5)
    answer = portal.ask()
    assert answer.status_code == 200
    assert answer.headers["Retry-After"] == "30"
    assert answer.headers["Cache-Control"] == "no-store"
    assert json.loads(answer.data) == {
        "isValid": True,
        "warning": "EXPIRING",
        "tenant": {
            "tenantId": ID,
            "accountId": "86810",
            "accountName": "Example Holding",
            "companyId": "104348",
            "companyName": "Example GmbH",
            "cluster": "eu",
            "clientId": "fsm-client",
            "validFrom": "2026-01-01T00:00:00.000Z",
            "validTo": "2026-11-24T23:59:59.999Z",
            "isActive": True,
            # Nothing of a contact is remembered.
            "contactCompanyName": "",
            "contactFullName": "",
            "contactEmailAddress": "",
            "contactPhone": "",
        },
        "validFrom": "2026-01-01T00:00:00.000Z",
        "validTo": "2026-11-24T23:59:59.999Z",
        "stale": True,
        "asOf": "2026-11-23T10:00:00.000Z",
        "serverTime": "2026-11-23T15:00:00.000Z",
    }


def test_when_the_store_is_back_it_is_asked(portal: Portal, filled: Store) -> None:
    assert portal.body()["stale"] is True
    change(filled, status="suspended", isActive=False)
    portal.store.calm()
    body = portal.body()
    assert (body["reason"], "stale" in body) == ("SUSPENDED", False)


def test_the_dates_count_now(portal: Portal, clock: Clock) -> None:
    """The licence ends while the store is down."""
    clock.advance(hours=37, minutes=59, seconds=59, milliseconds=999)
    assert portal.body()["isValid"] is True
    clock.advance(milliseconds=1)
    body = portal.body()
    assert (body["isValid"], body["error"], body["reason"]) == (False, "EXPIRED", "EXPIRED")
    assert (body["stale"], body["asOf"]) == (True, "2026-11-23T10:00:00.000Z")
    tenant = body["tenant"]
    assert isinstance(tenant, dict)
    assert (tenant["cluster"], tenant["contactFullName"]) == ("eu", "")


@pytest.mark.parametrize("hours", [1, 72])
def test_after_the_grace_nothing_is_known(
    filled: Store, new_portal: NewPortal, clock: Clock, hours: int
) -> None:
    change(filled, validTo="2027-11-24T23:59:59.999Z")
    portal = new_portal(validate_grace_hours=hours)
    portal.body()
    portal.store.begin(silent)
    clock.advance(hours=hours)
    assert portal.body()["isValid"] is True
    clock.advance(milliseconds=1)
    answer = portal.ask()
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")


@pytest.mark.usefixtures("filled")
def test_switched_off_a_store_that_is_silent_is_a_503(new_portal: NewPortal) -> None:
    portal = new_portal(validate_grace_hours=0)
    assert portal.body()["isValid"] is True
    portal.store.begin(silent)
    answer = portal.ask()
    assert answer.status_code == 503
    assert "isValid" not in json.loads(answer.data)


@pytest.mark.parametrize(
    "stored",
    [
        pytest.param({}, id="nobody asked"),
        pytest.param({"status": "suspended", "isActive": False}, id="suspended"),
        pytest.param({"validTo": "2026-11-20T23:59:59.999Z"}, id="expired"),
        pytest.param({"validFrom": "2026-11-24T00:00:00.000Z"}, id="not yet valid"),
        pytest.param({"validTo": ""}, id="no end"),
        pytest.param(None, id="unknown"),
    ],
)
def test_a11_where_nothing_is_known_it_is_a_503_and_neither_valid_nor_unknown(
    store: Store, new_portal: NewPortal, stored: dict[str, Value] | None
) -> None:
    portal = new_portal()
    if stored is not None:
        store.write([Add({**TENANT, **stored})])
    if stored != {}:
        assert portal.body()["isValid"] is False
    portal.store.begin(silent)
    answer = portal.ask()
    assert answer.status_code == 503
    assert json.loads(answer.data).keys() == {"error", "message"}


def test_a_no_turns_the_yes_off_at_once_also_after_a_restart(
    portal: Portal, filled: Store, new_portal: NewPortal
) -> None:
    portal.store.calm()
    change(filled, isActive=False)
    assert portal.body()["reason"] == "SUSPENDED"
    # Nobody flushed: it was in the file before it was answered.
    for process in (portal, new_portal()):
        process.store.begin(silent)
        assert process.ask().status_code == 503


@pytest.mark.usefixtures("portal")
def test_a_restart_of_the_portal_while_the_store_is_down(
    new_portal: NewPortal, clock: Clock
) -> None:
    clock.advance(hours=1)
    again = new_portal()
    again.store.begin(silent)
    body = again.body()
    assert (body["isValid"], body["asOf"]) == (True, "2026-11-23T10:00:00.000Z")


@pytest.mark.usefixtures("filled")
def test_what_one_worker_saw_holds_for_the_other(new_portal: NewPortal, store: Store) -> None:
    one, other = new_portal(workers=2), new_portal(workers=2)
    one.body()
    one.flush()
    other.store.begin(silent)
    assert other.body()["stale"] is True
    change(store, status="suspended", isActive=False)
    assert one.body()["reason"] == "SUSPENDED"
    assert other.ask().status_code == 503


@pytest.mark.parametrize("damage", [b"", b"\x00" * 50_000, b"garbage"])
def test_a_damaged_file_never_makes_an_answer_slow_or_wrong(
    portal: Portal, settings: Settings, new_portal: NewPortal, damage: bytes
) -> None:
    del portal
    (settings.data_dir / NAME).write_bytes(damage)
    again = new_portal()
    again.store.begin(silent)
    assert again.ask().status_code == 503
    again.store.calm()
    assert again.body()["isValid"] is True
    again.store.begin(silent)
    assert again.body()["stale"] is True


@pytest.mark.usefixtures("filled")
def test_a_data_folder_that_cannot_be_used_only_means_that_less_is_known(
    settings: Settings, open_again: OpenAgain, clock: Clock, tmp_path: Path
) -> None:
    (tmp_path / "a-file").write_text("")
    nowhere = replace(settings, data_dir=tmp_path / "a-file" / "data", kms_key_id="none")
    portal = Portal(nowhere, open_again(), clock)
    assert portal.body()["isValid"] is True
    assert not portal.services.last_known.flush()
    assert portal.body()["isValid"] is True
    portal.store.begin(silent)
    assert portal.body()["stale"] is True


def test_only_the_read_of_the_claim_fails(
    store: Store, new_portal: NewPortal, open_again: OpenAgain
) -> None:
    """The tenant was valid, and is certainly gone. So it is no longer valid."""
    store.write([Add(TENANT)])
    portal = new_portal()
    portal.body()
    open_again().write([Remove(ID, 1)])
    portal.store.begin(lambda call, number: GONE if (call, number) == ("get", 2) else None)
    portal.ask()
    portal.store.begin(silent)
    assert portal.ask().status_code == 503


def test_a_write_with_an_unknown_outcome_leaves_nothing_known(portal: Portal) -> None:
    lost = UnavailableError(reason="Lost.", remedy="Look.", outcome_unknown=True)
    portal.store.begin(lambda call, _number: lost if call == "write" else None)
    before: Item = portal.services.store.get(ID)
    with pytest.raises(UnavailableError):
        portal.services.store.write([Replace({**before, "version": 2}, 1, read=before)])
    portal.store.begin(silent)
    assert portal.ask().status_code == 503
