"""What the old application shows from the first start to the renewal, and for incomplete rows.

Each test runs on Node and in Chromium, from another origin, against each of the two stores.
"""

from portal import onboarding
from portal.stores.contract import Add, Value
from portal.tenants import Reason
from portal.timestamps import format_timestamp
from tests.browser.old_client.office import (
    APPLICATION,
    FORM,
    Office,
    audit,
    days,
    ids_of,
    old_row,
    shell,
)
from tests.browser.old_client.runners import Runner

ENDED = {"validTo": "2026-06-30T23:59:59.999Z"}


def test_it_follows_a_customer_from_the_first_start_to_the_renewal(
    client: Runner, office: Office, number: int
) -> None:
    ids = ids_of(number)
    store = office.store
    assert client.start(shell(ids)) == FORM

    waiting = office.sign_up(number, ids)
    assert client.start(shell(ids)) == FORM

    tenant = office.activate(waiting, ids)
    assert client.start(shell(ids)) == APPLICATION

    ended = days(-30, -1)
    tenant = onboarding.set_validity(
        store, tenant.id, expected_version=tenant.version, audit=audit(), validity=ended
    )
    assert ended.valid_to
    assert client.start(shell(ids)) == {
        "page": "expired",
        "heading": "Meyer Group / Meyer Field Service",
        "cluster": "EU",
        "ended": format_timestamp(ended.valid_to),
        # Nobody without a token learns a person's details.
        "renewalMail": "Company: Meyer Elevators\nName: \nPhone: \nE-mail: ",
    }

    tenant = onboarding.set_validity(
        store, tenant.id, expected_version=tenant.version, audit=audit(), validity=days(-30, 335)
    )
    assert client.start(shell(ids)) == APPLICATION

    tenant = onboarding.suspend(
        store, tenant.id, expected_version=tenant.version, audit=audit(), reason=Reason.UNPAID
    )
    assert client.start(shell(ids)) == FORM

    onboarding.reinstate(store, tenant.id, expected_version=tenant.version, audit=audit())
    assert client.start(shell(ids)) == APPLICATION


# ---- Incomplete rows, and ids that are none


def test_an_old_row_without_names_or_client_shows_its_ids(
    client: Runner, office: Office, number: int
) -> None:
    office.store.write([Add(old_row(number))])
    assert client.start(shell(ids_of(number))) == {
        "page": "application",
        "heading": f"{1000 + number} / 7",
        "host": "https://eu.fsm.cloud.sap",
        "X-Client-ID": "built-in-client",
    }


def test_its_token_goes_to_the_cluster_of_an_old_row_or_nowhere(
    client: Runner, office: Office, number: int
) -> None:
    good: list[Value] = ["eu", "EU", "eu.fsm.cloud.sap", "https://eu.fsm.cloud.sap/"]
    bad: list[Value] = ["evil.example/", "eu.fsm.cloud.sap.evil.example", "a@b", 7]
    for company, stored in enumerate([*good, *bad]):
        row = {"tenantId": f"{1000 + number}_{company}", "companyId": str(company)}
        office.store.write([Add(old_row(number, cluster=stored, **row))])
        told = {"accountId": f"{1000 + number}", "companyId": str(company)}
        host = "https://eu.fsm.cloud.sap" if stored in good else "https://.fsm.cloud.sap"
        assert client.start(told)["host"] == host


def test_an_expired_old_row_without_anything_is_no_blank_page(
    client: Runner, office: Office, number: int
) -> None:
    row = {name: value for name, value in old_row(number, **ENDED).items() if name != "cluster"}
    office.store.write([Add(row)])
    assert client.start(shell(ids_of(number))) == {
        "page": "expired",
        "heading": f"{1000 + number} / 7",
        "cluster": "",
        "ended": ENDED["validTo"],
        "renewalMail": "Company: \nName: \nPhone: \nE-mail: ",
    }


def test_names_in_place_of_ids_are_the_ids_of_nobody(client: Runner) -> None:
    for told in (
        {},
        {"account": "Müller & Söhne, Aufzüge (Süd) GmbH", "company": "Service #7 / 50 %"},
        {"accountId": "../x", "companyId": "<script>"},
        {"accountId": "x" * 100, "company": "y" * 100},
    ):
        assert client.start(told) == FORM
