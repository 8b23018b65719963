"""Other tenants that may be the same customer."""

from dataclasses import replace

from portal import queries
from portal.queries import DuplicateReason
from portal.stores.schema import KEY
from portal.tenants import Contact, Ids, Status, Tenant
from tests.examples import CONTACT
from tests.queries.many_tenants import fill, tenant


def test_duplicates_are_found_by_address_company_and_account_each_once(store):
    fill(store, [tenant(n) for n in range(10)])
    me = replace(
        tenant(100),
        contact=Contact(company="company 00001", name="x", email="KIM2@ex.example"),
        ids=Ids(account_id="00500", company_id="1"),
    )
    account = replace(tenant(500, Status.SUSPENDED), contact=CONTACT)
    both = replace(tenant(3000), contact=replace(me.contact, company="Company 00001"))
    fill(store, [me, account, both])
    assert [(why, row[KEY]) for why, row in queries.possible_duplicates(store, me)] == [
        (DuplicateReason.EMAIL, both.id),
        (DuplicateReason.EMAIL, tenant(2).id),
        (DuplicateReason.COMPANY, tenant(1).id),
        (DuplicateReason.ACCOUNT, account.id),
    ]


def test_a_longer_name_is_no_duplicate_even_if_it_continues_with_a_number_sign(companies):
    c = replace(tenant(77), contact=Contact(company="C", name="x", email="c@ex.example"))
    names = [row["contactCompanyName"] for _, row in queries.possible_duplicates(companies, c)]
    assert names == ["C"]


def test_at_most_five_duplicates_are_shown_for_each_reason(store):
    stored = fill(store, (tenant(n, contact=CONTACT) for n in range(30)))
    assert len(queries.possible_duplicates(store, stored[0])) == 10
    assert stored[0].id not in [
        row[KEY] for _, row in queries.possible_duplicates(store, stored[0])
    ]


def test_a_tenant_without_a_contact_has_no_duplicates(store):
    fill(store, [tenant(1)])
    assert queries.possible_duplicates(store, Tenant(
        id="legacy", status=Status.ACTIVE, version=None,
        contact=Contact(company="", name="", email=""),
    )) == []  # fmt: skip
