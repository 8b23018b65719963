"""Tenants whose licence ended long ago lose their personal fields. All that the application reads
stays, and nobody is erased who could be valid again without staff."""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest

from portal import onboarding, queries, records, search
from portal.onboarding import ended_and_due, erase_ended_before
from portal.queries import Tab
from portal.stores.contract import Item, Replace, Store, UnavailableError
from portal.tenants import (
    AuditInfo,
    ErasedError,
    Question,
    Reason,
    Status,
    Tenant,
    Term,
    Validity,
)
from portal.web.api.validate_answer import TenantAnswer
from tests.conftest import START
from tests.examples import (
    ANN,
    CONTACT,
    IDS,
    NEXT_YEAR,
    OTHER_CONTACT,
    WINDOW,
    Failing,
    Interrupted,
    PlainSealer,
    activate,
    all_items,
    reference,
    sign_up,
)

END = cast(datetime, WINDOW.valid_to)
#: 400 days after the end.
NOW = END + timedelta(days=400)
OPERATOR = AuditInfo(by="retention", at=NOW)
#: Of the contact; the company stays.
ERASED = ("Kim Meyer", "kim@meyer", "+4930901820", "030 / 90 18 20", "Called", "hash-of-link")


@pytest.fixture
def store(each_store: Store) -> Store:
    return each_store


def ended(store: Store) -> Tenant:
    tenant = activate(store, PlainSealer(), sign_up(store, claims=IDS), secret="s3cr3t")
    onboarding.add_note(store, tenant.id, audit=ANN, text="Called Jo.")
    return tenant


def erase(store: Store, days: int = 365) -> int:
    return erase_ended_before(store, NOW - timedelta(days=days), OPERATOR)


def changed(store: Store, tenant: Tenant, **attributes: Any) -> None:
    """The tenant with other attributes, as another program may have written it."""
    item = dict(store.get(tenant.id))
    version = int(item["version"])
    after = {**item, **attributes, "version": version + 1}
    left = {name: value for name, value in after.items() if value is not None}
    store.write([Replace(records.item_of(records.tenant_of(left), left), version)])


def answer(item: Item, now: datetime) -> object:
    return TenantAnswer(item).at(now)


def test_personal_fields_go_and_the_application_reads_the_same(store: Store) -> None:
    tenant = ended(store)
    before = store.get(tenant.id)
    assert erase(store) == 1
    after = store.get(tenant.id)
    for name in (
        "tenantId", "status", "isActive", "accountId", "accountName", "companyId", "companyName",
        "cluster", "clientId", "clientSecret", "validFrom", "validTo", "contactCompanyName",
        "gsi1pk", "gsi1sk",
    ):  # fmt: skip
        assert after[name] == before[name], name
    for now in (START - timedelta(days=1), START, END, END + timedelta(milliseconds=1), NOW):
        assert answer(before, now) == answer(after, now)
    assert records.public_view(after) == records.public_view(before)
    assert records.access_view(after) == records.access_view(before)
    everything = json.dumps(list(map(dict, all_items(store).values())), ensure_ascii=False)
    assert [text for text in ERASED if text in everything] == []
    erased = onboarding.find(store, tenant.id)
    assert (erased.erased, erased.erased_at, erased.contact.company) == (
        True, NOW, CONTACT.company,
    )  # fmt: skip
    assert records.open_gaps(after) == ()
    assert queries.notes(store, erased) == []
    assert queries.mails(store, erased) == []


def test_the_history_says_who_when_and_for_how_long(store: Store) -> None:
    tenant = ended(store)
    erase(store, days=365)
    newest = queries.history(store, onboarding.find(store, tenant.id))[0]
    assert (newest.verb, newest.by, newest.at) == ("erase", "retention", NOW)
    assert newest.reason == "ended_for_days:365"
    assert set(newest.changes.values()) <= {("", "")}


def test_it_is_found_by_its_ids_and_its_company_and_not_by_its_contact(store: Store) -> None:
    tenant = ended(store)
    search.refresh(store, tenant.id, NOW)
    erase(store)

    def found(text: str) -> list[str]:
        return [str(row["tenantId"]) for row in search.find(store, text, Tab.ALL, NOW).rows]

    assert found("kim") == found("kim@meyer.example") == []
    assert found(IDS.account_id) == found("elevators") == [tenant.id]
    (row,) = queries.page(store, queries.ranges_of_tab(Tab.EXPIRED, NOW)).rows
    assert records.is_ended_and_erased(row)
    assert records.gaps_of_row(row) == ()


def test_once_is_enough(store: Store) -> None:
    ended(store)
    assert erase(store) == 1
    items = all_items(store)
    assert erase(store) == 0
    assert all_items(store) == items


def _suspended(store: Store, tenant: Tenant) -> None:
    onboarding.suspend(
        store, tenant.id, expected_version=tenant.version, audit=ANN, reason=Reason.UNPAID
    )


def test_a_suspended_tenant_whose_licence_ended_is_erased_as_well(store: Store) -> None:
    tenant = ended(store)
    _suspended(store, tenant)
    assert erase(store) == 1
    assert onboarding.find(store, tenant.id).status is Status.SUSPENDED


LATER = "2030-01-01T00:00:00.000Z"


def _asks_to_renew(store: Store, tenant: Tenant) -> None:
    onboarding.submit(
        store,
        reference=reference(7),
        contact=CONTACT,
        claims=None,
        status_link="other-hash",
        now=NOW,
        follows=tenant.id,
        renews=tenant.id,
    )


def _asks_for_the_same_ids(store: Store, tenant: Tenant) -> None:
    del tenant
    sign_up(store, 8, contact=OTHER_CONTACT, claims=IDS, now=NOW)


def _was_asked(store: Store, tenant: Tenant) -> None:
    asked = replace(
        tenant, question=Question(text="Which one?", by="Ann", who="a", at=START),
        version=(tenant.version or 0) + 1,
    )  # fmt: skip
    item = records.item_of(asked, store.get(tenant.id))
    store.write([Replace(item, tenant.version)])


@pytest.mark.parametrize(
    "change",
    [
        lambda store, tenant: changed(store, tenant, validTo=LATER),
        lambda store, tenant: changed(store, tenant, validTo=None),
        lambda store, tenant: changed(store, tenant, validTo=None, openEnded=True),
        lambda store, tenant: changed(store, tenant, openEnded=True),
        lambda store, tenant: changed(store, tenant, validFrom=None),
        lambda store, tenant: changed(store, tenant, validFrom=LATER),
        lambda store, tenant: changed(store, tenant, validTo="soon"),
        lambda store, tenant: changed(store, tenant, cluster="no host"),
        lambda store, tenant: changed(
            store, tenant, status="suspended", isActive=False, validTo=LATER
        ),
        lambda store, tenant: changed(
            store, tenant, status="suspended", isActive=False, validTo=None
        ),
        _asks_to_renew,
        _asks_for_the_same_ids,
        _was_asked,
    ],
)
def test_who_may_be_valid_again_or_is_asked_for_stays(
    store: Store, change: Callable[[Store, Tenant], None]
) -> None:
    tenant = ended(store)
    change(store, tenant)
    items = all_items(store)
    assert list(ended_and_due(store, NOW - timedelta(days=365))) == []
    assert erase(store) == 0
    assert all_items(store) == items


def test_the_last_day_counts_whole(store: Store) -> None:
    ended(store)
    assert erase_ended_before(store, END, OPERATOR) == 0
    assert len(list(ended_and_due(store, END + timedelta(milliseconds=1)))) == 1
    assert erase_ended_before(store, END + timedelta(milliseconds=1), OPERATOR) == 1


def test_pending_and_closed_sign_ups_are_no_ended_tenants(store: Store) -> None:
    sign_up(store, 1)
    closed = sign_up(store, 2)
    onboarding.withdraw(store, closed.id, expected_version=1, audit=ANN)
    items = all_items(store)
    assert erase(store) == 0
    assert all_items(store) == items


def test_nobody_gives_it_access_again_without_a_contact(store: Store) -> None:
    tenant = ended(store)
    erase(store)
    erased = onboarding.find(store, tenant.id)
    request: dict[str, Any] = {"expected_version": erased.version, "audit": replace(ANN, at=NOW)}
    items = all_items(store)
    with pytest.raises(ErasedError):
        onboarding.set_validity(store, tenant.id, **request, validity=NEXT_YEAR)
    with pytest.raises(ErasedError):
        onboarding.renew(store, tenant.id, **request, term=Term.YEAR, zone=ZoneInfo("UTC"))
    assert all_items(store) == items
    edited = onboarding.edit_contact(store, tenant.id, **request, contact=OTHER_CONTACT)
    assert (edited.erased, edited.erased_at) == (False, None)
    again: dict[str, Any] = {"expected_version": edited.version, "audit": replace(ANN, at=NOW)}
    renewed = onboarding.renew(store, tenant.id, **again, term=Term.YEAR, zone=ZoneInfo("UTC"))
    assert renewed.contact.email == OTHER_CONTACT.email
    assert not records.is_ended_and_erased(store.get(tenant.id))


def test_a_suspended_one_is_not_reinstated_without_a_contact(store: Store) -> None:
    tenant = ended(store)
    _suspended(store, tenant)
    erase(store)
    erased = onboarding.find(store, tenant.id)
    with pytest.raises(ErasedError):
        onboarding.reinstate(
            store, tenant.id, expected_version=erased.version, audit=replace(ANN, at=NOW)
        )


def test_a_decision_before_cannot_be_undone_any_more(store: Store) -> None:
    tenant = ended(store)
    edited = onboarding.edit_contact(
        store, tenant.id, expected_version=tenant.version, audit=ANN, contact=OTHER_CONTACT
    )
    assert "Kim Meyer" in json.dumps(dict(store.get(tenant.id)))
    erase(store)
    erased = onboarding.find(store, tenant.id)
    for version in (edited.version, erased.version):
        with pytest.raises(onboarding.StaleError):
            onboarding.undo(store, tenant.id, expected_version=version, audit=ANN)
    assert "Meyer Lifts" in json.dumps(dict(store.get(tenant.id)))
    assert "Lou" not in json.dumps(list(map(dict, all_items(store).values())))


def test_a_sign_up_that_was_closed_towards_it_is_erased_with_it(store: Store) -> None:
    tenant = ended(store)
    other = sign_up(store, 2, contact=OTHER_CONTACT)
    onboarding.renew_existing(
        store, other.id, expected_version=1, audit=ANN, existing_id=tenant.id,
        expected_existing_version=tenant.version,
        validity=Validity(valid_from=WINDOW.valid_from, valid_to=END + timedelta(days=1)),
    )  # fmt: skip
    assert "Lou Meyer" in json.dumps(dict(store.get(other.id)))
    assert erase(store) == 1
    assert "Lou Meyer" not in json.dumps(list(map(dict, all_items(store).values())))
    assert onboarding.find(store, other.id).id == tenant.id


def test_whoever_is_killed_anywhere_leaves_nothing_half_shown(store: Store) -> None:
    tenant = ended(store)
    search.refresh(store, tenant.id, NOW)
    failing, outcomes = 0, set()
    while True:
        failing += 1
        stopping = Failing(store, failing)
        with suppress(UnavailableError):
            erase(stopping)
        found = onboarding.find(store, tenant.id)
        # Either all is there, or no contact, no note and no way to the status page.
        is_whole = found.contact.email == CONTACT.email
        assert found.erased is not is_whole
        assert bool(queries.notes(store, found)) is is_whole
        assert bool(found.status_link) is is_whole
        outcomes.add(is_whole)
        if not stopping.failed:
            break
    assert outcomes == {True, False}
    everything = json.dumps(list(map(dict, all_items(store).values())), ensure_ascii=False)
    assert [text for text in ERASED if text in everything] == []


def test_staff_who_renew_at_the_same_moment_keep_the_contact(store: Store) -> None:
    tenant = ended(store)

    def renews() -> None:
        onboarding.set_validity(
            store, tenant.id, expected_version=tenant.version,
            audit=replace(ANN, at=NOW), validity=Validity(
                valid_from=WINDOW.valid_from, valid_to=NOW + timedelta(days=365)
            ),
        )  # fmt: skip

    assert erase(Interrupted(store, renews)) == 0
    found = onboarding.find(store, tenant.id)
    assert (found.erased, found.contact) == (False, CONTACT)
    assert queries.notes(store, found)


def test_a_customer_who_asks_to_renew_at_the_same_moment_is_not_lost(store: Store) -> None:
    tenant = ended(store)
    erase(Interrupted(store, lambda: _asks_to_renew(store, tenant)))
    request = onboarding.find(store, records.pending_id(reference(7)))
    assert (request.status, request.contact) == (Status.PENDING, CONTACT)
    # Nothing that a customer does changes the tenant: only staff give access again.
    current = onboarding.find(store, tenant.id)
    assert (current.erased, current.validity) == (True, tenant.validity)
    audit = replace(ANN, at=NOW)
    window = Validity(valid_from=NOW, valid_to=NOW + timedelta(days=365))
    with pytest.raises(ErasedError):
        onboarding.renew_existing(
            store, request.id, expected_version=1, audit=audit, existing_id=tenant.id,
            expected_existing_version=current.version, validity=window,
        )  # fmt: skip
    named = onboarding.edit_contact(
        store, tenant.id, expected_version=current.version, audit=audit, contact=request.contact
    )
    renewed = onboarding.renew_existing(
        store, request.id, expected_version=1, audit=audit, existing_id=tenant.id,
        expected_existing_version=named.version, validity=window,
    )  # fmt: skip
    assert (renewed.erased, renewed.contact, renewed.validity) == (False, CONTACT, window)
