"""A cluster that the old application saved and that is no host label."""

import pytest
from flask.testing import FlaskClient

from portal import onboarding
from portal.stores import GSI1
from portal.stores.contract import Add, Item, Store
from portal.tenants import Reason
from tests.examples import ANN
from tests.web.pages import Staff, events_of, facts, tenants_in
from tests.web.staff.test_incomplete import ASK, ID, old_row

NONE = "evil.example/"
HOST = "https://EU.fsm.cloud.sap/shell/"


def suspend(store: Store) -> None:
    onboarding.suspend(store, ID, expected_version=None, audit=ANN, reason=Reason.UNPAID)


def by_account(store: Store) -> Item:
    (row,) = store.query(GSI1, "ACCOUNT#86810").items
    return row


@pytest.mark.parametrize("valid_to", ["2027-12-31T23:59:59.999Z", "2026-01-31T23:59:59.999Z"])
def test_staff_see_it_as_it_is_and_programs_do_not_get_it(
    client: FlaskClient, viewer: Staff, store: Store, valid_to: str
) -> None:
    store.write([Add(old_row(cluster=NONE, validTo=valid_to))])
    shown = facts(viewer.page(ID))["Cluster"]
    assert shown == f"{NONE} (not a cluster: programs do not get it)"
    answer = client.get(ASK)
    assert (answer.get_json()["tenant"]["cluster"], "evil" in answer.text) == ("", False)


def test_a_change_keeps_it_for_staff_and_makes_it_no_answer(
    client: FlaskClient, viewer: Staff, store: Store
) -> None:
    store.write([Add(old_row(cluster=NONE))])
    suspend(store)
    assert tenants_in(store)[ID]["cluster"] == NONE
    assert facts(viewer.page(ID))["Cluster"].startswith(NONE)
    assert "evil" not in client.get(ASK).text


def test_a_host_is_answered_as_its_label_and_cut_down_for_all_with_the_first_change(
    client: FlaskClient, store: Store
) -> None:
    store.write([Add(old_row(cluster=HOST))])
    assert client.get(ASK).get_json()["tenant"]["cluster"] == "eu"
    assert by_account(store)["cluster"] == HOST
    suspend(store)
    # Who reads the table gets the label from now on, and the history says so.
    assert by_account(store)["cluster"] == tenants_in(store)[ID]["cluster"] == "eu"
    (event,) = events_of(store, ID)
    assert event.changes["cluster"] == (HOST, "eu")
